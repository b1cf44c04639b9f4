// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Galois LFSR, right shift, STEPS single steps per advance
 *
 *   one step:  s = (s >> 1) ^ (s[0] ? MASK : 0)
 */
module xc_lfsr #
(
    // First state, 32 bits, non-zero (zero is the state an LFSR never leaves)
    parameter [31:0] LFSR_SEED = 32'h00000001,
    // Feedback mask, 32 bits; 0xA3000000 is x^32 + x^30 + x^26 + x^25 + 1, of period 2^32 - 1
    parameter [31:0] MASK = 32'hA3000000,
    // Single steps per advance, >= 1; at least the number of bits used, so that draws share no bits
    parameter STEPS = 16
)
(
    /*
     * Clock and reset
     */
    input  wire        clk,
    input  wire        rst,

    /*
     * Draw: the state after STEPS steps, taken over when advance is high
     */
    input  wire        advance,
    output wire [31:0] draw
);

reg [31:0] state_reg;
reg [31:0] state_next;

integer i;

always @* begin
    state_next = state_reg;
    for (i = 0; i < STEPS; i = i + 1) begin
        state_next = {1'b0, state_next[31:1]} ^ (state_next[0] ? MASK : 32'd0);
    end
end

assign draw = state_next;

always @(posedge clk) begin
    if (advance) begin
        state_reg <= state_next;
    end

    if (rst) begin
        state_reg <= LFSR_SEED;
    end
end

`ifndef SYNTHESIS
initial begin
    if (LFSR_SEED == 32'd0) begin
        $display("Error: LFSR_SEED must not be zero (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
