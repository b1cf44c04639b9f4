// SPDX-License-Identifier: Apache-2.0

/*
 * A controller of mixed precision as every fv_mixed_*.v about the whole has it: from the parameters of the checker to what
 * the ports have shown so far (rtl/README.md, "Mixed precision"). Stands right behind `module NAME`.
 */
`ifndef FV_DUT
`define FV_DUT xc_mixed_precision
`endif
#
(
    parameter ROWS = 3,
    parameter COLS = 2,
    parameter LANES = 2,
    parameter OP_W = 2,
    parameter CHI_W = 3,
    parameter CHI_FRAC = 1,
    parameter LR_W = 1,
    parameter LR_SHIFT = 0,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter TRACE_EN = 1
)
(
    input wire clk,
    input wire rst,
    input wire [15:0] cfg_batch,
    input wire [LR_W-1:0] cfg_lr,
    input wire s_smp_valid,
    input wire m_op_ready,
    input wire s_op_valid,
    input wire [LANES*OP_W-1:0] s_op_codes,
    input wire m_wr_ready
);

localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam X_BEATS = (COLS + LANES - 1) / LANES;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam LAST_COL = COLS - 1;
localparam LAST_BEAT = BEATS - 1;
localparam CLEAR = COLS * BEATS;
localparam CLEAR_W = $clog2(CLEAR + 1);
localparam LOAD = BEATS + X_BEATS;
localparam LOAD_W = $clog2(LOAD + 1);

wire s_smp_ready, m_op_valid, s_op_ready, m_wr_valid, trc_valid, trc_last;
wire [COL_W-1:0] m_wr_col, trc_col;
wire [ROWS*STEP_W-1:0] m_wr_pulses;
wire [31:0] stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0] stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire [BEAT_W-1:0] trc_beat;
wire [OP_W-1:0] trc_x;
wire [LANES*OP_W-1:0] trc_d;
wire [LANES*CHI_W-1:0] trc_chi;
wire [LANES*STEP_W-1:0] trc_pulses;

`FV_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst), .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .s_smp_valid(s_smp_valid),
    .s_smp_ready(s_smp_ready), .m_op_valid(m_op_valid), .m_op_ready(m_op_ready), .s_op_valid(s_op_valid),
    .s_op_ready(s_op_ready), .s_op_codes(s_op_codes), .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready),
    .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses), .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle), .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col),
    .trc_beat(trc_beat), .trc_x(trc_x), .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

reg past = 1'b0;
reg rst_reg = 1'b1;
wire on = past && !rst;
wire still = on && !rst_reg;

wire smp = s_smp_valid && s_smp_ready;
wire op = m_op_valid && m_op_ready;
wire load = s_op_valid && s_op_ready;
wire wr = m_wr_valid && m_wr_ready;

// Clear sweep; a request is up; operand beats to come; samples of the batch; beats to retire of the pass
reg [CLEAR_W-1:0] cleared;
reg request;
reg [LOAD_W-1:0] loads;
reg [15:0] samples;
reg [CLEAR_W-1:0] records;
reg [COL_W-1:0] col;
reg [BEAT_W-1:0] beat;
wire clearing = cleared != CLEAR;
wire last_load = load && loads == 1;

always @(posedge clk) begin
    past <= 1'b1;
    rst_reg <= rst;
    if (!past) assume (rst);
    assume (cfg_batch != 0);
    // The configuration changes between two batches, while nothing is under way: rtl/README.md, "Changes of cfg_*"
    if (still && !$past(s_smp_ready && !s_smp_valid && records == 0 && samples == 0 && !m_wr_valid))
        assume ({cfg_batch, cfg_lr} == $past({cfg_batch, cfg_lr}));

    if (clearing) cleared <= cleared + 1'b1;
    request <= smp || (request && !op);
    if (op) loads <= LOAD[LOAD_W-1:0];
    if (load) loads <= loads - 1'b1;
    if (last_load) records <= CLEAR[CLEAR_W-1:0];
    if (trc_valid) begin
        records <= last_load ? CLEAR[CLEAR_W-1:0] : records - 1'b1;
        beat <= trc_last ? {BEAT_W{1'b0}} : beat + 1'b1;
        if (trc_last) col <= col == LAST_COL[COL_W-1:0] ? {COL_W{1'b0}} : col + 1'b1;
        if (trc_last && col == LAST_COL[COL_W-1:0])
            samples <= samples == cfg_batch - 16'd1 ? 16'd0 : samples + 16'd1;
    end
    if (rst) begin
        cleared <= 0;
        request <= 1'b0;
        loads <= 0;
        samples <= 16'd0;
        records <= 0;
        col <= 0;
        beat <= 0;
    end
end
