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
    parameter ERRORS   = 1,
    // Width of what clk_seen depends on
    parameter WATCHED  = 1
)
(
    input  wire               rst,
    // See clk_seen
    input  wire               awake,
    input  wire [WATCHED-1:0] watched,
    // Waves are written while this is high
    input  wire               dump,
    // Cycles without any progress after which the bench gives up
    input  wire [31:0]        patience,
    // Errors found in this cycle
    input  wire [ERRORS-1:0]  errors,
    // A handshake in this cycle
    input  wire               progress,
    // Something for Python in this cycle
    input  wire               notify,

    output reg                clk,
    // The edges of clk at whose end `awake` is 1 or `watched` differs from what it was an edge before: transactors and
    // monitors whose inputs are in there, and that do the same in all other cycles, need not be looked at in those
    output reg                clk_seen,
    // Cycles since reset
    output reg  [31:0]        cycle,
    // Sticky
    output reg  [ERRORS-1:0]  errors_seen,
    output reg                hang,
    // Turns with each cycle that has something for Python, and with the first error and a hang
    output reg                event_reg
);

reg [WATCHED-1:0] watched_before;
reg [31:0]        since_reg;

// As many cycles without any progress as the patience has. The sum changes seldom, so each cycle costs a comparison
wire [32:0] deadline = {1'b0, since_reg} + {1'b0, patience};
wire        overdue  = {1'b0, cycle} >= deadline;

initial begin
    clk = 1'b0;
    clk_seen = 1'b0;
end

// Both by one process, so that everything sees both edges at once
always begin
    #(CLOCK_PS / 2000.0);
    clk_seen = (awake !== 1'b0) || (overdue !== 1'b0) || (watched !== watched_before);
    watched_before = watched;
    clk = 1'b1;
    cycle <= rst ? 32'd0 : cycle + 32'd1;
    #(CLOCK_PS / 2000.0);
    clk_seen = 1'b0;
    clk = 1'b0;
end

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

initial event_reg = 1'b0;

always @(posedge clk_seen) begin
    if (errors !== {ERRORS{1'b0}}) errors_seen <= errors_seen | errors;
    if (progress === 1'b1) since_reg <= cycle + 32'd1;
    if (overdue) hang <= 1'b1;
    if (rst) begin
        errors_seen <= {ERRORS{1'b0}};
        since_reg <= 32'd0;
        hang <= 1'b0;
    end else if (notify || ((errors !== {ERRORS{1'b0}}) && (errors_seen == {ERRORS{1'b0}})) || (overdue && !hang)) begin
        event_reg <= !event_reg;
    end
end

endmodule

`resetall
