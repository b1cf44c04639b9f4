// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Controller of a mixed-precision chip: adds the gradient d x^T of every sample to the digital matrix chi, and hands
 * whole pulses of it to the weight array W once per batch. README.md is the contract of this module.
 *
 * The widths of ports are spelled out: a derived parameter in the header could be set from outside.
 */
module xc_mixed_precision #
(
    // Rows and columns of W and chi, >= 1
    parameter ROWS = 8,
    parameter COLS = 8,
    // Rows handled per cycle, >= 1, may exceed or not divide ROWS and COLS
    parameter LANES = 4,
    // Bits of a signed operand code, of x and of d, 2..16
    parameter OP_W = 12,
    // Bits of an entry of chi, and its fraction bits (one pulse = 2^CHI_FRAC), CHI_FRAC < CHI_W - 1 <= 31
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    // Bits of the unsigned gain cfg_lr, 1..16, and its scale cfg_lr / 2^LR_SHIFT, 0..48
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    // Most pulses per element and write, 1..15
    parameter MAX_STEPS = 1,
    // Rounding of the increment: 0 half up, 1 floor, 2 toward zero
    parameter CHI_ROUND = 0,
    // Ports of the memories: 2 a read and a write port, 1 one port for both
    parameter MEM_PORTS = 2,
    // 1: drive the retire trace; 0: tie it to zero, no logic
    parameter TRACE_EN = 1
)
(
    /*
     * Clock and reset
     */
    input  wire clk,
    input  wire rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0] cfg_batch,
    input  wire [LR_W-1:0] cfg_lr,

    /*
     * Sample ticks
     */
    input  wire s_smp_valid,
    output wire s_smp_ready,

    /*
     * Request of the operands of this sample
     */
    output wire m_op_valid,
    input  wire m_op_ready,

    /*
     * Operand codes, signed integers: beats of d, rows beat*LANES ..., then beats of x, columns beat*LANES ...
     */
    input  wire s_op_valid,
    output wire s_op_ready,
    input  wire [LANES*OP_W-1:0] s_op_codes,

    /*
     * Pulses to one column of W, signed integers
     */
    output wire m_wr_valid,
    input  wire m_wr_ready,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] m_wr_col,
    output wire [ROWS*($clog2(MAX_STEPS + 1)+1)-1:0] m_wr_pulses,

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
     * Retire trace: chi has CHI_FRAC fraction bits
     */
    output wire trc_valid,
    output wire trc_last,
    output wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] trc_col,
    output wire [(ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1)-1:0] trc_beat,
    output wire [OP_W-1:0] trc_x,
    output wire [LANES*OP_W-1:0] trc_d,
    output wire [LANES*CHI_W-1:0] trc_chi,
    output wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] trc_pulses
);

// Beats of d, which are those of a column, and of x
localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam X_BEATS = (COLS + LANES - 1) / LANES;
// Bits of a step count, a column number, beat numbers, a lane number, a memory address
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam X_BEAT_W = X_BEATS > 1 ? $clog2(X_BEATS) : 1;
localparam LANE_W = LANES > 1 ? $clog2(LANES) : 1;
localparam ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1;

wire                    load_d;
wire                    load_x;

wire                    beat_valid;
wire                    beat_last;
wire                    beat_write;
wire [COL_W-1:0]        beat_col;
wire [BEAT_W-1:0]       beat_index;
wire [X_BEAT_W-1:0]     x_beat;
wire [LANE_W-1:0]       x_lane;
wire [ADDR_W-1:0]       beat_addr;
wire                    clear_valid;
wire                    lanes_busy;
wire                    lanes_wait;

wire [OP_W-1:0]         x;
wire [LANES*OP_W-1:0]   d;
wire [LANES*CHI_W-1:0]  rd_chi;
wire                    wr_en;
wire [ADDR_W-1:0]       wr_addr;
wire [LANES*CHI_W-1:0]  wr_chi;

wire                    pulses_valid;
wire                    pulses_last;
wire [BEAT_W-1:0]       pulses_beat;
wire [COL_W-1:0]        pulses_col;
wire [LANES*STEP_W-1:0] pulses;

wire                    phase_clear;
wire                    phase_idle;
wire                    phase_stall;
wire                    phase_read;

xc_mixed_scheduler #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES)
)
xc_mixed_scheduler_inst (
    .clk(clk),
    .rst(rst),
    .cfg_batch(cfg_batch),
    .s_smp_valid(s_smp_valid),
    .s_smp_ready(s_smp_ready),
    .m_op_valid(m_op_valid),
    .m_op_ready(m_op_ready),
    .s_op_valid(s_op_valid),
    .s_op_ready(s_op_ready),
    .load_d(load_d),
    .load_x(load_x),
    .beat_valid(beat_valid),
    .beat_last(beat_last),
    .beat_write(beat_write),
    .beat_col(beat_col),
    .beat_index(beat_index),
    .x_beat(x_beat),
    .x_lane(x_lane),
    .beat_addr(beat_addr),
    .clear_valid(clear_valid),
    .lanes_wait(lanes_wait),
    .lanes_busy(lanes_busy),
    .pulses_wait(m_wr_valid),
    .phase_clear(phase_clear),
    .phase_idle(phase_idle),
    .phase_stall(phase_stall),
    .phase_read(phase_read)
);

