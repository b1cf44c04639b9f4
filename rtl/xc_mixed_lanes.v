// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Lanes of mixed precision: LANES elements of a column of chi per beat, and what travels with them
 *
 *   cycle t    beat enters, chi and operands are read
 *   t+1..t+3   product, increment, sum and steps (xc_mixed_lane); write-back at the end of t+3
 *   t+4        retire trace
 *
 * Columns follow each other without a gap, so each stage has its own column number. A pass only begins with empty
 * lanes: one write flag serves all stages.
 */
module xc_mixed_lanes #
(
    // Rows of chi, >= 1
    parameter ROWS = 8,
    // Columns of chi, >= 1
    parameter COLS = 8,
    // Rows handled per cycle, >= 1, may exceed or not divide ROWS
    parameter LANES = 4,
    // Bits of a signed operand code, 2..16
    parameter OP_W = 12,
    // Bits of an entry of chi, and its fraction bits (one pulse = 2^CHI_FRAC), CHI_FRAC < CHI_W - 1 <= 31
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    // Bits of the unsigned gain cfg_lr, 1..16, and its scale cfg_lr / 2^LR_SHIFT, 0..48
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    // Most pulses per element and write, 1..15
    parameter MAX_STEPS = 1,
    // Rounding of the increment: 0 half up, 1 floor, 2 toward zero
    parameter CHI_ROUND = 0,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // 1: drive the retire trace; 0: tie it to zero, no logic
    parameter TRACE_EN = 1,
    // Derived, not to be set: beats per column
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    // Derived, not to be set: bits of a step count, a column number, a beat number, a memory address
    parameter STEP_W = $clog2(MAX_STEPS + 1) + 1,
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1,
    parameter ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire                    clk,
    input  wire                    rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [LR_W-1:0]         cfg_lr,

    /*
     * Cycle t: beat that enters
     */
    input  wire                    beat_valid,
    input  wire                    beat_last,
    input  wire                    beat_write,
    input  wire [COL_W-1:0]        beat_col,
    input  wire [BEAT_W-1:0]       beat_index,
    input  wire [ADDR_W-1:0]       beat_addr,

    /*
     * Cycle t+1: operands and stored entries of the beat
     */
    input  wire [OP_W-1:0]         x,
    input  wire [LANES*OP_W-1:0]   d,
    input  wire [LANES*CHI_W-1:0]  rd_chi,

    /*
     * Cycle t+3: entries to write back
     */
    output wire                    wr_en,
    output wire [ADDR_W-1:0]       wr_addr,
    output wire [LANES*CHI_W-1:0]  wr_chi,

    /*
     * Cycle t+3: pulses of a beat behind which W is written; the column stays until the next beat
     */
    output wire                    pulses_valid,
    output wire                    pulses_last,
    output wire [BEAT_W-1:0]       pulses_beat,
    output wire [COL_W-1:0]        pulses_col,
    output wire [LANES*STEP_W-1:0] pulses,

    /*
     * A beat is in cycle t+1..t+3
     */
    output wire                    busy,

    /*
     * No beat may come in this cycle: the memories have no port for it
     */
    output wire                    beat_wait,

    /*
     * Cycle t+4: retire trace
     */
    output wire                    trc_valid,
    output wire                    trc_last,
    output wire [COL_W-1:0]        trc_col,
    output wire [BEAT_W-1:0]       trc_beat,
    output wire [OP_W-1:0]         trc_x,
    output wire [LANES*OP_W-1:0]   trc_d,
    output wire [LANES*CHI_W-1:0]  trc_chi,
    output wire [LANES*STEP_W-1:0] trc_pulses
);

reg              valid_1_reg, valid_2_reg, valid_3_reg;
reg              last_1_reg, last_2_reg, last_3_reg;
reg              write_reg;
reg [COL_W-1:0]  col_1_reg, col_2_reg, col_3_reg;
reg [BEAT_W-1:0] beat_1_reg, beat_2_reg, beat_3_reg;
reg [ADDR_W-1:0] addr_1_reg, addr_2_reg, addr_3_reg;

assign busy = valid_1_reg || valid_2_reg || valid_3_reg;

// One port: the write-back comes an odd number of cycles behind the read, and in a pass, which only begins with empty
// lanes, beats come every other cycle, so that it never meets the read of another
assign beat_wait = MEM_PORTS == 1 && valid_1_reg;

assign wr_en = valid_3_reg;
assign wr_addr = addr_3_reg;

