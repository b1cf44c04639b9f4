// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of a controller of TTv2, c-TTv2 or AGAD, seen at its ports alone: rtl/README.md, "Ports", "One transfer" and
 * "Sequence and timing". The array side does what it likes, only the configuration changes as the contract lets it.
 */
`ifndef FV_DUT
`define FV_DUT xc_controller
`endif

module fv_controller #
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
// Cycles within which something happens where everybody else is ready: the clear sweep, then a column through the lanes
localparam PATIENCE = CLEAR + 6;
localparam PATIENCE_W = $clog2(PATIENCE + 2);

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
    .COL_RANDOM(COL_RANDOM), .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
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
reg past_2 = 1'b0;
reg rst_reg = 1'b1;
wire on = past && !rst;
wire still = past && !rst && !rst_reg;

always @(posedge clk) begin
    past <= 1'b1;
    past_2 <= past;
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
reg [4:1] lane;
reg [BEAT_W-1:0] lane_beat_1, lane_beat_2, lane_beat_3, lane_beat_4;
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
    lane <= {lane[3:1], adc};
    {lane_beat_4, lane_beat_3, lane_beat_2, lane_beat_1} <= {lane_beat_3, lane_beat_2, lane_beat_1, beats};
    if (rst) begin
        cleared <= 0;
        pending <= 1'b0;
        updates <= 16'd0;
        outstanding <= 1'b0;
        beats <= 0;
        lane <= 4'd0;
        position <= 0;
        sweep <= 16'd0;
    end
end

/*
 * The configuration changes while nothing is under way: rtl/README.md, "Changes of cfg_*"
 */
`ifdef FV_FLIP
// A chop period is counted with one length
wire rest = 1'b0;
`else
wire rest = CORRECTION == 0 && s_smp_ready && !s_smp_valid && !pending && updates == 0 && !outstanding && lane == 0 && !m_wr_valid;
`endif

always @(posedge clk) begin
    if (still && !$past(rest)) assume ({cfg_transfer_every, cfg_lr_h, cfg_chop, cfg_warmup}
        == $past({cfg_transfer_every, cfg_lr_h, cfg_chop, cfg_warmup}));
end

/*
 * What the shipped controller has inside, so that the inductions below hold
 */
