// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Memory of the controller: with a read and a write port, or with one port that both share
 *
 * Whoever uses it never reads and writes in the same cycle where there is one port, and never the same word where
 * there are two.
 */
module xc_ram #
(
    // Bits of a word, >= 1
    parameter DATA_W = 32,
    // Number of words, >= 1
    parameter DEPTH = 16,
    // 2: a read and a write port; 1: one port
    parameter MEM_PORTS = 2,
    // Derived, not to be set: bits of an address
    parameter ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1
)
(
    /*
     * Clock
     */
    input  wire              clk,

    /*
     * Read: data in the cycle after rd_en
     */
    input  wire              rd_en,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [DATA_W-1:0] rd_data,

    /*
     * Write
     */
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [DATA_W-1:0] wr_data
);

generate

if (MEM_PORTS == 1) begin : gen_one_port

    xc_ram_1rw #(
        .DATA_W(DATA_W),
        .DEPTH(DEPTH)
    )
    ram_inst (
        .clk(clk),
        .rd_en(rd_en),
        .wr_en(wr_en),
        .addr(wr_en ? wr_addr : rd_addr),
        .wr_data(wr_data),
        .rd_data(rd_data)
    );

end else begin : gen_two_ports

    xc_ram_1r1w #(
        .DATA_W(DATA_W),
        .DEPTH(DEPTH)
    )
    ram_inst (
        .clk(clk),
        .rd_en(rd_en),
        .rd_addr(rd_addr),
        .rd_data(rd_data),
        .wr_en(wr_en),
        .wr_addr(wr_addr),
        .wr_data(wr_data)
    );

end

endgenerate

endmodule

`resetall
