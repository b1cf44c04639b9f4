// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Transfer lanes: LANES rows of a transfer per beat, and what travels with them
 *
 *   cycle t    beat accepted, memories read
 *   t+1..t+3   errors, products, sum and steps (xc_transfer_lane); write-back at the end of t+3
 *   t+4        retire trace
 *
 * With STAGES = 4 the steps have a cycle of their own, t+4: write-back at its end, retire trace in t+5.
 *
 * The first beat of a transfer only enters empty lanes, so column, signs, index and hold-back of the transfer
 * need one register each and not one per stage; they hold until the next first beat, i.e. until W took the pulses.
 * With MEM_PORTS = 1 a beat comes every other cycle, so that read and write-back take turns. The gain follows the index
 * by a cycle: it is there in t+2, when the first product is formed.
 */
module xc_transfer_lanes #
(
    // Rows of A, >= 1
    parameter ROWS = 8,
    // Columns of A, >= 1
    parameter COLS = 8,
    // Rows handled per cycle, >= 1, may exceed or not divide ROWS
    parameter LANES = 4,
    // Bits of a signed ADC code, 2..16
    parameter ADC_W = 8,
    // 1: reference P^ref; 0: none, and no P
    parameter REF_EN = 1,
    // Fraction bits of P and P^ref below one ADC LSB, 0..16
    parameter P_FRAC = 4,
    // With a reference, 1: leaky mean; 0: beta = 1, P is the last code
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
    // Read correction: largest index of a read, 2..255; 0: off
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
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // Cycles of a lane: 3, or, with two ports, 4
    parameter STAGES = 3,
    // 1: drive the retire trace; 0: tie it to zero, no logic
    parameter TRACE_EN = 1,
    // Derived, not to be set: beats per column
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    // Derived, not to be set: bits of a P entry, a step count, a column number, a beat number, a memory address,
    // a read index
    parameter P_W = ADC_W + P_FRAC,
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1,
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1,
    parameter ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1,
    parameter INDEX_W = CORRECTION > 0 ? $clog2(CORRECTION + 1) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire                    clk,
    input  wire                    rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [LR_W-1:0]         cfg_lr_h,

    /*
     * Cycle t: beat accepted, of this transfer
     */
    input  wire                    beat_valid,
    input  wire                    beat_first,
    input  wire                    beat_last,
    input  wire [BEAT_W-1:0]       beat_index,
    input  wire [ADDR_W-1:0]       beat_addr,
    input  wire [LANES*ADC_W-1:0]  beat_codes,
    input  wire [COL_W-1:0]        xfer_col,
    input  wire                    xfer_chop,
    input  wire                    xfer_flip,
    input  wire                    xfer_hold,
    input  wire [INDEX_W-1:0]      xfer_index,

    /*
     * Cycle t+1: stored state of the beat
     */
    input  wire [LANES*H_W-1:0]    rd_h,
    input  wire [LANES*P_W-1:0]    rd_p,
    input  wire [LANES*P_W-1:0]    rd_pref,

    /*
     * Cycle t+STAGES: state to write back; P also to P^ref if wr_flip
     */
    output wire                    wr_en,
    output wire                    wr_flip,
    output wire [ADDR_W-1:0]       wr_addr,
    output wire [LANES*H_W-1:0]    wr_h,
    output wire [LANES*P_W-1:0]    wr_p,

    /*
     * Cycle t+STAGES: pulses of the beat, with wr_en
     */
    output wire                    pulses_last,
    output wire [BEAT_W-1:0]       pulses_beat,
    output wire [COL_W-1:0]        pulses_col,
    output wire [LANES*STEP_W-1:0] pulses,

    /*
     * A beat is in cycle t+2..t+STAGES; in t+1 none is when the first one of another column can come
     */
    output wire                    busy,

    /*
     * No beat may come in this cycle: the memories have no port for it
     */
    output wire                    beat_wait,

    /*
     * The cycle after: retire trace
     */
    output wire                    trc_valid,
    output wire                    trc_last,
    output wire [COL_W-1:0]        trc_col,
    output wire [BEAT_W-1:0]       trc_beat,
    output wire                    trc_chop,
    output wire                    trc_flip,
    output wire [LANES*ADC_W-1:0]  trc_codes,
    output wire [LANES*H_W-1:0]    trc_h,
    output wire [LANES*P_W-1:0]    trc_p,
    output wire [LANES*P_W-1:0]    trc_pref,
    output wire [LANES*STEP_W-1:0] trc_pulses
);

