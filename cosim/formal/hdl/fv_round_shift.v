// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_round_shift, for every input: the result lies where its definition puts it. No shift, no bias:
 * inequalities on multiples of 2^SHIFT.
 */
module fv_round_shift #
(
    parameter IN_W = 24,
    parameter SHIFT = 8,
    parameter ROUND = 0
)
(
    input wire clk,
    input wire signed [IN_W-1:0] in_value
);

localparam OUT_W = (IN_W > SHIFT + 1 ? IN_W : SHIFT + 1) + 1 - SHIFT;
localparam W = IN_W + SHIFT + 8;

wire signed [OUT_W-1:0] out;

xc_round_shift #(.IN_W(IN_W), .SHIFT(SHIFT), .ROUND(ROUND)) dut (.in(in_value), .out(out));

wire signed [W-1:0] unit = {{(W-1){1'b0}}, 1'b1} << SHIFT;
wire signed [W-1:0] v = in_value;
wire signed [W-1:0] r = out;

always @(posedge clk) begin
    if (ROUND == 0) begin
        // half up: r - 1/2 <= v < r + 1/2
        p_half_up: assert (2 * r * unit - unit <= 2 * v && 2 * v < 2 * r * unit + unit);
    end
    if (ROUND == 1) begin
        // floor: r <= v < r + 1
        p_floor: assert (r * unit <= v && v < r * unit + unit);
    end
    if (ROUND == 2) begin
        // toward zero: |r| <= |v| < |r| + 1, on the same side of zero
        p_toward_zero: assert (v >= 0 ? r * unit <= v && v < r * unit + unit
            : r * unit >= v && v > r * unit - unit);
    end
    if (SHIFT != 0) begin
        // a value between two integers
        c_fraction: assert (in_value[0] == 1'b0);
    end
end

endmodule
