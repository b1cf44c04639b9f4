// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

// A controller of the user's: any module with the ports of xc_in_memory_sgd
`ifndef XC_DUT
`define XC_DUT xc_in_memory_sgd
`endif
// More parameters of that module, ", .NAME(value)" each
`ifndef XC_DUT_PARAMETERS
`define XC_DUT_PARAMETERS
`endif

/*
 * Test bench of in-memory SGD: the controller, transactors and monitors. Python (cosim/in_memory_sgd/bench.py) writes
 * the py_* registers and reads `record` or `history`; it is woken by `wake` once per update, or batch of them, and never
 * sees a clock cycle
 */
module xc_bench_in_memory_sgd #
(
    // Parameter of xc_in_memory_sgd
    parameter TRACE_EN = 1,
    // What the controller does not show, a bit each: the order of OBSERVABLE in model/chipspec/dut.py
    parameter UNSEEN = 0,
    // Count which handshakes coincide
    parameter COVER = 0,
    // Clock period in ps
    parameter CLOCK_PS = 1000,
    // Train lengths that Python hands over, one by one and for batches, both powers of two
    parameter FEW   = 8,
    parameter GROUP = 8,
    // Updates that Python looks at together
    parameter BATCH = 4,
    // Cycles of one pulse slot
    parameter PULSE_CYCLES = 5
)
();

localparam LEN_W   = 6;
localparam FEW_W   = $clog2(FEW);
localparam GROUP_W = $clog2(GROUP);
localparam ERRORS  = 3;

/*
 * Written by Python
 */
reg                   py_rst = 1'b1;
// Random seed and chances (1/256) of idle or back-pressure: {wr, adc, rd, upd, smp}, the upper three without effect
reg [31:0]            py_seed = 32'd1;
reg [39:0]            py_rates = 40'd0;
// Ticks released so far, and the train lengths of the latest FEW of them, each at its number modulo FEW
reg [31:0]            py_released = 32'd0;
reg [FEW*LEN_W-1:0]   py_lengths = 0;
// Python is not woken before BATCH updates have retired, or all that have been released, but for errors and hangs; the
// lengths are then those of the latest GROUP ticks
reg                   py_batch = 1'b0;
reg [GROUP*LEN_W-1:0] py_batch_lengths = 0;
reg [31:0]            py_patience = 32'd100000;
reg                   py_dump = 1'b0;
// Reset in the middle of a phase, see xc_phase_reset
reg                   py_reset_arm = 1'b0;
reg [3:0]             py_reset_phase = 4'd0;
reg [7:0]             py_reset_count = 8'd0;
reg [31:0]            py_reset_patience = 32'd1000;
reg                   py_collect = 1'b0;

/*
 * The controller
 */
wire        clk, rst;
wire        smp_valid, smp_ready, upd_valid, upd_ready;
wire [31:0] stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0] stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire        trc_valid;
wire [31:0] trc_sample;

