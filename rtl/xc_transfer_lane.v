// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Transfer lane: the arithmetic of one row of a transfer, STAGES cycles, one row per cycle
 *
 *   cycle 1  errors    e = (omega << P_FRAC) - PREF,  z = c * e,  d = (omega << P_FRAC) - P
 *   cycle 2  products  round(z * gain / 2^LR_SHIFT),  round(d * BETA / 2^BETA_W)
 *   cycle 3  sum       H = sat(H + ...),  P = P + ...
 *   the same or cycle 4
 *            steps     s = clamp(trunc_toward_zero(H / 2^H_FRAC), -MAX_STEPS, MAX_STEPS)
 *            reset     s != 0: H = H - s * 2^H_FRAC, or H * momentum
 *
 * Without a reference (REF_EN = 0) PREF is zero and P is not there. The lane never stalls and has no valid bits;
 * those travel in xc_transfer_lanes.
 */
module xc_transfer_lane #
(
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
    // Bits of the unsigned gain, 1..16, and its scale gain / 2^LR_SHIFT, 0..48
    parameter LR_W = 8,
    parameter LR_SHIFT = 4,
    // Most pulses per element and transfer, 1..15
    parameter MAX_STEPS = 1,
    // H after a write: 0 subtract the pulses, 1 multiply by the momentum
    parameter H_DECAY = 0,
    // Momentum for H_DECAY = 1: 0 means 0, m means 2^-m, 0..15
    parameter H_MOMENTUM_SHIFT = 0,
    // Rounding of the H and of the P increment: 0 half up, 1 floor, 2 toward zero
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    // Cycles: 3, or 4 with the sum in a cycle of its own
    parameter STAGES = 3,
    // Derived, not to be set: bits of a P entry, of a step count
    parameter P_W = ADC_W + P_FRAC,
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1
)
(
    /*
     * Clock
     */
    input  wire              clk,

    /*
     * A beat is in cycle 1, in cycle 2, in cycle 3: registers stand still otherwise, so that an idle lane burns no
     * power and costs a simulator no time
     */
    input  wire              en_1,
    input  wire              en_2,
    input  wire              en_3,

    /*
     * Cycle 1: code, sign (1 means c = -1), stored state
     */
    input  wire [ADC_W-1:0]  code,
    input  wire              chop,
    input  wire [H_W-1:0]    h,
    input  wire [P_W-1:0]    p,
    input  wire [P_W-1:0]    pref,

    /*
     * Cycle 2: gain of z, LR_SHIFT fraction bits
     */
    input  wire [LR_W-1:0]   gain,

    /*
     * Cycle STAGES: new state, pulses (0 while hold)
     */
    input  wire              hold,
    output wire [H_W-1:0]    new_h,
    output wire [P_W-1:0]    new_p,
    output wire [STEP_W-1:0] pulses
);

// Widths of intermediate results, each wide enough for the extreme operands
localparam E_W = P_W + 1;
localparam Z_PROD_W = E_W + LR_W + 1;
localparam Z_INC_W = (Z_PROD_W > LR_SHIFT + 1 ? Z_PROD_W : LR_SHIFT + 1) + 1 - LR_SHIFT;

/*
 * Cycle 1: errors
 */

// The sign is repeated once more than P needs, as a difference has one bit more than its terms
wire signed [E_W-1:0] omega = {{(E_W-ADC_W){code[ADC_W-1]}}, code} << P_FRAC;
wire signed [E_W-1:0] e;

generate

if (REF_EN != 0) begin : gen_difference

    assign e = omega - {pref[P_W-1], pref};