`ifdef FV_SHIPPED
localparam ADDR_W = CLEAR > 1 ? $clog2(CLEAR) : 1;
(* hierconn *) wire \dut.beat_valid ;
(* hierconn *) wire \dut.clear_valid ;
(* hierconn *) wire [ADDR_W-1:0] \dut.beat_addr ;
(* hierconn *) wire \dut.wr_en ;
(* hierconn *) wire \dut.wr_flip ;
(* hierconn *) wire [ADDR_W-1:0] \dut.wr_addr ;
(* hierconn *) wire [15:0] \dut.xc_transfer_scheduler_inst.sample_reg ;
(* hierconn *) wire [2:0] \dut.xc_transfer_scheduler_inst.state_reg ;
(* hierconn *) wire \dut.xc_transfer_scheduler_inst.outstanding_reg ;
(* hierconn *) wire [15:0] \dut.xc_transfer_scheduler_inst.sweep_reg ;
(* hierconn *) wire [COL_W-1:0] \dut.xfer_col ;
(* hierconn *) wire \dut.xfer_hold ;
(* hierconn *) wire [BEAT_W-1:0] \dut.beat_index ;
wire in_lanes = lane[3:1] != 0 || !first_beat;
wire [2:0] phase = \dut.xc_transfer_scheduler_inst.state_reg ;

always @(posedge clk) begin
    if (on) begin
        i_inside_state: assert (phase <= 3'd4 && (phase == 3'd0) == clearing && (phase == 3'd2) == m_upd_valid
            && (phase == 3'd4) == m_rd_valid && cleared <= CLEAR);
        i_inside_outstanding: assert (\dut.xc_transfer_scheduler_inst.outstanding_reg == outstanding
            && !(m_rd_valid && outstanding) && (first_beat || outstanding) && (phase != 3'd3 || outstanding));
        i_inside_clear: assert (!clearing || (lane == 0 && !outstanding && first_beat && \dut.beat_addr == cleared));
        i_inside_beat: assert (beats <= LAST_BEAT[BEAT_W-1:0] && \dut.beat_index == beats);
        i_inside_sweep: assert (\dut.xc_transfer_scheduler_inst.sweep_reg == sweep && position <= LAST_COL[COL_W-1:0]);
        i_inside_turn: assert (m_rd_col <= LAST_COL[COL_W-1:0] && (COL_RANDOM != 0 || m_rd_col == position));
        i_inside_next: assert (COL_RANDOM != 0 || (clearing ? m_rd_col == 0
            : outstanding ? m_rd_col == (rd_col == LAST_COL[COL_W-1:0] ? {COL_W{1'b0}} : rd_col + 1'b1)
            : \dut.beat_addr == m_rd_col * BEATS));
        i_inside_read: assert (!outstanding || (rd_col <= LAST_COL[COL_W-1:0] && \dut.xfer_col == rd_col
            && \dut.xfer_hold == rd_hold && \dut.beat_addr == rd_col * BEATS + beats));
        i_inside_column: assert (first_beat || (x_col == rd_col && x_hold == rd_hold));
    end
end

// Lanes: a beat travels with its word; beats of one column are in order, those of two never meet
(* hierconn *) wire \dut.xc_transfer_lanes_inst.valid_1_reg ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.valid_2_reg ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.hold_reg ;
(* hierconn *) wire [ADDR_W-1:0] \dut.xc_transfer_lanes_inst.addr_1_reg ;
(* hierconn *) wire [ADDR_W-1:0] \dut.xc_transfer_lanes_inst.addr_2_reg ;
(* hierconn *) wire [BEAT_W-1:0] \dut.xc_transfer_lanes_inst.beat_1_reg ;
(* hierconn *) wire [BEAT_W-1:0] \dut.xc_transfer_lanes_inst.beat_2_reg ;
(* hierconn *) wire [BEAT_W-1:0] \dut.pulses_beat ;
(* hierconn *) wire [COL_W-1:0] \dut.pulses_col ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.last_1_reg ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.last_2_reg ;
(* hierconn *) wire \dut.pulses_last ;
wire [ADDR_W-1:0] first_word = x_col * BEATS;
always @(posedge clk) begin
    if (on) begin
        i_inside_valid: assert (\dut.xc_transfer_lanes_inst.valid_1_reg == lane[1] && \dut.wr_en == lane[3]
            && \dut.xc_transfer_lanes_inst.valid_2_reg == lane[2] && (TRACE_EN == 0 || trc_valid == lane[4]));
        i_inside_lane: assert ((!lane[1] || (lane_beat_1 <= LAST_BEAT[BEAT_W-1:0]
                && \dut.xc_transfer_lanes_inst.beat_1_reg == lane_beat_1
                && \dut.xc_transfer_lanes_inst.addr_1_reg == first_word + lane_beat_1
                && \dut.xc_transfer_lanes_inst.last_1_reg == (lane_beat_1 == LAST_BEAT[BEAT_W-1:0])))
            && (!lane[2] || (lane_beat_2 <= LAST_BEAT[BEAT_W-1:0]
                && \dut.xc_transfer_lanes_inst.beat_2_reg == lane_beat_2
                && \dut.xc_transfer_lanes_inst.addr_2_reg == first_word + lane_beat_2
                && \dut.xc_transfer_lanes_inst.last_2_reg == (lane_beat_2 == LAST_BEAT[BEAT_W-1:0])))
            && (!lane[3] || (lane_beat_3 <= LAST_BEAT[BEAT_W-1:0] && \dut.pulses_beat == lane_beat_3
                && \dut.wr_addr == first_word + lane_beat_3
                && \dut.pulses_last == (lane_beat_3 == LAST_BEAT[BEAT_W-1:0]))));
        i_inside_order: assert (!(lane[1] && lane[2] && lane_beat_1 <= lane_beat_2)
            && !(lane[1] && lane[3] && lane_beat_1 <= lane_beat_3) && !(lane[2] && lane[3] && lane_beat_2 <= lane_beat_3)
            && !(lane[1] && lane[4] && lane_beat_1 != 0 && lane_beat_1 <= lane_beat_4)
            && !(lane[2] && lane[4] && lane_beat_2 <= lane_beat_4) && !(lane[3] && lane[4] && lane_beat_3 <= lane_beat_4)
            && (first_beat || !((lane[1] && lane_beat_1 >= beats) || (lane[2] && lane_beat_2 >= beats)
                || (lane[3] && lane_beat_3 >= beats) || (lane[4] && lane_beat_4 >= beats))));
        i_inside_transfer: assert (!(in_lanes || lane[4] || m_wr_valid) || (x_col <= LAST_COL[COL_W-1:0]
            && \dut.pulses_col == x_col && \dut.xc_transfer_lanes_inst.hold_reg == x_hold));
        i_inside_trace: assert (!lane[4] || TRACE_EN == 0 || (lane_beat_4 <= LAST_BEAT[BEAT_W-1:0] && trc_beat == lane_beat_4
            && trc_col == x_col && trc_last == (lane_beat_4 == LAST_BEAT[BEAT_W-1:0]) && trc_flip == \dut.wr_flip ));
    end
end
`endif

