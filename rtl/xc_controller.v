// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Controller of a TTv2, c-TTv2 or AGAD chip: reads columns of the gradient array A, keeps H (and for AGAD
 * P and P^ref), flips the choppers and hands whole pulses to the weight array W. README.md is the contract
 * of this module.
 *
 * The widths of ports are spelled out: a derived parameter in the header could be set from outside.
 */
module xc_controller #
(
    // Rows and columns of the arrays, >= 1
    parameter ROWS = 8,
    parameter COLS = 8,
    // Rows handled per cycle, >= 1, may exceed or not divide ROWS
    parameter LANES = 4,
    // Bits of a signed ADC code, 2..16
    parameter ADC_W = 8,
    // 1: codes count against P^ref (AGAD); 0: no P^ref and no P (TTv2, c-TTv2)
    parameter REF_EN = 1,
    // Fraction bits of P and P^ref below one ADC LSB, 0..16
    parameter P_FRAC = 4,
    // With a reference, 1: P store present; 0: beta = 1, P is the last code, no store; 0 without a reference
    parameter P_EN = 1,
    // beta = BETA / 2^BETA_W; BETA_W in 1..16, BETA in 0..2^BETA_W
    parameter BETA_W = 8,
    parameter BETA = 64,
    // Bits of an H entry, and its fraction bits (one pulse = 2^H_FRAC), H_FRAC < H_W - 1 <= 31
    parameter H_W = 16,
    parameter H_FRAC = 10,
    // Bits of the unsigned gain cfg_lr_h, 1..16, and its scale cfg_lr_h / 2^LR_SHIFT, 0..48
    parameter LR_W = 8,
    parameter LR_SHIFT = 4,
    // Read correction: largest index by which the gain of a read is divided, 2..255; 0: off
    parameter CORRECTION = 0,
    // Most pulses per element and transfer, 1..15
    parameter MAX_STEPS = 1,
    // H after a write: 0 subtract the pulses, 1 multiply by the momentum
    parameter H_DECAY = 0,
    // Momentum for H_DECAY = 1: 0 means 0, m means 2^-m, 0..15
    parameter H_MOMENTUM_SHIFT = 0,
    // Rounding of the H and of the P increment: 0 half up, 1 floor, 2 toward zero
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    // Chopper: 0 off, 1 regular, 2 random
    parameter CHOP_MODE = 1,
    // First state of the chopper's LFSR, 32 bits, non-zero
    parameter [31:0] LFSR_SEED = 32'h00000001,
    // Order in which columns are read: 0 in turn, 1 random
    parameter COL_RANDOM = 0,
    // First state of the LFSR that draws the columns, 32 bits, non-zero
    parameter [31:0] COL_SEED = 32'h00000001,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // Cycles of a lane: 3, or, with two ports, 4 for a faster clock
    parameter LANE_STAGES = 3,
    // 1: drive the retire trace; 0: tie it to zero, no logic
    parameter TRACE_EN = 1
)
(
    /*
     * Clock and reset
     */
    input  wire clk,
    input  wire rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0] cfg_transfer_every,
    input  wire [LR_W-1:0] cfg_lr_h,
    input  wire [15:0] cfg_chop,
    input  wire [15:0] cfg_warmup,

    /*
     * Sample ticks
     */
    input  wire s_smp_valid,
    output wire s_smp_ready,

    /*
     * Update of A with this sample; signs, 1 means c = -1
     */
    output wire m_upd_valid,
    input  wire m_upd_ready,
    output wire [COLS-1:0] m_upd_chop,

    /*
     * Read of one column of A
     */
    output wire m_rd_valid,
    input  wire m_rd_ready,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] m_rd_col,

    /*
     * Codes of the column read, signed integers, rows beat*LANES ...
     */
    input  wire s_adc_valid,
    output wire s_adc_ready,
    input  wire [LANES*ADC_W-1:0] s_adc_codes,

    /*
     * Pulses to one column of W, signed integers
     */
    output wire m_wr_valid,
    input  wire m_wr_ready,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] m_wr_col,
    output wire [ROWS*($clog2(MAX_STEPS + 1)+1)-1:0] m_wr_pulses,

    /*
     * Cycle counters
     */
    output wire [31:0] stat_cycles_clear,
    output wire [31:0] stat_cycles_idle,
    output wire [31:0] stat_cycles_update,
    output wire [31:0] stat_cycles_stall,
    output wire [31:0] stat_cycles_read,
    output wire [31:0] stat_cycles_digital,
    output wire [31:0] stat_cycles_hold,
    output wire [31:0] stat_cycles_write,

    /*
     * Retire trace: H has H_FRAC fraction bits, P and P^ref have P_FRAC
     */
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

