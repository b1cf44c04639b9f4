// SPDX-License-Identifier: Apache-2.0

/*
 * Rules of the memories of the shipped controllers: no word is read while it is on its way through the lanes, none is read
 * beside a write where there is one port, the clear sweep visits every word.
 */
module fv_memory_rules #
(
    parameter ADDR_W = 1,
    parameter CLEAR_W = 1,
    parameter MEM_PORTS = 2,
    parameter STAGES = 3
)
(
    input wire clk,
    // No reset in this cycle, and some cycle before
    input wire on,
    // A beat is read
    input wire beat_valid,
    input wire [ADDR_W-1:0] beat_addr,
    // Beats that were read one, two, .., STAGES cycles ago
    input wire [STAGES:1] lane,
    // A beat is written back
    input wire wr_en,
    input wire [ADDR_W-1:0] wr_addr,
    // The clear sweep by the controller, by the cycles since reset, and its word
    input wire clear_valid,
    input wire clearing,
    input wire [CLEAR_W-1:0] cleared
);

reg [ADDR_W-1:0] addr_1, addr_2, addr_3, addr_4;
wire [ADDR_W-1:0] addr_last = STAGES == 4 ? addr_4 : addr_3;

always @(posedge clk) begin
    {addr_4, addr_3, addr_2, addr_1} <= {addr_3, addr_2, addr_1, beat_addr};
    if (on && beat_valid) begin
        // no forwarding is needed: the word is not on its way
        p_no_hazard: assert (!(lane[1] && addr_1 == beat_addr) && !(lane[2] && addr_2 == beat_addr)
            && !(lane[3] && addr_3 == beat_addr) && !(lane[STAGES] && addr_last == beat_addr));
        // one port: never a read beside a write
        p_one_port: assert (MEM_PORTS == 2 || !(wr_en || clear_valid));
    end
    if (on && wr_en) begin
        // a beat is written back where it was read, STAGES cycles later
        p_write_back: assert (lane[STAGES] && wr_addr == addr_last);
    end
    if (on && clearing) begin
        // the clear sweep visits every word, in turn
        p_clear_sweep: assert (clear_valid && beat_addr == cleared);
    end
    if (on && !clearing) begin
        // and is over then
        p_clear_ends: assert (!clear_valid);
    end
end

endmodule
