// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Accumulator with threshold: adds an increment, saturates, and says how many whole pulses the sum is worth
 *
 * Combinational, or with a register behind the sum. Used for H (xc_transfer_lane) and for chi (xc_mixed_lane).
 */
module xc_accumulate #
(
    // Bits of the accumulator, and its fraction bits (one pulse = 2^ACC_FRAC), ACC_FRAC < ACC_W - 1
    parameter ACC_W = 16,
    parameter ACC_FRAC = 10,
    // Bits of the increment, >= 1
    parameter INC_W = 16,
    // Most pulses, 1..15
    parameter MAX_STEPS = 1,
    // 1: the sum is registered while `en`, and the pulses follow it; 0: no register
    parameter SUM_REG = 0,
    // Derived, not to be set: bits of a step count
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1
)
(
    /*
     * Clock, for SUM_REG = 1
     */
    input  wire              clk,
    input  wire              en,

    input  wire [ACC_W-1:0]  acc,
    input  wire [INC_W-1:0]  increment,

    /*
     * Sum within the range of ACC_W bits; whole pulses in it, at most MAX_STEPS of either sign
     */
    output wire [ACC_W-1:0]  sum_sat,
    output wire [STEP_W-1:0] steps
);

localparam SUM_W = (INC_W > ACC_W ? INC_W : ACC_W) + 1;
localparam WHOLE_W = ACC_W + 1 - ACC_FRAC;
localparam STEPS_W = (WHOLE_W > STEP_W ? WHOLE_W : STEP_W) + 1;

wire signed [SUM_W-1:0] sum = {{(SUM_W-ACC_W){acc[ACC_W-1]}}, acc}
    + {{(SUM_W-INC_W){increment[INC_W-1]}}, increment};

// The sum fits in ACC_W bits when all bits above the sign of the accumulator agree with it
wire fits = sum[SUM_W-1:ACC_W-1] == {(SUM_W-ACC_W+1){sum[SUM_W-1]}};

wire [ACC_W-1:0] nearest = fits ? sum[ACC_W-1:0] : {sum[SUM_W-1], {(ACC_W-1){!sum[SUM_W-1]}}};

generate

if (SUM_REG != 0) begin : gen_sum_reg

    reg [ACC_W-1:0] sum_reg;

    always @(posedge clk) begin
        if (en) begin
            sum_reg <= nearest;
        end
    end

    assign sum_sat = sum_reg;

end else begin : gen_no_sum_reg

    assign sum_sat = nearest;

    wire unused_clk = &{1'b0, clk, en};

end

endgenerate

// Toward zero: -0.3 pulses ask for none, where ">>>" would give -1
wire signed [WHOLE_W-1:0] whole;

xc_round_shift #(
    .IN_W(ACC_W),
    .SHIFT(ACC_FRAC),
    .ROUND(2)
)
steps_round_inst (
    .in(sum_sat),
    .out(whole)
);

wire signed [STEPS_W-1:0] steps_max = {{(STEPS_W-STEP_W){1'b0}}, MAX_STEPS[STEP_W-1:0]};
wire signed [STEPS_W-1:0] whole_ext = {{(STEPS_W-WHOLE_W){whole[WHOLE_W-1]}}, whole};

reg [STEP_W-1:0] clamped;

always @* begin
    clamped = whole_ext[STEP_W-1:0];
    if (whole_ext > steps_max) begin
        clamped = steps_max[STEP_W-1:0];
    end
    if (whole_ext < -steps_max) begin
        clamped = -steps_max[STEP_W-1:0];
    end
end

assign steps = clamped;

endmodule

`resetall