`XC_DUT #(.TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS) dut (
    .clk(clk), .rst(rst),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_upd_valid(upd_valid), .m_upd_ready(upd_ready),
    .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read), .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold), .stat_cycles_write(stat_cycles_write),
    .trc_valid(trc_valid), .trc_sample(trc_sample)
);

/*
 * Samples and updates of W
 */
wire             clk_seen;
wire [31:0]      cycle;
wire [31:0]      updates, updates_injected;
wire             upd_start, upd_error;
wire [LEN_W-1:0] length = py_batch ? py_batch_lengths[LEN_W*updates[GROUP_W-1:0] +: LEN_W]
                                   : py_lengths[LEN_W*updates[FEW_W-1:0] +: LEN_W];
wire [31:0]      update_cycles = (length == 0) ? 32'd1 : length * PULSE_CYCLES;

xc_sample_source smp_inst (
    .clk(clk_seen), .rst(rst), .seed(py_seed ^ 32'h0000_0001), .rate(py_rates[7:0]), .released(py_released),
    .m_smp_valid(smp_valid), .m_smp_ready(smp_ready)
);

xc_request_sink #(.DATA_W(1)) upd_inst (
    .clk(clk_seen), .rst(rst), .cycle(cycle), .seed(py_seed ^ 32'h0000_0200), .rate(py_rates[15:8]),
    .duration(update_cycles), .hold(1'b0), .valid(upd_valid), .ready(upd_ready), .data(1'b0), .start(upd_start),
    .done_count(updates), .injected(updates_injected), .error(upd_error)
);

/*
 * What the pins showed, for the scoreboard
 */
wire [ERRORS-1:0] errors_seen;
wire              hang, event_reg;
// First cycle of the update under way, and of the one that was done last
reg [31:0]        begin_reg, done_begin_reg;
// At the latest record of the trace: records so far, its number, updates done at the pins, first cycle of the last one
reg [31:0]        retired_reg, ret_sample_reg, ret_updates_reg, ret_begin_reg;
reg               wake = 1'b0;

wire upd_done = upd_valid && upd_ready;
wire progress = upd_done || (smp_valid && smp_ready);
wire ready_error = !rst && (smp_ready === 1'bx);
wire trace_error = !rst && (trc_valid === 1'bx);

// Pairs of streams, in the order of py_rates
wire [24:0] pairs_seen;

xc_coincidence #(.COVER(COVER)) pairs_inst (
    .clk(clk_seen), .done(py_rst ? 5'd0 : {3'b000, upd_done, smp_valid && smp_ready}), .seen(pairs_seen)
);

// While an update lasts nothing else happens: a cycle in which no pin has changed need not be looked at
wire       awake = rst || progress || (trc_valid !== 1'b0) || (py_rates != 40'd0) || py_reset_arm || seen_done;
wire [4:0] pins  = {rst, smp_valid, smp_ready, upd_valid, upd_ready};

xc_frame #(.CLOCK_PS(CLOCK_PS), .ERRORS(ERRORS), .WATCHED(5)) frame_inst (
    .rst(rst), .awake(awake), .watched(pins), .clk_seen(clk_seen), .dump(py_dump), .patience(py_patience),
    .errors({ready_error, trace_error, upd_error}), .progress(progress), .notify(trc_valid === 1'b1), .clk(clk),
    .cycle(cycle), .errors_seen(errors_seen), .hang(hang), .event_reg(event_reg)
);

always @(posedge clk_seen) begin
    if (upd_start) begin_reg <= cycle;
    if (upd_done) done_begin_reg <= upd_start ? cycle : begin_reg;
    if (trc_valid === 1'b1) begin
        retired_reg     <= retired_reg + 32'd1;
        ret_sample_reg  <= UNSEEN & 32'h1 ? 32'd0 : trc_sample;
        ret_updates_reg <= updates;
        ret_begin_reg   <= done_begin_reg;
    end
    if (rst) retired_reg <= 32'd0;
end

/*
 * Phases as the pins show them, in which the controller can be reset; what comes together in a cycle
 */
localparam PHASES = 2;
localparam EVENTS = 3;

wire [PHASES-1:0] phases = {upd_valid, smp_ready && !upd_valid && !smp_valid};
wire [EVENTS-1:0] events = {trc_valid, upd_done, smp_valid && smp_ready};
wire                      seen_done;
wire [PHASES-1:0]         seen_phases;
wire [32*(1<<EVENTS)-1:0] seen_coincidences;

xc_phase_reset #(.PHASES(PHASES)) phase_inst (
    .clk(clk_seen), .py_rst(py_rst), .arm(py_reset_arm), .phase(py_reset_phase), .count(py_reset_count),
    .patience(py_reset_patience), .progress(progress), .phases(phases), .rst(rst), .done(seen_done), .seen(seen_phases)
);

xc_coincidences #(.EVENTS(EVENTS)) coincidences_inst
    (.clk(clk_seen), .rst(rst), .events(events), .collect(py_collect), .counts(seen_coincidences));

// One read for Python; cosim/in_memory_sgd/hdl.py has the same list. Put together only when Python is woken, a
// little later than the clock edge, when everything else has settled
localparam RECORD_W = ERRORS + 1 + 5*32;
reg [RECORD_W-1:0] record;
// The records since Python was woken, the first in the low bits, and how many there are
reg [BATCH*RECORD_W-1:0] history;
reg [15:0]               snapshots = 16'd0;
reg                      woken_reg = 1'b1;

always @(event_reg) begin
    #(CLOCK_PS / 8000.0);
    record = {ret_begin_reg, ret_updates_reg, ret_sample_reg, retired_reg, cycle, hang, errors_seen};
    if (py_batch) begin
        if (woken_reg) snapshots = 16'd0;
        history[RECORD_W*snapshots +: RECORD_W] = record;
        snapshots = snapshots + 16'd1;
    end
    woken_reg = !py_batch || (snapshots == BATCH) || (retired_reg == py_released) || (errors_seen != {ERRORS{1'b0}}) ||
                hang;
    if (woken_reg) wake = !wake;
end

endmodule

`resetall