// Beats per column
localparam BEATS = (ROWS + LANES - 1) / LANES;
// Bits of a P entry, a step count, a column number, a beat number, a memory address, a read index
localparam P_W = ADC_W + P_FRAC;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1;
localparam INDEX_W = CORRECTION > 0 ? $clog2(CORRECTION + 1) : 1;

wire                    read_done;
wire                    sweep_done;
wire [COL_W-1:0]        xfer_col;
wire                    xfer_hold;
wire                    period_end;
wire                    flip;
wire                    xfer_chop;
wire                    xfer_flip;
wire [INDEX_W-1:0]      xfer_index;

wire                    beat_valid;
wire                    beat_first;
wire                    beat_last;
wire [BEAT_W-1:0]       beat_index;
wire [ADDR_W-1:0]       beat_addr;
wire                    clear_valid;
wire                    lanes_busy;
wire                    lanes_wait;

wire [LANES*H_W-1:0]    rd_h;
wire [LANES*P_W-1:0]    rd_p;
wire [LANES*P_W-1:0]    rd_pref;
wire                    wr_en;
wire                    wr_flip;
wire [ADDR_W-1:0]       wr_addr;
wire [LANES*H_W-1:0]    wr_h;
wire [LANES*P_W-1:0]    wr_p;

wire                    pulses_last;
wire [BEAT_W-1:0]       pulses_beat;
wire [COL_W-1:0]        pulses_col;
wire [LANES*STEP_W-1:0] pulses;

wire                    phase_clear;
wire                    phase_idle;
wire                    phase_update;
wire                    phase_stall;
wire                    phase_read;

xc_transfer_scheduler #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .COL_RANDOM(COL_RANDOM),
    .COL_SEED(COL_SEED)
)
xc_transfer_scheduler_inst (
    .clk(clk),
    .rst(rst),
    .cfg_transfer_every(cfg_transfer_every),
    .cfg_warmup(cfg_warmup),
    .s_smp_valid(s_smp_valid),
    .s_smp_ready(s_smp_ready),
    .m_upd_valid(m_upd_valid),
    .m_upd_ready(m_upd_ready),
    .m_rd_valid(m_rd_valid),
    .m_rd_ready(m_rd_ready),
    .m_rd_col(m_rd_col),
    .s_adc_valid(s_adc_valid),
    .s_adc_ready(s_adc_ready),
    .read_done(read_done),
    .sweep_done(sweep_done),
    .xfer_col(xfer_col),
    .xfer_hold(xfer_hold),
    .beat_valid(beat_valid),
    .beat_first(beat_first),
    .beat_last(beat_last),
    .beat_index(beat_index),
    .beat_addr(beat_addr),
    .clear_valid(clear_valid),
    .lanes_wait(lanes_wait),
    .lanes_busy(lanes_busy),
    .pulses_wait(m_wr_valid),
    .phase_clear(phase_clear),
    .phase_idle(phase_idle),
    .phase_update(phase_update),
    .phase_stall(phase_stall),
    .phase_read(phase_read)
);

