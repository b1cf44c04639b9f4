// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Read gain: cfg_lr_h divided by the index y of the read, for all lanes at once
 *
 *   gain = floor(cfg_lr_h * RECIP[y] / 2^16 + 1/2),  RECIP[y] = floor((2^16 + floor(y / 2)) / y)
 *
 * RECIP[1] = 2^16, so that y = 1 leaves the gain as it is. One multiplication per transfer, in the cycle in which
 * its first beat forms its errors.
 */
module xc_read_gain #
(
    // Bits of the unsigned gain, 1..16
    parameter LR_W = 8,
    // Largest index, 2..255; 0: the gain is cfg_lr_h
    parameter CORRECTION = 0,
    // Derived, not to be set: bits of an index
    parameter INDEX_W = CORRECTION > 0 ? $clog2(CORRECTION + 1) : 1
)
(
    /*
     * Clock
     */
    input  wire               clk,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [LR_W-1:0]    cfg_lr_h,

    /*
     * Index y of a transfer, 1..CORRECTION, and its gain one cycle later
     */
    input  wire [INDEX_W-1:0] index,
    output wire [LR_W-1:0]    gain
);

genvar y;

generate

if (CORRECTION == 0) begin : gen_constant

    assign gain = cfg_lr_h;

    wire unused = &{1'b0, clk, index};

end else begin : gen_divided

    localparam ENTRIES = 2**INDEX_W;
    // Product, with a sign bit that is zero, and what is left of it
    localparam PROD_W = LR_W + 17;
    localparam OUT_W = LR_W + 2;

    // One entry every 32 bits, so that the index is an address without a multiplication
    wire [32*ENTRIES-1:0] reciprocals;

    assign reciprocals[31:0] = 32'd0;

    for (y = 1; y < ENTRIES; y = y + 1) begin : gen_entry
        assign reciprocals[32*y +: 32] = (65536 + y / 2) / y;
    end

    wire [31:0]              reciprocal = reciprocals[{index, 5'd0} +: 32];
    wire signed [PROD_W-1:0] lr_factor = {17'd0, cfg_lr_h};
    wire signed [PROD_W-1:0] reciprocal_factor = {{LR_W{1'b0}}, reciprocal[16:0]};
    wire signed [PROD_W-1:0] product = lr_factor * reciprocal_factor;
    wire signed [OUT_W-1:0]  rounded;

    xc_round_shift #(
        .IN_W(PROD_W),
        .SHIFT(16),
        .ROUND(0)
    )
    gain_round_inst (
        .in(product),
        .out(rounded)
    );

    reg [LR_W-1:0] gain_reg;

    always @(posedge clk) begin
        gain_reg <= rounded[LR_W-1:0];
    end

    assign gain = gain_reg;

    wire unused = &{1'b0, reciprocal[31:17], rounded[OUT_W-1:LR_W]};

end

endgenerate

`ifndef SYNTHESIS
initial begin
    if (CORRECTION != 0 && (CORRECTION < 2 || CORRECTION > 255)) begin
        $display("Error: CORRECTION must be 0 or 2..255 (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