assign pulses_valid = valid_3_reg && write_reg;
assign pulses_last = last_3_reg;
assign pulses_beat = beat_3_reg;
assign pulses_col = col_3_reg;

always @(posedge clk) begin
    valid_1_reg <= beat_valid;
    valid_2_reg <= valid_1_reg;
    valid_3_reg <= valid_2_reg;

    // What goes with a beat moves with it and stands still between beats
    if (beat_valid) begin
        last_1_reg <= beat_last;
        write_reg <= beat_write;
        col_1_reg <= beat_col;
        beat_1_reg <= beat_index;
        addr_1_reg <= beat_addr;
    end
    if (valid_1_reg) begin
        last_2_reg <= last_1_reg;
        col_2_reg <= col_1_reg;
        beat_2_reg <= beat_1_reg;
        addr_2_reg <= addr_1_reg;
    end
    if (valid_2_reg) begin
        last_3_reg <= last_2_reg;
        col_3_reg <= col_2_reg;
        beat_3_reg <= beat_2_reg;
        addr_3_reg <= addr_2_reg;
    end

    if (rst) begin
        valid_1_reg <= 1'b0;
        valid_2_reg <= 1'b0;
        valid_3_reg <= 1'b0;
    end
end

genvar lane;

generate

for (lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane

    xc_mixed_lane #(
        .OP_W(OP_W),
        .CHI_W(CHI_W),
        .CHI_FRAC(CHI_FRAC),
        .LR_W(LR_W),
        .LR_SHIFT(LR_SHIFT),
        .MAX_STEPS(MAX_STEPS),
        .CHI_ROUND(CHI_ROUND)
    )
    xc_mixed_lane_inst (
        .clk(clk),
        .en_1(valid_1_reg),
        .en_2(valid_2_reg),
        .x(x),
        .d(d[OP_W*lane +: OP_W]),
        .chi(rd_chi[CHI_W*lane +: CHI_W]),
        .gain(cfg_lr),
        .write(write_reg),
        .new_chi(wr_chi[CHI_W*lane +: CHI_W]),
        .pulses(pulses[STEP_W*lane +: STEP_W])
    );

end

if (TRACE_EN != 0) begin : gen_trace

    reg                    trc_valid_reg;
    reg                    trc_last_reg;
    reg [COL_W-1:0]        trc_col_reg;
    reg [BEAT_W-1:0]       trc_beat_reg;
    reg [OP_W-1:0]         trc_x_reg;
    reg [LANES*OP_W-1:0]   trc_d_reg;
    reg [LANES*CHI_W-1:0]  trc_chi_reg;
    reg [LANES*STEP_W-1:0] trc_pulses_reg;

    // Operands wait here for the results, only to be shown
    reg [OP_W-1:0]         x_2_reg, x_3_reg;
    reg [LANES*OP_W-1:0]   d_2_reg, d_3_reg;

    always @(posedge clk) begin
        if (valid_1_reg) begin
            x_2_reg <= x;
            d_2_reg <= d;
        end
        if (valid_2_reg) begin
            x_3_reg <= x_2_reg;
            d_3_reg <= d_2_reg;
        end

        trc_valid_reg <= valid_3_reg;
        if (valid_3_reg) begin
            trc_last_reg <= last_3_reg;
            trc_col_reg <= col_3_reg;
            trc_beat_reg <= beat_3_reg;
            trc_x_reg <= x_3_reg;
            trc_d_reg <= d_3_reg;
            trc_chi_reg <= wr_chi;
            trc_pulses_reg <= pulses;
        end

        if (rst) begin
            trc_valid_reg <= 1'b0;
        end
    end

    assign trc_valid = trc_valid_reg;
    assign trc_last = trc_last_reg;
    assign trc_col = trc_col_reg;
    assign trc_beat = trc_beat_reg;
    assign trc_x = trc_x_reg;
    assign trc_d = trc_d_reg;
    assign trc_chi = trc_chi_reg;
    assign trc_pulses = trc_pulses_reg;

end else begin : gen_no_trace

    assign trc_valid = 1'b0;
    assign trc_last = 1'b0;
    assign trc_col = {COL_W{1'b0}};
    assign trc_beat = {BEAT_W{1'b0}};
    assign trc_x = {OP_W{1'b0}};
    assign trc_d = {LANES*OP_W{1'b0}};
    assign trc_chi = {LANES*CHI_W{1'b0}};
    assign trc_pulses = {LANES*STEP_W{1'b0}};

end

endgenerate

endmodule

`resetall