reg              valid_1_reg, valid_2_reg, valid_3_reg;
reg              last_1_reg, last_2_reg, last_3_reg;
reg [BEAT_W-1:0] beat_1_reg, beat_2_reg, beat_3_reg;
reg [ADDR_W-1:0] addr_1_reg, addr_2_reg, addr_3_reg;

reg [COL_W-1:0]  col_reg;
reg              chop_reg;
reg              flip_reg;
reg              hold_reg;

reg  [INDEX_W-1:0] index_reg;
wire [LR_W-1:0]    gain;

reg  [LANES*ADC_W-1:0] codes_1_reg;
wire [LANES*ADC_W-1:0] codes;

// The beat in its last cycle
wire              done_valid, done_last;
wire [BEAT_W-1:0] done_beat;
wire [ADDR_W-1:0] done_addr;

assign busy = valid_2_reg || valid_3_reg || (STAGES == 4 && done_valid);

// One port: the write-back comes an odd number of cycles behind the read and beats come every other cycle, so that it
// never meets the read of another; behind a gap in the codes, a beat that is out of step waits for the write-back
assign beat_wait = MEM_PORTS == 1 && (valid_1_reg || valid_3_reg);

assign wr_en = done_valid;
assign wr_flip = flip_reg;
assign wr_addr = done_addr;

assign pulses_last = done_last;
assign pulses_beat = done_beat;
assign pulses_col = col_reg;

always @(posedge clk) begin
    valid_1_reg <= beat_valid;
    valid_2_reg <= valid_1_reg;
    valid_3_reg <= valid_2_reg;

    // What goes with a beat moves with it and stands still between beats
    if (beat_valid) begin
        last_1_reg <= beat_last;
        beat_1_reg <= beat_index;
        addr_1_reg <= beat_addr;
        codes_1_reg <= codes;
    end
    if (valid_1_reg) begin
        last_2_reg <= last_1_reg;
        beat_2_reg <= beat_1_reg;
        addr_2_reg <= addr_1_reg;
    end
    if (valid_2_reg) begin
        last_3_reg <= last_2_reg;
        beat_3_reg <= beat_2_reg;
        addr_3_reg <= addr_2_reg;
    end

    if (beat_valid && beat_first) begin
        col_reg <= xfer_col;
        chop_reg <= xfer_chop;
        flip_reg <= xfer_flip;
        hold_reg <= xfer_hold;
        index_reg <= xfer_index;
    end

    if (rst) begin
        valid_1_reg <= 1'b0;
        valid_2_reg <= 1'b0;
        valid_3_reg <= 1'b0;
    end
end

xc_read_gain #(
    .LR_W(LR_W),
    .CORRECTION(CORRECTION)
)
xc_read_gain_inst (
    .clk(clk),
    .cfg_lr_h(cfg_lr_h),
    .index(index_reg),
    .gain(gain)
);

genvar lane;

generate

if (STAGES == 4) begin : gen_stage_4

    reg              valid_4_reg;
    reg              last_4_reg;
    reg [BEAT_W-1:0] beat_4_reg;
    reg [ADDR_W-1:0] addr_4_reg;

    always @(posedge clk) begin
        valid_4_reg <= valid_3_reg;
        if (valid_3_reg) begin
            last_4_reg <= last_3_reg;
            beat_4_reg <= beat_3_reg;
            addr_4_reg <= addr_3_reg;
        end

        if (rst) begin
            valid_4_reg <= 1'b0;
        end
    end

    assign done_valid = valid_4_reg;
    assign done_last = last_4_reg;
    assign done_beat = beat_4_reg;
    assign done_addr = addr_4_reg;

end else begin : gen_no_stage_4

    assign done_valid = valid_3_reg;
    assign done_last = last_3_reg;
    assign done_beat = beat_3_reg;
    assign done_addr = addr_3_reg;

end

