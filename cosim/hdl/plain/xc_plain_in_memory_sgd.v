// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * The least that a Verilog test bench of xc_in_memory_sgd can do, for cosim/benchmark: streams always ready, operations
 * of the same length, train lengths out of a file, again and again; nothing is looked at
 */
module xc_plain_in_memory_sgd #
(
    // Parameters of xc_in_memory_sgd
    parameter TRACE_EN = 1,
    // So many train lengths in the file, cycles of a pulse slot
    parameter BLOCK = 1,
    parameter PULSE_CYCLES = 5
)
();

reg clk = 1'b0;
reg rst = 1'b1;
always #1 clk = !clk;

integer transfers;
reg [8*1024-1:0] file;
integer retired = 0;
reg [31:0] lengths [0:BLOCK-1];

initial begin
    if (!$value$plusargs("transfers=%d", transfers)) $finish;
    if ($value$plusargs("lengths=%s", file)) $readmemh(file, lengths);
    repeat (3) @(posedge clk);
    rst <= 1'b0;
end

wire smp_ready, upd_valid, trc_valid;
reg [31:0] ticks = 0, update = 0, update_cycle = 0;
wire [31:0] length = lengths[update];
wire smp_valid = !rst && (ticks != transfers);
wire upd_ready = upd_valid && (update_cycle + 1 >= length * PULSE_CYCLES);

always @(posedge clk) if (!rst) begin
    if (smp_valid && smp_ready) ticks <= ticks + 1;
    if (upd_valid) update_cycle <= upd_ready ? 0 : update_cycle + 1;
    if (upd_ready) update <= (update == BLOCK - 1) ? 0 : update + 1;
    if (trc_valid) begin
        retired = retired + 1;
        if (retired == transfers) $finish;
    end
end

xc_in_memory_sgd #(
    .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst), .s_smp_valid(smp_valid), .s_smp_ready(smp_ready), .m_upd_valid(upd_valid),
    .m_upd_ready(upd_ready),
    .stat_cycles_clear(), .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(), .stat_cycles_read(),
    .stat_cycles_digital(), .stat_cycles_hold(), .stat_cycles_write(), .trc_valid(trc_valid), .trc_sample()
);

endmodule

`resetall
