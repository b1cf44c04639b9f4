// SPDX-License-Identifier: Apache-2.0

/*
 * Any element of a transfer controller: its P^ref, its pulses, and the vector that brings them to W.
 */
module fv_transfer_element
`include "shared/fv_transfer.vh"
`include "shared/fv_transfer_inside.vh"
`include "shared/fv_transfer_records.vh"

wire exists, any, waits, ends, right;

fv_write_rules #(.ROWS(ROWS), .LANES(LANES), .COL_W(COL_W), .BEAT_W(BEAT_W), .STEP_W(STEP_W)) write (
    .clk(clk), .rst(rst), .on(on), .row_beat(beat), .row_lane(row_lane), .m_wr_valid(m_wr_valid),
    .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses), .trc_valid(trc_valid),
    .trc_last(trc_last), .trc_beat(trc_beat), .trc_pulses(trc_pulses), .col(x_col), .exists(exists), .any(any),
    .waits(waits), .ends(ends), .right(right)
);

always @(posedge clk) begin
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
        i_inside_waits: assert (!waits || (empty && first_beat));
        i_inside_column_ends: assert (in_lanes || !any_now);
        i_inside_told: assert (told_now ? right : !m_wr_valid
            && ((lane[1] && lane_beat_1 == beat) || (lane[2] && lane_beat_2 == beat) || (lane[3] && lane_beat_3 == beat)
                || (done && done_beat == beat) || (beats <= beat && (!first_beat || empty))));
        i_inside_last: assert (!(retired && trc_last) || (!under_way && first_beat));
    end
end
`endif

endmodule