xc_read_index #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .CHOP_MODE(CHOP_MODE),
    .COL_RANDOM(COL_RANDOM),
    .CORRECTION(CORRECTION),
    .MEM_PORTS(MEM_PORTS)
)
xc_read_index_inst (
    .clk(clk),
    .rst(rst),
    .cfg_chop(cfg_chop),
    .clear_valid(clear_valid),
    .clear_addr(beat_addr),
    .upd_valid(m_upd_valid),
    .read_done(read_done),
    .sweep_done(sweep_done),
    .read_col(m_rd_col),
    .period_end(period_end),
    .flip(flip),
    .xfer_index(xfer_index)
);

xc_chopper #(
    .COLS(COLS),
    .CHOP_MODE(CHOP_MODE),
    .LFSR_SEED(LFSR_SEED)
)
xc_chopper_inst (
    .clk(clk),
    .rst(rst),
    .cfg_chop(cfg_chop),
    .read_done(read_done),
    .period_end(period_end),
    .read_col(m_rd_col),
    .flip(flip),
    .chop(m_upd_chop),
    .xfer_chop(xfer_chop),
    .xfer_flip(xfer_flip)
);

xc_state_store #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .ADC_W(ADC_W),
    .REF_EN(REF_EN),
    .P_FRAC(P_FRAC),
    .P_EN(P_EN),
    .H_W(H_W),
    .MEM_PORTS(MEM_PORTS)
)
xc_state_store_inst (
    .clk(clk),
    .clear_valid(clear_valid),
    .clear_addr(beat_addr),
    .rd_en(beat_valid),
    .rd_addr(beat_addr),
    .rd_h(rd_h),
    .rd_p(rd_p),
    .rd_pref(rd_pref),
    .wr_en(wr_en),
    .wr_flip(wr_flip),
    .wr_addr(wr_addr),
    .wr_h(wr_h),
    .wr_p(wr_p)
);

xc_transfer_lanes #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .ADC_W(ADC_W),
    .REF_EN(REF_EN),
    .P_FRAC(P_FRAC),
    .P_EN(P_EN),
    .BETA_W(BETA_W),
    .BETA(BETA),
    .H_W(H_W),
    .H_FRAC(H_FRAC),
    .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT),
    .CORRECTION(CORRECTION),
    .MAX_STEPS(MAX_STEPS),
    .H_DECAY(H_DECAY),
    .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND),
    .P_ROUND(P_ROUND),
    .MEM_PORTS(MEM_PORTS),
    .STAGES(LANE_STAGES),
    .TRACE_EN(TRACE_EN)
)
xc_transfer_lanes_inst (
    .clk(clk),
    .rst(rst),
    .cfg_lr_h(cfg_lr_h),
    .beat_valid(beat_valid),
    .beat_first(beat_first),
    .beat_last(beat_last),
    .beat_index(beat_index),
    .beat_addr(beat_addr),
    .beat_codes(s_adc_codes),
    .xfer_col(xfer_col),
    .xfer_chop(xfer_chop),
    .xfer_flip(xfer_flip),
    .xfer_hold(xfer_hold),
    .xfer_index(xfer_index),
    .rd_h(rd_h),
    .rd_p(rd_p),
    .rd_pref(rd_pref),
    .wr_en(wr_en),
    .wr_flip(wr_flip),
    .wr_addr(wr_addr),
    .wr_h(wr_h),
    .wr_p(wr_p),
    .pulses_last(pulses_last),
    .pulses_beat(pulses_beat),
    .pulses_col(pulses_col),
    .pulses(pulses),
    .busy(lanes_busy),
    .beat_wait(lanes_wait),
    .trc_valid(trc_valid),
    .trc_last(trc_last),
    .trc_col(trc_col),
    .trc_beat(trc_beat),
    .trc_chop(trc_chop),
    .trc_flip(trc_flip),
    .trc_codes(trc_codes),
    .trc_h(trc_h),
    .trc_p(trc_p),
    .trc_pref(trc_pref),
    .trc_pulses(trc_pulses)
);

xc_pulse_output #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .MAX_STEPS(MAX_STEPS)
)
xc_pulse_output_inst (
    .clk(clk),
    .rst(rst),
    .in_valid(wr_en),
    .in_last(pulses_last),
    .in_beat(pulses_beat),
    .in_col(pulses_col),
    .in_pulses(pulses),
    .m_wr_valid(m_wr_valid),
    .m_wr_ready(m_wr_ready),
    .m_wr_col(m_wr_col),
    .m_wr_pulses(m_wr_pulses)
);

