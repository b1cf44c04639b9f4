// SPDX-License-Identifier: Apache-2.0

/*
 * Order of events of a transfer controller: rtl/README.md, "Sequence and timing". Streams, columns, signs, counters, one
 * record per read, and what the memories demand of it.
 */
module fv_transfer_sequence
`include "shared/fv_transfer.vh"
`include "shared/fv_transfer_inside.vh"

/*
 * Streams
 */
fv_stream_rules #(.W(COLS)) m_upd (
    .clk(clk), .still(still), .valid(m_upd_valid), .ready(m_upd_ready), .payload(m_upd_chop)
);
fv_stream_rules #(.W(COL_W)) m_rd (
    .clk(clk), .still(still), .valid(m_rd_valid), .ready(m_rd_ready), .payload(m_rd_col)
);
fv_stream_rules #(.W(COL_W + ROWS*STEP_W)) m_wr (
    .clk(clk), .still(still), .valid(m_wr_valid), .ready(m_wr_ready), .payload({m_wr_col, m_wr_pulses})
);

/*
 * Sequence
 */
// Cycles within which something happens where everybody else is ready: the clear sweep, then a column through the lanes
localparam PATIENCE = CLEAR + LANE_STAGES + 3;
localparam PATIENCE_W = $clog2(PATIENCE + 2);
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
            == (outstanding && port_free && !(first_beat && (under_way || m_wr_valid))));
        // update and read are never up at once
        p_exclusive: assert (!(m_upd_valid && m_rd_valid));
        // nothing but the clear sweep right behind reset
        p_clear: assert (!clearing || !(pending || outstanding || updates != 0));
        // beats stay within a column
        p_beats: assert (beats <= LAST_BEAT[BEAT_W-1:0] && (first_beat || outstanding));
        // no deadlock: where everybody else is ready, something happens within COLS*BEATS + LANE_STAGES + 3 cycles
        p_no_deadlock: assert (quiet < PATIENCE);
        // the same, as it follows from what there is to do: the sweep, the lanes, a turn of the state
        p_progress: assert (clearing ? quiet <= cleared : quiet <= LANE_STAGES + 3);
        // a read behind a stall
        c_stall: assert (!(m_rd_valid && lane[1]));
        // the second read is issued
        c_second_read: assert (!(rd && lane_beat_1 == LAST_BEAT[BEAT_W-1:0] && !empty));
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
fv_phase_rules phases (
    .clk(clk), .still(still), .behind_reset(past && rst_reg), .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle), .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write)
);

always @(posedge clk) begin
    if (still) begin
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
end

/*
 * Retirement: a read, its codes, its record
 */
always @(posedge clk) begin
    if (on && TRACE_EN != 0) begin
        // a beat retires the cycle after its last one in the lanes: exactly one record per read, in order
        p_retire: assert (trc_valid == retired);
    end
    if (on && TRACE_EN != 0 && trc_valid) begin
        // beats of a record are in order, the last one is marked
        p_retire_beat: assert (trc_beat == retired_beat && trc_last == (retired_beat == LAST_BEAT[BEAT_W-1:0]));
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

// Memories
fv_memory_rules #(.ADDR_W(ADDR_W), .CLEAR_W(CLEAR_W), .MEM_PORTS(MEM_PORTS), .STAGES(LANE_STAGES)) memory (
    .clk(clk), .on(on), .beat_valid(\dut.beat_valid ), .beat_addr(\dut.beat_addr ), .lane(lane[LANE_STAGES:1]),
    .wr_en(\dut.wr_en ), .wr_addr(\dut.wr_addr ), .clear_valid(\dut.clear_valid ), .clearing(clearing),
    .cleared(cleared)
);

always @(posedge clk) begin
    if (on && outstanding) begin
        // the words of a column are those of its number and beat
        p_address: assert (\dut.beat_addr == rd_col * BEATS + beats);
    end
end
`endif

endmodule
