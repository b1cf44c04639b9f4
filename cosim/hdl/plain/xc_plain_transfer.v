// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * The least that a Verilog test bench of xc_controller can do, for cosim/benchmark: streams always ready, operations
 * of the same length, codes and train lengths out of a file, again and again; nothing is looked at
 */
module xc_plain_transfer #
(
    // Parameters of xc_controller
    parameter ROWS = 8,
    parameter COLS = 8,
    parameter LANES = 4,
    parameter ADC_W = 8,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 64,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 8,
    parameter LR_SHIFT = 4,
    parameter CORRECTION = 0,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter CHOP_MODE = 1,
    parameter LFSR_SEED = 1,
    parameter COL_RANDOM = 0,
    parameter COL_SEED = 1,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRACE_EN = 1,
    // Codes of so many reads in the file, samples per read, cycles of the operations
    parameter BLOCK = 1,
    parameter GROUP = 5,
    parameter PULSE_CYCLES = 5,
    parameter READ_CYCLES = 40,
    parameter CONVERSION_CYCLES = 0,
    parameter WRITE_CYCLES = 5
)
();

localparam BEATS = (ROWS + LANES - 1) / LANES;

reg clk = 1'b0;
reg rst = 1'b1;
always #1 clk = !clk;

integer transfers;
reg [8*1024-1:0] file;
integer retired = 0;
reg [15:0] cfg_transfer_every, cfg_chop, cfg_warmup;
reg [LR_W-1:0] cfg_lr_h;
reg [LANES*ADC_W-1:0] codes [0:BLOCK*BEATS-1];
reg [31:0] lengths [0:BLOCK*GROUP-1];

initial begin
    if (!$value$plusargs("transfers=%d", transfers)) $finish;
    if (!$value$plusargs("every=%d", cfg_transfer_every)) $finish;
    if (!$value$plusargs("gain=%d", cfg_lr_h)) $finish;
    if (!$value$plusargs("chop=%d", cfg_chop)) $finish;
    if (!$value$plusargs("warmup=%d", cfg_warmup)) $finish;
    if ($value$plusargs("codes=%s", file)) $readmemh(file, codes);
    if ($value$plusargs("lengths=%s", file)) $readmemh(file, lengths);
    repeat (3) @(posedge clk);
    rst <= 1'b0;
end

wire smp_ready, upd_valid, rd_valid, adc_ready, wr_valid, trc_valid, trc_last;
reg [31:0] ticks = 0, update = 0, update_cycle = 0, read_cycle = 0, write_cycle = 0, beat = 0, due = 0, conversion = 0;
wire [31:0] length = lengths[update];
wire smp_valid = !rst && (ticks != transfers * cfg_transfer_every);
wire upd_ready = upd_valid && (update_cycle + 1 >= length * PULSE_CYCLES);
wire rd_ready = rd_valid && (read_cycle + 1 >= READ_CYCLES);
wire wr_ready = wr_valid && (write_cycle + 1 >= WRITE_CYCLES);
wire adc_valid = (due != 0) && (conversion == 0);

always @(posedge clk) if (!rst) begin
    if (smp_valid && smp_ready) ticks <= ticks + 1;
    if (upd_valid) update_cycle <= upd_ready ? 0 : update_cycle + 1;
    if (upd_ready) update <= (update == BLOCK*GROUP - 1) ? 0 : update + 1;
    if (rd_valid) read_cycle <= rd_ready ? 0 : read_cycle + 1;
    if (wr_valid) write_cycle <= wr_ready ? 0 : write_cycle + 1;
    if (conversion != 0) conversion <= conversion - 1;
    if (adc_valid && adc_ready) begin
        due <= due - 1;
        beat <= (beat == BLOCK*BEATS - 1) ? 0 : beat + 1;
    end
    if (rd_ready) begin
        due <= BEATS;
        conversion <= CONVERSION_CYCLES;
    end
    if (trc_valid && trc_last) begin
        retired = retired + 1;
        if (retired == transfers) $finish;
    end
end

xc_controller #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT), .CORRECTION(CORRECTION),
    .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT), .H_ROUND(H_ROUND), .P_ROUND(P_ROUND),
    .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .COL_RANDOM(COL_RANDOM), .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES),
    .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst),
    .cfg_transfer_every(cfg_transfer_every), .cfg_lr_h(cfg_lr_h), .cfg_chop(cfg_chop), .cfg_warmup(cfg_warmup),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready), .m_upd_valid(upd_valid), .m_upd_ready(upd_ready), .m_upd_chop(),
    .m_rd_valid(rd_valid), .m_rd_ready(rd_ready), .m_rd_col(),
    .s_adc_valid(adc_valid), .s_adc_ready(adc_ready), .s_adc_codes(codes[beat]),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(), .m_wr_pulses(),
    .stat_cycles_clear(), .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(), .stat_cycles_read(),
    .stat_cycles_digital(), .stat_cycles_hold(), .stat_cycles_write(),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(), .trc_beat(), .trc_chop(), .trc_flip(), .trc_codes(),
    .trc_h(), .trc_p(), .trc_pref(), .trc_pulses()
);

endmodule

`resetall
