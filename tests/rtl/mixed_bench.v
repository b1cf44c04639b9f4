// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Runs xc_mixed_precision on random operands and prints what passes its pins, for test_mixed_rtl.py:
 *
 *   Q cycle                                 operands requested, cycle of the handshake
 *   C codes                                 operand beat taken
 *   W column pulses                         pulses taken by W
 *   T column beat last x d chi pulses       beat retired
 *   S clear idle update stall read digital hold write    counters at the end of the last request
 *
 * Cycles are counted from 0 at the first cycle out of reset.
 */
module mixed_bench #
(
    parameter ROWS = 3,
    parameter COLS = 5,
    parameter LANES = 2,
    parameter OP_W = 9,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_W = 8,
    parameter LR_SHIFT = 11,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter BATCH = 3,
    parameter LR = 200,
    // Samples until the end; 1: every stream pauses at random, 0: none ever waits; cycles of a request and of a write
    parameter SAMPLES = 60,
    parameter PAUSES = 1,
    parameter REQUEST = 1,
    parameter WRITE = 1
)
();

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEATS = (ROWS + LANES - 1) / LANES;
localparam BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1;

reg                     clk = 1'b0;
reg                     rst = 1'b1;
reg                     smp_valid = 1'b0;
reg                     op_ready = 1'b0;
reg                     op_valid = 1'b0;
reg  [LANES*OP_W-1:0]   op_codes;
reg                     wr_ready = 1'b0;
wire                    smp_ready, op_wanted, op_taken, wr_valid;
wire [COL_W-1:0]        wr_col;
wire [ROWS*STEP_W-1:0]  wr_pulses;
wire [31:0]             in_clear, in_idle, in_update, in_stall, in_read, in_digital, in_hold, in_write;
wire                    trc_valid, trc_last;
wire [COL_W-1:0]        trc_col;
wire [BEAT_W-1:0]       trc_beat;
wire [OP_W-1:0]         trc_x;
wire [LANES*OP_W-1:0]   trc_d;
wire [LANES*CHI_W-1:0]  trc_chi;
wire [LANES*STEP_W-1:0] trc_pulses;

integer lane;
integer requests = 0;
integer left = 0;
integer cycle = 0;
integer op_age = 0;
integer wr_age = 0;

xc_mixed_precision #(
    .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .OP_W(OP_W), .CHI_W(CHI_W), .CHI_FRAC(CHI_FRAC), .LR_W(LR_W),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .CHI_ROUND(CHI_ROUND), .MEM_PORTS(MEM_PORTS)
)
xc_mixed_precision_inst (
    .clk(clk), .rst(rst),
    .cfg_batch(BATCH[15:0]), .cfg_lr(LR[LR_W-1:0]),
    .s_smp_valid(smp_valid), .s_smp_ready(smp_ready),
    .m_op_valid(op_wanted), .m_op_ready(op_ready),
    .s_op_valid(op_valid), .s_op_ready(op_taken), .s_op_codes(op_codes),
    .m_wr_valid(wr_valid), .m_wr_ready(wr_ready), .m_wr_col(wr_col), .m_wr_pulses(wr_pulses),
    .stat_cycles_clear(in_clear), .stat_cycles_idle(in_idle), .stat_cycles_update(in_update),
    .stat_cycles_stall(in_stall), .stat_cycles_read(in_read), .stat_cycles_digital(in_digital),
    .stat_cycles_hold(in_hold), .stat_cycles_write(in_write),
    .trc_valid(trc_valid), .trc_last(trc_last), .trc_col(trc_col), .trc_beat(trc_beat), .trc_x(trc_x),
    .trc_d(trc_d), .trc_chi(trc_chi), .trc_pulses(trc_pulses)
);

always #5 clk = !clk;

// A stream may start something new in this cycle
function go;
    input unused;
    go = PAUSES == 0 || ($random & 3) == 0;
endfunction

task new_codes;
    for (lane = 0; lane < LANES; lane = lane + 1) begin
        op_codes[OP_W*lane +: OP_W] = $random;
    end
endtask

initial begin
    new_codes;
    repeat (3) @(negedge clk);
    rst = 1'b0;

    // A controller that hangs has not shown all its samples by then
    repeat (10000 + 20 * SAMPLES * (COLS + 2) * (ROWS + WRITE + 8)) @(negedge clk);
    $finish;
end

// Inputs change between the edges, so that what an edge saw is still there to be printed. The operands of a sample
// come after their request; a ready is the last cycle of its operation
always @(negedge clk) begin
    if (!rst) begin
        smp_valid = smp_valid || go(1'b0);
        op_valid = op_valid || (go(1'b0) && left > 0);
        op_age = op_wanted ? op_age + 1 : 0;
        wr_age = wr_valid ? wr_age + 1 : 0;
        op_ready = PAUSES == 0 ? op_age == REQUEST : go(1'b0);
        wr_ready = PAUSES == 0 ? wr_age == WRITE : go(1'b0);
        #1;
        if (trc_valid) begin
            $display("T %b %b %b %b %b %b %b", trc_col, trc_beat, trc_last, trc_x, trc_d, trc_chi, trc_pulses);
        end
        if (wr_valid && wr_ready) begin
            $display("W %b %b", wr_col, wr_pulses);
            wr_age = 0;
        end
        if (op_valid && op_taken) begin
            $display("C %b", op_codes);
            left = left - 1;
        end
        if (op_wanted && op_ready) begin
            $display("Q %0d", cycle);
            op_age = 0;
            requests = requests + 1;
            left = BEATS + (COLS + LANES - 1) / LANES;
            if (requests > SAMPLES) begin
                $display("S %0d %0d %0d %0d %0d %0d %0d %0d", in_clear, in_idle, in_update, in_stall, in_read,
                    in_digital, in_hold, in_write);
                $finish;
            end
        end
    end
end

reg smp_gone, op_gone;
always @(posedge clk) begin
    smp_gone = smp_valid && smp_ready;
    op_gone = op_valid && op_taken;
    #1;
    if (!rst) cycle = cycle + 1;
    if (smp_gone) smp_valid = PAUSES == 0;
    if (op_gone) begin
        op_valid = 1'b0;
        new_codes;
    end
end

endmodule

`resetall
