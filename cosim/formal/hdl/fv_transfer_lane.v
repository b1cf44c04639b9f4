// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_transfer_lane: for all operands its results are those of "One transfer" in rtl/README.md, computed
 * here in 64-bit integers from operands that were kept; beats come in any pattern.
 */
module fv_transfer_lane #
(
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
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter STAGES = 3
)
(
    input wire clk,
    input wire in_beat,
    input wire [ADC_W-1:0] in_code,
    input wire in_chop,
    input wire [H_W-1:0] in_h,
    input wire [ADC_W+P_FRAC-1:0] in_p,
    input wire [ADC_W+P_FRAC-1:0] in_pref,
    input wire [LR_W-1:0] in_gain,
    input wire in_hold
);

localparam P_W = ADC_W + P_FRAC;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam W = 64;

reg beat_2 = 1'b0;
reg beat_3 = 1'b0;
reg beat_4 = 1'b0;
wire done = STAGES == 4 ? beat_4 : beat_3;

wire signed [H_W-1:0] new_h;
wire signed [P_W-1:0] new_p;
wire signed [STEP_W-1:0] pulses;

xc_transfer_lane #(
    .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN), .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W),
    .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY),
    .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT), .H_ROUND(H_ROUND), .P_ROUND(P_ROUND), .STAGES(STAGES)
) dut (
    .clk(clk), .en_1(in_beat), .en_2(beat_2), .en_3(beat_3), .code(in_code), .chop(in_chop), .h(in_h), .p(in_p), .pref(in_pref),
    .gain(in_gain), .hold(in_hold), .new_h(new_h), .new_p(new_p), .pulses(pulses)
);

// Operands of the beat in cycle 2, in cycle 3, in cycle 4; those of the last one
reg signed [ADC_W-1:0] code_2, code_3, code_4;
reg signed [H_W-1:0] h_2, h_3, h_4;
reg signed [P_W-1:0] p_2, p_3, p_4, pref_2, pref_3, pref_4;
reg chop_2, chop_3, chop_4;
reg [LR_W-1:0] gain_3, gain_4;

always @(posedge clk) begin
    beat_2 <= in_beat;
    beat_3 <= beat_2;
    {code_2, h_2, p_2, pref_2, chop_2} <= {in_code, in_h, in_p, in_pref, in_chop};
    {code_3, h_3, p_3, pref_3, chop_3} <= {code_2, h_2, p_2, pref_2, chop_2};
    gain_3 <= in_gain;
    beat_4 <= beat_3;
    {code_4, h_4, p_4, pref_4, chop_4, gain_4} <= {code_3, h_3, p_3, pref_3, chop_3, gain_3};
end

wire signed [W-1:0] code_wide = STAGES == 4 ? code_4 : code_3;
wire signed [W-1:0] h_wide = STAGES == 4 ? h_4 : h_3;
wire signed [W-1:0] p_wide = STAGES == 4 ? p_4 : p_3;
wire signed [W-1:0] pref_wide = STAGES == 4 ? pref_4 : pref_3;
wire signed [W-1:0] gain = {{(W-LR_W){1'b0}}, STAGES == 4 ? gain_4 : gain_3};
wire chop = STAGES == 4 ? chop_4 : chop_3;
wire signed [W-1:0] h_after, p_after, s;
wire saturates;

fv_transfer_equations #(
    .W(W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN), .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND), .P_ROUND(P_ROUND)
) one_transfer (
    .code(code_wide), .chop(chop), .h(h_wide), .p(p_wide), .pref(pref_wide), .gain(gain), .h_after(h_after),
    .p_after(p_after), .pulses(s), .saturates(saturates)
);

wire signed [W-1:0] got_h = new_h;
wire signed [W-1:0] got_p = new_p;
wire signed [W-1:0] got_pulses = pulses;

always @(posedge clk) begin
    if (done) begin
        // H after the transfer, saturated and reset: it never leaves its range by wrapping
        p_h: assert (got_h == h_after);
        // P after the transfer: it never leaves the range of the codes
        p_p: assert (got_p == p_after);
        // pulses, none while held back
        p_pulses: assert (got_pulses == (in_hold ? 64'sd0 : s));
        // never more than MAX_STEPS
        p_max_steps: assert (got_pulses <= MAX_STEPS && got_pulses >= -MAX_STEPS);
        // H meets its upper end
        c_saturation: assert (!saturates);
        // a negative pulse is sent
        c_negative_pulse: assert (pulses >= 0);
        // pulses are held back
        c_hold: assert (!(in_hold && s != 0));
        // a beat directly behind another
        c_back_to_back: assert (!beat_2);
    end
end

endmodule
