// SPDX-License-Identifier: Apache-2.0

/*
 * Rules of the cycle counters of a controller with memories: rtl/README.md, "Sequence and timing".
 */
module fv_phase_rules
(
    input wire clk,
    // No reset in this cycle and in the one before; reset in the cycle before
    input wire still,
    input wire behind_reset,
    input wire [31:0] stat_cycles_clear,
    input wire [31:0] stat_cycles_idle,
    input wire [31:0] stat_cycles_update,
    input wire [31:0] stat_cycles_stall,
    input wire [31:0] stat_cycles_read,
    input wire [31:0] stat_cycles_digital,
    input wire [31:0] stat_cycles_hold,
    input wire [31:0] stat_cycles_write
);

always @(posedge clk) begin
    if (still) begin
        // the five phases take turns: one of them counts in every cycle
        p_phases: assert ((stat_cycles_clear - $past(stat_cycles_clear)) + (stat_cycles_idle - $past(stat_cycles_idle))
            + (stat_cycles_update - $past(stat_cycles_update)) + (stat_cycles_stall - $past(stat_cycles_stall))
            + (stat_cycles_read - $past(stat_cycles_read)) == 32'd1);
    end
    if (behind_reset) begin
        // all counters are zero behind a reset
        p_counters_reset: assert ((stat_cycles_clear | stat_cycles_idle | stat_cycles_update | stat_cycles_stall
            | stat_cycles_read | stat_cycles_digital | stat_cycles_hold | stat_cycles_write) == 0);
    end
end

endmodule
