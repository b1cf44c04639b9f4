// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Gathers the beats of the retire trace into one record per transfer
 */
module xc_retire_monitor #
(
    // 1: a record has one beat, whose entries are not looked at
    parameter ONE_BEAT = 0,
    parameter LANES  = 1,
    parameter BEATS  = 1,
    parameter COL_W  = 1,
    parameter BEAT_W = 1,
    parameter ADC_W  = 9,
    parameter H_W    = 16,
    parameter P_W    = 13,
    parameter STEP_W = 2
)
(
    input  wire                          clk,
    input  wire                          rst,

    input  wire                          trc_valid,
    input  wire                          trc_last,
    input  wire [COL_W-1:0]              trc_col,
    input  wire [BEAT_W-1:0]             trc_beat,
    input  wire                          trc_chop,
    input  wire                          trc_flip,
    input  wire [LANES*ADC_W-1:0]        trc_codes,
    input  wire [LANES*H_W-1:0]          trc_h,
    input  wire [LANES*P_W-1:0]          trc_p,
    input  wire [LANES*P_W-1:0]          trc_pref,
    input  wire [LANES*STEP_W-1:0]       trc_pulses,

    // Transfers retired
    output reg  [15:0]                   count,
    output reg  [COL_W-1:0]              col,
    output reg                           chop,
    output reg                           flip,
    output reg  [BEATS*LANES*ADC_W-1:0]  codes,
    output reg  [BEATS*LANES*H_W-1:0]    h,
    output reg  [BEATS*LANES*P_W-1:0]    p,
    output reg  [BEATS*LANES*P_W-1:0]    pref,
    output reg  [BEATS*LANES*STEP_W-1:0] pulses,
    // A record whose beats are out of order, differ in their header, or are undefined
    output wire                          error
);

reg [15:0] beat_reg;

wire last_expected = (ONE_BEAT != 0) || (beat_reg == BEATS - 1);
wire header_differs = (beat_reg != 16'd0) && ((trc_col !== col) || (trc_chop !== chop) || (trc_flip !== flip));

assign error = !rst && ((^trc_valid === 1'bx) ||
                        (trc_valid && ((trc_beat !== beat_reg[BEAT_W-1:0]) || (trc_last !== last_expected) ||
                                       header_differs)));

// Not before the first reset: a place beyond the end of a wide register, which a random beat names, makes Verilator 5.48
// leave dirty bits above it
always @(posedge clk) begin
    if (trc_valid && !rst) begin
        col  <= trc_col;
        chop <= trc_chop;
        flip <= trc_flip;
        codes[LANES*ADC_W*beat_reg +: LANES*ADC_W]    <= trc_codes;
        h[LANES*H_W*beat_reg +: LANES*H_W]            <= trc_h;
        p[LANES*P_W*beat_reg +: LANES*P_W]            <= trc_p;
        pref[LANES*P_W*beat_reg +: LANES*P_W]         <= trc_pref;
        pulses[LANES*STEP_W*beat_reg +: LANES*STEP_W] <= trc_pulses;
        beat_reg <= last_expected ? 16'd0 : beat_reg + 16'd1;
        if (last_expected) count <= count + 16'd1;
    end
    if (rst) begin
        beat_reg <= 16'd0;
        count    <= 16'd0;
    end
end

endmodule

`resetall
