// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Lane of mixed precision: the arithmetic of one element of chi, three cycles, one element per cycle
 *
 *   cycle 1  product    x * d
 *   cycle 2  increment  round(x * d * gain / 2^LR_SHIFT)
 *   cycle 3  sum        chi = sat(chi + ...)
 *            steps      if write: s = clamp(trunc_toward_zero(chi / 2^CHI_FRAC), -MAX_STEPS, MAX_STEPS)
 *                       chi = chi - s * 2^CHI_FRAC
 *
 * The lane never stalls and has no valid bits; those travel in xc_mixed_lanes.
 */
module xc_mixed_lane #
(
    // Bits of a signed operand code, 2..16
    parameter OP_W = 12,
    // Bits of an entry of chi, and its fraction bits (one pulse = 2^CHI_FRAC), CHI_FRAC < CHI_W - 1 <= 31
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    // Bits of the unsigned gain, 1..16, and its scale gain / 2^LR_SHIFT, 0..48
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    // Most pulses per element and write, 1..15
    parameter MAX_STEPS = 1,
    // Rounding of the increment: 0 half up, 1 floor, 2 toward zero
    parameter CHI_ROUND = 0,
    // Derived, not to be set: bits of a step count
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1
)
(
    /*
     * Clock
     */
    input  wire              clk,

    /*
     * A beat is in cycle 1, in cycle 2: registers stand still otherwise
     */
    input  wire              en_1,
    input  wire              en_2,

    /*
     * Cycle 1: operand codes, stored entry
     */
    input  wire [OP_W-1:0]   x,
    input  wire [OP_W-1:0]   d,
    input  wire [CHI_W-1:0]  chi,

    /*
     * Cycle 2: gain, LR_SHIFT fraction bits
     */
    input  wire [LR_W-1:0]   gain,

    /*
     * Cycle 3: new entry, pulses (0 unless write)
     */
    input  wire              write,
    output wire [CHI_W-1:0]  new_chi,
    output wire [STEP_W-1:0] pulses
);

// Widths of intermediate results, each wide enough for the extreme operands
localparam XD_W = 2 * OP_W;
localparam PROD_W = XD_W + LR_W;
localparam INC_W = (PROD_W > LR_SHIFT + 1 ? PROD_W : LR_SHIFT + 1) + 1 - LR_SHIFT;

/*
 * Cycle 1: product of the codes
 */

wire signed [XD_W-1:0] x_factor = {{OP_W{x[OP_W-1]}}, x};
wire signed [XD_W-1:0] d_factor = {{OP_W{d[OP_W-1]}}, d};

reg signed [XD_W-1:0]  xd_reg;
reg        [CHI_W-1:0] chi_1_reg;

always @(posedge clk) begin
    if (en_1) begin
        xd_reg <= x_factor * d_factor;
        chi_1_reg <= chi;
    end
end

/*
 * Cycle 2: increment
 */

// |x * d| <= 2^(2*OP_W-2), so that its product with an unsigned gain needs no sign bit more
wire signed [PROD_W-1:0] xd_factor = {{LR_W{xd_reg[XD_W-1]}}, xd_reg};
wire signed [PROD_W-1:0] gain_factor = {{XD_W{1'b0}}, gain};
wire signed [PROD_W-1:0] product = xd_factor * gain_factor;
wire signed [INC_W-1:0]  increment;

xc_round_shift #(
    .IN_W(PROD_W),
    .SHIFT(LR_SHIFT),
    .ROUND(CHI_ROUND)
)
increment_round_inst (
    .in(product),
    .out(increment)
);

reg signed [INC_W-1:0] increment_reg;
reg        [CHI_W-1:0] chi_2_reg;

always @(posedge clk) begin
    if (en_2) begin
        increment_reg <= increment;
        chi_2_reg <= chi_1_reg;
    end
end

/*
 * Cycle 3: sum, steps
 */

wire [CHI_W-1:0]  chi_sat;
wire [STEP_W-1:0] whole;

xc_accumulate #(
    .ACC_W(CHI_W),
    .ACC_FRAC(CHI_FRAC),
    .INC_W(INC_W),
    .MAX_STEPS(MAX_STEPS)
)
xc_accumulate_inst (
    .clk(clk),
    .en(1'b0),
    .acc(chi_2_reg),
    .increment(increment_reg),
    .sum_sat(chi_sat),
    .steps(whole)
);

// What is below one pulse waits for the next batch, on either side of zero
wire [STEP_W-1:0] steps = write ? whole : {STEP_W{1'b0}};

// The difference lies between chi and zero: its low CHI_W bits are exact
wire [CHI_W+STEP_W-1:0] sent = {{CHI_W{steps[STEP_W-1]}}, steps} << CHI_FRAC;

assign new_chi = chi_sat - sent[CHI_W-1:0];
assign pulses = steps;

wire unused = &{1'b0, sent[CHI_W+STEP_W-1:CHI_W]};

endmodule

`resetall