for (lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane

    if ((BEATS - 1) * LANES + lane >= ROWS) begin : gen_past_last_row
        // Row of the last beat that does not exist: a zero code keeps H, P, P^ref and pulses at zero
        assign codes[ADC_W*lane +: ADC_W] = beat_last ? {ADC_W{1'b0}}
            : beat_codes[ADC_W*lane +: ADC_W];
    end else begin : gen_row
        assign codes[ADC_W*lane +: ADC_W] = beat_codes[ADC_W*lane +: ADC_W];
    end

    xc_transfer_lane #(
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
        .MAX_STEPS(MAX_STEPS),
        .H_DECAY(H_DECAY),
        .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
        .H_ROUND(H_ROUND),
        .P_ROUND(P_ROUND),
        .STAGES(STAGES)
    )
    xc_transfer_lane_inst (
        .clk(clk),
        .en_1(valid_1_reg),
        .en_2(valid_2_reg),
        .en_3(valid_3_reg),
        .code(codes_1_reg[ADC_W*lane +: ADC_W]),
        .chop(chop_reg),
        .h(rd_h[H_W*lane +: H_W]),
        .p(rd_p[P_W*lane +: P_W]),
        .pref(rd_pref[P_W*lane +: P_W]),
        .gain(gain),
        .hold(hold_reg),
        .new_h(wr_h[H_W*lane +: H_W]),
        .new_p(wr_p[P_W*lane +: P_W]),
        .pulses(pulses[STEP_W*lane +: STEP_W])
    );

end

if (TRACE_EN != 0) begin : gen_trace

    reg                    trc_valid_reg;
    reg                    trc_last_reg;
    reg [COL_W-1:0]        trc_col_reg;
    reg [BEAT_W-1:0]       trc_beat_reg;
    reg                    trc_chop_reg;
    reg                    trc_flip_reg;
    reg [LANES*ADC_W-1:0]  trc_codes_reg;
    reg [LANES*H_W-1:0]    trc_h_reg;
    reg [LANES*P_W-1:0]    trc_p_reg;
    reg [LANES*P_W-1:0]    trc_pref_reg;
    reg [LANES*STEP_W-1:0] trc_pulses_reg;

    // Codes and old P^ref wait here for the results, only to be shown
    reg [LANES*ADC_W-1:0]  codes_2_reg, codes_3_reg;
    reg [LANES*P_W-1:0]    pref_2_reg, pref_3_reg;
    wire [LANES*ADC_W-1:0] done_codes;
    wire [LANES*P_W-1:0]   done_pref;

    if (STAGES == 4) begin : gen_stage_4

        reg [LANES*ADC_W-1:0] codes_4_reg;
        reg [LANES*P_W-1:0]   pref_4_reg;

        always @(posedge clk) begin
            if (valid_3_reg) begin
                codes_4_reg <= codes_3_reg;
                pref_4_reg <= pref_3_reg;
            end
        end

        assign done_codes = codes_4_reg;
        assign done_pref = pref_4_reg;

    end else begin : gen_no_stage_4

        assign done_codes = codes_3_reg;
        assign done_pref = pref_3_reg;

    end

    always @(posedge clk) begin
        if (valid_1_reg) begin
            codes_2_reg <= codes_1_reg;
            pref_2_reg <= rd_pref;
        end
        if (valid_2_reg) begin
            codes_3_reg <= codes_2_reg;
            pref_3_reg <= pref_2_reg;
        end

        trc_valid_reg <= done_valid;
        if (done_valid) begin
            trc_last_reg <= done_last;
            trc_col_reg <= col_reg;
            trc_beat_reg <= done_beat;
            trc_chop_reg <= chop_reg;
            trc_flip_reg <= flip_reg;
            trc_codes_reg <= done_codes;
            trc_h_reg <= wr_h;
            trc_p_reg <= wr_p;
            trc_pref_reg <= flip_reg ? wr_p : done_pref;
            trc_pulses_reg <= pulses;
        end

        if (rst) begin
            trc_valid_reg <= 1'b0;
        end
    end

    assign trc_valid = trc_valid_reg;
    assign trc_last = trc_last_reg;
    assign trc_col = trc_col_reg;
    assign trc_beat = trc_beat_reg;
    assign trc_chop = trc_chop_reg;
    assign trc_flip = trc_flip_reg;
    assign trc_codes = trc_codes_reg;
    assign trc_h = trc_h_reg;
    assign trc_p = trc_p_reg;
    assign trc_pref = trc_pref_reg;
    assign trc_pulses = trc_pulses_reg;

end else begin : gen_no_trace

    assign trc_valid = 1'b0;
    assign trc_last = 1'b0;
    assign trc_col = {COL_W{1'b0}};
    assign trc_beat = {BEAT_W{1'b0}};
    assign trc_chop = 1'b0;
    assign trc_flip = 1'b0;
    assign trc_codes = {LANES*ADC_W{1'b0}};
    assign trc_h = {LANES*H_W{1'b0}};
    assign trc_p = {LANES*P_W{1'b0}};
    assign trc_pref = {LANES*P_W{1'b0}};
    assign trc_pulses = {LANES*STEP_W{1'b0}};

end

endgenerate

endmodule

`resetall
