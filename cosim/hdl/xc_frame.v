// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * What the benches of all controllers have in common: clock, waves, errors and hangs, and the event that wakes Python
 */
module xc_frame #
(
    // Clock period in ps
    parameter CLOCK_PS = 1000,
    // Number of monitors that can find an error
    parameter ERRORS   = 1
)
(
    input  wire              rst,
    // Waves are written while this is high
    input  wire              dump,
    // Cycles without any progress after which the bench gives up
    input  wire [31:0]       patience,
    // Errors found in this cycle
    input  wire [ERRORS-1:0] errors,
    // A handshake in this cycle
    input  wire              progress,
    // Something for Python in this cycle
    input  wire              notify,

    output reg               clk,
    // Cycles since reset
    output reg  [31:0]       cycle,
    // Sticky
    output reg  [ERRORS-1:0] errors_seen,
    output reg               hang,
    // Turns with each cycle that has something for Python, and with the first error and a hang
    output reg               event_reg
);

initial clk = 1'b0;
always #(CLOCK_PS / 2000.0) clk = !clk;

reg [8*1024-1:0] dump_path;
initial begin
    if ($value$plusargs("dump=%s", dump_path)) begin
        $dumpfile(dump_path);
        $dumpvars;
        $dumpoff;
    end
end
always @(posedge dump) $dumpon;
always @(negedge dump) $dumpoff;

reg [31:0] idle_cycles_reg;

initial event_reg = 1'b0;

always @(posedge clk) begin
    cycle <= cycle + 32'd1;
    if (errors !== {ERRORS{1'b0}}) errors_seen <= errors_seen | errors;
    idle_cycles_reg <= (progress === 1'b1) ? 32'd0 : idle_cycles_reg + 32'd1;
    if (idle_cycles_reg >= patience) hang <= 1'b1;
    if (rst) begin
        cycle <= 32'd0;
        errors_seen <= {ERRORS{1'b0}};
        idle_cycles_reg <= 32'd0;
        hang <= 1'b0;
    end else if (notify || ((errors !== {ERRORS{1'b0}}) && (errors_seen == {ERRORS{1'b0}})) ||
                 ((idle_cycles_reg >= patience) && !hang)) begin
        event_reg <= !event_reg;
    end
end

endmodule

`resetall
