// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Runs xc_controller on random codes and prints what passes its pins, for test_options.py:
 *
 *   U chop                                              update of A
 *   R column chop                                       read issued
 *   C codes                                             beat of codes taken
 *   T column beat last chop flip codes h p pref pulses  beat retired
 */
module option_bench #
(
    parameter ROWS = 3,
    parameter COLS = 5,
    parameter LANES = 2,
    parameter ADC_W = 9,
    parameter P_FRAC = 4,
    parameter REF_EN = 1,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 100,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 8,
    parameter LR_SHIFT = 6,
    parameter MAX_STEPS = 1,
    parameter CHOP_MODE = 1,
    parameter [31:0] LFSR_SEED = 32'h00000001,
    parameter CORRECTION = 0,
    parameter COL_RANDOM = 0,
    parameter [31:0] COL_SEED = 32'h00000001,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRANSFER_EVERY = 1,
    parameter LR_H = 200,
    parameter CHOP = 3,
    parameter WARMUP = 2,
    // Transfers until the end; 1: every stream pauses at random, 0: none ever waits
    parameter TRANSFERS = 400,
    parameter PAUSES = 1
)
();

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;

reg                      clk = 1'b0;
reg                      rst = 1'b1;
reg                      smp_valid = 1'b0;
reg                      upd_ready = 1'b0;
reg                      rd_ready = 1'b0;
reg                      adc_valid = 1'b0;
reg  [LANES*ADC_W-1:0]   adc_codes;
reg                      wr_ready = 1'b0;
wire                     smp_ready, upd_valid, rd_valid, adc_ready, wr_valid;
wire [COLS-1:0]          upd_chop;
wire [COL_W-1:0]         rd_col;
wire                     trc_valid, trc_last, trc_chop, trc_flip;
wire [COL_W-1:0]         trc_col;
wire [BEAT_W-1:0]        trc_beat;
wire [LANES*ADC_W-1:0]   trc_codes;
wire [LANES*H_W-1:0]     trc_h;
wire [LANES*(ADC_W+P_FRAC)-1:0] trc_p, trc_pref;
wire [LANES*STEP_W-1:0]  trc_pulses;

integer lane;
integer retired = 0;

xc_controller #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .P_FRAC(P_FRAC), .REF_EN(REF_EN), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT),
    .MAX_STEPS(MAX_STEPS), .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .CORRECTION(CORRECTION),
    .COL_RANDOM(COL_RANDOM), .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES)
)
xc_controller_inst (
    .clk(clk), .rst(rst),
    .cfg_transfer_every(TRANSFER_EVERY[15:0]), .cfg_lr_h(LR_H[LR_W-1:0]), .cfg_chop(CHOP[15:0]),
    .cfg_warmup(WARMUP[15:0]),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_upd_valid(upd_valid), .m_upd_ready(upd_ready), .m_upd_chop(upd_chop),
    .m_rd_valid(rd_valid), .m_rd_ready(rd_ready), .m_rd_col(rd_col),
    .s_adc_valid(adc_valid), .s_adc_ready(adc_ready), .s_adc_codes(adc_codes),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(), .m_wr_pulses(),
    .stat_cycles_clear(), .stat_cycles_idle(), .stat_cycles_update(), .stat_cycles_stall(),
    .stat_cycles_read(), .stat_cycles_digital(), .stat_cycles_hold(), .stat_cycles_write(),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat),
    .trc_chop(trc_chop), .trc_flip(trc_flip), .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p),
    .trc_pref(trc_pref), .trc_pulses(trc_pulses)
);

always #5 clk = !clk;

// A stream may start something new in this cycle
function go;
    input unused;
    go = PAUSES == 0 || ($random & 3) == 0;
endfunction

task new_codes;
    for (lane = 0; lane < LANES; lane = lane + 1) begin
        adc_codes[ADC_W*lane +: ADC_W] = $random;
    end
endtask

initial begin
    new_codes;
    repeat (3) @(negedge clk);
    rst = 1'b0;

    // A controller that hangs has not shown all its transfers by then
    repeat (10000 + 100 * TRANSFERS) @(negedge clk);
    $finish;
end

// Inputs change between the edges, so that what an edge saw is still there to be printed
always @(negedge clk) begin
    if (!rst) begin
        smp_valid = smp_valid || go(1'b0);
        adc_valid = adc_valid || go(1'b0);
        upd_ready = go(1'b0);
        rd_ready = go(1'b0);
        wr_ready = go(1'b0);
        #1;
        if (upd_valid && upd_ready) $display("U %b", upd_chop);
        if (rd_valid && rd_ready) $display("R %b %b", rd_col, upd_chop);
        if (adc_valid && adc_ready) $display("C %b", adc_codes);
        if (trc_valid) begin
            $display("T %b %b %b %b %b %b %b %b %b %b", trc_col, trc_beat, trc_last, trc_chop, trc_flip, trc_codes,
                trc_h, trc_p, trc_pref, trc_pulses);
            retired = retired + trc_last;
            if (retired == TRANSFERS) $finish;
        end
    end
end

reg smp_taken, adc_taken;
always @(posedge clk) begin
    smp_taken = smp_valid && smp_ready;
    adc_taken = adc_valid && adc_ready;
    #1;
    if (smp_taken) smp_valid = PAUSES == 0;
    if (adc_taken) begin
        adc_valid = PAUSES == 0;
        new_codes;
    end
end

endmodule

`resetall
