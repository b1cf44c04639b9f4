// SPDX-License-Identifier: Apache-2.0

/*
 * Order of events of a mixed-precision controller: rtl/README.md, "Mixed precision". Streams, requests, operands, counters,
 * records, and what the memory of chi demands of it.
 */
module fv_mixed_sequence
`include "shared/fv_mixed.vh"

fv_stream_rules m_op (.clk(clk), .still(still), .valid(m_op_valid), .ready(m_op_ready), .payload(1'b0));
fv_stream_rules #(.W(COL_W + ROWS*STEP_W)) m_wr (
    .clk(clk), .still(still), .valid(m_wr_valid), .ready(m_wr_ready), .payload({m_wr_col, m_wr_pulses})
);

fv_phase_rules phases (
    .clk(clk), .still(still), .behind_reset(past && rst_reg), .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle), .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write)
);

// Longest time without a handshake where everybody else is ready: the clear sweep, or a pass with all its waits
localparam PATIENCE = CLEAR * 2 + COLS * 6 + 8;
localparam PATIENCE_W = $clog2(PATIENCE + 2);
reg [PATIENCE_W-1:0] quiet;

always @(posedge clk) begin
    quiet <= s_smp_valid && s_op_valid && m_op_ready && m_wr_ready && !(smp || op || load || wr || trc_valid)
        ? quiet + 1'b1 : {PATIENCE_W{1'b0}};
    if (rst) quiet <= 0;
    if (on) begin
        // every tick brings one request, in the next cycle
        p_op_valid: assert (m_op_valid == request);
        // operands are taken behind a request, all of them and no more
        p_op_ready: assert (s_op_ready == (loads != 0));
        // one thing at a time: clear sweep, request, operands
        p_exclusive: assert (clearing + request + (loads != 0) <= 1);
        // ticks are not taken meanwhile
        p_smp_ready: assert (!s_smp_ready || !(clearing || request || loads != 0));
        // no deadlock: where everybody else is ready, something happens in time
        p_no_deadlock: assert (quiet < PATIENCE);
        // the same, as it follows from what there is to do: the sweep, or a beat on its way through the lanes
        p_progress: assert (clearing ? quiet <= cleared : quiet <= 8);
        // operands of the next sample while the last one retires
        c_overlap: assert (!(m_op_valid && trc_valid));
        // a request is stalled
        c_stall: assert (!(m_op_valid && !m_op_ready));
    end
    if (on && TRACE_EN != 0) begin
        // exactly one record per column of a pass: no record without a sample, all of them before the next pass
        p_retire: assert (!trc_valid || records != 0);
        p_retire_all: assert (!last_load || records <= trc_valid);
        // columns in turn, none twice or skipped; beats in order
        p_retire_order: assert (!trc_valid || (trc_col == col && trc_beat == beat
            && trc_last == (beat == LAST_BEAT[BEAT_W-1:0])));
        // a whole record
        c_retire: assert (!(trc_valid && trc_last));
        if (CLEAR > 1 && MEM_PORTS == 2) begin
            // back to back
            c_back_to_back: assert (!(trc_valid && $past(trc_valid)));
        end
    end
    if (still) begin
        // each counts the cycles that the ports show
        p_counters: assert (stat_cycles_clear - $past(stat_cycles_clear) == $past(clearing)
            && stat_cycles_read - $past(stat_cycles_read) == $past(m_op_valid)
            && stat_cycles_hold - $past(stat_cycles_hold) == $past(s_op_valid && !s_op_ready)
            && stat_cycles_write - $past(stat_cycles_write) == $past(m_wr_valid));
        // there is no array A
        p_update: assert (stat_cycles_update == $past(stat_cycles_update));
    end
end

`ifdef FV_SHIPPED
// The memory of chi
localparam ADDR_W = CLEAR > 1 ? $clog2(CLEAR) : 1;
(* hierconn *) wire \dut.beat_valid ;
(* hierconn *) wire \dut.wr_en ;
(* hierconn *) wire [ADDR_W-1:0] \dut.beat_addr ;
(* hierconn *) wire [ADDR_W-1:0] \dut.wr_addr ;
(* hierconn *) wire \dut.clear_valid ;
reg [3:1] lane;
always @(posedge clk) lane <= rst ? 3'd0 : {lane[2:1], \dut.beat_valid };

fv_memory_rules #(.ADDR_W(ADDR_W), .CLEAR_W(CLEAR_W), .MEM_PORTS(MEM_PORTS)) memory (
    .clk(clk), .on(on), .beat_valid(\dut.beat_valid ), .beat_addr(\dut.beat_addr ), .lane(lane),
    .wr_en(\dut.wr_en ), .wr_addr(\dut.wr_addr ), .clear_valid(\dut.clear_valid ), .clearing(clearing),
    .cleared(cleared)
);

// What the shipped controller has inside, so that the induction holds
(* hierconn *) wire [2:0] \dut.xc_mixed_scheduler_inst.state_reg ;
(* hierconn *) wire \dut.beat_write ;
(* hierconn *) wire [BEAT_W-1:0] \dut.beat_index ;
(* hierconn *) wire \dut.xc_mixed_lanes_inst.write_reg ;
(* hierconn *) wire \dut.xc_mixed_scheduler_inst.load_x_reg ;
(* hierconn *) wire [COL_W-1:0] \dut.beat_col ;
wire [2:0] state = \dut.xc_mixed_scheduler_inst.state_reg ;
wire in_pass = \dut.xc_mixed_scheduler_inst.state_reg >= 4;
always @(posedge clk) if (on) begin
    // pulses only wait while nothing is in the lanes, in the last pass of a batch
    p_place: assert (state == 4
        ? \dut.beat_addr == \dut.beat_col * BEATS + \dut.beat_index && \dut.beat_col <= LAST_COL
            && \dut.beat_index <= LAST_BEAT
        : \dut.beat_col == 0 && (state == 0 || \dut.beat_addr == 0)
            && \dut.beat_index == (state == 3 && loads > X_BEATS ? LOAD - loads : 0));
    p_load: assert ((state == 3) == (loads != 0)
        && \dut.xc_mixed_scheduler_inst.load_x_reg == (loads != 0 && loads <= X_BEATS));
    p_clear_alone: assert (!clearing || (lane == 0 && !m_wr_valid));
    p_write_alone: assert (lane == 0 || !\dut.xc_mixed_lanes_inst.write_reg || (in_pass && \dut.beat_write ));
    p_wr_alone: assert (!m_wr_valid || (lane == 0 && \dut.beat_index == 0 && in_pass && \dut.beat_write ));
end
`endif

endmodule
