// SPDX-License-Identifier: Apache-2.0

/*
 * "One transfer" of rtl/README.md for one element, in integers of W bits.
 */
module fv_transfer_equations #
(
    // Enough for every product below
    parameter W = 64,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 64,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_SHIFT = 4,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0
)
(
    input wire signed [W-1:0] code,
    input wire chop,
    input wire signed [W-1:0] h,
    input wire signed [W-1:0] p,
    input wire signed [W-1:0] pref,
    input wire signed [W-1:0] gain,
    // H and P after the transfer, pulses where they are not held back
    output wire signed [W-1:0] h_after,
    output wire signed [W-1:0] p_after,
    output wire signed [W-1:0] pulses,
    // H before it is saturated has met the upper end
    output wire saturates
);

localparam signed [W-1:0] ONE = 1;

`include "fv_rounded.vh"

wire signed [W-1:0] omega = code * (ONE <<< P_FRAC);
wire signed [W-1:0] e = REF_EN ? omega - pref : omega;
wire signed [W-1:0] z = chop ? -e : e;
wire signed [W-1:0] top = (ONE <<< (H_W - 1)) - ONE;
wire signed [W-1:0] sum = h + rounded(z * gain, LR_SHIFT, H_ROUND);
wire signed [W-1:0] h_sat = sum > top ? top : sum < -top - ONE ? -top - ONE : sum;
wire signed [W-1:0] whole = rounded(h_sat, H_FRAC, 2);
wire signed [W-1:0] h_decayed = H_MOMENTUM_SHIFT == 0 ? 0 : rounded(h_sat, H_MOMENTUM_SHIFT, 2);
wire signed [W-1:0] beta = BETA;
wire signed [W-1:0] p_mean = p + rounded((omega - p) * beta, BETA_W, P_ROUND);

assign pulses = whole > MAX_STEPS ? MAX_STEPS : whole < -MAX_STEPS ? -MAX_STEPS : whole;
assign h_after = pulses == 0 ? h_sat : H_DECAY ? h_decayed : h_sat - pulses * (ONE <<< H_FRAC);
assign p_after = REF_EN == 0 ? 0 : P_EN ? p_mean : omega;
assign saturates = sum > top;

endmodule
