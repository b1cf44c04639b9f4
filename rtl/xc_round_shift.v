// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Rounding arithmetic shift: the one place where fraction bits are dropped
 *
 *   out = round(in / 2^SHIFT)
 *
 * ">>>" alone rounds toward minus infinity. Every mode is that floor after adding a bias:
 *
 *   ROUND = 0  half up      floor(v + 1/2)               bias = 2^(SHIFT-1)
 *   ROUND = 1  floor        floor(v)                     bias = 0
 *   ROUND = 2  toward zero  floor(v), ceil(v) if v < 0   bias = 2^SHIFT - 1 if v < 0, else 0
 */
module xc_round_shift #
(
    // Width of the input in bits, signed, >= 2
    parameter IN_W = 24,
    // Fraction bits to drop, 0..48
    parameter SHIFT = 8,
    // Rounding: 0 half up, 1 floor, 2 toward zero
    parameter ROUND = 0,
    // Derived, not to be set: bits of in + bias, so that the sum never overflows, however large the shift
    parameter SUM_W = (IN_W > SHIFT + 1 ? IN_W : SHIFT + 1) + 1,
    // Derived, not to be set: bits of the result
    parameter OUT_W = SUM_W - SHIFT
)
(
    /*
     * Value with SHIFT fraction bits, and the rounded integer
     */
    input  wire signed [IN_W-1:0]  in,
    output wire signed [OUT_W-1:0] out
);

generate

if (SHIFT == 0) begin : gen_wire

    assign out = {{(OUT_W-IN_W){in[IN_W-1]}}, in};

end else begin : gen_round

    wire [SUM_W-1:0] extended = {{(SUM_W-IN_W){in[IN_W-1]}}, in};
    wire [SUM_W-1:0] bias;

    if (ROUND == 0) begin : gen_half_up
        assign bias = {{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1);
    end else if (ROUND == 1) begin : gen_floor
        assign bias = {SUM_W{1'b0}};
    end else begin : gen_toward_zero
        assign bias = {{(SUM_W-SHIFT){1'b0}}, {SHIFT{in[IN_W-1]}}};
    end

    // floor(sum / 2^SHIFT) is the sum without its low bits
    wire [SHIFT-1:0] unused_fraction;
    assign {out, unused_fraction} = extended + bias;

end

endgenerate

`ifndef SYNTHESIS
initial begin
    if (IN_W < 2 || SHIFT < 0 || SHIFT > 48 || ROUND < 0 || ROUND > 2) begin
        $display("Error: xc_round_shift needs IN_W >= 2, SHIFT 0..48, ROUND 0..2 (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
