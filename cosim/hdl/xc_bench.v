// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

// A controller of the user's: any module with the ports of xc_controller
`ifndef XC_DUT
`define XC_DUT xc_controller
`endif
// More parameters of that module, ", .NAME(value)" each
`ifndef XC_DUT_PARAMETERS
`define XC_DUT_PARAMETERS
`endif

/*
 * Test bench of xc_controller: the controller, transactors and monitors. Python (cosim/transfer/bench.py) writes the
 * py_* registers and reads `record`; it is woken by `wake` once per transfer and never sees a clock cycle
 */
module xc_bench #
(
    // Parameters of xc_controller
    parameter ROWS = 4,
    parameter COLS = 3,
    parameter LANES = 2,
    parameter ADC_W = 9,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 128,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 12,
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
    // What the controller does not show, a bit each: the order of OBSERVABLE in model/chipspec/dut.py
    parameter UNSEEN = 0,
    // Count which handshakes coincide
    parameter COVER = 0,
    // Clock period in ps
    parameter CLOCK_PS = 1000,
    // Most samples per read, n_s
    parameter GROUP = 5,
    // Reads whose codes can be there in advance, a power of two from 2 on; snapshots that wait for Python
    parameter BATCH = 2,
    // Cycles of one pulse slot, a column read, the conversion after it, a column write
    parameter PULSE_CYCLES = 5,
    parameter READ_CYCLES = 40,
    parameter CONVERSION_CYCLES = 0,
    parameter WRITE_CYCLES = 5
)
();

localparam P_W    = ADC_W + P_FRAC;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W  = (COLS > 1) ? $clog2(COLS) : 1;
localparam BEATS  = (ROWS + LANES - 1) / LANES;
localparam BEAT_W = (BEATS > 1) ? $clog2(BEATS) : 1;
localparam PAD    = BEATS * LANES;
localparam LEN_W  = 6;
localparam TICKS  = (BATCH + 1) * GROUP;

/*
 * Written by Python
 */
reg                    py_rst = 1'b1;
reg [15:0]             py_transfer_every = 16'd1;
reg [LR_W-1:0]         py_lr_h = 1;
reg [15:0]             py_chop = 16'd0;
reg [15:0]             py_warmup = 16'd0;
// Random seed and chances (1/256) of idle or back-pressure: {wr, adc, rd, upd, smp}
reg [31:0]             py_seed = 32'd1;
reg [39:0]             py_rates = 40'd0;
// Ticks released so far, and the train lengths of the latest of them, each at its number modulo TICKS
reg [31:0]             py_released = 32'd0;
reg [TICKS*LEN_W-1:0]  py_lengths = 0;
// Codes of the latest read, and the number of reads answered
reg [PAD*ADC_W-1:0]    py_codes = 0;
reg [15:0]             py_answered = 16'd0;
// Python is not woken before a read has no codes; codes of the latest reads, each at its number modulo BATCH
reg                    py_batch = 1'b0;
reg [BATCH*PAD*ADC_W-1:0] py_batch_codes = 0;
// Wake when so many transfers have retired and, unless any number will do, so many writes have begun
reg                    py_arm = 1'b0;
reg                    py_arm_any_write = 1'b1;
reg [15:0]             py_arm_retired = 16'd0;
reg [15:0]             py_arm_written = 16'd0;
// Cycles without any progress after which the bench gives up
reg [31:0]             py_patience = 32'd100000;
reg                    py_dump = 1'b0;
// W takes no pulses
reg                    py_hold_write = 1'b0;
// Reset in the middle of a phase, see xc_phase_reset
reg                    py_reset_arm = 1'b0;
reg [3:0]              py_reset_phase = 4'd0;
reg [7:0]              py_reset_count = 8'd0;
reg [31:0]             py_reset_patience = 32'd1000;
reg                    py_collect = 1'b0;

/*
 * The controller
 */
