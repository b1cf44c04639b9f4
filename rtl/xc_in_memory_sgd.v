// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Controller of in-memory SGD: hands each sample on to W as an update, one after the other
 *
 * One state per cycle:
 *
 *   IDLE    waits for a sample tick
 *   UPDATE  m_upd is up
 *
 * The pulse trains are the driver's. A tick that waits at the handshake of an update is taken in that cycle.
 */
module xc_in_memory_sgd #
(
    // 1: drive the retire trace; 0: tie it to zero, no logic
    parameter TRACE_EN = 1
)
(
    /*
     * Clock and reset
     */
    input  wire        clk,
    input  wire        rst,

    /*
     * Sample ticks
     */
    input  wire        s_smp_valid,
    output wire        s_smp_ready,

    /*
     * Update of W with this sample
     */
    output wire        m_upd_valid,
    input  wire        m_upd_ready,

    /*
     * Cycle counters
     */
    output wire [31:0] stat_cycles_clear,
    output wire [31:0] stat_cycles_idle,
    output wire [31:0] stat_cycles_update,
    output wire [31:0] stat_cycles_stall,
    output wire [31:0] stat_cycles_read,
    output wire [31:0] stat_cycles_digital,
    output wire [31:0] stat_cycles_hold,
    output wire [31:0] stat_cycles_write,

    /*
     * Retire trace: number of the update
     */
    output wire        trc_valid,
    output wire [31:0] trc_sample
);

reg update_reg;

wire upd_done = m_upd_valid && m_upd_ready;

assign s_smp_ready = !update_reg || upd_done;
assign m_upd_valid = update_reg;

always @(posedge clk) begin
    if (s_smp_ready) begin
        update_reg <= s_smp_valid;
    end
    if (rst) begin
        update_reg <= 1'b0;
    end
end

generate

if (TRACE_EN != 0) begin : gen_trace

    reg        trc_valid_reg;
    reg [31:0] trc_sample_reg;

    assign trc_valid = trc_valid_reg;
    assign trc_sample = trc_sample_reg;

    // An update retires in the cycle after its handshake; its number moves on with the next cycle
    always @(posedge clk) begin
        trc_valid_reg <= upd_done;
        if (trc_valid_reg) begin
            trc_sample_reg <= trc_sample_reg + 32'd1;
        end
        if (rst) begin
            trc_valid_reg <= 1'b0;
            trc_sample_reg <= 32'd0;
        end
    end

end else begin : gen_no_trace

    assign trc_valid = 1'b0;
    assign trc_sample = 32'd0;

end

endgenerate

xc_cycle_counters
xc_cycle_counters_inst (
    .clk(clk),
    .rst(rst),
    .in_clear(1'b0),
    .in_idle(!update_reg),
    .in_update(update_reg),
    .in_stall(1'b0),
    .in_read(1'b0),
    .in_digital(1'b0),
    .in_hold(1'b0),
    .in_write(1'b0),
    .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write)
);

`ifndef SYNTHESIS
initial begin
    if (TRACE_EN < 0 || TRACE_EN > 1) begin
        $display("Error: TRACE_EN must be 0 or 1 (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
