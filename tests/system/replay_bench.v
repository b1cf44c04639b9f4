// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Runs xc_controller on random codes and writes its retire trace
 *
 * A test bench as any simulator runs it: no cocotb, no VPI. Two segments, the reset between them comes under way;
 * everything random is xorshift32, so that every simulator does the same. +wave=FILE dumps the pins of the controller.
 */
module replay_bench #
(
    parameter ROWS = 4,
    parameter COLS = 3,
    parameter LANES = 2,
    parameter ADC_W = 9,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 128,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 4,
    parameter CORRECTION = 0,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter CHOP_MODE = 1,
    parameter [31:0] LFSR_SEED = 1,
    parameter COL_RANDOM = 0,
    parameter [31:0] COL_SEED = 1,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRACE_EN = 1,
    parameter CFG_TRANSFER_EVERY = 2,
    parameter CFG_LR_H = 200,
    parameter CFG_CHOP = 2,
    parameter CFG_WARMUP = 0,
    parameter SECOND_CHOP = 1,
    parameter PUSH = 0,
    parameter TRANSFERS = 30,
    parameter LIMIT = 20000
)
();

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam P_W = ADC_W + P_FRAC;

reg                     clk = 1'b0;
reg                     rst = 1'b1;
reg [31:0]              random = 32'd1;
reg [31:0]              retired = 32'd0;
reg                     second = 1'b0;
reg [8*512-1:0]         wave;
reg                     smp_valid = 1'b0;
reg                     upd_ready = 1'b0;
reg                     rd_ready = 1'b0;
reg                     wr_ready = 1'b0;
reg  [31:0]             beats_left = 32'd0;
reg  [LANES*ADC_W-1:0]  adc_codes = 0;
wire                    rd_valid, adc_ready, trc_valid, trc_last, trc_chop, trc_flip;
wire [COL_W-1:0]        trc_col;
wire [BEAT_W-1:0]       trc_beat;
wire [LANES*ADC_W-1:0]  trc_codes;
wire [LANES*H_W-1:0]    trc_h;
wire [LANES*P_W-1:0]    trc_p, trc_pref;
wire [LANES*STEP_W-1:0] trc_pulses;
wire [15:0]             cfg_transfer_every = CFG_TRANSFER_EVERY;
wire [LR_W-1:0]         cfg_lr_h = CFG_LR_H;
wire [15:0]             cfg_chop = second ? SECOND_CHOP : CFG_CHOP;
wire [15:0]             cfg_warmup = CFG_WARMUP;
// PUSH = 1: every code is the largest one, so that H runs to its limit
localparam [ADC_W-1:0]  LARGEST = {1'b0, {(ADC_W-1){1'b1}}};
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

xc_controller #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT),
    .CORRECTION(CORRECTION), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND), .P_ROUND(P_ROUND), .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .COL_RANDOM(COL_RANDOM),
    .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst),
    .cfg_transfer_every(cfg_transfer_every), .cfg_lr_h(cfg_lr_h), .cfg_chop(cfg_chop), .cfg_warmup(cfg_warmup),
    .s_smp_valid(smp_valid), .s_smp_ready(), .m_upd_valid(), .m_upd_ready(upd_ready), .m_upd_chop(),
    .m_rd_valid(rd_valid), .m_rd_ready(rd_ready), .m_rd_col(), .s_adc_valid(beats_left != 0),
    .s_adc_ready(adc_ready), .s_adc_codes(adc_codes), .m_wr_valid(), .m_wr_ready(wr_ready), .m_wr_col(),
    .m_wr_pulses(), .stat_cycles_clear(), .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(),
    .stat_cycles_read(), .stat_cycles_digital(), .stat_cycles_hold(), .stat_cycles_write(), .trc_valid(trc_valid),
    .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_chop(trc_chop), .trc_flip(trc_flip),
    .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p), .trc_pref(trc_pref), .trc_pulses(trc_pulses)
);

xc_trace_writer #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT),
    .CORRECTION(CORRECTION), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND), .P_ROUND(P_ROUND), .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .COL_RANDOM(COL_RANDOM),
    .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES), .TRACE_EN(TRACE_EN)
) writer (
    .clk(clk), .rst(rst),
    .cfg_transfer_every(cfg_transfer_every), .cfg_lr_h(cfg_lr_h), .cfg_chop(cfg_chop), .cfg_warmup(cfg_warmup),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_chop(trc_chop),
    .trc_flip(trc_flip), .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p), .trc_pref(trc_pref),
    .trc_pulses(trc_pulses)
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
    rd_ready <= random[3];
    wr_ready <= random[4];
    if (rd_valid && rd_ready) beats_left <= BEATS;
    else if ((beats_left != 0) && adc_ready) beats_left <= beats_left - 32'd1;
    if ((beats_left == 0) || adc_ready)
        for (lane = 0; lane < LANES; lane = lane + 1)
            adc_codes[ADC_W*lane +: ADC_W] <= (PUSH != 0) ? LARGEST : xorshift(random + lane) >> 7;
    if (trc_valid && trc_last) retired <= retired + 32'd1;
    if (rst) beats_left <= 32'd0;
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
