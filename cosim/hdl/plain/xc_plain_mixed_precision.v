// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * The least that a Verilog test bench of xc_mixed_precision can do, for cosim/benchmark: streams always ready,
 * operations of the same length, operand codes out of a file, again and again; nothing is looked at
 */
module xc_plain_mixed_precision #
(
    // Parameters of xc_mixed_precision
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
    // Codes of so many samples in the file, cycles of the operations
    parameter BLOCK = 1,
    parameter REQUEST_CYCLES = 1,
    parameter WRITE_CYCLES = 5
)
();

localparam BEATS = (ROWS + LANES - 1) / LANES + (COLS + LANES - 1) / LANES;

reg clk = 1'b0;
reg rst = 1'b1;
always #1 clk = !clk;

integer transfers;
reg [8*1024-1:0] file;
integer retired = 0;
reg [15:0] cfg_batch;
reg [LR_W-1:0] cfg_lr;
reg [LANES*OP_W-1:0] codes [0:BLOCK*BEATS-1];

initial begin
    if (!$value$plusargs("transfers=%d", transfers)) $finish;
    if (!$value$plusargs("batch=%d", cfg_batch)) $finish;
    if (!$value$plusargs("gain=%d", cfg_lr)) $finish;
    if ($value$plusargs("codes=%s", file)) $readmemh(file, codes);
    repeat (3) @(posedge clk);
    rst <= 1'b0;
end

wire smp_ready, request, op_ready, wr_valid, trc_valid, trc_last;
reg [31:0] ticks = 0, request_cycle = 0, write_cycle = 0, beat = 0, due = 0;
wire smp_valid = !rst && (ticks * COLS != transfers);
wire granted = request && (request_cycle + 1 >= REQUEST_CYCLES);
wire wr_ready = wr_valid && (write_cycle + 1 >= WRITE_CYCLES);
wire op_valid = due != 0;

always @(posedge clk) if (!rst) begin
    if (smp_valid && smp_ready) ticks <= ticks + 1;
    if (request) request_cycle <= granted ? 0 : request_cycle + 1;
    if (wr_valid) write_cycle <= wr_ready ? 0 : write_cycle + 1;
    if (op_valid && op_ready) begin
        due <= due - 1;
        beat <= (beat == BLOCK*BEATS - 1) ? 0 : beat + 1;
    end
    if (granted) due <= BEATS;
    if (trc_valid && trc_last) begin
        retired = retired + 1;
        if (retired == transfers) $finish;
    end
end

xc_mixed_precision #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst), .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_op_valid(request), .m_op_ready(granted), .s_op_valid(op_valid), .s_op_ready(op_ready), .s_op_codes(codes[beat]),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(), .m_wr_pulses(),
    .stat_cycles_clear(), .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(), .stat_cycles_read(),
    .stat_cycles_digital(), .stat_cycles_hold(), .stat_cycles_write(),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(), .trc_beat(), .trc_x(), .trc_d(), .trc_chi(), .trc_pulses()
);

endmodule

`resetall
