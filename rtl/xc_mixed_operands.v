// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Operands of mixed precision: the codes of d and x of one sample
 *
 * Two memories of words of LANES codes. A pass over chi reads a word of d per beat, and from a word of x the code of
 * its column. No clear: each word is written before it is read. No
 * word is read while others are written, so that one port is enough.
 */
module xc_mixed_operands #
(
    // Rows of chi, so codes of d, >= 1
    parameter ROWS = 8,
    // Columns of chi, so codes of x, >= 1
    parameter COLS = 8,
    // Codes per beat, >= 1
    parameter LANES = 4,
    // Bits of a signed operand code, 2..16
    parameter OP_W = 12,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // Derived, not to be set: beats of d and of x; bits of their numbers, of a lane number
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    parameter X_BEATS = (COLS + LANES - 1) / LANES,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1,
    parameter X_BEAT_W = X_BEATS > 1 ? $clog2(X_BEATS) : 1,
    parameter LANE_W = LANES > 1 ? $clog2(LANES) : 1
)
(
    /*
     * Clock
     */
    input  wire                  clk,

    /*
     * Beat to store: of d or of x, at its place
     */
    input  wire                  wr_d,
    input  wire                  wr_x,
    input  wire [BEAT_W-1:0]     wr_d_beat,
    input  wire [X_BEAT_W-1:0]   wr_x_beat,
    input  wire [LANES*OP_W-1:0] wr_codes,

    /*
     * Cycle t: a beat of d, and the code of x at a place
     */
    input  wire                  rd_en,
    input  wire [BEAT_W-1:0]     rd_d_beat,
    input  wire [X_BEAT_W-1:0]   rd_x_beat,
    input  wire [LANE_W-1:0]     rd_x_lane,

    /*
     * Cycle t+1: what was asked for
     */
    output wire [LANES*OP_W-1:0] d,
    output wire [OP_W-1:0]       x
);

localparam LAST_BEAT = BEATS - 1;

wire                  wr_last = wr_d_beat == LAST_BEAT[BEAT_W-1:0];
wire [LANES*OP_W-1:0] wr_d_codes;
wire [LANES*OP_W-1:0] x_word;
reg  [LANE_W-1:0]     x_lane_reg;

always @(posedge clk) begin
    if (rd_en) begin
        x_lane_reg <= rd_x_lane;
    end
end

assign x = x_word[OP_W*x_lane_reg +: OP_W];

genvar lane;

generate

for (lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane

    if ((BEATS - 1) * LANES + lane >= ROWS) begin : gen_past_last_row
        // Row of the last beat that does not exist: a zero code keeps its chi and pulses at zero
        assign wr_d_codes[OP_W*lane +: OP_W] = wr_last ? {OP_W{1'b0}} : wr_codes[OP_W*lane +: OP_W];
    end else begin : gen_row
        assign wr_d_codes[OP_W*lane +: OP_W] = wr_codes[OP_W*lane +: OP_W];
    end

end

if (ROWS % LANES == 0) begin : gen_no_padding
    wire unused_last = &{1'b0, wr_last};
end

endgenerate

xc_ram #(
    .DATA_W(LANES*OP_W),
    .DEPTH(BEATS),
    .MEM_PORTS(MEM_PORTS)
)
d_ram_inst (
    .clk(clk),
    .rd_en(rd_en),
    .rd_addr(rd_d_beat),
    .rd_data(d),
    .wr_en(wr_d),
    .wr_addr(wr_d_beat),
    .wr_data(wr_d_codes)
);

xc_ram #(
    .DATA_W(LANES*OP_W),
    .DEPTH(X_BEATS),
    .MEM_PORTS(MEM_PORTS)
)
x_ram_inst (
    .clk(clk),
    .rd_en(rd_en),
    .rd_addr(rd_x_beat),
    .rd_data(x_word),
    .wr_en(wr_x),
    .wr_addr(wr_x_beat),
    .wr_data(wr_codes)
);

endmodule

`resetall
