// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * RAM with one port, synchronous read, written to infer single-port SRAM
 *
 * A word is read or written in a cycle, never both: a read beside a write would be lost, and a simulation ends there.
 * No reset: the controller clears the words one per cycle.
 */
module xc_ram_1rw #
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
     * The port: read or write of the word at addr; data in the cycle after rd_en
     */
    input  wire              rd_en,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] addr,
    input  wire [DATA_W-1:0] wr_data,
    output wire [DATA_W-1:0] rd_data
);

reg [DATA_W-1:0] mem [0:DEPTH-1];
reg [DATA_W-1:0] rd_data_reg;

assign rd_data = rd_data_reg;

always @(posedge clk) begin
    if (wr_en) begin
        mem[addr] <= wr_data;
    end else if (rd_en) begin
        rd_data_reg <= mem[addr];
    end
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (rd_en && wr_en) begin
        $display("Error: read and write of a memory with one port in the same cycle (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
