// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Counts the cycles by which of some events came together in them, over all resets
 */
module xc_coincidences #
(
    parameter EVENTS = 2
)
(
    input  wire                     clk,
    input  wire                     rst,
    input  wire [EVENTS-1:0]        events,
    // Each change puts the counts together
    input  wire                     collect,

    // 32 bits for each set of events, by its number
    output reg  [32*(1<<EVENTS)-1:0] counts
);

reg [31:0] count_reg [0:(1<<EVENTS)-1];
integer    set;

initial for (set = 0; set < (1 << EVENTS); set = set + 1) count_reg[set] = 32'd0;

always @(posedge clk) if (!rst && (events != {EVENTS{1'b0}})) count_reg[events] <= count_reg[events] + 32'd1;

always @(collect) for (set = 0; set < (1 << EVENTS); set = set + 1) counts[32*set +: 32] = count_reg[set];

endmodule

`resetall
