// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of a mixed-precision controller, seen at its ports alone: rtl/README.md, "Mixed precision".
 */
`ifndef FV_DUT
`define FV_DUT xc_mixed_precision
`endif

module fv_mixed_precision #
(
    parameter ROWS = 3,
    parameter COLS = 2,
    parameter LANES = 2,
    parameter OP_W = 2,
    parameter CHI_W = 3,
    parameter CHI_FRAC = 1,
    parameter LR_W = 1,
    parameter LR_SHIFT = 0,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter TRACE_EN = 1
)
(
    input wire clk,
    input wire rst,
    input wire [15:0] cfg_batch,
    input wire [LR_W-1:0] cfg_lr,
    input wire s_smp_valid,
    input wire m_op_ready,
    input wire s_op_valid,
    input wire [LANES*OP_W-1:0] s_op_codes,
    input wire m_wr_ready
);

localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam X_BEATS = (COLS + LANES - 1) / LANES;
localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;
localparam LAST_COL = COLS - 1;
localparam LAST_BEAT = BEATS - 1;
localparam CLEAR = COLS * BEATS;
localparam CLEAR_W = $clog2(CLEAR + 1);
localparam LOAD = BEATS + X_BEATS;
localparam LOAD_W = $clog2(LOAD + 1);
// Longest time without a handshake where everybody else is ready: the clear sweep, or a pass with all its waits
localparam PATIENCE = CLEAR * 2 + COLS * 6 + 8;
localparam PATIENCE_W = $clog2(PATIENCE + 2);

wire s_smp_ready, m_op_valid, s_op_ready, m_wr_valid, trc_valid, trc_last;
wire [COL_W-1:0] m_wr_col, trc_col;
wire [ROWS*STEP_W-1:0] m_wr_pulses;
wire [31:0] stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0] stat_cycles_digital, stat_cycles_hold, stat_cycles_write;
wire [BEAT_W-1:0] trc_beat;
wire [OP_W-1:0] trc_x;
wire [LANES*OP_W-1:0] trc_d;
wire [LANES*CHI_W-1:0] trc_chi;
wire [LANES*STEP_W-1:0] trc_pulses;

`FV_DUT #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS), .TRACE_EN(TRACE_EN)
) dut (
    .clk(clk), .rst(rst), .cfg_batch(cfg_batch), .cfg_lr(cfg_lr), .s_smp_valid(s_smp_valid),
    .s_smp_ready(s_smp_ready), .m_op_valid(m_op_valid), .m_op_ready(m_op_ready), .s_op_valid(s_op_valid),
    .s_op_ready(s_op_ready), .s_op_codes(s_op_codes), .m_wr_valid(m_wr_valid), .m_wr_ready(m_wr_ready),
    .m_wr_col(m_wr_col), .m_wr_pulses(m_wr_pulses), .stat_cycles_clear(stat_cycles_clear),
    .stat_cycles_idle(stat_cycles_idle), .stat_cycles_update(stat_cycles_update),
    .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col),
    .trc_beat(trc_beat), .trc_x(trc_x), .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

reg past = 1'b0;
reg rst_reg = 1'b1;
wire on = past && !rst;
wire still = on && !rst_reg;

wire smp = s_smp_valid && s_smp_ready;
wire op = m_op_valid && m_op_ready;
wire load = s_op_valid && s_op_ready;
wire wr = m_wr_valid && m_wr_ready;

// Clear sweep; a request is up; operand beats to come; samples of the batch; beats to retire of the pass
reg [CLEAR_W-1:0] cleared;
reg request;
reg [LOAD_W-1:0] loads;
reg [15:0] samples;
reg [CLEAR_W-1:0] records;
reg [COL_W-1:0] col;
reg [BEAT_W-1:0] beat;
reg [PATIENCE_W-1:0] quiet;
wire clearing = cleared != CLEAR;
wire last_load = load && loads == 1;

