// SPDX-License-Identifier: Apache-2.0

/*
 * Any element of a transfer controller, its records, and what is stored of it.
 */
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

/*
 * What is stored of an element, by the contract of the store: a beat that is read has what was written back last to its
 * word, P^ref what was written back last with a flip, zero since the clear sweep. Where the store is cut out this is
 * assumed; fv_transfer_store.v has the store in its place (FV_STORE_IN_PLACE) and proves it.
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
`ifndef FV_STORE_IN_PLACE
    if (shown) assume (read_right);
`endif
end

wire hit_1 = lane[1] && x_col == column && lane_beat_1 == beat;
wire hit_retired = retired && x_col == column && retired_beat == beat;

always @(posedge clk) begin
    if (on) begin
        i_inside_shown: assert (shown == hit_1);
`ifndef FV_STORE_IN_PLACE
        i_inside_kept: assert (hit_retired
            ? h == h_kept && p == (REF_EN != 0 ? p_kept : {P_W{1'b0}}) && pref == (REF_EN != 0 ? pref_kept : {P_W{1'b0}})
            : h_reg == h_kept && p_reg == (REF_EN != 0 ? p_kept : {P_W{1'b0}})
                && pref_reg == (REF_EN != 0 ? pref_kept : {P_W{1'b0}}));
`endif
    end
end
`endif
