// SPDX-License-Identifier: Apache-2.0

/*
 * Any element of a mixed-precision controller, end to end: chi and pulses of every record follow from the record before and
 * the codes that it shows, and these are the codes that came in.
 */
module fv_mixed_values
`include "shared/fv_mixed.vh"

(* anyconst *) wire [COL_W-1:0] column;
(* anyconst *) wire [BEAT_W-1:0] row_beat;
(* anyconst *) wire [7:0] row_lane;
(* anyconst *) wire [7:0] x_beat;
(* anyconst *) wire [7:0] x_lane;

localparam W = 32;

wire signed [CHI_W-1:0] chi = trc_chi[CHI_W*row_lane +: CHI_W];
wire signed [OP_W-1:0] d = trc_d[OP_W*row_lane +: OP_W];
wire signed [OP_W-1:0] x = trc_x;
wire retires = trc_valid && trc_col == column && trc_beat == row_beat;

reg signed [CHI_W-1:0] chi_reg;
// Codes of the sample, and of the one that retires meanwhile
reg signed [OP_W-1:0] d_in, x_in, d_pass, x_pass;
// The vector on its way to W
reg [COL_W-1:0] wr_col;
wire exists, ends;
wire signed [STEP_W-1:0] pulses;

fv_write_rules #(.ROWS(ROWS), .LANES(LANES), .COL_W(COL_W), .BEAT_W(BEAT_W), .STEP_W(STEP_W)) write (
    .clk(clk), .rst(rst), .on(on), .row_beat(row_beat), .row_lane(row_lane), .m_wr_valid(m_wr_valid),
    .m_wr_ready(m_wr_ready), .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses), .trc_valid(trc_valid),
    .trc_last(trc_last), .trc_beat(trc_beat), .trc_pulses(trc_pulses), .col(ends ? trc_col : wr_col),
    .exists(exists), .pulses(pulses), .ends(ends)
);

wire signed [W-1:0] x_wide = x;
wire signed [W-1:0] d_wide = d;
wire signed [W-1:0] chi_wide = chi_reg;
wire signed [W-1:0] lr = {{(W-LR_W){1'b0}}, cfg_lr};
wire signed [W-1:0] chi_after, s;

fv_mixed_equations #(
    .W(W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND)
) one_sample (
    .x(x_wide), .d(d_wide), .chi(chi_wide), .lr(lr), .write(samples == cfg_batch - 16'd1), .chi_after(chi_after),
    .pulses(s)
);

wire signed [W-1:0] got_chi = chi;
wire signed [W-1:0] got_pulses = pulses;

always @(posedge clk) begin
    assume (column <= LAST_COL[COL_W-1:0] && row_beat <= LAST_BEAT[BEAT_W-1:0] && row_lane < LANES);
    assume (x_lane < LANES && x_beat * LANES + x_lane == column);
    if (load && loads == LOAD - row_beat) d_in <= exists ? s_op_codes[OP_W*row_lane +: OP_W] : 0;
    if (load && loads == X_BEATS - x_beat) x_in <= s_op_codes[OP_W*x_lane +: OP_W];
    if (last_load) begin
        d_pass <= d_in;
        x_pass <= x_beat == X_BEATS - 1 ? s_op_codes[OP_W*x_lane +: OP_W] : x_in;
    end
    if (retires) chi_reg <= chi;
    if (trc_valid) wr_col <= trc_col;
    if (rst) chi_reg <= 0;
    if (on && retires) begin
        // the codes of the record are those that came in
        p_codes: assert (x == x_pass && d == d_pass);
        // chi after the sample
        p_chi: assert (got_chi == chi_after);
        // pulses at the end of a batch, none else
        p_pulses: assert (got_pulses == s);
        // the second sample of an element
        c_second: assert (chi_reg == 0);
    end
end

endmodule
