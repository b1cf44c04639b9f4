// SPDX-License-Identifier: Apache-2.0

/*
 * A controller of TTv2, c-TTv2 or AGAD as every fv_transfer_*.v has it: from the parameters of the checker to what the
 * ports have shown so far (rtl/README.md, "Ports" and "Sequence and timing"). The array side does what it likes, only the
 * configuration changes as the contract lets it. Stands right behind `module NAME`.
 */
`ifndef FV_DUT
`define FV_DUT xc_controller
`endif
#
(
    parameter ROWS = 3,
    parameter COLS = 2,
    parameter LANES = 2,
    parameter ADC_W = 2,
    parameter REF_EN = 1,
    parameter P_FRAC = 0,
    parameter P_EN = 1,
    parameter BETA_W = 1,
    parameter BETA = 1,
    parameter H_W = 3,
    parameter H_FRAC = 1,
    parameter LR_W = 1,
    parameter LR_SHIFT = 0,
    parameter CORRECTION = 0,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter CHOP_MODE = 1,
    parameter [31:0] LFSR_SEED = 32'h00000001,
    parameter COL_RANDOM = 0,
    parameter [31:0] COL_SEED = 32'h00000001,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRACE_EN = 1
)
(
    input wire clk,
    input wire rst,
    input wire [15:0] cfg_transfer_every,
    input wire [LR_W-1:0] cfg_lr_h,
    input wire [15:0] cfg_chop,
    input wire [15:0] cfg_warmup,
    input wire s_smp_valid,
    input wire m_upd_ready,
    input wire m_rd_ready,
    input wire s_adc_valid,
    input wire [LANES*ADC_W-1:0] s_adc_codes,
    input wire m_wr_ready
);

localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam P_W = ADC_W + P_FRAC;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam LAST_COL = COLS - 1;
localparam LAST_BEAT = BEATS - 1;
localparam CLEAR = COLS * BEATS;
localparam CLEAR_W = $clog2(CLEAR + 1);

wire s_smp_ready;
wire m_upd_valid;
wire [COLS-1:0] m_upd_chop;
wire m_rd_valid;
wire [COL_W-1:0] m_rd_col;
wire s_adc_ready;
wire m_wr_valid;
wire [COL_W-1:0] m_wr_col;
wire [ROWS*STEP_W-1:0] m_wr_pulses;
wire [31:0] stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0] stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire trc_valid;
wire trc_last;
wire [COL_W-1:0] trc_col;
wire [BEAT_W-1:0] trc_beat;
wire trc_chop;
wire trc_flip;
wire [LANES*ADC_W-1:0] trc_codes;
wire [LANES*H_W-1:0] trc_h;
wire [LANES*P_W-1:0] trc_p;
wire [LANES*P_W-1:0] trc_pref;
wire [LANES*STEP_W-1:0] trc_pulses;

`FV_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT),
    .CORRECTION(CORRECTION), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND), .P_ROUND(P_ROUND), .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED),
    .COL_RANDOM(COL_RANDOM), .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst), .cfg_transfer_every(cfg_transfer_every), .cfg_lr_h(cfg_lr_h), .cfg_chop(cfg_chop),
    .cfg_warmup(cfg_warmup), .s_smp_valid(s_smp_valid), .s_smp_ready(s_smp_ready), .m_upd_valid(m_upd_valid),
    .m_upd_ready(m_upd_ready), .m_upd_chop(m_upd_chop), .m_rd_valid(m_rd_valid), .m_rd_ready(m_rd_ready),
    .m_rd_col(m_rd_col), .s_adc_valid(s_adc_valid), .s_adc_ready(s_adc_ready), .s_adc_codes(s_adc_codes),
    .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses),
    .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read), .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold), .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid),
    .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_chop(trc_chop), .trc_flip(trc_flip),
    .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p), .trc_pref(trc_pref), .trc_pulses(trc_pulses)
);

/*
 * The environment: reset first
 */
reg past = 1'b0;
reg rst_reg = 1'b1;
wire on = past && !rst;
wire still = past && !rst && !rst_reg;

always @(posedge clk) begin
    past <= 1'b1;
    rst_reg <= rst;
    if (!past) assume (rst);
    assume (cfg_transfer_every != 0);
end