end else begin : gen_no_difference

    assign e = omega;

    wire unused_pref = &{1'b0, pref};

end

endgenerate

reg signed [E_W-1:0] z_reg;
reg        [H_W-1:0] h_1_reg;

always @(posedge clk) begin
    if (en_1) begin
        // |e| <= 2^P_W - 1, so that -e needs no further bit
        z_reg <= chop ? -e : e;
        h_1_reg <= h;
    end
end

/*
 * Cycle 2: products
 */

wire signed [Z_PROD_W-1:0] z_factor = {{(Z_PROD_W-E_W){z_reg[E_W-1]}}, z_reg};
wire signed [Z_PROD_W-1:0] gain_factor = {{(Z_PROD_W-LR_W){1'b0}}, gain};
wire signed [Z_PROD_W-1:0] z_product = z_factor * gain_factor;
wire signed [Z_INC_W-1:0]  h_increment;

xc_round_shift #(
    .IN_W(Z_PROD_W),
    .SHIFT(LR_SHIFT),
    .ROUND(H_ROUND)
)
h_round_inst (
    .in(z_product),
    .out(h_increment)
);

reg signed [Z_INC_W-1:0] h_increment_reg;
reg        [H_W-1:0]     h_2_reg;

always @(posedge clk) begin
    if (en_2) begin
        h_increment_reg <= h_increment;
        h_2_reg <= h_1_reg;
    end
end

/*
 * Cycle 3 and, with STAGES = 4, cycle 4: sum, steps, reset
 */

wire [H_W-1:0]    h_sat;
wire [STEP_W-1:0] steps;

xc_accumulate #(
    .ACC_W(H_W),
    .ACC_FRAC(H_FRAC),
    .INC_W(Z_INC_W),
    .MAX_STEPS(MAX_STEPS),
    .SUM_REG(STAGES == 4)
)
xc_accumulate_inst (
    .clk(clk),
    .en(en_3),
    .acc(h_2_reg),
    .increment(h_increment_reg),
    .sum_sat(h_sat),
    .steps(steps)
);

wire steps_zero = steps == {STEP_W{1'b0}};

wire [H_W-1:0] h_after_write;

generate

if (H_DECAY == 0) begin : gen_subtract

    // The difference lies between H and zero: its low H_W bits are exact
    wire [H_W+STEP_W-1:0] sent = {{H_W{steps[STEP_W-1]}}, steps} << H_FRAC;
    assign h_after_write = h_sat - sent[H_W-1:0];

    wire unused_sent = &{1'b0, sent[H_W+STEP_W-1:H_W]};

end else if (H_MOMENTUM_SHIFT == 0) begin : gen_forget

    assign h_after_write = {H_W{1'b0}};

end else begin : gen_momentum

    localparam MOM_SUM_W = (H_W > H_MOMENTUM_SHIFT + 1 ? H_W : H_MOMENTUM_SHIFT + 1) + 1;
    localparam MOM_W = MOM_SUM_W - H_MOMENTUM_SHIFT;

    wire signed [MOM_W-1:0] h_momentum;

    xc_round_shift #(
        .IN_W(H_W),
        .SHIFT(H_MOMENTUM_SHIFT),
        .ROUND(2)
    )
    momentum_round_inst (
        .in(h_sat),
        .out(h_momentum)
    );

    // At least one bit of the result is a copy of the sign
    wire [H_W+MOM_W-1:0] h_momentum_ext = {{H_W{h_momentum[MOM_W-1]}}, h_momentum};
    assign h_after_write = h_momentum_ext[H_W-1:0];

    wire unused_momentum = &{1'b0, h_momentum_ext[H_W+MOM_W-1:H_W]};

end

endgenerate

assign new_h = steps_zero ? h_sat : h_after_write;
assign pulses = hold ? {STEP_W{1'b0}} : steps;

/*
 * Leaky mean of the codes, in step with the cycles of H
 */
wire [P_W-1:0] p_sum;

generate

if (REF_EN == 0) begin : gen_no_ref

    assign p_sum = {P_W{1'b0}};

    wire unused_p = &{1'b0, p};

end else if (P_EN != 0) begin : gen_p

    localparam D_PROD_W = E_W + BETA_W + 2;
    localparam D_INC_W = D_PROD_W + 1 - BETA_W;

    reg signed [E_W-1:0] d_reg;
    reg        [P_W-1:0] p_1_reg;
    reg        [P_W-1:0] p_2_reg;

    wire signed [D_PROD_W-1:0] d_factor = {{(D_PROD_W-E_W){d_reg[E_W-1]}}, d_reg};
    wire signed [D_PROD_W-1:0] beta_factor = {{(D_PROD_W-BETA_W-1){1'b0}}, BETA[BETA_W:0]};
    wire signed [D_PROD_W-1:0] d_product = d_factor * beta_factor;
    wire signed [D_INC_W-1:0]  p_increment;

    xc_round_shift #(
        .IN_W(D_PROD_W),
        .SHIFT(BETA_W),
        .ROUND(P_ROUND)
    )
    p_round_inst (
        .in(d_product),
        .out(p_increment)
    );

    // P moves by a share of its distance to the code and so stays between the two: no saturation, and
    // the low P_W bits of the increment are enough
    reg [P_W-1:0] p_increment_reg;

    always @(posedge clk) begin
        if (en_1) begin
            d_reg <= omega - {p[P_W-1], p};
            p_1_reg <= p;
        end
        if (en_2) begin
            p_2_reg <= p_1_reg;
            p_increment_reg <= p_increment[P_W-1:0];
        end
    end

    assign p_sum = p_2_reg + p_increment_reg;

    wire unused_increment = &{1'b0, p_increment[D_INC_W-1:P_W]};

end else begin : gen_no_p

    reg [P_W-1:0] p_1_reg;
    reg [P_W-1:0] p_2_reg;

    always @(posedge clk) begin
        if (en_1) begin
            p_1_reg <= omega[P_W-1:0];
        end
        if (en_2) begin
            p_2_reg <= p_1_reg;
        end
    end

    assign p_sum = p_2_reg;

    wire unused_p = &{1'b0, p};

end

if (STAGES == 4 && REF_EN != 0) begin : gen_p_stage

    reg [P_W-1:0] p_3_reg;

    always @(posedge clk) begin
        if (en_3) begin
            p_3_reg <= p_sum;
        end
    end

    assign new_p = p_3_reg;

end else begin : gen_no_p_stage

    assign new_p = p_sum;

    wire unused_en_3 = &{1'b0, en_3};

end

endgenerate

endmodule

`resetall
