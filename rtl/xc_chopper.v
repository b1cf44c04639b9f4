// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Chopper: one sign per column of A, flipped after a read of that column
 *
 * Whether a read flips its column is known when the read is issued, so that the sign can change in the
 * cycle after the read's handshake: the updates that follow use the new sign, the transfer the old one.
 *
 *   regular  flip at every cfg_chop-th read of the column (xc_read_index counts)
 *   random   flip if the low 16 bits of the read's LFSR draw are below cfg_chop
 */
module xc_chopper #
(
    // Columns of A, >= 1
    parameter COLS = 8,
    // Flips: 0 off, 1 regular, 2 random
    parameter CHOP_MODE = 1,
    // First state of the LFSR, 32 bits, non-zero, for CHOP_MODE = 2
    parameter [31:0] LFSR_SEED = 32'h00000001,
    // Derived, not to be set: bits of a column number
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire             clk,
    input  wire             rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0]      cfg_chop,

    /*
     * A read of column read_col was issued; period_end: it ends a regular chop period
     */
    input  wire             read_done,
    input  wire             period_end,
    input  wire [COL_W-1:0] read_col,

    /*
     * The read that is issued now flips the sign of its column
     */
    output wire             flip,

    /*
     * Signs for the pulse drivers, 1 means c = -1
     */
    output wire [COLS-1:0]  chop,

    /*
     * Of the last read: sign in force when it was issued, and whether the sign flips after it
     */
    output wire             xfer_chop,
    output wire             xfer_flip
);

generate

if (CHOP_MODE == 0) begin : gen_off

    assign flip = 1'b0;
    assign chop = {COLS{1'b0}};
    assign xfer_chop = 1'b0;
    assign xfer_flip = 1'b0;

    wire unused = &{1'b0, clk, rst, cfg_chop, read_done, period_end, read_col};

end else begin : gen_on

    reg [COLS-1:0] chop_reg;
    reg [COLS-1:0] chop_next;
    reg            xfer_chop_reg;
    reg            xfer_flip_reg;

    if (CHOP_MODE == 1) begin : gen_regular

        assign flip = period_end;

        wire unused = &{1'b0, cfg_chop};

    end else begin : gen_random

        wire [31:0] draw;

        xc_lfsr #(
            .LFSR_SEED(LFSR_SEED)
        )
        xc_lfsr_inst (
            .clk(clk),
            .rst(rst),
            .advance(read_done),
            .draw(draw)
        );

        assign flip = draw[15:0] < cfg_chop;

        wire unused = &{1'b0, period_end, draw[31:16]};

    end

    always @* begin
        chop_next = chop_reg;
        if (read_done && flip) begin
            chop_next[read_col] = !chop_reg[read_col];
        end
    end

    always @(posedge clk) begin
        chop_reg <= chop_next;

        if (read_done) begin
            xfer_chop_reg <= chop_reg[read_col];
            xfer_flip_reg <= flip;
        end

        if (rst) begin
            chop_reg <= {COLS{1'b0}};
        end
    end

    assign chop = chop_reg;
    assign xfer_chop = xfer_chop_reg;
    assign xfer_flip = xfer_flip_reg;

end

endgenerate

endmodule

`resetall
