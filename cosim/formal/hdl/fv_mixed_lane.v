// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_mixed_lane: for all operands its results are those of "Mixed precision" in rtl/README.md, computed
 * here in 64-bit integers from operands that were kept; beats come in any pattern.
 */
module fv_mixed_lane #
(
    parameter OP_W = 12,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0
)
(
    input wire clk,
    input wire in_beat,
    input wire [OP_W-1:0] in_x,
    input wire [OP_W-1:0] in_d,
    input wire [CHI_W-1:0] in_chi,
    input wire [LR_W-1:0] in_gain,
    input wire in_write
);

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam W = 64;

reg beat_2 = 1'b0;
reg beat_3 = 1'b0;

wire signed [CHI_W-1:0] new_chi;
wire signed [STEP_W-1:0] pulses;

xc_mixed_lane #(
    .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS),
    .CHI_ROUND(CHI_ROUND)
) dut (
    .clk(clk), .en_1(in_beat), .en_2(beat_2), .x(in_x), .d(in_d), .chi(in_chi), .gain(in_gain), .write(in_write),
    .new_chi(new_chi), .pulses(pulses)
);

reg signed [OP_W-1:0] x_2, x_3, d_2, d_3;
reg signed [CHI_W-1:0] chi_2, chi_3;
reg [LR_W-1:0] gain_3;

always @(posedge clk) begin
    beat_2 <= in_beat;
    beat_3 <= beat_2;
    {x_2, d_2, chi_2} <= {in_x, in_d, in_chi};
    {x_3, d_3, chi_3} <= {x_2, d_2, chi_2};
    gain_3 <= in_gain;
end

wire signed [W-1:0] x = x_3;
wire signed [W-1:0] d = d_3;
wire signed [W-1:0] chi = chi_3;
wire signed [W-1:0] lr = {{(W-LR_W){1'b0}}, gain_3};
wire signed [W-1:0] chi_after, s;
wire saturates;

fv_mixed_equations #(
    .W(W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND)
) one_sample (
    .x(x), .d(d), .chi(chi), .lr(lr), .write(in_write), .chi_after(chi_after), .pulses(s), .saturates(saturates)
);

wire signed [W-1:0] got_chi = new_chi;
wire signed [W-1:0] got_pulses = pulses;

always @(posedge clk) begin
    if (beat_3) begin
        // chi after the sample: saturated, never wrapped
        p_chi: assert (got_chi == chi_after);
        // pulses at the end of a batch, none else
        p_pulses: assert (got_pulses == s);
        // never more than MAX_STEPS
        p_max_steps: assert (got_pulses <= MAX_STEPS && got_pulses >= -MAX_STEPS);
        // chi meets its upper end
        c_saturation: assert (!saturates);
        // a negative pulse is sent
        c_negative_pulse: assert (pulses >= 0);
        // a beat directly behind another
        c_back_to_back: assert (!beat_2);
    end
end

endmodule
