// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Pseudo-random numbers for the transactors: xorshift32 (Marsaglia, J. Stat. Softw. 8(14), 2003), because $random
 * gives other sequences in other simulators
 */
module xc_random
(
    input  wire        clk,
    input  wire        rst,
    // First state; 0 is replaced, as it would stay 0
    input  wire [31:0] seed,
    // Chance of a non-zero `cycles`, in 1/256
    input  wire [7:0]  rate,
    // Moves on to the next draw
    input  wire        next,
    // 0, or 1..8 with the chance given
    output wire [31:0] cycles
);

reg [31:0] state_reg;

function [31:0] xorshift(input [31:0] state);
    reg [31:0] x;
    begin
        x = state;
        x = x ^ (x << 13);
        x = x ^ (x >> 17);
        x = x ^ (x << 5);
        xorshift = x;
    end
endfunction

assign cycles = (state_reg[15:8] < rate) ? {29'd0, state_reg[18:16]} + 32'd1 : 32'd0;

always @(posedge clk) begin
    if (rst) state_reg <= (seed == 32'd0) ? 32'd1 : xorshift(xorshift(seed));
    else if (next && (rate != 8'd0)) state_reg <= xorshift(state_reg);
end

endmodule

`resetall
