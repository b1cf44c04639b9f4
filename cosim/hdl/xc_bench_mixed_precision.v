// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

// A controller of the user's: any module with the ports of xc_mixed_precision
`ifndef XC_DUT
`define XC_DUT xc_mixed_precision
`endif
// More parameters of that module, ", .NAME(value)" each
`ifndef XC_DUT_PARAMETERS
`define XC_DUT_PARAMETERS
`endif

/*
 * Test bench of mixed precision: the controller, transactors and monitors. Python (cosim/mixed_precision/bench.py)
 * writes the py_* registers and reads `record`; it is woken by `wake` at every operand request and every GROUP columns
 */
module xc_bench_mixed_precision #
(
    // Parameters of xc_mixed_precision
    parameter ROWS = 4,
    parameter COLS = 3,
    parameter LANES = 2,
    parameter OP_W = 12,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter TRACE_EN = 1,
    // What the controller does not show, a bit each: the order of OBSERVABLE in model/chipspec/dut.py
    parameter UNSEEN = 0,
    // Count which handshakes coincide
    parameter COVER = 0,
    // Clock period in ps
    parameter CLOCK_PS = 1000,
    // Columns of a pass that are handed over at a time
    parameter GROUP = 1,
    // Cycles of an operand request, a column write
    parameter REQUEST_CYCLES = 1,
    parameter WRITE_CYCLES = 5
)
();

localparam STEP_W  = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W   = (COLS > 1) ? $clog2(COLS) : 1;
localparam BEATS   = (ROWS + LANES - 1) / LANES;
localparam X_BEATS = (COLS + LANES - 1) / LANES;
localparam BEAT_W  = (BEATS > 1) ? $clog2(BEATS) : 1;
localparam PAD     = BEATS * LANES;
localparam CODES_W = (BEATS + X_BEATS) * LANES * OP_W;
localparam SLOT_W  = COL_W + OP_W + PAD*CHI_W + PAD*STEP_W;
localparam SENT_W  = COL_W + ROWS*STEP_W;
localparam ERRORS  = 4;

/*
 * Written by Python
 */
reg               py_rst = 1'b1;
reg [15:0]        py_batch = 16'd1;
reg [LR_W-1:0]    py_lr = 1;
// Random seed and chances (1/256) of idle or back-pressure: {wr, adc, rd, upd, smp}; upd is not there, rd is the
// operand request, adc the operand beats
reg [31:0]        py_seed = 32'd1;
reg [39:0]        py_rates = 40'd0;
// Ticks released so far
reg [31:0]        py_released = 32'd0;
// Operand codes of the latest request, and the number of requests answered
reg [CODES_W-1:0] py_codes = 0;
reg [15:0]        py_answered = 16'd0;
// Cycles without any progress after which the bench gives up
reg [31:0]        py_patience = 32'd100000;
reg               py_dump = 1'b0;
// W takes no pulses
reg               py_hold_write = 1'b0;
// Reset in the middle of a phase, see xc_phase_reset
reg               py_reset_arm = 1'b0;
reg [3:0]         py_reset_phase = 4'd0;
reg [7:0]         py_reset_count = 8'd0;
reg [31:0]        py_reset_patience = 32'd1000;
reg               py_collect = 1'b0;

/*
 * The controller
 */
wire                    clk, rst;
// Cycles since reset
wire [31:0]             cycle;
wire                    smp_valid, smp_ready, op_wanted, op_granted, op_valid, op_ready, wr_valid, wr_ready;
wire [LANES*OP_W-1:0]   op_codes;
wire [COL_W-1:0]        wr_col;
wire [ROWS*STEP_W-1:0]  wr_pulses;
wire [31:0]             stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0]             stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire                    trc_valid, trc_last;
wire [COL_W-1:0]        trc_col;
wire [BEAT_W-1:0]       trc_beat;
wire [OP_W-1:0]         trc_x;
wire [LANES*OP_W-1:0]   trc_d;
wire [LANES*CHI_W-1:0]  trc_chi;
wire [LANES*STEP_W-1:0] trc_pulses;

