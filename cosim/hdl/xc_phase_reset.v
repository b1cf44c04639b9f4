// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Resets the controller in the middle of a phase that Python names; phases are what the pins show
 */
module xc_phase_reset #
(
    parameter PHASES = 2
)
(
    input  wire              clk,
    // Python's own reset
    input  wire              py_rst,
    // Reset in the cycle number `count` (from 0) of that phase since `arm`; none after so many cycles without progress
    input  wire              arm,
    input  wire [3:0]        phase,
    input  wire [7:0]        count,
    input  wire [31:0]       patience,
    // A handshake in this cycle
    input  wire              progress,
    // Phases of this cycle, several at a time
    input  wire [PHASES-1:0] phases,

    output wire              rst,
    // The reset has come, or the patience has ended
    output reg               done,
    // Phases of the cycle at whose end the controller was reset, none where the patience has ended
    output reg  [PHASES-1:0] seen
);

reg        fire_reg;
reg [7:0]  count_reg;
reg [31:0] waited_reg;

assign rst = py_rst || fire_reg;

initial begin
    fire_reg = 1'b0;
    count_reg = 8'd0;
    waited_reg = 32'd0;
    done = 1'b0;
    seen = {PHASES{1'b0}};
end

// In the middle of a cycle, when all that follows from the last edge has settled
always @(negedge clk) if (arm || fire_reg) begin
    if (!arm) begin
        fire_reg <= 1'b0;
        count_reg <= 8'd0;
        waited_reg <= 32'd0;
    end else if (!fire_reg) begin
        waited_reg <= (progress === 1'b1) ? 32'd0 : waited_reg + 32'd1;
        if (phases[phase] === 1'b1) count_reg <= count_reg + 8'd1;
        if ((phases[phase] === 1'b1) && (count_reg == count)) begin
            fire_reg <= 1'b1;
            seen <= phases;
        end else if (waited_reg == patience) begin
            fire_reg <= 1'b1;
            seen <= {PHASES{1'b0}};
        end
    end
end

always @(posedge clk) if (done != fire_reg) done <= fire_reg;

endmodule

`resetall