`ifdef FV_CONTROL
/*
 * Streams
 */
always @(posedge clk) begin
    if (still && $past(m_upd_valid && !m_upd_ready)) begin
        // an update that waits is not withdrawn, its signs stand still
        p_upd_stable: assert (m_upd_valid && m_upd_chop == $past(m_upd_chop));
    end
    if (still && $past(m_rd_valid && !m_rd_ready)) begin
        // a read that waits is not withdrawn, its column stands still
        p_rd_stable: assert (m_rd_valid && m_rd_col == $past(m_rd_col));
    end
    if (still && $past(m_wr_valid && !m_wr_ready)) begin
        // pulses that wait are not withdrawn, column and vector stand still
        p_wr_stable: assert (m_wr_valid && {m_wr_col, m_wr_pulses} == $past({m_wr_col, m_wr_pulses}));
    end
end

/*
 * Sequence
 */
reg [PATIENCE_W-1:0] quiet;

always @(posedge clk) begin
    quiet <= 0;
    if (!rst && s_smp_valid && s_adc_valid && m_upd_ready && m_rd_ready && m_wr_ready && !(smp || upd || rd || adc || wr))
        quiet <= quiet + 1'b1;

    if (on) begin
        // every tick brings one update, in the next cycle
        p_upd_valid: assert (m_upd_valid == pending);
        // never more than n_s updates per read
        p_updates: assert (updates <= cfg_transfer_every && (!pending || updates != cfg_transfer_every));
        // a read behind exactly n_s updates, and behind the last code of the read before
        p_rd_valid: assert (m_rd_valid == (!pending && updates == cfg_transfer_every && !outstanding));
        // a tick is taken where the next cycle can be an update, nowhere else
        p_smp_ready: assert (s_smp_ready
            == (idle || (upd && updates != cfg_transfer_every - 16'd1) || rd));
        // codes are taken while a read has outstanding ones; the first beat waits for the lanes and for W
        p_adc_ready: assert (s_adc_ready
            == (outstanding && port_free && !(first_beat && (lane[3:1] != 0 || m_wr_valid))));
        // update and read are never up at once
        p_exclusive: assert (!(m_upd_valid && m_rd_valid));
        // nothing but the clear sweep right behind reset
        p_clear: assert (!clearing || !(pending || outstanding || updates != 0));
        // beats stay within a column
        p_beats: assert (beats <= LAST_BEAT[BEAT_W-1:0] && (first_beat || outstanding));
        // no deadlock: where everybody else is ready, something happens within COLS*BEATS + 6 cycles
        p_no_deadlock: assert (quiet < PATIENCE);
        // the same, as it follows from what there is to do: the sweep, the lanes, a turn of the state
        p_progress: assert (clearing ? quiet <= cleared : quiet <= 6);
        // a read behind a stall
        c_stall: assert (!(m_rd_valid && lane[1]));
        // the second read is issued
        c_second_read: assert (!(rd && lane_beat_1 == LAST_BEAT[BEAT_W-1:0] && lane[4:1] != 0));
        // an update directly behind another
        c_back_to_back: assert (!(upd && smp));
        // codes are held back
        c_code_waits: assert (!(s_adc_valid && outstanding && !s_adc_ready));
    end
end

/*
 * Columns
 */
always @(posedge clk) begin
    if (on && COL_RANDOM == 0) begin
        // columns in turn: none is read twice or skipped
        p_column: assert (m_rd_col == position);
    end
    if (on) begin
        // every column that is read exists
        p_column_exists: assert (m_rd_col <= LAST_COL[COL_W-1:0]);
        if (COLS > 1) begin
            // the second column is read
            c_next_column: assert (!(rd && m_rd_col != 0));
        end
    end
end

/*
 * Signs
 */
always @(posedge clk) begin
    if (still && !$past(rd)) begin
        // signs change behind a read, nowhere else
        p_chop_still: assert (m_upd_chop == $past(m_upd_chop));
    end
    if (still && $past(rd)) begin
        // behind a read no sign changes but that of its column
        p_chop_column: assert (((m_upd_chop ^ $past(m_upd_chop)) & ~({{(COLS-1){1'b0}}, 1'b1} << $past(m_rd_col))) == 0);
    end
    if (on) begin
        // the sign at the read is that of the updates of the group
        p_chop_group: assert (!m_rd_valid || m_upd_chop == upd_chop);
        p_chop_updates: assert (updates == 0 || m_upd_chop == upd_chop);
        // no chopper, no sign
        p_chop_off: assert (CHOP_MODE != 0 || m_upd_chop == 0);
        if (CHOP_MODE != 0) begin
            // a sign is flipped
            c_flip: assert (m_upd_chop == 0);
        end
    end
end

/*
 * Counters
 */
always @(posedge clk) begin
    if (still) begin
        // the five phases take turns: one of them counts in every cycle
        p_phases: assert ((stat_cycles_clear - $past(stat_cycles_clear)) + (stat_cycles_idle - $past(stat_cycles_idle))
            + (stat_cycles_update - $past(stat_cycles_update)) + (stat_cycles_stall - $past(stat_cycles_stall))
            + (stat_cycles_read - $past(stat_cycles_read)) == 32'd1);
        // each phase counts the cycles that the ports show
        p_counters: assert (stat_cycles_clear - $past(stat_cycles_clear) == $past(clearing)
            && stat_cycles_idle - $past(stat_cycles_idle) == $past(idle)
            && stat_cycles_update - $past(stat_cycles_update) == $past(m_upd_valid)
            && stat_cycles_read - $past(stat_cycles_read) == $past(m_rd_valid));
        // beats accepted, codes held back, cycles of writes
        p_digital: assert (stat_cycles_digital - $past(stat_cycles_digital) == $past(adc)
            && stat_cycles_hold - $past(stat_cycles_hold) == $past(s_adc_valid && !s_adc_ready)
            && stat_cycles_write - $past(stat_cycles_write) == $past(m_wr_valid));
    end
    if (past && rst_reg) begin
        // all counters are zero behind a reset
        p_counters_reset: assert ((stat_cycles_clear | stat_cycles_idle | stat_cycles_update | stat_cycles_stall
            | stat_cycles_read | stat_cycles_digital | stat_cycles_hold | stat_cycles_write) == 0);
    end
end

/*
 * Retirement: a read, its codes, its record
 */
always @(posedge clk) begin
    if (on && TRACE_EN != 0) begin
        // a beat retires four cycles after it was accepted: exactly one record per read, in order
        p_retire: assert (trc_valid == lane[4]);
    end
    if (on && TRACE_EN != 0 && trc_valid) begin
        // beats of a record are in order, the last one is marked
        p_retire_beat: assert (trc_beat == lane_beat_4 && trc_last == (lane_beat_4 == LAST_BEAT[BEAT_W-1:0]));
        // the record is that of the column that was read
        p_retire_col: assert (trc_col == x_col);
        // the transfer has the sign that was in force at the read
        p_retire_chop: assert (trc_chop == x_chop);
        // a record is complete
        c_retire: assert (!trc_last);
    end
end
`ifdef FV_SHIPPED
always @(posedge clk) if (on) p_sample_reg: assert (\dut.xc_transfer_scheduler_inst.sample_reg
    == (updates == cfg_transfer_every ? 16'd0 : updates));
always @(posedge clk) if (on) p_outstanding_reg: assert (\dut.xc_transfer_scheduler_inst.outstanding_reg == outstanding);
// the sweep counter saturates
always @(posedge clk) if (on) p_sweep: assert (\dut.xc_transfer_scheduler_inst.sweep_reg == sweep);
always @(posedge clk) if (on) p_state_reg: assert (\dut.xc_transfer_scheduler_inst.state_reg
    == (clearing ? 0 : pending ? 2 : updates != cfg_transfer_every ? 1 : outstanding ? 3 : 4));

// Memories: no word is read while it is on its way through the lanes, none is read and written in a cycle
reg [ADDR_W-1:0] addr_1, addr_2, addr_3;
always @(posedge clk) begin
    {addr_3, addr_2, addr_1} <= {addr_2, addr_1, \dut.beat_addr };
    if (on && \dut.beat_valid ) begin
        // no forwarding is needed: the word is not on its way
        p_no_hazard: assert (!(lane[1] && addr_1 == \dut.beat_addr ) && !(lane[2] && addr_2 == \dut.beat_addr )
            && !(lane[3] && addr_3 == \dut.beat_addr ));
        // one port: never a read beside a write
        p_one_port: assert (MEM_PORTS == 2 || !(\dut.wr_en || \dut.clear_valid ));
    end
    if (on && \dut.wr_en ) begin
        // a beat is written back where it was read, three cycles later
        p_write_back: assert (lane[3] && \dut.wr_addr == addr_3);
    end
    if (on && outstanding) begin
        // the words of a column are those of its number and beat
        p_address: assert (\dut.beat_addr == rd_col * BEATS + beats);
    end
    if (on && clearing) begin
        // the clear sweep visits every word, in turn
        p_clear_sweep: assert (\dut.clear_valid && \dut.beat_addr == cleared);
    end
    if (on && !clearing) p_clear_ends: assert (!\dut.clear_valid );
end
`endif
`endif

/*
 * Any column: when its sign flips
 */
`ifdef FV_FLIP
(* anyconst *) wire [COL_W-1:0] column;
reg [15:0] reads;
reg [31:0] state;
reg rd_flip, x_flip;

function [31:0] steps(input [31:0] s);
    integer n;
begin
    steps = s;
    for (n = 0; n < 16; n = n + 1) begin
        // x^32 + x^30 + x^26 + x^25 + 1
        steps = steps[0] ? {1'b1, steps[31], !steps[30], steps[29:27], !steps[26], !steps[25], steps[24:1]}
            : {1'b0, steps[31:1]};
    end
end
endfunction

wire [31:0] draw = steps(state);
wire mine = m_rd_col == column;
wire expected = CHOP_MODE == 1 ? cfg_chop != 0 && reads >= cfg_chop - 16'd1 : CHOP_MODE == 2 && draw[15:0] < cfg_chop;

always @(posedge clk) begin
    assume (column <= LAST_COL[COL_W-1:0]);
    if (rd) state <= draw;
    if (rd && mine) begin
        reads <= expected ? 16'd0 : reads == 16'hffff ? reads : reads + 16'd1;
        rd_flip <= expected;
    end
    if (adc && first_beat) x_flip <= rd_flip;
    if (rst) begin
        reads <= 16'd0;
        state <= LFSR_SEED;
    end
    if (still) begin
        // the sign toggles exactly where a flip is due: every cfg_chop-th read of the column, or the draw of this read
        p_flip: assert (m_upd_chop[column] == ($past(m_upd_chop[column]) ^ $past(rd && mine && expected)));
    end
    if (on && TRACE_EN != 0 && trc_valid && lane[4] && x_col == column) begin
        // the record says whether the sign flips behind it
        p_retire_flip: assert (trc_flip == x_flip);
    end
    if (on) begin
        // of the checker: the count stays within a chop period
        i_reads: assert (CHOP_MODE != 1 || cfg_chop == 0 || reads < cfg_chop);
        if (CHOP_MODE != 0) begin
            // a flip
            c_flip: assert (!(rd && mine && expected));
        end
        if (CHOP_MODE == 1) begin
            // the second flip of a column
            c_flip_back: assert (!(rd && mine && expected && m_upd_chop[column]));
        end
    end
end

`ifdef FV_SHIPPED
// What the shipped controller has inside, so that the induction holds
`ifdef FV_LFSR
(* hierconn *) wire [31:0] \dut.xc_chopper_inst.gen_on.gen_random.xc_lfsr_inst.state_reg ;
always @(posedge clk) if (on) p_state: assert (state == \dut.xc_chopper_inst.gen_on.gen_random.xc_lfsr_inst.state_reg );
`endif
(* hierconn *) wire \dut.xfer_flip ;
always @(posedge clk) begin
    if (on) begin
        i_inside_read_flip: assert (!outstanding || rd_col != column || \dut.xfer_flip == rd_flip);
        i_inside_flip: assert ((lane[3:1] == 0 && first_beat) || x_col != column || \dut.wr_flip == x_flip);
    end
end
`ifdef FV_IN_STEP
// One count serves all columns: those that were read in this sweep are one ahead of it
(* hierconn *) wire [15:0] \dut.xc_read_index_inst.gen_count.count ;
wire [15:0] count = \dut.xc_read_index_inst.gen_count.count ;
always @(posedge clk) begin
    if (on && cfg_chop != 0) p_count: assert (count < cfg_chop && m_rd_col == position
        && reads == (column >= position ? count : count == cfg_chop - 16'd1 ? 16'd0 : count + 16'd1));
end
`endif
`endif
`endif

`ifdef FV_ELEMENT
`define FV_RECORDS
`endif
`ifdef FV_VALUES
`define FV_RECORDS
`endif
`ifdef FV_CONTRACT
`define FV_RECORDS
`endif

/*
 * Any element and its records
 */
`ifdef FV_RECORDS
(* anyconst *) wire [COL_W-1:0] column;
(* anyconst *) wire [BEAT_W-1:0] beat;
(* anyconst *) wire [7:0] row_lane;

wire signed [H_W-1:0] h = trc_h[H_W*row_lane +: H_W];
wire signed [P_W-1:0] p = trc_p[P_W*row_lane +: P_W];
wire signed [P_W-1:0] pref = trc_pref[P_W*row_lane +: P_W];
wire signed [ADC_W-1:0] code = trc_codes[ADC_W*row_lane +: ADC_W];
wire signed [STEP_W-1:0] pulses = trc_pulses[STEP_W*row_lane +: STEP_W];
wire retires = trc_valid && trc_col == column && trc_beat == beat;

// What the last record has shown
reg signed [H_W-1:0] h_reg;
reg signed [P_W-1:0] p_reg;
reg signed [P_W-1:0] pref_reg;

always @(posedge clk) begin
    assume (column <= LAST_COL[COL_W-1:0] && beat <= LAST_BEAT[BEAT_W-1:0] && row_lane < LANES);
    if (retires) {h_reg, p_reg, pref_reg} <= {h, p, pref};
    if (rst) {h_reg, p_reg, pref_reg} <= 0;
end
`endif

/*
 * What is stored of an element, by the contract of the store: a beat that is read has what was written back last to its
 * word, P^ref what was written back last with a flip, zero since the clear sweep. Where the store is cut out this is
 * assumed; FV_CONTRACT has the store in its place and proves it.
 */
`ifdef FV_STORE
wire [ADDR_W-1:0] word = column * BEATS + beat;

(* hierconn *) wire [LANES*H_W-1:0] \dut.wr_h ;
(* hierconn *) wire [LANES*P_W-1:0] \dut.wr_p ;
(* hierconn *) wire [LANES*H_W-1:0] \dut.rd_h ;
(* hierconn *) wire [LANES*P_W-1:0] \dut.rd_p ;
(* hierconn *) wire [LANES*P_W-1:0] \dut.rd_pref ;

reg signed [H_W-1:0] h_kept;
reg [P_W-1:0] p_kept, pref_kept;
reg shown;
wire read_right = \dut.rd_h [H_W*row_lane +: H_W] == h_kept
    && \dut.rd_p [P_W*row_lane +: P_W] == (REF_EN != 0 && P_EN != 0 ? p_kept : {P_W{1'b0}})
    && \dut.rd_pref [P_W*row_lane +: P_W] == (REF_EN != 0 ? pref_kept : {P_W{1'b0}});

always @(posedge clk) begin
    if (\dut.wr_en && \dut.wr_addr == word) begin
        h_kept <= \dut.wr_h [H_W*row_lane +: H_W];
        p_kept <= \dut.wr_p [P_W*row_lane +: P_W];
        if (\dut.wr_flip ) pref_kept <= \dut.wr_p [P_W*row_lane +: P_W];
    end
    shown <= \dut.beat_valid && \dut.beat_addr == word;
    if (rst) begin
        {h_kept, p_kept, pref_kept} <= 0;
        shown <= 1'b0;
    end
`ifdef FV_CONTRACT
    if (on && shown) begin
        // what is read of an element is what was written back last, P^ref with a flip, zero behind the clear sweep
        p_store: assert (read_right);
        // something else than zero is read
        c_read: assert (h_kept == 0);
    end
`else
    if (shown) assume (read_right);
`endif
end

wire hit_1 = lane[1] && x_col == column && lane_beat_1 == beat;
wire hit_2 = lane[2] && x_col == column && lane_beat_2 == beat;
wire hit_3 = lane[3] && x_col == column && lane_beat_3 == beat;
wire hit_4 = lane[4] && x_col == column && lane_beat_4 == beat;

always @(posedge clk) begin
    if (on) begin
        i_inside_shown: assert (shown == hit_1);
`ifndef FV_CONTRACT
        i_inside_kept: assert (hit_4
            ? h == h_kept && p == (REF_EN != 0 ? p_kept : {P_W{1'b0}}) && pref == (REF_EN != 0 ? pref_kept : {P_W{1'b0}})
            : h_reg == h_kept && p_reg == (REF_EN != 0 ? p_kept : {P_W{1'b0}})
                && pref_reg == (REF_EN != 0 ? pref_kept : {P_W{1'b0}}));
`endif
    end
end
`endif

/*
 * Any element: what is stored of it, and the pulses to its row
 */
`ifdef FV_ELEMENT
wire [15:0] row = beat * LANES + row_lane;
wire exists = row < ROWS;

// The vector on its way to W: what the beats of the column have shown
reg any;
reg waits;
reg signed [STEP_W-1:0] kept;
wire ends = trc_valid && trc_last && (any || trc_pulses != 0);
wire signed [STEP_W-1:0] now = trc_valid && trc_beat == beat ? pulses : kept;
wire signed [STEP_W-1:0] sent = m_wr_pulses[STEP_W*row +: STEP_W];
wire vector = ends || waits;

always @(posedge clk) begin
    if (trc_valid) begin
        any <= !trc_last && (any || trc_pulses != 0);
        kept <= now;
    end
    waits <= vector && !m_wr_ready;
    if (rst) begin
        any <= 1'b0;
        waits <= 1'b0;
    end
    if (on && retires) begin
        // P^ref changes with a flip alone, and then to the P of this transfer
        p_pref: assert (pref == (REF_EN == 0 ? 0 : trc_flip ? p : pref_reg));
        // lanes past the last row stay zero
        p_past_last_row: assert (exists || (h == 0 && p == 0 && pref == 0 && code == 0 && pulses == 0));
        // never more than MAX_STEPS pulses
        p_max_steps: assert (pulses <= MAX_STEPS && pulses >= -MAX_STEPS);
        // no pulses during the warm-up
        p_warmup: assert (!x_hold || pulses == 0);
        if (REF_EN != 0 && CHOP_MODE == 1) begin
            // P^ref is not zero
            c_pref: assert (pref == 0);
        end
        // a pulse
        c_pulse: assert (pulses == 0);
    end
    if (on) begin
        // a vector is offered if and only if a pulse is not zero: once, four cycles behind the last beat
        p_write: assert (m_wr_valid == vector);
        // its column and its pulses are those of the record
        p_write_pulses: assert (!m_wr_valid || (m_wr_col == x_col && (!exists || sent == now)));
        // a vector is stalled
        c_write_stalls: assert (!(m_wr_valid && !m_wr_ready));
    end
end

`ifdef FV_STORE
// The vector, in step with the records: a cycle behind the lanes
(* hierconn *) wire \dut.xc_pulse_output_inst.any_reg ;
wire any_now = trc_valid ? !trc_last && (any || trc_pulses != 0) : any;
wire mine = trc_valid && trc_beat == beat;
reg told;
wire told_now = told || mine;
always @(posedge clk) begin
    told <= told_now;
    if (rst) told <= 1'b0;
    if (on) begin
        i_inside_zero: assert (exists || (h_kept == 0 && p_kept == 0 && pref_kept == 0));
        i_inside_any: assert (\dut.xc_pulse_output_inst.any_reg == any_now && !(m_wr_valid && any_now));
        i_inside_waits: assert (!waits || (lane == 0 && first_beat));
        i_inside_column_ends: assert (in_lanes || !any_now);
        i_inside_told: assert (told_now ? !exists || sent == now : !m_wr_valid
            && ((lane[1] && lane_beat_1 == beat) || (lane[2] && lane_beat_2 == beat) || (lane[3] && lane_beat_3 == beat)
                || (beats <= beat && (!first_beat || lane == 0))));
        i_inside_last: assert (!(lane[4] && trc_last) || (lane[3:1] == 0 && first_beat));
    end
end
`endif
`endif

`ifdef FV_VALUES
/*
 * Any element, end to end: H, P and pulses of every record follow from those of the record before and the code, by the
 * equations of "One transfer"
 */
localparam W = 32;
localparam signed [W-1:0] ONE = 1;
reg [7:0] index;

function signed [W-1:0] rounded(input signed [W-1:0] v, input integer bits, input integer rounding);
begin
    if (rounding == 2) begin
        rounded = v < 0 ? -((-v) >>> bits) : v >>> bits;
    end else if (rounding == 1 || bits == 0) begin
        rounded = v >>> bits;
    end else begin
        rounded = (v + (ONE <<< (bits - 1))) >>> bits;
    end
end
endfunction

// 2^16 / n, rounded, of every index that there is: a divider of variables is more than a search can take
function signed [W-1:0] reciprocal(input [7:0] n);
    integer i;
begin
    reciprocal = 0;
    for (i = 1; i <= CORRECTION; i = i + 1) begin
        if (n == i) reciprocal = (65536 + i / 2) / i;
    end
end
endfunction

wire signed [W-1:0] omega = code * (ONE <<< P_FRAC);
wire signed [W-1:0] e = REF_EN ? omega - pref_reg : omega;
wire signed [W-1:0] z = trc_chop ? -e : e;
wire signed [W-1:0] lr = {{(W-LR_W){1'b0}}, cfg_lr_h};
wire signed [W-1:0] gain = CORRECTION == 0 ? lr : (lr * reciprocal(index) + 32768) >>> 16;
wire signed [W-1:0] top = (ONE <<< (H_W - 1)) - ONE;
wire signed [W-1:0] sum = h_reg + rounded(z * gain, LR_SHIFT, H_ROUND);
wire signed [W-1:0] h_sat = sum > top ? top : sum < -top - ONE ? -top - ONE : sum;
wire signed [W-1:0] whole = rounded(h_sat, H_FRAC, 2);
wire signed [W-1:0] s = whole > MAX_STEPS ? MAX_STEPS : whole < -MAX_STEPS ? -MAX_STEPS : whole;
wire signed [W-1:0] h_decayed = H_MOMENTUM_SHIFT == 0 ? 0 : rounded(h_sat, H_MOMENTUM_SHIFT, 2);
wire signed [W-1:0] h_after = s == 0 ? h_sat : H_DECAY ? h_decayed : h_sat - s * (ONE <<< H_FRAC);
wire signed [W-1:0] beta = BETA;
wire signed [W-1:0] p_mean = p_reg + rounded((omega - p_reg) * beta, BETA_W, P_ROUND);
wire signed [W-1:0] p_after = REF_EN == 0 ? 0 : P_EN ? p_mean : omega;
wire signed [W-1:0] got_h = h;
wire signed [W-1:0] got_p = p;
wire signed [W-1:0] got_pulses = pulses;

always @(posedge clk) begin
`ifndef FV_STORE
    // One update per read, so that the search gets far
    assume (cfg_transfer_every == 16'd1);
`endif
    if (retires) begin
        index <= trc_flip ? 8'd1 : index < CORRECTION ? index + 8'd1 : index;
    end
    if (rst) begin
        index <= 8'd1;
    end
    if (on && retires) begin
        // H after the transfer
        p_h: assert (got_h == h_after);
        // P after the transfer
        p_p: assert (got_p == p_after);
        // pulses of the transfer
        p_pulses: assert (got_pulses == (x_hold ? 0 : s));
        // the second transfer of an element, which takes up the state of the first
        c_second: assert (h_reg == 0);
    end
end
`endif

endmodule
