// Everything that the controller can show: its probe is a beat of the retire trace.
wire update_start, read_start, write_start, flipping;
wire [COLS-1:0] positive;
wire [15:0] row;
reg upd, rd, wr;
always @(posedge clk) begin
    upd <= !rst && (update_start || (upd && !m_upd_ready));
    rd  <= !rst && (read_start || (rd && !m_rd_ready));
    wr  <= !rst && (write_start || (wr && !m_wr_ready));
end
assign m_upd_valid = upd;
assign m_upd_chop = ~positive;
assign m_rd_valid = rd;
assign m_wr_valid = wr;
assign m_wr_col = m_rd_col;
assign trc_last = row == ROWS - 1;
assign trc_beat = row;
assign trc_col = m_rd_col;
assign trc_chop = m_upd_chop[m_rd_col];
assign trc_flip = flipping;
serial_transfer #(
    .N_OUT(ROWS), .N_IN(COLS), .CODE_BITS(ADC_W), .MEAN_BITS(ADC_W + P_FRAC), .DYNAMIC_REFERENCE(REF_EN),
    .KEEP_MEAN(P_EN), .LEAK(BETA), .LEAK_PLACES(BETA_W), .LEAK_RULE(P_ROUND), .ACC_BITS(H_W), .ACC_PLACES(H_FRAC),
    .ACC_RULE(H_ROUND), .GAIN_BITS(LR_W), .GAIN_PLACES(LR_SHIFT), .DIVIDE(CORRECTION), .MOST(MAX_STEPS),
    .DECAY(H_DECAY), .DECAY_PLACES(H_MOMENTUM_SHIFT), .FLIP_RULE(CHOP_MODE), .FLIP_SEED(LFSR_SEED),
    .RANDOM_ORDER(COL_RANDOM), .ORDER_SEED(COL_SEED), .PULSE_BITS($clog2(MAX_STEPS + 1) + 1),
    .ADDRESS_BITS(COLS > 1 ? $clog2(COLS) : 1)
) controller (
    .clock(clk), .resetn(!rst), .updates_per_read(cfg_transfer_every), .gain(cfg_lr_h), .flip_setting(cfg_chop),
    .silent_sweeps(cfg_warmup), .sample_waiting(s_smp_valid), .sample_taken(s_smp_ready),
    .update_start(update_start), .update_done(upd && m_upd_ready), .positive(positive), .read_start(read_start),
    .read_done(rd && m_rd_ready), .address(m_rd_col), .code_request(s_adc_ready), .code_ack(s_adc_valid),
    .code(s_adc_codes), .write_start(write_start), .write_done(wr && m_wr_ready), .pulses(m_wr_pulses),
    .flipping(flipping), .probe(trc_valid), .probe_code(trc_codes), .probe_acc(trc_h), .probe_mean(trc_p),
    .probe_reference(trc_pref), .probe_pulses(trc_pulses), .probe_row(row)
);