`XC_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS),
    .TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS
) dut (
    .clk(clk), .rst(rst),
    .cfg_batch(py_batch), .cfg_lr(py_lr),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_op_valid(op_wanted), .m_op_ready(op_granted),
    .s_op_valid(op_valid), .s_op_ready(op_ready), .s_op_codes(op_codes),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(wr_col), .m_wr_pulses(wr_pulses),
    .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read), .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold), .stat_cycles_write(stat_cycles_write),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_x(trc_x),
    .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

/*
 * Samples, operand requests and their codes
 */
wire [31:0] requests, requests_injected, writes, writes_injected;
wire        op_start, wr_start, op_error, wr_error;
wire        op_busy;
wire [15:0] op_beat;
reg  [15:0] requests_started_reg;

xc_sample_source smp_inst (
    .clk(clk), .rst(rst), .seed(py_seed ^ 32'h0000_0001), .rate(py_rates[7:0]), .released(py_released),
    .m_smp_valid(smp_valid), .m_smp_ready(smp_ready)
);

xc_request_sink #(.DATA_W(1)) op_inst (
    .clk(clk), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h0003_0000), .rate(py_rates[23:16]),
    .duration(REQUEST_CYCLES), .hold(op_busy), .valid(op_wanted), .ready(op_granted), .data(1'b0), .start(op_start),
    .done_count(requests), .injected(requests_injected), .error(op_error)
);

xc_adc_source #(.LANES(LANES), .BEATS(BEATS + X_BEATS), .ADC_W(OP_W)) codes_inst (
    .clk(clk), .rst(rst), .seed(py_seed ^ 32'h0400_0000), .rate(py_rates[31:24]), .conversion(32'd0),
    .read_done(op_wanted && op_granted), .codes_valid(py_answered == requests_started_reg), .codes(py_codes),
    .m_adc_valid(op_valid), .m_adc_ready(op_ready), .m_adc_codes(op_codes), .busy(op_busy), .beat(op_beat)
);

/*
 * Column writes of W, retire trace
 */
wire        fire, ret_error;
wire [15:0] retired, groups, group_writes;
wire [PAD*OP_W-1:0] ret_d;

xc_request_sink #(.DATA_W(SENT_W)) wr_inst (
    .clk(clk), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h5000_0000), .rate(py_rates[39:32]),
    .duration(WRITE_CYCLES), .hold(py_hold_write), .valid(wr_valid), .ready(wr_ready), .data({wr_col, wr_pulses}),
    .start(wr_start), .done_count(writes), .injected(writes_injected), .error(wr_error)
);

xc_mixed_monitor #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .STEP_W(STEP_W), .COL_W(COL_W),
    .BEAT_W(BEAT_W), .GROUP(GROUP), .ONE_BEAT((UNSEEN & 32'h1C) == 32'h1C), .PULSES_SEEN((UNSEEN & 32'h10) == 32'h0)
) ret_inst (
    .clk(clk), .rst(rst), .trc_valid(trc_valid), .trc_last(trc_last),
    .trc_col(UNSEEN & 32'h1 ? {COL_W{1'b0}} : trc_col), .trc_beat(trc_beat),
    .trc_x(UNSEEN & 32'h2 ? {OP_W{1'b0}} : trc_x), .trc_d(UNSEEN & 32'h4 ? {LANES*OP_W{1'b0}} : trc_d),
    .trc_chi(trc_chi), .trc_pulses(trc_pulses), .wr_start(wr_start),
    .wr_data({wr_pulses, wr_col}), .fire(fire), .retired(retired), .groups(groups), .group_writes(group_writes),
    .group_d(ret_d), .error(ret_error)
);

/*
 * What the pins showed, for the scoreboard
 */
// Cycles in which the controller waits for an operand beat, and in which a beat waits for it
reg [31:0]         gaps_injected, waiting_reg;
reg                wake = 1'b0;
wire [ERRORS-1:0]  errors_seen;
wire               hang, event_reg;

wire ready_error = !rst && (^{smp_ready, op_ready} === 1'bx);
wire progress = (op_wanted && op_granted) || (op_valid && op_ready) || (wr_valid && wr_ready) ||
                (smp_valid && smp_ready) || trc_valid;

// Pairs of streams, in the order of py_rates
wire [24:0] pairs_seen;

xc_coincidence #(.COVER(COVER)) pairs_inst (
    .clk(clk),
    .done(py_rst ? 5'd0 : {wr_valid && wr_ready, op_valid && op_ready, op_wanted && op_granted, 1'b0,
                           smp_valid && smp_ready}),
    .seen(pairs_seen)
);

xc_frame #(.CLOCK_PS(CLOCK_PS), .ERRORS(ERRORS)) frame_inst (
    .rst(rst), .awake(1'b1), .watched(1'b0), .clk_seen(), .dump(py_dump), .patience(py_patience),
    .errors({ready_error, ret_error, wr_error, op_error}), .progress(progress), .notify(op_start || fire), .clk(clk),
    .cycle(cycle), .errors_seen(errors_seen), .hang(hang), .event_reg(event_reg)
);

always @(posedge clk) begin
    if (op_start) requests_started_reg <= requests_started_reg + 16'd1;
    if (op_ready && op_busy && !op_valid) gaps_injected <= gaps_injected + 32'd1;
    if (op_valid && !op_ready) waiting_reg <= waiting_reg + 32'd1;
    if (rst) begin
        requests_started_reg <= 16'd0;
        gaps_injected <= 32'd0;
        waiting_reg <= 32'd0;
    end
end

/*
 * Phases as the pins show them, in which the controller can be reset; what comes together in a cycle
 */
// A tick has been taken since the reset; no tick was taken in the cycle before although it could have been; cycles since
// the last operand beat; the last column of the pass has retired
reg        begun_reg, idle_reg, passing_reg, retired_reg;
reg [31:0] passed_reg;

localparam PHASES = 7;
localparam EVENTS = 7;

wire op_done   = op_valid && op_ready;
wire op_last   = op_done && (op_beat == BEATS + X_BEATS - 1);
wire tick_done = smp_valid && smp_ready;
wire col_done  = trc_valid && trc_last;
wire pass_retired = retired_reg || (col_done && (trc_col == COLS - 1));

// A pass takes COLS*BEATS cycles at least, and DRAIN lasts for as long as the last column is written
wire [PHASES-1:0] phases = {
    wr_valid, pass_retired && wr_valid && !op_wanted && !op_ready, passing_reg && (passed_reg < COLS * BEATS), op_ready,
    op_wanted, begun_reg && idle_reg && smp_ready && !smp_valid, !begun_reg && !smp_ready
};
wire [EVENTS-1:0] events = {
    idle_reg, wr_valid && wr_ready, wr_valid, col_done, op_done, op_wanted && op_granted, tick_done
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
    if (tick_done) begun_reg <= 1'b1;
    idle_reg <= smp_ready && !smp_valid;
    if (pass_retired) retired_reg <= 1'b1;
    passed_reg <= passed_reg + 32'd1;
    if (op_last) begin
        passing_reg <= 1'b1;
        passed_reg <= 32'd0;
        retired_reg <= 1'b0;
    end
    if (rst) begin
        begun_reg <= 1'b0;
        idle_reg <= 1'b0;
        passing_reg <= 1'b0;
        retired_reg <= 1'b0;
    end
end

// One read for Python; cosim/mixed_precision/hdl.py has the same list. Put together only when Python is woken, a
// little later than the clock edge, when everything else has settled
localparam RECORD_W = ERRORS + 1 + 32 + 16 + 16 + PAD*OP_W + 16 + GROUP*(SLOT_W + SENT_W);
reg [RECORD_W-1:0]     record;
reg [GROUP*SLOT_W-1:0] slots;
reg [GROUP*SENT_W-1:0] sent;
integer                slot;

always @(event_reg) begin
    #(CLOCK_PS / 8000.0);
    for (slot = 0; slot < GROUP; slot = slot + 1) begin
        slots[SLOT_W*slot +: SLOT_W] = ret_inst.slots[slot];
        sent[SENT_W*slot +: SENT_W] = ret_inst.sent[slot];
    end
    record = {
        sent, slots, group_writes, ret_d, groups, requests_started_reg, cycle, hang, errors_seen
    };
    wake = !wake;
end

endmodule

`resetall
