// SPDX-License-Identifier: Apache-2.0

/*
 * "Mixed precision" of rtl/README.md for one element of a sample, in integers of W bits.
 */
module fv_mixed_equations #
(
    // Enough for every product below
    parameter W = 64,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_SHIFT = 20,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0
)
(
    input wire signed [W-1:0] x,
    input wire signed [W-1:0] d,
    input wire signed [W-1:0] chi,
    input wire signed [W-1:0] lr,
    // The sample is the last one of a batch
    input wire write,
    output wire signed [W-1:0] chi_after,
    output wire signed [W-1:0] pulses,
    // chi before it is saturated has met the upper end
    output wire saturates
);

localparam signed [W-1:0] ONE = 1;

`include "fv_rounded.vh"

wire signed [W-1:0] product = x * d;
wire signed [W-1:0] top = (ONE <<< (CHI_W - 1)) - ONE;
wire signed [W-1:0] sum = chi + rounded(product * lr, LR_SHIFT, CHI_ROUND);
wire signed [W-1:0] sat = sum > top ? top : sum < -top - ONE ? -top - ONE : sum;
wire signed [W-1:0] whole = rounded(sat, CHI_FRAC, 2);

assign pulses = !write ? 0 : whole > MAX_STEPS ? MAX_STEPS : whole < -MAX_STEPS ? -MAX_STEPS : whole;
assign chi_after = sat - pulses * (ONE <<< CHI_FRAC);
assign saturates = sum > top;

endmodule