always @(posedge clk) begin
    past <= 1'b1;
    rst_reg <= rst;
    if (!past) assume (rst);
    assume (cfg_batch != 0);
    // The configuration changes between two batches, while nothing is under way: rtl/README.md, "Changes of cfg_*"
    if (still && !$past(s_smp_ready && !s_smp_valid && records == 0 && samples == 0 && !m_wr_valid))
        assume ({cfg_batch, cfg_lr} == $past({cfg_batch, cfg_lr}));

    if (clearing) cleared <= cleared + 1'b1;
    request <= smp || (request && !op);
    if (op) loads <= LOAD[LOAD_W-1:0];
    if (load) loads <= loads - 1'b1;
    if (last_load) records <= CLEAR[CLEAR_W-1:0];
    if (trc_valid) begin
        records <= last_load ? CLEAR[CLEAR_W-1:0] : records - 1'b1;
        beat <= trc_last ? {BEAT_W{1'b0}} : beat + 1'b1;
        if (trc_last) col <= col == LAST_COL[COL_W-1:0] ? {COL_W{1'b0}} : col + 1'b1;
        if (trc_last && col == LAST_COL[COL_W-1:0])
            samples <= samples == cfg_batch - 16'd1 ? 16'd0 : samples + 16'd1;
    end
    quiet <= s_smp_valid && s_op_valid && m_op_ready && m_wr_ready && !(smp || op || load || wr || trc_valid)
        ? quiet + 1'b1 : {PATIENCE_W{1'b0}};
    if (rst) begin
        cleared <= 0;
        request <= 1'b0;
        loads <= 0;
        samples <= 16'd0;
        records <= 0;
        col <= 0;
        beat <= 0;
        quiet <= 0;
    end
end

`ifdef FV_CONTROL
always @(posedge clk) begin
    if (still && $past(m_op_valid && !m_op_ready)) begin
        // a request that waits is not withdrawn
        p_op_stable: assert (m_op_valid);
    end
    if (still && $past(m_wr_valid && !m_wr_ready)) begin
        // pulses that wait are not withdrawn, column and vector stand still
        p_wr_stable: assert (m_wr_valid && {m_wr_col, m_wr_pulses} == $past({m_wr_col, m_wr_pulses}));
    end
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
        // the phases take turns: one of them counts in every cycle
        p_phases: assert ((stat_cycles_clear - $past(stat_cycles_clear)) + (stat_cycles_idle - $past(stat_cycles_idle))
            + (stat_cycles_stall - $past(stat_cycles_stall)) + (stat_cycles_read - $past(stat_cycles_read)) == 32'd1);
        // each counts the cycles that the ports show
        p_counters: assert (stat_cycles_clear - $past(stat_cycles_clear) == $past(clearing)
            && stat_cycles_read - $past(stat_cycles_read) == $past(m_op_valid)
            && stat_cycles_hold - $past(stat_cycles_hold) == $past(s_op_valid && !s_op_ready)
            && stat_cycles_write - $past(stat_cycles_write) == $past(m_wr_valid));
        // there is no array A
        p_update: assert (stat_cycles_update == $past(stat_cycles_update));
    end
    if (past && rst_reg) begin
        // all counters are zero behind a reset
        p_counters_reset: assert ((stat_cycles_clear | stat_cycles_idle | stat_cycles_update | stat_cycles_stall
            | stat_cycles_read | stat_cycles_digital | stat_cycles_hold | stat_cycles_write) == 0);
    end
end

`ifdef FV_SHIPPED
// Memories: no word of chi is read while it is on its way through the lanes, none is read and written in a cycle
localparam ADDR_W = CLEAR > 1 ? $clog2(CLEAR) : 1;
(* hierconn *) wire \dut.beat_valid ;
(* hierconn *) wire \dut.wr_en ;
(* hierconn *) wire [ADDR_W-1:0] \dut.beat_addr ;
(* hierconn *) wire [ADDR_W-1:0] \dut.wr_addr ;
(* hierconn *) wire \dut.clear_valid ;
reg [3:1] lane;
reg [ADDR_W-1:0] addr_1, addr_2, addr_3;
always @(posedge clk) begin
    {addr_3, addr_2, addr_1} <= {addr_2, addr_1, \dut.beat_addr };
    lane <= rst ? 3'd0 : {lane[2:1], \dut.beat_valid };
    if (on && \dut.beat_valid ) begin
        // no forwarding is needed: the word is not on its way
        p_no_hazard: assert (!(lane[1] && addr_1 == \dut.beat_addr ) && !(lane[2] && addr_2 == \dut.beat_addr )
            && !(lane[3] && addr_3 == \dut.beat_addr ));
        // one port: never a read beside a write
        p_one_port: assert (MEM_PORTS == 2 || !(\dut.wr_en || \dut.clear_valid ));
    end
    if (on && \dut.wr_en ) begin
        // a beat is written back where it was read, three cycles later
        p_write_back: assert (lane[3] && \dut.wr_addr == addr_3);
    end
    if (on && clearing) begin
        // the clear sweep visits every word, in turn
        p_clear_sweep: assert (\dut.clear_valid && \dut.beat_addr == cleared);
    end
    if (on && !clearing) p_clear_ends: assert (!\dut.clear_valid );
end

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
`endif

`ifdef FV_VALUES
/*
 * Any element, end to end: chi and pulses of every record follow from the record before and the codes that it shows, and
 * these are the codes that came in
 */
(* anyconst *) wire [COL_W-1:0] column;
(* anyconst *) wire [BEAT_W-1:0] row_beat;
(* anyconst *) wire [7:0] row_lane;
(* anyconst *) wire [7:0] x_beat;
(* anyconst *) wire [7:0] x_lane;

localparam W = 32;
localparam signed [W-1:0] ONE = 1;

wire [15:0] row = row_beat * LANES + row_lane;
wire exists = row < ROWS;
wire signed [CHI_W-1:0] chi = trc_chi[CHI_W*row_lane +: CHI_W];
wire signed [OP_W-1:0] d = trc_d[OP_W*row_lane +: OP_W];
wire signed [OP_W-1:0] x = trc_x;
wire signed [STEP_W-1:0] pulses = trc_pulses[STEP_W*row_lane +: STEP_W];
wire retires = trc_valid && trc_col == column && trc_beat == row_beat;

reg signed [CHI_W-1:0] chi_reg;
// Codes of the sample, and of the one that retires meanwhile
reg signed [OP_W-1:0] d_in, x_in, d_pass, x_pass;
// The vector on its way to W
reg any, waits;
reg signed [STEP_W-1:0] kept;
reg [COL_W-1:0] wr_col;
wire ends = trc_valid && trc_last && (any || trc_pulses != 0);
wire signed [STEP_W-1:0] now = trc_valid && trc_beat == row_beat ? pulses : kept;
wire signed [STEP_W-1:0] sent = m_wr_pulses[STEP_W*row +: STEP_W];
wire vector = ends || waits;

function signed [W-1:0] rounded(input signed [W-1:0] v, input integer bits, input integer rounding);
begin
    if (rounding == 2) begin
        rounded = v < 0 ? -((-v) >>> bits) : v >>> bits;
    end else if (rounding == 1 || bits == 0) begin
        rounded = v >>> bits;
    end else begin
        rounded = (v + (ONE <<< (bits - 1))) >>> bits;
    end
end
endfunction

wire signed [W-1:0] product = x * d;
wire signed [W-1:0] lr = {{(W-LR_W){1'b0}}, cfg_lr};
wire signed [W-1:0] top = (ONE <<< (CHI_W - 1)) - ONE;
wire signed [W-1:0] sum = chi_reg + rounded(product * lr, LR_SHIFT, CHI_ROUND);
wire signed [W-1:0] sat = sum > top ? top : sum < -top - ONE ? -top - ONE : sum;
wire signed [W-1:0] whole = rounded(sat, CHI_FRAC, 2);
wire signed [W-1:0] s = samples != cfg_batch - 16'd1 ? 0
    : whole > MAX_STEPS ? MAX_STEPS : whole < -MAX_STEPS ? -MAX_STEPS : whole;
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
    if (trc_valid) begin
        any <= !trc_last && (any || trc_pulses != 0);
        kept <= now;
        wr_col <= trc_col;
    end
    waits <= vector && !m_wr_ready;
    if (rst) begin
        chi_reg <= 0;
        any <= 1'b0;
        waits <= 1'b0;
    end
    if (on && retires) begin
        // the codes of the record are those that came in
        p_codes: assert (x == x_pass && d == d_pass);
        // chi after the sample
        p_chi: assert (got_chi == sat - s * (ONE <<< CHI_FRAC));
        // pulses at the end of a batch, none else
        p_pulses: assert (got_pulses == s);
        // the second sample of an element
        c_second: assert (chi_reg == 0);
    end
    if (on) begin
        // a vector is offered if and only if a pulse is not zero: once, with the last beat of the record
        p_write: assert (m_wr_valid == vector);
        // its column and its pulses are those of the record
        p_write_pulses: assert (!m_wr_valid || ((ends ? m_wr_col == trc_col : m_wr_col == wr_col)
            && (!exists || sent == now)));
        // a vector is stalled
        c_write_stalls: assert (!(m_wr_valid && !m_wr_ready));
    end
end
`endif

endmodule
