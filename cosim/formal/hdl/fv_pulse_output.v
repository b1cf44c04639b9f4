// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_pulse_output: vectors of a column reach W whole, once, and only if a pulse is not zero. The beats of a
 * column come in order, none while a vector waits; its number stands until the next column.
 */
module fv_pulse_output #
(
    parameter ROWS = 5,
    parameter COLS = 3,
    parameter LANES = 2,
    parameter MAX_STEPS = 1
)
(
    input wire clk,
    input wire rst,
    input wire in_valid,
    input wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] in_col,
    input wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] in_pulses,
    input wire m_wr_ready
);

localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam LAST = BEATS - 1;

wire m_wr_valid;
wire [COL_W-1:0] m_wr_col;
wire [ROWS*STEP_W-1:0] m_wr_pulses;

reg past = 1'b0;
reg [BEAT_W-1:0] beat;
reg any;
reg waits;
reg [COL_W-1:0] col;
reg [STEP_W-1:0] kept;

wire last = beat == LAST[BEAT_W-1:0];

xc_pulse_output #(.ROWS(ROWS), .COLS(COLS), .LANES(LANES), .MAX_STEPS(MAX_STEPS)) dut (
    .clk(clk), .rst(rst), .in_valid(in_valid), .in_last(last), .in_beat(beat), .in_col(in_col),
    .in_pulses(in_pulses), .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col),
    .m_wr_pulses(m_wr_pulses)
);

// Any row, in its beat and lane
(* anyconst *) wire [15:0] row_beat;
(* anyconst *) wire [15:0] row_lane;
wire [15:0] row = row_beat * LANES + row_lane;
wire [STEP_W-1:0] mine = in_pulses[STEP_W*row_lane +: STEP_W];
wire [STEP_W-1:0] sent = m_wr_pulses[STEP_W*row +: STEP_W];
// Lanes past the last row are zero
wire [LANES*STEP_W-1:0] existing = {LANES*STEP_W{1'b1}} >> (last ? (BEATS * LANES - ROWS) * STEP_W : 0);

always @(posedge clk) begin
    past <= 1'b1;
    if (!past) assume (rst);
    assume (row_beat < BEATS && row_lane < LANES && row < ROWS);
    if (!rst) begin
        assume (!(in_valid && waits));
        assume (!in_valid || (in_pulses & ~existing) == 0);
        assume (!(waits || (beat != 0)) || in_col == col);
    end
    col <= in_col;
    if (in_valid) begin
        beat <= last ? {BEAT_W{1'b0}} : beat + 1'b1;
        any <= !last && (any || in_pulses != 0);
        if (beat == row_beat) kept <= mine;
    end
    waits <= (in_valid && last) ? (any || in_pulses != 0) : waits && !m_wr_ready;
    if (rst) begin
        beat <= {BEAT_W{1'b0}};
        any <= 1'b0;
        waits <= 1'b0;
    end
    if (past && !rst) begin
        // a vector waits if and only if it has a pulse, until it is taken
        p_valid: assert (m_wr_valid == waits);
        // every row has the pulses of its beat
        p_pulses: assert (!m_wr_valid || sent == kept);
        // the column is that of the pulses
        p_col: assert (m_wr_col == in_col);
        // of the checker: what it has seen of a column
        i_any: assert (beat == 0 || beat <= row_beat || kept == 0 || any);
        // a vector is taken
        c_write: assert (!(m_wr_valid && m_wr_ready));
        // a vector is stalled
        c_stall: assert (!(m_wr_valid && !m_wr_ready));
        if (BEATS > 1) begin
            // the pulses are in the first beat alone
            c_first_beat: assert (!(in_valid && last && any && in_pulses == 0));
        end
    end
end

endmodule
