// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Gathers the retire trace and the writes of xc_mixed_precision into one record per GROUP columns of a pass
 *
 * `fire` is high in the last cycle of a group: its last beat retires and all its writes have begun, or, if they do not,
 * some cycles later. The record is complete in the cycle after it and stands until the next column retires.
 */
module xc_mixed_monitor #
(
    parameter ROWS   = 1,
    parameter COLS   = 1,
    parameter LANES  = 1,
    parameter OP_W   = 12,
    parameter CHI_W  = 16,
    parameter STEP_W = 2,
    parameter COL_W  = 1,
    parameter BEAT_W = 1,
    parameter GROUP  = 1,
    // 1: a record has one beat, whose entries are not looked at
    parameter ONE_BEAT = 0,
    // 0: a column retires when its write has begun, or later
    parameter PULSES_SEEN = 1,
    parameter BEATS  = (ROWS + LANES - 1) / LANES,
    parameter PAD    = BEATS * LANES,
    parameter SLOT_W = COL_W + OP_W + PAD*CHI_W + PAD*STEP_W,
    parameter SENT_W = COL_W + ROWS*STEP_W
)
(
    input  wire                      clk,
    input  wire                      rst,

    input  wire                      trc_valid,
    input  wire                      trc_last,
    input  wire [COL_W-1:0]          trc_col,
    input  wire [BEAT_W-1:0]         trc_beat,
    input  wire [OP_W-1:0]           trc_x,
    input  wire [LANES*OP_W-1:0]     trc_d,
    input  wire [LANES*CHI_W-1:0]    trc_chi,
    input  wire [LANES*STEP_W-1:0]   trc_pulses,

    // First cycle of a write
    input  wire                      wr_start,
    input  wire [SENT_W-1:0]         wr_data,

    output wire                      fire,
    // Columns retired; groups, and writes in the latest one
    output reg  [15:0]               retired,
    output reg  [15:0]               groups,
    output reg  [15:0]               group_writes,
    // Codes of d in the pass of that group
    output reg  [PAD*OP_W-1:0]       group_d,
    // A record whose beats are out of order, differ in their header, are undefined, or show another d than its pass
    output wire                      error
);

// Cycles for a write to begin
localparam PATIENCE = 16;

// Slots of the group: what retired, and what was sent to W
reg [SLOT_W-1:0]       slots [0:GROUP-1];
reg [SENT_W-1:0]       sent [0:GROUP-1];

reg [15:0]             beat_reg, col_reg, slot_reg, sent_reg, nonzero_reg, written_reg, waited_reg;
reg [15:0]             written_before_reg;
reg                    any_reg, full_reg;
reg [COL_W-1:0]        head_col_reg;
reg [OP_W-1:0]         head_x_reg;
reg [PAD*OP_W-1:0]     d_reg;
reg [PAD*CHI_W-1:0]    chi_reg;
reg [PAD*STEP_W-1:0]   pulses_reg;

wire last_expected = (ONE_BEAT != 0) || (beat_reg == BEATS - 1);
wire header_differs = (beat_reg != 16'd0) && ((trc_col !== head_col_reg) || (trc_x !== head_x_reg));
wire d_differs = (col_reg != 16'd0) && (trc_d !== d_reg[LANES*OP_W*beat_reg +: LANES*OP_W]);

assign error = !rst && ((^trc_valid === 1'bx) ||
                        (trc_valid && ((trc_beat !== beat_reg[BEAT_W-1:0]) || (trc_last !== last_expected) ||
                                       header_differs || d_differs)));

wire col_end = trc_valid && last_expected;
wire any = any_reg || (trc_pulses !== {LANES*STEP_W{1'b0}});
wire group_end = col_end && ((slot_reg == GROUP - 1) || (col_reg == COLS - 1));
wire [15:0] nonzero_next = nonzero_reg + (col_end && any);
wire [15:0] written_next = written_reg + (wr_start === 1'b1);
wire settled = (PULSES_SEEN == 0) || (nonzero_next == written_next) || (waited_reg == PATIENCE);

assign fire = !rst && (group_end || full_reg) && settled;

always @(posedge clk) begin
    nonzero_reg <= nonzero_next;
    written_reg <= written_next;
    waited_reg  <= full_reg ? waited_reg + 16'd1 : 16'd0;
    // See xc_retire_monitor
    if (trc_valid && !rst) begin
        chi_reg[LANES*CHI_W*beat_reg +: LANES*CHI_W] = trc_chi;
        pulses_reg[LANES*STEP_W*beat_reg +: LANES*STEP_W] = trc_pulses;
        if (col_reg == 16'd0) d_reg[LANES*OP_W*beat_reg +: LANES*OP_W] = trc_d;
        head_col_reg <= trc_col;
        head_x_reg   <= trc_x;
        any_reg      <= any && !last_expected;
        beat_reg     <= last_expected ? 16'd0 : beat_reg + 16'd1;
    end
    if (group_end && !full_reg) group_d <= d_reg;
    if (col_end) begin
        // While a write is missing, what comes behind the group must not take its place
        if (!full_reg) slots[slot_reg] <= {pulses_reg, chi_reg, trc_x, trc_col};
        retired  <= retired + 16'd1;
        col_reg  <= (col_reg == COLS - 1) ? 16'd0 : col_reg + 16'd1;
        if (slot_reg != GROUP - 1) slot_reg <= slot_reg + 16'd1;
        full_reg <= group_end || full_reg;
    end
    if (wr_start === 1'b1) begin
        sent[sent_reg] <= wr_data;
        if (sent_reg != GROUP - 1) sent_reg <= sent_reg + 16'd1;
    end
    if (fire) begin
        full_reg     <= 1'b0;
        slot_reg     <= 16'd0;
        sent_reg     <= 16'd0;
        groups       <= groups + 16'd1;
        // Of the group, whatever is still to come
        group_writes <= written_next - written_before_reg;
        written_before_reg <= written_next;
    end
    if (rst) begin
        beat_reg <= 16'd0;
        col_reg <= 16'd0;
        slot_reg <= 16'd0;
        sent_reg <= 16'd0;
        nonzero_reg <= 16'd0;
        written_reg <= 16'd0;
        written_before_reg <= 16'd0;
        any_reg <= 1'b0;
        full_reg <= 1'b0;
        retired <= 16'd0;
        groups <= 16'd0;
        group_writes <= 16'd0;
    end
end

endmodule

`resetall
