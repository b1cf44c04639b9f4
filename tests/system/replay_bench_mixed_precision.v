// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Runs xc_mixed_precision on random operands and writes its retire trace
 *
 * A test bench as any simulator runs it: no cocotb, no VPI. Two segments, the reset between them comes under way;
 * everything random is xorshift32, so that every simulator does the same. +wave=FILE dumps the pins of the controller.
 */
module replay_bench_mixed_precision #
(
    parameter ROWS = 8,
    parameter COLS = 8,
    parameter LANES = 4,
    parameter OP_W = 12,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter TRACE_EN = 1,
    parameter CFG_BATCH = 3,
    parameter CFG_LR = 200,
    parameter SECOND_BATCH = 2,
    parameter TRANSFERS = 30,
    parameter LIMIT = 20000
)
();

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;

reg                     clk = 1'b0;
reg                     rst = 1'b1;
reg [31:0]              random = 32'd1;
reg [31:0]              retired = 32'd0;
reg                     second = 1'b0;
reg [8*512-1:0]         wave;
reg                     smp_valid = 1'b0;
reg                     op_ready = 1'b0;
reg                     op_valid = 1'b0;
reg                     wr_ready = 1'b0;
reg  [LANES*OP_W-1:0]   op_codes = 0;
wire                    op_taken, trc_valid, trc_last;
wire [COL_W-1:0]        trc_col;
wire [BEAT_W-1:0]       trc_beat;
wire [OP_W-1:0]         trc_x;
wire [LANES*OP_W-1:0]   trc_d;
wire [LANES*CHI_W-1:0]  trc_chi;
wire [LANES*STEP_W-1:0] trc_pulses;
wire [15:0]             cfg_batch = second ? SECOND_BATCH : CFG_BATCH;
wire [LR_W-1:0]         cfg_lr = CFG_LR;
integer                 lane;

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

xc_mixed_precision #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst),
    .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .s_smp_valid(smp_valid), .s_smp_ready(), .m_op_valid(),
    .m_op_ready(op_ready), .s_op_valid(op_valid), .s_op_ready(op_taken), .s_op_codes(op_codes), .m_wr_valid(),
    .m_wr_ready(wr_ready), .m_wr_col(), .m_wr_pulses(), .stat_cycles_clear(), .stat_cycles_idle(),
    .stat_cycles_update(), .stat_cycles_stall(), .stat_cycles_read(), .stat_cycles_digital(), .stat_cycles_hold(),
    .stat_cycles_write(), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat),
    .trc_x(trc_x), .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

xc_trace_writer_mixed_precision #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
) writer (
    .clk(clk), .rst(rst),
    .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col),
    .trc_beat(trc_beat), .trc_x(trc_x), .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
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
    op_ready <= random[2];
    wr_ready <= random[4];
    if (!op_valid || op_taken) begin
        op_valid <= random[3];
        for (lane = 0; lane < LANES; lane = lane + 1)
            op_codes[OP_W*lane +: OP_W] <= xorshift(random + lane) >> 7;
    end
    if (trc_valid && trc_last) retired <= retired + 32'd1;
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