/*
 * What the ports have shown so far
 */
wire smp = s_smp_valid && s_smp_ready;
wire upd = m_upd_valid && m_upd_ready;
wire rd = m_rd_valid && m_rd_ready;
wire adc = s_adc_valid && s_adc_ready;
wire wr = m_wr_valid && m_wr_ready;

// Cycles of the clear sweep; a tick whose update is not done; updates of the group
reg [CLEAR_W-1:0] cleared;
reg pending;
reg [15:0] updates;
wire clearing = cleared != CLEAR;
wire idle = !clearing && !pending && updates != cfg_transfer_every;

// Codes outstanding, beats of the column that were accepted, beats on their way through the lanes
reg outstanding;
reg [BEAT_W-1:0] beats;
reg [5:1] lane;
reg [BEAT_W-1:0] lane_beat_1, lane_beat_2, lane_beat_3, lane_beat_4, lane_beat_5;
// Where a lane has four cycles, there is one more behind the third; then the beat is in its record
localparam LONG = LANE_STAGES == 4;
wire done = LONG ? lane[4] : lane[3];
wire retired = LONG ? lane[5] : lane[4];
wire [BEAT_W-1:0] done_beat = LONG ? lane_beat_4 : lane_beat_3;
wire [BEAT_W-1:0] retired_beat = LONG ? lane_beat_5 : lane_beat_4;
wire under_way = lane[3:1] != 0 || done;
wire empty = !under_way && !retired;
wire last_beat = beats == LAST_BEAT[BEAT_W-1:0];
wire first_beat = beats == 0;
wire port_free = MEM_PORTS == 2 || !(lane[1] || lane[3]);

// The read whose codes are outstanding, and the transfer in the lanes: column, sign and flip, held back
reg [COL_W-1:0] rd_col, x_col;
reg rd_chop, x_chop;
reg rd_hold, x_hold;

// The next column, and the sweep
reg [COL_W-1:0] position;
reg [15:0] sweep;
wire sweep_ends = position == LAST_COL[COL_W-1:0];

// The signs of the last update of the group
reg [COLS-1:0] upd_chop;

always @(posedge clk) begin
    if (clearing) cleared <= cleared + 1'b1;
    pending <= smp || (pending && !upd);
    if (upd) updates <= updates + 16'd1;
    if (upd) upd_chop <= m_upd_chop;
    if (adc) begin
        beats <= last_beat ? {BEAT_W{1'b0}} : beats + 1'b1;
        if (last_beat) outstanding <= 1'b0;
        if (first_beat) {x_col, x_chop, x_hold} <= {rd_col, rd_chop, rd_hold};
    end
    if (rd) begin
        updates <= 16'd0;
        outstanding <= 1'b1;
        {rd_col, rd_chop, rd_hold} <= {m_rd_col, m_upd_chop[m_rd_col], sweep < cfg_warmup};
        position <= sweep_ends ? {COL_W{1'b0}} : position + 1'b1;
        if (sweep_ends && sweep != 16'hffff) sweep <= sweep + 16'd1;
    end
    lane <= {lane[4:1], adc};
    {lane_beat_5, lane_beat_4, lane_beat_3, lane_beat_2, lane_beat_1}
        <= {lane_beat_4, lane_beat_3, lane_beat_2, lane_beat_1, beats};
    if (rst) begin
        cleared <= 0;
        pending <= 1'b0;
        updates <= 16'd0;
        outstanding <= 1'b0;
        beats <= 0;
        lane <= 5'd0;
        position <= 0;
        sweep <= 16'd0;
    end
end

/*
 * The configuration changes while nothing is under way: rtl/README.md, "Changes of cfg_*"
 */
`ifdef FV_HELD
wire rest = 1'b0;
`else
// The reads of a chop period are counted with one length: with a read correction every record depends on the count
wire rest = CORRECTION == 0 && s_smp_ready && !s_smp_valid && !pending && updates == 0 && !outstanding && empty
    && !m_wr_valid;
`endif

always @(posedge clk) begin
    if (still && !$past(rest)) assume ({cfg_transfer_every, cfg_lr_h, cfg_chop, cfg_warmup}
        == $past({cfg_transfer_every, cfg_lr_h, cfg_chop, cfg_warmup}));
end
