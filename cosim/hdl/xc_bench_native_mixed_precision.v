// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

// A controller of the user's: any module with the ports of xc_mixed_precision
`ifndef XC_DUT
`define XC_DUT xc_mixed_precision
`endif
// More parameters of that module, ", .NAME(value)" each
`ifndef XC_DUT_PARAMETERS
`define XC_DUT_PARAMETERS
`endif

/*
 * xc_mixed_precision with every port at the top, for Verilator to make a library of. Each has the width that
 * rtl/README.md gives it, so that a port of another width is noticed
 */
module xc_bench_native_mixed_precision #
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
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,
    input  wire [15:0] cfg_batch,
    input  wire [LR_W-1:0] cfg_lr,
    input  wire s_smp_valid,
    output wire s_smp_ready,
    output wire m_op_valid,
    input  wire m_op_ready,
    input  wire s_op_valid,
    output wire s_op_ready,
    input  wire [LANES*OP_W-1:0] s_op_codes,
    output wire m_wr_valid,
    input  wire m_wr_ready,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] m_wr_col,
    output wire [ROWS*($clog2(MAX_STEPS + 1)+1)-1:0] m_wr_pulses,
    output wire [31:0] stat_cycles_clear,
    output wire [31:0] stat_cycles_idle,
    output wire [31:0] stat_cycles_update,
    output wire [31:0] stat_cycles_stall,
    output wire [31:0] stat_cycles_read,
    output wire [31:0] stat_cycles_digital,
    output wire [31:0] stat_cycles_hold,
    output wire [31:0] stat_cycles_write,
    output wire trc_valid,
    output wire trc_last,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] trc_col,
    output wire [(ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1)-1:0] trc_beat,
    output wire [OP_W-1:0] trc_x,
    output wire [LANES*OP_W-1:0] trc_d,
    output wire [LANES*CHI_W-1:0] trc_chi,
    output wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] trc_pulses
);

`XC_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS),
    .TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS
) dut (
    .clk(clk), .rst(rst), .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .s_smp_valid(s_smp_valid), .s_smp_ready(s_smp_ready),
    .m_op_valid(m_op_valid), .m_op_ready(m_op_ready), .s_op_valid(s_op_valid), .s_op_ready(s_op_ready),
    .s_op_codes(s_op_codes), .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col),
    .m_wr_pulses(m_wr_pulses), .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col),
    .trc_beat(trc_beat), .trc_x(trc_x), .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

endmodule

`resetall
