// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Pulse output: collects the pulses of a column beat by beat and offers them to W as one vector
 *
 * A vector of zeros is never offered. No beat of the next column arrives while a vector waits (the scheduler
 * holds its codes back), so the vector register is also the beat register.
 */
module xc_pulse_output #
(
    // Rows of W, >= 1
    parameter ROWS = 8,
    // Columns of W, >= 1
    parameter COLS = 8,
    // Rows per beat, >= 1, may exceed or not divide ROWS
    parameter LANES = 4,
    // Most pulses per element and transfer, 1..15
    parameter MAX_STEPS = 1,
    // Derived, not to be set: beats per column; bits of a step count, a column number, a beat number
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1,
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire                    clk,
    input  wire                    rst,

    /*
     * Pulses of a beat; in_col stays until the vector is taken
     */
    input  wire                    in_valid,
    input  wire                    in_last,
    input  wire [BEAT_W-1:0]       in_beat,
    input  wire [COL_W-1:0]        in_col,
    input  wire [LANES*STEP_W-1:0] in_pulses,

    /*
     * Pulses of a column
     */
    output wire                    m_wr_valid,
    input  wire                    m_wr_ready,
    output wire [COL_W-1:0]        m_wr_col,
    output wire [ROWS*STEP_W-1:0]  m_wr_pulses
);

reg  valid_reg;
reg  any_reg;

// Non-zero pulses in this beat or an earlier one of the column
wire any = (in_pulses != {LANES*STEP_W{1'b0}}) || any_reg;

assign m_wr_valid = valid_reg;
assign m_wr_col = in_col;

always @(posedge clk) begin
    if (m_wr_ready) begin
        valid_reg <= 1'b0;
    end

    if (in_valid) begin
        any_reg <= any && !in_last;
        if (in_last) begin
            valid_reg <= any;
        end
    end

    if (rst) begin
        valid_reg <= 1'b0;
        any_reg <= 1'b0;
    end
end

genvar beat;

generate

for (beat = 0; beat < BEATS; beat = beat + 1) begin : gen_beat

    // Lanes past the last row have no place in the vector
    localparam LANES_USED = (beat + 1) * LANES > ROWS ? ROWS - beat * LANES : LANES;

    reg [LANES_USED*STEP_W-1:0] pulses_reg;

    always @(posedge clk) begin
        if (in_valid && in_beat == beat[BEAT_W-1:0]) begin
            pulses_reg <= in_pulses[LANES_USED*STEP_W-1:0];
        end
    end

    assign m_wr_pulses[beat*LANES*STEP_W +: LANES_USED*STEP_W] = pulses_reg;

end

endgenerate

endmodule

`resetall