wire                    clk, rst;
// Cycles since reset
wire [31:0]             cycle;
wire                    smp_valid, smp_ready, upd_valid, upd_ready, rd_valid, rd_ready;
wire                    adc_valid, adc_ready, wr_valid, wr_ready;
wire [COLS-1:0]         upd_chop;
wire [COL_W-1:0]        rd_col, wr_col;
wire [LANES*ADC_W-1:0]  adc_codes;
wire [ROWS*STEP_W-1:0]  wr_pulses;
wire [31:0]             stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0]             stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire                    trc_valid, trc_last, trc_chop, trc_flip;
wire [COL_W-1:0]        trc_col;
wire [BEAT_W-1:0]       trc_beat;
wire [LANES*ADC_W-1:0]  trc_codes;
wire [LANES*H_W-1:0]    trc_h;
wire [LANES*P_W-1:0]    trc_p, trc_pref;
wire [LANES*STEP_W-1:0] trc_pulses;

`XC_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_W(ADC_W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN),
    .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC), .LR_W(LR_W), .LR_SHIFT(LR_SHIFT), .CORRECTION(CORRECTION),
    .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT), .H_ROUND(H_ROUND),
    .P_ROUND(P_ROUND), .CHOP_MODE(CHOP_MODE), .LFSR_SEED(LFSR_SEED), .COL_RANDOM(COL_RANDOM),
    .COL_SEED(COL_SEED), .MEM_PORTS(MEM_PORTS), .LANE_STAGES(LANE_STAGES), .TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS
) dut (
    .clk(clk), .rst(rst),
    .cfg_transfer_every(py_transfer_every), .cfg_lr_h(py_lr_h), .cfg_chop(py_chop), .cfg_warmup(py_warmup),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_upd_valid(upd_valid), .m_upd_ready(upd_ready), .m_upd_chop(upd_chop),
    .m_rd_valid(rd_valid), .m_rd_ready(rd_ready), .m_rd_col(rd_col),
    .s_adc_valid(adc_valid), .s_adc_ready(adc_ready), .s_adc_codes(adc_codes),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(wr_col), .m_wr_pulses(wr_pulses),
    .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read), .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold), .stat_cycles_write(stat_cycles_write),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_chop(trc_chop),
    .trc_flip(trc_flip), .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p), .trc_pref(trc_pref),
    .trc_pulses(trc_pulses)
);

/*
 * Samples and updates of A
 */
reg  [16:0]      group_index_reg;
wire [LEN_W-1:0] length = py_lengths[LEN_W*group_index_reg +: LEN_W];
wire [31:0]      update_cycles = (length == 0) ? 32'd1 : length * PULSE_CYCLES;
wire [31:0]      updates, updates_injected, reads, reads_injected, writes, writes_injected;
wire             upd_start, rd_start, wr_start, upd_error, rd_error, wr_error;

xc_sample_source smp_inst (
    .clk(clk), .rst(rst), .seed(py_seed ^ 32'h0000_0001), .rate(py_rates[7:0]), .released(py_released),
    .m_smp_valid(smp_valid), .m_smp_ready(smp_ready)
);

xc_request_sink #(.DATA_W(COLS)) upd_inst (
    .clk(clk), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h0000_0200), .rate(py_rates[15:8]),
    .duration(update_cycles), .hold(1'b0), .valid(upd_valid), .ready(upd_ready), .data(upd_chop), .start(upd_start),
    .done_count(updates), .injected(updates_injected), .error(upd_error)
);

/*
 * Column reads and their codes
 */
wire        adc_busy;
wire [15:0] adc_beat;
reg  [15:0] reads_started_reg;

// Reads that have codes and have not begun; negative while one waits for them
wire [15:0] reads_ahead = py_answered - reads_started_reg;
wire [15:0] code_slot   = (reads_started_reg - 16'd1) & (BATCH - 1);
wire [PAD*ADC_W-1:0] codes = py_batch ? py_batch_codes[PAD*ADC_W*code_slot +: PAD*ADC_W] : py_codes;

xc_request_sink #(.DATA_W(COL_W)) rd_inst (
    .clk(clk), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h0003_0000), .rate(py_rates[23:16]),
    .duration(READ_CYCLES), .hold(adc_busy), .valid(rd_valid), .ready(rd_ready), .data(rd_col), .start(rd_start),
    .done_count(reads), .injected(reads_injected), .error(rd_error)
);

xc_adc_source #(.LANES(LANES), .BEATS(BEATS), .ADC_W(ADC_W)) adc_inst (
    .clk(clk), .rst(rst), .seed(py_seed ^ 32'h0400_0000), .rate(py_rates[31:24]), .conversion(CONVERSION_CYCLES),
    .read_done(rd_valid && rd_ready), .codes_valid(!reads_ahead[15]), .codes(codes),
    .m_adc_valid(adc_valid), .m_adc_ready(adc_ready), .m_adc_codes(adc_codes), .busy(adc_busy), .beat(adc_beat)
);

/*
 * Column writes of W
 */
xc_request_sink #(.DATA_W(COL_W + ROWS*STEP_W)) wr_inst (
    .clk(clk), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h5000_0000), .rate(py_rates[39:32]),
    .duration(WRITE_CYCLES), .hold(py_hold_write), .valid(wr_valid), .ready(wr_ready), .data({wr_col, wr_pulses}),
    .start(wr_start), .done_count(writes), .injected(writes_injected), .error(wr_error)
);

/*
 * Retire trace
 */
wire [15:0]           ret_count;
wire [COL_W-1:0]      ret_col;
wire                  ret_chop, ret_flip, ret_error;
wire [PAD*ADC_W-1:0]  ret_codes;
wire [PAD*H_W-1:0]    ret_h;
wire [PAD*P_W-1:0]    ret_p, ret_pref;
wire [PAD*STEP_W-1:0] ret_pulses;

// A transfer of which no entry is seen retires in one beat
localparam ONE_BEAT = (UNSEEN & 32'hF8) == 32'hF8;

xc_retire_monitor #(
    .ONE_BEAT(ONE_BEAT), .LANES(LANES), .BEATS(BEATS), .COL_W(COL_W), .BEAT_W(BEAT_W), .ADC_W(ADC_W), .H_W(H_W), .P_W(P_W), .STEP_W(STEP_W)
) ret_inst (
    .clk(clk), .rst(rst), .trc_valid(trc_valid), .trc_last(trc_last),
    .trc_col(UNSEEN & 32'h1 ? {COL_W{1'b0}} : trc_col), .trc_beat(trc_beat),
    .trc_chop(UNSEEN & 32'h2 ? 1'b0 : trc_chop), .trc_flip(UNSEEN & 32'h4 ? 1'b0 : trc_flip), .trc_codes(trc_codes), .trc_h(trc_h), .trc_p(trc_p),
    .trc_pref(trc_pref), .trc_pulses(trc_pulses), .count(ret_count), .col(ret_col), .chop(ret_chop), .flip(ret_flip),
    .codes(ret_codes), .h(ret_h), .p(ret_p), .pref(ret_pref), .pulses(ret_pulses), .error(ret_error)
);

/*
 * What the pins showed, for the scoreboard
 */
// Codes as the controller took them; the latest four columns, as a transfer may retire after later codes have come
reg [PAD*ADC_W-1:0]   codes_assembly;
reg [PAD*ADC_W-1:0]   codes_queue [0:3];
reg [15:0]            codes_count_reg;
// Chop signs of the updates since the last read, whether they changed meanwhile, and how many updates
reg [COLS-1:0]        group_chop_reg, read_chop_reg;
reg                   group_changed_reg, read_changed_reg;
reg [31:0]            group_updates_reg, read_updates_reg;
reg [COL_W-1:0]       read_col_reg;
reg [15:0]            written_reg;
reg [COL_W-1:0]       write_col_reg;
reg [ROWS*STEP_W-1:0] write_pulses_reg;
// Cycles in which a due read is not requested, and in which a code beat waits
reg [31:0]            due_reg, waiting_reg;
reg                   armed_reg;
reg [15:0]            ret_seen_reg, written_seen_reg;
reg                   wake = 1'b0;
wire [4:0]            errors_seen;
wire                  hang, event_reg;

wire [1:0] retired_slot = ret_count[1:0] - 2'd1;

wire upd_done = upd_valid && upd_ready;
wire rd_done  = rd_valid && rd_ready;
wire adc_done = adc_valid && adc_ready;
wire code_waits = adc_valid && !adc_ready;
wire due = (group_updates_reg == py_transfer_every) && !rd_valid && !upd_valid;
wire ready_error = !rst && (^{smp_ready, adc_ready} === 1'bx);
wire progress = upd_done || rd_done || adc_done || (wr_valid && wr_ready) || (smp_valid && smp_ready);
// In a batch Python cannot arm: a retirement or a write behind the read after it is kept all the same
wire counted = (ret_count != ret_seen_reg) || (written_reg != written_seen_reg);
wire late = py_batch && counted && (reads_started_reg != ret_count);
wire armed_event = py_arm && (ret_count == py_arm_retired) &&
                   (py_arm_any_write || (written_reg == py_arm_written));

// Pairs of streams, in the order of py_rates
wire [24:0] pairs_seen;

xc_coincidence #(.COVER(COVER)) pairs_inst (
    .clk(clk), .done(py_rst ? 5'd0 : {wr_valid && wr_ready, adc_done, rd_done, upd_done, smp_valid && smp_ready}),
    .seen(pairs_seen)
);

xc_frame #(.CLOCK_PS(CLOCK_PS), .ERRORS(5)) frame_inst (
    .rst(rst), .awake(1'b1), .watched(1'b0), .clk_seen(), .dump(py_dump), .patience(py_patience),
    .errors({ready_error, ret_error, wr_error, rd_error, upd_error}), .progress(progress),
    .notify(rd_start || late || (armed_event && !armed_reg)), .clk(clk), .cycle(cycle), .errors_seen(errors_seen),
    .hang(hang), .event_reg(event_reg)
);

always @(posedge clk) begin
    if (upd_done) begin
        group_index_reg   <= (group_index_reg == TICKS - 1) ? 17'd0 : group_index_reg + 17'd1;
        group_updates_reg <= group_updates_reg + 32'd1;
        if (group_updates_reg == 32'd0) group_chop_reg <= upd_chop;
        else if (upd_chop !== group_chop_reg) group_changed_reg <= 1'b1;
    end
    if (rd_start) begin
        read_col_reg      <= rd_col;
        read_chop_reg     <= group_chop_reg;
        read_changed_reg  <= group_changed_reg;
        read_updates_reg  <= group_updates_reg;
        reads_started_reg <= reads_started_reg + 16'd1;
        group_updates_reg <= 32'd0;
        group_changed_reg <= 1'b0;
    end
    // See xc_retire_monitor
    if (adc_done && !py_rst) begin
        codes_assembly[LANES*ADC_W*adc_beat +: LANES*ADC_W] = adc_codes;
        if (adc_beat == BEATS - 1) begin
            codes_queue[codes_count_reg[1:0]] <= codes_assembly;
            codes_count_reg <= codes_count_reg + 16'd1;
        end
    end
    if (wr_start) begin
        written_reg      <= written_reg + 16'd1;
        write_col_reg    <= wr_col;
        write_pulses_reg <= wr_pulses;
    end
    if (due) due_reg <= due_reg + 32'd1;
    if (code_waits) waiting_reg <= waiting_reg + 32'd1;
    if (py_arm || armed_reg) armed_reg <= armed_event;
    if (counted) begin
        ret_seen_reg     <= ret_count;
        written_seen_reg <= written_reg;
    end
    if (rst) begin
        group_index_reg <= 17'd0;
        group_updates_reg <= 32'd0;
        group_changed_reg <= 1'b0;
        reads_started_reg <= 16'd0;
        codes_count_reg <= 16'd0;
        written_reg <= 16'd0;
        due_reg <= 32'd0;
        waiting_reg <= 32'd0;
        armed_reg <= 1'b0;
        ret_seen_reg <= 16'd0;
        written_seen_reg <= 16'd0;
    end
end

/*
 * Phases as the pins show them, in which the controller can be reset; what comes together in a cycle
 */
// A tick has been taken since the reset; sets of codes taken that have not retired; signs of the cycle before
reg              begun_reg;
reg [15:0]       beats_reg, beats_retired_reg;
reg [COLS-1:0]   chop_before_reg;

localparam PHASES = 9;
localparam EVENTS = 10;

wire write_done = wr_valid && wr_ready;
wire tick_done  = smp_valid && smp_ready;

wire [PHASES-1:0] phases = {
    wr_valid, code_waits, beats_reg != beats_retired_reg, adc_done, rd_valid,
    due, upd_valid,
    begun_reg && smp_ready && !upd_valid && !rd_valid && !smp_valid, !begun_reg && !smp_ready
};
wire [EVENTS-1:0] events = {
    upd_chop !== chop_before_reg, trc_valid && trc_last, write_done, wr_valid, code_waits,
    adc_done && (adc_beat == BEATS - 1), adc_done, rd_done, upd_done, tick_done
};
wire                      seen_done;
wire [PHASES-1:0]         seen_phases;
wire [32*(1<<EVENTS)-1:0] seen_coincidences;

xc_phase_reset #(.PHASES(PHASES)) phase_inst (
    .clk(clk), .py_rst(py_rst), .arm(py_reset_arm), .phase(py_reset_phase), .count(py_reset_count),
    .patience(py_reset_patience), .progress(progress), .phases(phases), .rst(rst), .done(seen_done), .seen(seen_phases)
);

xc_coincidences #(.EVENTS(EVENTS)) coincidences_inst
    (.clk(clk), .rst(rst), .events(events), .collect(py_collect), .counts(seen_coincidences));

always @(posedge clk) begin
    chop_before_reg <= upd_chop;
    if (tick_done) begun_reg <= 1'b1;
    if (adc_done) beats_reg <= beats_reg + 16'd1;
    if (trc_valid === 1'b1) beats_retired_reg <= beats_retired_reg + 16'd1;
    if (rst) begin
        begun_reg <= 1'b0;
        beats_reg <= 16'd0;
        beats_retired_reg <= 16'd0;
    end
end

// One read for Python; cosim/transfer/hdl.py has the same list. Put together only when Python is woken, a little later than
// the clock edge, when everything else has settled
localparam RECORD_W = 5 + 1 + 32 + 16 + COL_W + COLS + 1 + 32 + PAD*ADC_W + 16 + COL_W + 2 + PAD*ADC_W + PAD*H_W +
                      2*PAD*P_W + PAD*STEP_W + 16 + COL_W + ROWS*STEP_W;
reg [RECORD_W-1:0] record;
// The snapshots before it, the latest in the low bits; snapshots since Python was woken
reg [(BATCH-1)*RECORD_W-1:0] history;
reg [15:0] snapshots = 16'd0;
reg        woken_reg = 1'b1;

always @(event_reg) begin
    #(CLOCK_PS / 8000.0);
    if (py_batch) history = {history, record};
    snapshots = woken_reg ? 16'd1 : snapshots + 16'd1;
    record = {
        write_pulses_reg, write_col_reg, written_reg,
        ret_pulses, ret_pref, ret_p, ret_h, ret_codes, ret_flip, ret_chop, ret_col, ret_count,
        codes_queue[retired_slot],
        read_updates_reg, read_changed_reg, read_chop_reg, read_col_reg, reads_started_reg,
        cycle, hang, errors_seen
    };
    woken_reg = !py_batch || reads_ahead[15] || (py_arm && armed_reg) || (errors_seen != 5'd0) || hang ||
                (snapshots == BATCH);
    if (woken_reg) wake = !wake;
end

endmodule

`resetall
