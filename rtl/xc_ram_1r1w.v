// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * RAM with one read and one write port, synchronous read, written to infer SRAM
 *
 * No word is ever read and written in the same cycle, so there is no read-during-write rule to keep; and
 * no reset: the controller clears the words one per cycle.
 */
module xc_ram_1r1w #
(
    // Bits of a word, >= 1
    parameter DATA_W = 32,
    // Number of words, >= 1
    parameter DEPTH = 16,
    // Derived, not to be set: bits of an address
    parameter ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1
)
(
    /*
     * Clock
     */
    input  wire              clk,

    /*
     * Read port: data in the cycle after rd_en
     */
    input  wire              rd_en,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [DATA_W-1:0] rd_data,

    /*
     * Write port
     */
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [DATA_W-1:0] wr_data
);

reg [DATA_W-1:0] mem [0:DEPTH-1];
reg [DATA_W-1:0] rd_data_reg;

assign rd_data = rd_data_reg;

always @(posedge clk) begin
    if (rd_en) begin
        rd_data_reg <= mem[rd_addr];
    end
    if (wr_en) begin
        mem[wr_addr] <= wr_data;
    end
end

endmodule

`resetall
