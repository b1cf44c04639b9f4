// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * State store: H, P and P^ref of every element, one word = the LANES entries of one beat
 *
 * H and P are written after every transfer, P^ref only when the sign of its column flips. Without a reference
 * (TTv2) there is H alone. With MEM_PORTS = 1 rd_en comes in no cycle with wr_en or clear_valid.
 */
module xc_state_store #
(
    // Rows of A, >= 1
    parameter ROWS = 8,
    // Columns of A, >= 1
    parameter COLS = 8,
    // Rows handled per cycle, entries per word, >= 1
    parameter LANES = 4,
    // Bits of a signed ADC code, 2..16
    parameter ADC_W = 8,
    // 1: P^ref store present; 0: no reference, no P
    parameter REF_EN = 1,
    // Fraction bits of P and P^ref below one ADC LSB, 0..16
    parameter P_FRAC = 4,
    // With a reference, 1: P store present; 0: no P store, beta = 1
    parameter P_EN = 1,
    // Bits of an H entry, 2..32
    parameter H_W = 16,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // Derived, not to be set: bits of a P entry; memory words and the bits of their address
    parameter P_W = ADC_W + P_FRAC,
    parameter DEPTH = COLS * ((ROWS + LANES - 1) / LANES),
    parameter ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1
)
(
    /*
     * Clock
     */
    input  wire                 clk,

    /*
     * Clear sweep: write zero to every word at clear_addr
     */
    input  wire                 clear_valid,
    input  wire [ADDR_W-1:0]    clear_addr,

    /*
     * Read: the words of rd_addr one cycle later
     */
    input  wire                 rd_en,
    input  wire [ADDR_W-1:0]    rd_addr,
    output wire [LANES*H_W-1:0] rd_h,
    output wire [LANES*P_W-1:0] rd_p,
    output wire [LANES*P_W-1:0] rd_pref,

    /*
     * Write-back: H and P; P also to P^ref if wr_flip
     */
    input  wire                 wr_en,
    input  wire                 wr_flip,
    input  wire [ADDR_W-1:0]    wr_addr,
    input  wire [LANES*H_W-1:0] wr_h,
    input  wire [LANES*P_W-1:0] wr_p
);

wire                 mem_wr_en = wr_en || clear_valid;
wire [ADDR_W-1:0]    mem_wr_addr = clear_valid ? clear_addr : wr_addr;
wire [LANES*H_W-1:0] mem_wr_h = clear_valid ? {LANES*H_W{1'b0}} : wr_h;
wire [LANES*P_W-1:0] mem_wr_p = clear_valid ? {LANES*P_W{1'b0}} : wr_p;

xc_ram #(
    .DATA_W(LANES*H_W),
    .DEPTH(DEPTH),
    .MEM_PORTS(MEM_PORTS)
)
h_ram_inst (
    .clk(clk),
    .rd_en(rd_en),
    .rd_addr(rd_addr),
    .rd_data(rd_h),
    .wr_en(mem_wr_en),
    .wr_addr(mem_wr_addr),
    .wr_data(mem_wr_h)
);

generate

if (REF_EN != 0) begin : gen_pref

    wire pref_wr_en = (wr_en && wr_flip) || clear_valid;

    xc_ram #(
        .DATA_W(LANES*P_W),
        .DEPTH(DEPTH),
        .MEM_PORTS(MEM_PORTS)
    )
    pref_ram_inst (
        .clk(clk),
        .rd_en(rd_en),
        .rd_addr(rd_addr),
        .rd_data(rd_pref),
        .wr_en(pref_wr_en),
        .wr_addr(mem_wr_addr),
        .wr_data(mem_wr_p)
    );

end else begin : gen_no_pref

    assign rd_pref = {LANES*P_W{1'b0}};

    wire unused_ref = &{1'b0, wr_flip, mem_wr_p};

end

if (REF_EN != 0 && P_EN != 0) begin : gen_p

    xc_ram #(
        .DATA_W(LANES*P_W),
        .DEPTH(DEPTH),
        .MEM_PORTS(MEM_PORTS)
    )
    p_ram_inst (
        .clk(clk),
        .rd_en(rd_en),
        .rd_addr(rd_addr),
        .rd_data(rd_p),
        .wr_en(mem_wr_en),
        .wr_addr(mem_wr_addr),
        .wr_data(mem_wr_p)
    );

end else begin : gen_no_p

    // No reference, or beta = 1: P is the last code, nobody reads the old one
    assign rd_p = {LANES*P_W{1'b0}};

end

endgenerate

endmodule

`resetall
