// SPDX-License-Identifier: Apache-2.0

/*
 * Rules of the pulses to W, seen at the records of a controller with memories: a vector is offered if and only if a pulse
 * of its record is not zero, once, with the last beat of the record, until it is taken; its pulses are those of the record.
 */
module fv_write_rules #
(
    parameter ROWS = 3,
    parameter LANES = 2,
    parameter COL_W = 1,
    parameter BEAT_W = 1,
    parameter STEP_W = 2
)
(
    input wire clk,
    input wire rst,
    // No reset in this cycle, and some cycle before
    input wire on,
    // Any row: its beat and its lane, some past the last row
    input wire [BEAT_W-1:0] row_beat,
    input wire [7:0] row_lane,
    input wire m_wr_valid,
    input wire m_wr_ready,
    input wire [COL_W-1:0] m_wr_col,
    input wire [ROWS*STEP_W-1:0] m_wr_pulses,
    input wire trc_valid,
    input wire trc_last,
    input wire [BEAT_W-1:0] trc_beat,
    input wire [LANES*STEP_W-1:0] trc_pulses,
    // Column of the vector, by the records
    input wire [COL_W-1:0] col,
    // The row exists; the pulses of the row in this beat
    output wire exists,
    output wire signed [STEP_W-1:0] pulses,
    // What the beats of the column have shown before this cycle: a pulse, a vector that waits
    output wire any,
    output wire waits,
    // The record ends with this cycle and has a pulse
    output wire ends,
    // The vector has for the row what the records show
    output wire right
);

reg any_reg;
reg waits_reg;
reg signed [STEP_W-1:0] kept;

wire [15:0] row = row_beat * LANES + row_lane;
wire signed [STEP_W-1:0] now = trc_valid && trc_beat == row_beat ? pulses : kept;
wire signed [STEP_W-1:0] sent = m_wr_pulses[STEP_W*row +: STEP_W];
wire vector = ends || waits_reg;

assign exists = row < ROWS;
assign pulses = trc_pulses[STEP_W*row_lane +: STEP_W];
assign any = any_reg;
assign waits = waits_reg;
assign ends = trc_valid && trc_last && (any_reg || trc_pulses != 0);
assign right = !exists || sent == now;

always @(posedge clk) begin
    if (trc_valid) begin
        any_reg <= !trc_last && (any_reg || trc_pulses != 0);
        kept <= now;
    end
    waits_reg <= vector && !m_wr_ready;
    if (rst) begin
        any_reg <= 1'b0;
        waits_reg <= 1'b0;
    end
    if (on) begin
        // a vector is offered if and only if a pulse is not zero: once, with the last beat of the record
        p_write: assert (m_wr_valid == vector);
        // its column and its pulses are those of the record
        p_write_pulses: assert (!m_wr_valid || (m_wr_col == col && right));
        // a vector is stalled
        c_write_stalls: assert (!(m_wr_valid && !m_wr_ready));
    end
end

endmodule
