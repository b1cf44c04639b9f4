// SPDX-License-Identifier: Apache-2.0
`timescale 1ns / 1ps
`default_nettype none

// Random numbers of 16 bits: x^32 + x^30 + x^26 + x^25 + 1 in Galois form, one shift per clock, sixteen for a number.
// A number asked for by `draw` stands when `drawing` has gone.
module serial_noise #(parameter [31:0] SEED = 1) (
    input  wire        clock,
    input  wire        resetn,
    input  wire        draw,
    output wire        drawing,
    output wire [15:0] number
);
    reg [31:0] bits;
    reg [4:0]  left;

    assign drawing = draw | (left != 5'd0);
    assign number  = bits[15:0];

    always @(posedge clock or negedge resetn)
        if (!resetn) begin
            bits <= SEED;
            left <= 5'd0;
        end else begin
            if (draw) left <= 5'd16;
            else if (left != 5'd0) begin
                left <= left - 5'd1;
                bits <= {1'b0, bits[31:1]} ^ (bits[0] ? 32'hA300_0000 : 32'd0);
            end
        end
endmodule

`default_nettype wire
