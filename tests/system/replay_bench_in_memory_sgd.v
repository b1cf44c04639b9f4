// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Runs xc_in_memory_sgd and writes its retire trace
 *
 * A test bench as any simulator runs it: no cocotb, no VPI. Two segments, the reset between them comes under way;
 * everything random is xorshift32, so that every simulator does the same. +wave=FILE dumps the pins of the controller.
 */
module replay_bench_in_memory_sgd #
(
    parameter TRACE_EN = 1,
    parameter TRANSFERS = 30,
    parameter LIMIT = 20000
)
();

reg                     clk = 1'b0;
reg                     rst = 1'b1;
reg [31:0]              random = 32'd1;
reg [31:0]              retired = 32'd0;
reg                     second = 1'b0;
reg [8*512-1:0]         wave;
reg                     smp_valid = 1'b0;
reg                     upd_ready = 1'b0;
wire                    trc_valid;
wire [31:0]             trc_sample;

function [31:0] xorshift(input [31:0] state);
    reg [31:0] x;
    begin
        x = state;
        x = x ^ (x << 13);
        x = x ^ (x >> 17);
        x = x ^ (x << 5);
        xorshift = x;
    end
endfunction

xc_in_memory_sgd #(
    .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst),
    .s_smp_valid(smp_valid), .s_smp_ready(), .m_upd_valid(), .m_upd_ready(upd_ready), .stat_cycles_clear(),
    .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(), .stat_cycles_read(), .stat_cycles_digital(),
    .stat_cycles_hold(), .stat_cycles_write(), .trc_valid(trc_valid), .trc_sample(trc_sample)
);

xc_trace_writer_in_memory_sgd #(
    .TRACE_EN(TRACE_EN)
) writer (
    .clk(clk), .rst(rst),
    .trc_valid(trc_valid), .trc_sample(trc_sample)
);

always #5 clk = !clk;

initial begin
    if ($value$plusargs("wave=%s", wave)) begin
        $dumpfile(wave);
        $dumpvars(1, dut);
    end
end

always @(posedge clk) begin
    random <= xorshift(random);
    smp_valid <= random[0] || random[1];
    upd_ready <= random[2];
    if (trc_valid) retired <= retired + 32'd1;
end

// Two segments of so many transfers; the reset comes some cycles later, whatever goes on
initial begin
    repeat (3) @(negedge clk);
    rst = 1'b0;
    while (retired < TRANSFERS) @(negedge clk);
    repeat (7) @(negedge clk);
    rst = 1'b1;
    second = 1'b1;
    repeat (3) @(negedge clk);
    rst = 1'b0;
    while (retired < 2 * TRANSFERS) @(negedge clk);
    repeat (2) @(negedge clk);
    $finish;
end

// A controller that hangs
initial begin
    repeat (LIMIT) @(negedge clk);
    $finish;
end

endmodule

`resetall
