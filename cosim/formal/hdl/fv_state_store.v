// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_state_store, of any word: after the clear sweep it is zero, H and P are what the last write-back
 * gave, P^ref what the last one with a flip gave. Read-backs and write-backs come as the module allows.
 */
module fv_state_store #
(
    parameter ROWS = 2,
    parameter COLS = 2,
    parameter LANES = 1,
    parameter ADC_W = 2,
    parameter REF_EN = 1,
    parameter P_FRAC = 0,
    parameter P_EN = 1,
    parameter H_W = 2,
    parameter MEM_PORTS = 2
)
(
    input wire clk,
    input wire in_read,
    input wire [7:0] in_read_addr,
    input wire in_write,
    input wire in_flip,
    input wire [7:0] in_write_addr,
    input wire [LANES*H_W-1:0] in_h,
    input wire [LANES*(ADC_W+P_FRAC)-1:0] in_p
);

localparam P_W = ADC_W + P_FRAC;
localparam DEPTH = COLS * ((ROWS + LANES - 1) / LANES);
localparam ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1;

wire [LANES*H_W-1:0] h;
wire [LANES*P_W-1:0] p;
wire [LANES*P_W-1:0] pref;

reg [7:0] swept = 8'd0;
wire clear = swept < DEPTH;

xc_state_store #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .H_W(H_W), .MEM_PORTS(MEM_PORTS)
) dut (
    .clk(clk), .clear_valid(clear), .clear_addr(swept[ADDR_W-1:0]), .rd_en(in_read),
    .rd_addr(in_read_addr[ADDR_W-1:0]), .rd_h(h), .rd_p(p), .rd_pref(pref), .wr_en(in_write), .wr_flip(in_flip),
    .wr_addr(in_write_addr[ADDR_W-1:0]), .wr_h(in_h), .wr_p(in_p)
);

(* anyconst *) wire [7:0] word;

reg shown = 1'b0;
reg [LANES*H_W-1:0] h_last = 0;
reg [LANES*H_W-1:0] h_expected;
reg [LANES*P_W-1:0] p_last = 0;
reg [LANES*P_W-1:0] p_expected;
reg [LANES*P_W-1:0] pref_last = 0;
reg [LANES*P_W-1:0] pref_expected;

always @(posedge clk) begin
    assume (word < DEPTH && in_read_addr < DEPTH && in_write_addr < DEPTH);
    assume (!(in_read && in_write) || (MEM_PORTS == 2 && in_read_addr != in_write_addr));
    assume (!clear || !(in_read || in_write));
    if (clear) swept <= swept + 8'd1;
    if (in_write && in_write_addr == word) begin
        h_last <= in_h;
        p_last <= in_p;
        if (in_flip) pref_last <= in_p;
    end
    if (in_read) begin
        shown <= in_read_addr == word;
        {h_expected, p_expected, pref_expected} <= {h_last, p_last, pref_last};
    end
    if (shown) begin
        // H: the last write-back, zero before the first one
        p_h: assert (h == h_expected);
        // P: the last write-back; nothing without a store
        p_p: assert (p == (REF_EN && P_EN ? p_expected : {LANES*P_W{1'b0}}));
        // P^ref: the last write-back with a flip, no other
        p_pref: assert (pref == (REF_EN ? pref_expected : {LANES*P_W{1'b0}}));
        // a word that was written is read
        c_written: assert (h == 0);
    end
end

endmodule
