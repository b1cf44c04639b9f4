// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Which handshakes have come in the same cycle, for functional coverage; nothing at all unless COVER = 1
 */
module xc_coincidence #
(
    parameter COVER   = 0,
    parameter STREAMS = 5
)
(
    input  wire                       clk,
    // Handshakes of this cycle
    input  wire [STREAMS-1:0]         done,
    // Pair a < b at STREAMS * a + b; sticky, resets leave it
    output reg  [STREAMS*STREAMS-1:0] seen
);

initial seen = {STREAMS*STREAMS{1'b0}};

generate
    if (COVER) begin : gen_cover
        integer a, b;

        always @(posedge clk) begin
            for (a = 0; a < STREAMS; a = a + 1) begin
                for (b = a + 1; b < STREAMS; b = b + 1) begin
                    if (done[a] && done[b]) seen[STREAMS*a + b] <= 1'b1;
                end
            end
        end
    end
endgenerate

endmodule

`resetall
