// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_ram with either number of ports: of any word, what was written last is read. Reads and writes come
 * as the module allows: not together where there is one port, not of one word where there are two.
 */
module fv_ram #
(
    parameter DATA_W = 4,
    parameter DEPTH = 5,
    parameter MEM_PORTS = 2
)
(
    input wire clk,
    input wire in_read,
    input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] in_read_addr,
    input wire in_write,
    input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] in_write_addr,
    input wire [DATA_W-1:0] in_data
);

localparam ADDR_W = DEPTH > 1 ? $clog2(DEPTH) : 1;
localparam [ADDR_W:0] WORDS = DEPTH;

wire [DATA_W-1:0] data;

xc_ram #(.DATA_W(DATA_W), .DEPTH(DEPTH), .MEM_PORTS(MEM_PORTS)) dut (
    .clk(clk), .rd_en(in_read), .rd_addr(in_read_addr), .rd_data(data), .wr_en(in_write), .wr_addr(in_write_addr),
    .wr_data(in_data)
);

(* anyconst *) wire [ADDR_W-1:0] word;

reg written = 1'b0;
reg shown = 1'b0;
reg [DATA_W-1:0] last;
reg [DATA_W-1:0] expected;
reg quiet = 1'b0;
reg [DATA_W-1:0] before;

always @(posedge clk) begin
    assume ({1'b0, word} < WORDS && {1'b0, in_read_addr} < WORDS && {1'b0, in_write_addr} < WORDS);
    assume (!(in_read && in_write) || (MEM_PORTS == 2 && in_read_addr != in_write_addr));
    if (in_write && in_write_addr == word) begin
        written <= 1'b1;
        last <= in_data;
    end
    if (in_read) begin
        shown <= written && in_read_addr == word;
        expected <= last;
    end
    quiet <= !in_read;
    before <= data;
    // the output stands still without a read, which costs energy
    p_still: assert (!quiet || data == before);
    // what was written last, until the next read
    p_read: assert (!shown || data == expected);
    // a word is read back
    c_read: assert (!shown || data == 0);
    if (MEM_PORTS == 2) begin
        // a write while another word is read
        c_both: assert (!(in_read && in_write));
    end
end

endmodule
