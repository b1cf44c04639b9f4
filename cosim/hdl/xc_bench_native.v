// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

// A controller of the user's: any module with the ports of xc_controller
`ifndef XC_DUT
`define XC_DUT xc_controller
`endif
// More parameters of that module, ", .NAME(value)" each
`ifndef XC_DUT_PARAMETERS
`define XC_DUT_PARAMETERS
`endif

/*
 * xc_controller with every port at the top, for Verilator to make a library of. Each has the width that
 * rtl/README.md gives it, so that a port of another width is noticed
 */
module xc_bench_native #
(
    // Parameters of xc_controller
    parameter ROWS = 8,
    parameter COLS = 8,
    parameter LANES = 4,
    parameter ADC_W = 8,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 64,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 8,
    parameter LR_SHIFT = 4,
    parameter CORRECTION = 0,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter CHOP_MODE = 1,
    parameter LFSR_SEED = 1,
    parameter COL_RANDOM = 0,
    parameter COL_SEED = 1,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,
    input  wire [15:0] cfg_transfer_every,
    input  wire [LR_W-1:0] cfg_lr_h,
    input  wire [15:0] cfg_chop,
    input  wire [15:0] cfg_warmup,
    input  wire s_smp_valid,
    output wire s_smp_ready,
    output wire m_upd_valid,
    input  wire m_upd_ready,
    output wire [COLS-1:0] m_upd_chop,
    output wire m_rd_valid,
    input  wire m_rd_ready,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] m_rd_col,
    input  wire s_adc_valid,
    output wire s_adc_ready,
    input  wire [LANES*ADC_W-1:0] s_adc_codes,
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
    output wire trc_chop,
    output wire trc_flip,
    output wire [LANES*ADC_W-1:0] trc_codes,
    output wire [LANES*H_W-1:0] trc_h,
    output wire [LANES*(ADC_W+P_FRAC)-1:0] trc_p,
    output wire [LANES*(ADC_W+P_FRAC)-1:0] trc_pref,
    output wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] trc_pulses
);

`XC_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT), .CORRECTION(CORRECTION),
    .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT), .H_ROUND(H_ROUND), .P_ROUND(P_ROUND),
    .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .COL_RANDOM(COL_RANDOM), .COL_SEED(COL_SEED),
    .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES), .TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS
) dut (
    .clk(clk), .rst(rst), .cfg_transfer_every(cfg_transfer_every), .cfg_lr_h(cfg_lr_h), .cfg_chop(cfg_chop),
    .cfg_warmup(cfg_warmup), .s_smp_valid(s_smp_valid), .s_smp_ready(s_smp_ready), .m_upd_valid(m_upd_valid),
    .m_upd_ready(m_upd_ready), .m_upd_chop(m_upd_chop), .m_rd_valid(m_rd_valid), .m_rd_ready(m_rd_ready),
    .m_rd_col(m_rd_col), .s_adc_valid(s_adc_valid), .s_adc_ready(s_adc_ready), .s_adc_codes(s_adc_codes),
    .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses),
    .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle), .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col),
    .trc_beat(trc_beat), .trc_chop(trc_chop), .trc_flip(trc_flip), .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p),
    .trc_pref(trc_pref), .trc_pulses(trc_pulses)
);

endmodule

`resetall