xc_mixed_operands #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .OP_W(OP_W),
    .MEM_PORTS(MEM_PORTS)
)
xc_mixed_operands_inst (
    .clk(clk),
    .wr_d(load_d),
    .wr_x(load_x),
    .wr_d_beat(beat_index),
    .wr_x_beat(x_beat),
    .wr_codes(s_op_codes),
    .rd_en(beat_valid),
    .rd_d_beat(beat_index),
    .rd_x_beat(x_beat),
    .rd_x_lane(x_lane),
    .d(d),
    .x(x)
);

xc_ram #(
    .DATA_W(LANES*CHI_W),
    .DEPTH(COLS*BEATS),
    .MEM_PORTS(MEM_PORTS)
)
chi_ram_inst (
    .clk(clk),
    .rd_en(beat_valid),
    .rd_addr(beat_addr),
    .rd_data(rd_chi),
    .wr_en(wr_en || clear_valid),
    .wr_addr(clear_valid ? beat_addr : wr_addr),
    .wr_data(clear_valid ? {LANES*CHI_W{1'b0}} : wr_chi)
);

xc_mixed_lanes #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .OP_W(OP_W),
    .CHI_W(CHI_W),
    .CHI_FRAC(CHI_FRAC),
    .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT),
    .MAX_STEPS(MAX_STEPS),
    .CHI_ROUND(CHI_ROUND),
    .MEM_PORTS(MEM_PORTS),
    .TRACE_EN(TRACE_EN)
)
xc_mixed_lanes_inst (
    .clk(clk),
    .rst(rst),
    .cfg_lr(cfg_lr),
    .beat_valid(beat_valid),
    .beat_last(beat_last),
    .beat_write(beat_write),
    .beat_col(beat_col),
    .beat_index(beat_index),
    .beat_addr(beat_addr),
    .x(x),
    .d(d),
    .rd_chi(rd_chi),
    .wr_en(wr_en),
    .wr_addr(wr_addr),
    .wr_chi(wr_chi),
    .pulses_valid(pulses_valid),
    .pulses_last(pulses_last),
    .pulses_beat(pulses_beat),
    .pulses_col(pulses_col),
    .pulses(pulses),
    .busy(lanes_busy),
    .beat_wait(lanes_wait),
    .trc_valid(trc_valid),
    .trc_last(trc_last),
    .trc_col(trc_col),
    .trc_beat(trc_beat),
    .trc_x(trc_x),
    .trc_d(trc_d),
    .trc_chi(trc_chi),
    .trc_pulses(trc_pulses)
);

xc_pulse_output #(
    .ROWS(ROWS),
    .COLS(COLS),
    .LANES(LANES),
    .MAX_STEPS(MAX_STEPS)
)
xc_pulse_output_inst (
    .clk(clk),
    .rst(rst),
    .in_valid(pulses_valid),
    .in_last(pulses_last),
    .in_beat(pulses_beat),
    .in_col(pulses_col),
    .in_pulses(pulses),
    .m_wr_valid(m_wr_valid),
    .m_wr_ready(m_wr_ready),
    .m_wr_col(m_wr_col),
    .m_wr_pulses(m_wr_pulses)
);

// A is not there, so that nothing is an update
xc_cycle_counters
xc_cycle_counters_inst (
    .clk(clk),
    .rst(rst),
    .in_clear(phase_clear),
    .in_idle(phase_idle),
    .in_update(1'b0),
    .in_stall(phase_stall),
    .in_read(phase_read),
    .in_digital(load_d || load_x || beat_valid),
    .in_hold(s_op_valid && !s_op_ready),
    .in_write(m_wr_valid),
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
    if (ROWS < 1 || COLS < 1 || LANES < 1) begin
        $display("Error: ROWS, COLS and LANES must be >= 1 (instance %m)");
        $finish;
    end
    if (OP_W < 2 || OP_W > 16) begin
        $display("Error: OP_W must be 2..16 (instance %m)");
        $finish;
    end
    if (CHI_FRAC < 0 || CHI_FRAC >= CHI_W - 1 || CHI_W > 32) begin
        $display("Error: CHI_FRAC must be 0..CHI_W-2, CHI_W <= 32 (instance %m)");
        $finish;
    end
    if (LR_W < 1 || LR_W > 16 || LR_SHIFT < 0 || LR_SHIFT > 48) begin
        $display("Error: LR_W must be 1..16, LR_SHIFT 0..48 (instance %m)");
        $finish;
    end
    if (MAX_STEPS < 1 || MAX_STEPS > 15 || CHI_ROUND < 0 || CHI_ROUND > 2) begin
        $display("Error: MAX_STEPS must be 1..15, CHI_ROUND 0..2 (instance %m)");
        $finish;
    end
    if (MEM_PORTS < 1 || MEM_PORTS > 2) begin
        $display("Error: MEM_PORTS must be 1 or 2 (instance %m)");
        $finish;
    end
    if (TRACE_EN < 0 || TRACE_EN > 1) begin
        $display("Error: TRACE_EN must be 0 or 1 (instance %m)");
        $finish;
    end
end
`endif

endmodule

`resetall
