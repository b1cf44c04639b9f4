// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Read index: how many reads of its column came before this one in the chop period
 *
 * From it follow the end of a regular chop period and the index y = 1, 2, ... by which the read correction
 * divides. The count of a column goes back to zero at the read that flips its sign.
 *
 *   columns in turn, flips regular or off   all columns are in step: one counter, of sweeps
 *   columns at random, or flips at random   one count per column, in a memory of COLS words
 *
 * The word of the next column is read while A is updated, so that it is there when the read is issued; no
 * read comes without an update before it. It is written when the read is issued, so that one port is enough.
 */
module xc_read_index #
(
    // Rows and columns of A, >= 1
    parameter ROWS = 8,
    parameter COLS = 8,
    // Rows handled per cycle, >= 1
    parameter LANES = 4,
    // Flips: 0 off, 1 regular, 2 random
    parameter CHOP_MODE = 1,
    // Order of the columns: 0 in turn, 1 random
    parameter COL_RANDOM = 0,
    // Largest index, 2..255; 0: no index is needed
    parameter CORRECTION = 0,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // Derived, not to be set: bits of a column number, a memory address, an index
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter DEPTH = COLS * ((ROWS + LANES - 1) / LANES),
    parameter ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1,
    parameter INDEX_W = CORRECTION > 0 ? $clog2(CORRECTION + 1) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire               clk,
    input  wire               rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0]        cfg_chop,

    /*
     * Clear sweep over the addresses of the state store, more than there are columns
     */
    input  wire               clear_valid,
    input  wire [ADDR_W-1:0]  clear_addr,

    /*
     * A is updated, read_col will be read next; a read of read_col was issued; sweep_done: the last of a sweep
     */
    input  wire               upd_valid,
    input  wire               read_done,
    input  wire               sweep_done,
    input  wire [COL_W-1:0]   read_col,

    /*
     * This read ends a regular chop period; whether this read flips, for whatever reason
     */
    output wire               period_end,
    input  wire               flip,

    /*
     * Of the last read: its index y, 1..CORRECTION
     */
    output wire [INDEX_W-1:0] xfer_index
);

// Regular flips compare the count with 16 bits; the correction alone needs 0..CORRECTION-1
localparam COUNT_W = CHOP_MODE == 1 ? 16 : CORRECTION > 0 ? $clog2(CORRECTION) : 1;

generate

if (CHOP_MODE != 1 && CORRECTION == 0) begin : gen_none

    assign period_end = 1'b0;
    assign xfer_index = {INDEX_W{1'b0}};

    wire unused = &{1'b0, clk, rst, cfg_chop, clear_valid, clear_addr, upd_valid, read_done,
        sweep_done, read_col, flip};

end else begin : gen_count

    wire [COUNT_W-1:0] count;
    reg  [COUNT_W-1:0] count_next;

    always @* begin
        // Without flips the count stays at its largest value
        count_next = &count ? count : count + 1'b1;
        if (flip) begin
            count_next = {COUNT_W{1'b0}};
        end
    end

    if (COL_RANDOM == 0 && CHOP_MODE != 2) begin : gen_in_step

        reg [COUNT_W-1:0] sweep_reg;

        always @(posedge clk) begin
            if (read_done && sweep_done) begin
                sweep_reg <= count_next;
            end

            if (rst) begin
                sweep_reg <= {COUNT_W{1'b0}};
            end
        end

        assign count = sweep_reg;

        wire unused = &{1'b0, clear_valid, clear_addr, upd_valid, read_col};

    end else begin : gen_per_column

        localparam [ADDR_W:0] COLS_VALUE = COLS[ADDR_W:0];

        wire               clear_en = clear_valid && {1'b0, clear_addr} < COLS_VALUE;
        wire [COL_W-1:0]   wr_addr = clear_valid ? clear_addr[COL_W-1:0] : read_col;
        wire [COUNT_W-1:0] wr_data = clear_valid ? {COUNT_W{1'b0}} : count_next;

        xc_ram #(
            .DATA_W(COUNT_W),
            .DEPTH(COLS),
            .MEM_PORTS(MEM_PORTS)
        )
        count_ram_inst (
            .clk(clk),
            .rd_en(upd_valid),
            .rd_addr(read_col),
            .rd_data(count),
            .wr_en(read_done || clear_en),
            .wr_addr(wr_addr),
            .wr_data(wr_data)
        );

        wire unused = &{1'b0, rst, sweep_done};

    end

    if (CHOP_MODE == 1) begin : gen_period

        // Not only when equal: cfg_chop may have become less than the count. 0 never flips
        assign period_end = (count >= cfg_chop - 16'd1) && (cfg_chop != 16'd0);

    end else begin : gen_no_period

        assign period_end = 1'b0;

        wire unused_chop = &{1'b0, cfg_chop};

    end

    if (CORRECTION != 0) begin : gen_index

        localparam LAST = CORRECTION - 1;

        // One bit more than the widest count
        wire [16:0] reads_before = {{(17-COUNT_W){1'b0}}, count};

        reg [INDEX_W-1:0] xfer_index_reg;

        always @(posedge clk) begin
            if (read_done) begin
                xfer_index_reg <= reads_before < LAST[16:0] ? reads_before[INDEX_W-1:0] + 1'b1
                    : CORRECTION[INDEX_W-1:0];
            end
        end

        assign xfer_index = xfer_index_reg;

    end else begin : gen_no_index

        assign xfer_index = {INDEX_W{1'b0}};

    end

end

endgenerate

endmodule

`resetall
