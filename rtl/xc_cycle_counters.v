// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Cycle counters: cycles since reset by phase of the scheduler, and of the digital side
 *
 * clear + idle + update + stall + read = cycles since reset. Counters wrap at 2^32.
 */
module xc_cycle_counters
(
    /*
     * Clock and reset
     */
    input  wire        clk,
    input  wire        rst,

    /*
     * What this cycle is: one phase, and any of digital, hold, write
     */
    input  wire        in_clear,
    input  wire        in_idle,
    input  wire        in_update,
    input  wire        in_stall,
    input  wire        in_read,
    input  wire        in_digital,
    input  wire        in_hold,
    input  wire        in_write,

    /*
     * Cycles counted
     */
    output wire [31:0] stat_cycles_clear,
    output wire [31:0] stat_cycles_idle,
    output wire [31:0] stat_cycles_update,
    output wire [31:0] stat_cycles_stall,
    output wire [31:0] stat_cycles_read,
    output wire [31:0] stat_cycles_digital,
    output wire [31:0] stat_cycles_hold,
    output wire [31:0] stat_cycles_write
);

reg [31:0] clear_reg, idle_reg, update_reg, stall_reg, read_reg;
reg [31:0] digital_reg, hold_reg, write_reg;

assign stat_cycles_clear = clear_reg;
assign stat_cycles_idle = idle_reg;
assign stat_cycles_update = update_reg;
assign stat_cycles_stall = stall_reg;
assign stat_cycles_read = read_reg;
assign stat_cycles_digital = digital_reg;
assign stat_cycles_hold = hold_reg;
assign stat_cycles_write = write_reg;

always @(posedge clk) begin
    if (in_clear) clear_reg <= clear_reg + 32'd1;
    if (in_idle) idle_reg <= idle_reg + 32'd1;
    if (in_update) update_reg <= update_reg + 32'd1;
    if (in_stall) stall_reg <= stall_reg + 32'd1;
    if (in_read) read_reg <= read_reg + 32'd1;
    if (in_digital) digital_reg <= digital_reg + 32'd1;
    if (in_hold) hold_reg <= hold_reg + 32'd1;
    if (in_write) write_reg <= write_reg + 32'd1;

    if (rst) begin
        clear_reg <= 32'd0;
        idle_reg <= 32'd0;
        update_reg <= 32'd0;
        stall_reg <= 32'd0;
        read_reg <= 32'd0;
        digital_reg <= 32'd0;
        hold_reg <= 32'd0;
        write_reg <= 32'd0;
    end
end

endmodule

`resetall