xc_cycle_counters
xc_cycle_counters_inst (
    .clk(clk),
    .rst(rst),
    .in_clear(phase_clear),
    .in_idle(phase_idle),
    .in_update(phase_update),
    .in_stall(phase_stall),
    .in_read(phase_read),
    .in_digital(beat_valid),
    .in_hold(s_adc_valid && !s_adc_ready),
    .in_write(m_wr_valid),
    .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write)
);

`ifndef SYNTHESIS
initial begin
    if (ROWS < 1 || COLS < 1 || LANES < 1) begin
        $display("Error: ROWS, COLS and LANES must be >= 1 (instance %m)");
        $finish;
    end
    if (ADC_W < 2 || ADC_W > 16 || P_FRAC < 0 || P_FRAC > 16) begin
        $display("Error: ADC_W must be 2..16, P_FRAC 0..16 (instance %m)");
        $finish;
    end
    if (BETA_W < 1 || BETA_W > 16 || BETA < 0 || BETA > 2**BETA_W) begin
        $display("Error: BETA_W must be 1..16, BETA 0..2^BETA_W (instance %m)");
        $finish;
    end
    if (H_FRAC < 0 || H_FRAC >= H_W - 1 || H_W > 32) begin
        $display("Error: H_FRAC must be 0..H_W-2, H_W <= 32 (instance %m)");
        $finish;
    end
    if (LR_W < 1 || LR_W > 16 || LR_SHIFT < 0 || LR_SHIFT > 48) begin
        $display("Error: LR_W must be 1..16, LR_SHIFT 0..48 (instance %m)");
        $finish;
    end
    if (MAX_STEPS < 1 || MAX_STEPS > 15 || H_MOMENTUM_SHIFT < 0 || H_MOMENTUM_SHIFT > 15) begin
        $display("Error: MAX_STEPS must be 1..15, H_MOMENTUM_SHIFT 0..15 (instance %m)");
        $finish;
    end
    if (H_ROUND < 0 || H_ROUND > 2 || P_ROUND < 0 || P_ROUND > 2
            || CHOP_MODE < 0 || CHOP_MODE > 2) begin
        $display("Error: H_ROUND, P_ROUND and CHOP_MODE must be 0..2 (instance %m)");
        $finish;
    end
    if (REF_EN < 0 || REF_EN > 1 || P_EN < 0 || P_EN > 1 || H_DECAY < 0 || H_DECAY > 1
            || TRACE_EN < 0 || TRACE_EN > 1) begin
        $display("Error: REF_EN, P_EN, H_DECAY and TRACE_EN must be 0 or 1 (instance %m)");
        $finish;
    end
    if (CORRECTION != 0 && (CORRECTION < 2 || CORRECTION > 255)) begin
        $display("Error: CORRECTION must be 0 or 2..255 (instance %m)");
        $finish;
    end
    if (MEM_PORTS < 1 || MEM_PORTS > 2) begin
        $display("Error: MEM_PORTS must be 1 or 2 (instance %m)");
        $finish;
    end
    if (LANE_STAGES < 3 || LANE_STAGES > 4 || (LANE_STAGES == 4 && MEM_PORTS == 1)) begin
        $display("Error: LANE_STAGES must be 3, or 4 with MEM_PORTS = 2 (instance %m)");
        $finish;
    end
    if (COL_RANDOM < 0 || COL_RANDOM > 1) begin
        $display("Error: COL_RANDOM must be 0 or 1 (instance %m)");
        $finish;
    end
    if (P_EN > REF_EN) begin
        $display("Error: P_EN = 1 needs REF_EN = 1 (instance %m)");
        $finish;
    end
    if (LFSR_SEED == 32'd0 || COL_SEED == 32'd0) begin
        $display("Error: LFSR_SEED and COL_SEED must not be zero (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
