// SPDX-License-Identifier: Apache-2.0

/*
 * What the shipped transfer controller has inside, so that inductions hold.
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
wire in_lanes = under_way || !first_beat;
wire [2:0] phase = \dut.xc_transfer_scheduler_inst.state_reg ;

always @(posedge clk) begin
    if (on) begin
        i_inside_state: assert (phase <= 3'd4 && (phase == 3'd0) == clearing && (phase == 3'd2) == m_upd_valid
            && (phase == 3'd4) == m_rd_valid && cleared <= CLEAR);
        i_inside_outstanding: assert (\dut.xc_transfer_scheduler_inst.outstanding_reg == outstanding
            && !(m_rd_valid && outstanding) && (first_beat || outstanding) && (phase != 3'd3 || outstanding));
        i_inside_clear: assert (!clearing || (empty && !outstanding && first_beat && \dut.beat_addr == cleared));
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
(* hierconn *) wire \dut.xc_transfer_lanes_inst.valid_3_reg ;
(* hierconn *) wire [ADDR_W-1:0] \dut.xc_transfer_lanes_inst.addr_3_reg ;
(* hierconn *) wire [BEAT_W-1:0] \dut.xc_transfer_lanes_inst.beat_3_reg ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.last_3_reg ;
(* hierconn *) wire [BEAT_W-1:0] \dut.pulses_beat ;
(* hierconn *) wire [COL_W-1:0] \dut.pulses_col ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.last_1_reg ;
(* hierconn *) wire \dut.xc_transfer_lanes_inst.last_2_reg ;
(* hierconn *) wire \dut.pulses_last ;
wire [ADDR_W-1:0] first_word = x_col * BEATS;
always @(posedge clk) begin
    if (on) begin
        i_inside_valid: assert (\dut.xc_transfer_lanes_inst.valid_1_reg == lane[1] && \dut.wr_en == done
            && \dut.xc_transfer_lanes_inst.valid_2_reg == lane[2] && \dut.xc_transfer_lanes_inst.valid_3_reg == lane[3]
            && (TRACE_EN == 0 || trc_valid == retired));
        i_inside_lane: assert ((!lane[1] || (lane_beat_1 <= LAST_BEAT[BEAT_W-1:0]
                && \dut.xc_transfer_lanes_inst.beat_1_reg == lane_beat_1
                && \dut.xc_transfer_lanes_inst.addr_1_reg == first_word + lane_beat_1
                && \dut.xc_transfer_lanes_inst.last_1_reg == (lane_beat_1 == LAST_BEAT[BEAT_W-1:0])))
            && (!lane[2] || (lane_beat_2 <= LAST_BEAT[BEAT_W-1:0]
                && \dut.xc_transfer_lanes_inst.beat_2_reg == lane_beat_2
                && \dut.xc_transfer_lanes_inst.addr_2_reg == first_word + lane_beat_2
                && \dut.xc_transfer_lanes_inst.last_2_reg == (lane_beat_2 == LAST_BEAT[BEAT_W-1:0])))
            && (!lane[3] || (lane_beat_3 <= LAST_BEAT[BEAT_W-1:0]
                && \dut.xc_transfer_lanes_inst.beat_3_reg == lane_beat_3
                && \dut.xc_transfer_lanes_inst.addr_3_reg == first_word + lane_beat_3
                && \dut.xc_transfer_lanes_inst.last_3_reg == (lane_beat_3 == LAST_BEAT[BEAT_W-1:0])))
            && (!done || (done_beat <= LAST_BEAT[BEAT_W-1:0] && \dut.pulses_beat == done_beat
                && \dut.wr_addr == first_word + done_beat
                && \dut.pulses_last == (done_beat == LAST_BEAT[BEAT_W-1:0]))));
        i_inside_order: assert (!(lane[1] && lane[2] && lane_beat_1 <= lane_beat_2)
            && !(lane[1] && lane[3] && lane_beat_1 <= lane_beat_3) && !(lane[2] && lane[3] && lane_beat_2 <= lane_beat_3)
            && !(lane[1] && lane[4] && (LONG || lane_beat_1 != 0) && lane_beat_1 <= lane_beat_4)
            && !(lane[2] && lane[4] && lane_beat_2 <= lane_beat_4) && !(lane[3] && lane[4] && lane_beat_3 <= lane_beat_4)
            && !(LONG && lane[5] && ((lane[1] && lane_beat_1 != 0 && lane_beat_1 <= lane_beat_5)
                || (lane[2] && lane_beat_2 <= lane_beat_5) || (lane[3] && lane_beat_3 <= lane_beat_5)
                || (lane[4] && lane_beat_4 <= lane_beat_5)))
            && (first_beat || !((lane[1] && lane_beat_1 >= beats) || (lane[2] && lane_beat_2 >= beats)
                || (lane[3] && lane_beat_3 >= beats) || (lane[4] && lane_beat_4 >= beats)
                || (LONG && lane[5] && lane_beat_5 >= beats))));
        i_inside_transfer: assert (!(in_lanes || retired || m_wr_valid) || (x_col <= LAST_COL[COL_W-1:0]
            && \dut.pulses_col == x_col && \dut.xc_transfer_lanes_inst.hold_reg == x_hold));
        i_inside_trace: assert (!retired || TRACE_EN == 0 || (retired_beat <= LAST_BEAT[BEAT_W-1:0]
            && trc_beat == retired_beat && trc_col == x_col && trc_last == (retired_beat == LAST_BEAT[BEAT_W-1:0]) && trc_flip == \dut.wr_flip ));
    end
end
`endif
