// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of a controller of in-memory SGD, seen at its ports alone: rtl/README.md, "In-memory SGD".
 */
`ifndef FV_DUT
`define FV_DUT xc_in_memory_sgd
`endif

module fv_in_memory_sgd #
(
    parameter TRACE_EN = 1
)
(
    input wire clk,
    input wire rst,
    input wire s_smp_valid,
    input wire m_upd_ready
);

wire s_smp_ready, m_upd_valid, trc_valid;
wire [31:0] trc_sample;
wire [31:0] stat_cycles_clear, stat_cycles_idle, stat_cycles_update, stat_cycles_stall, stat_cycles_read;
wire [31:0] stat_cycles_digital, stat_cycles_hold, stat_cycles_write;

`FV_DUT #(.TRACE_EN(TRACE_EN)) dut (
    .clk(clk), .rst(rst), .s_smp_valid(s_smp_valid), .s_smp_ready(s_smp_ready), .m_upd_valid(m_upd_valid),
    .m_upd_ready(m_upd_ready), .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall),
    .stat_cycles_read(stat_cycles_read), .stat_cycles_digital(stat_cycles_digital),
    .stat_cycles_hold(stat_cycles_hold), .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid),
    .trc_sample(trc_sample)
);

reg past = 1'b0;
reg rst_reg = 1'b1;
reg pending;
reg retiring;
reg [31:0] number;
reg [31:0] cycles;
reg [1:0] quiet;

wire on = past && !rst;
wire still = on && !rst_reg;
wire smp = s_smp_valid && s_smp_ready;
wire upd = m_upd_valid && m_upd_ready;

fv_stream_rules m_upd (.clk(clk), .still(still), .valid(m_upd_valid), .ready(m_upd_ready), .payload(1'b0));

always @(posedge clk) begin
    past <= 1'b1;
    rst_reg <= rst;
    if (!past) assume (rst);
    pending <= smp || (pending && !upd);
    retiring <= upd;
    if (retiring) number <= number + 32'd1;
    cycles <= cycles + 32'd1;
    quiet <= s_smp_valid && m_upd_ready && !smp && !upd ? quiet + 2'd1 : 2'd0;
    if (rst) begin
        pending <= 1'b0;
        retiring <= 1'b0;
        number <= 32'd0;
        cycles <= 32'd0;
        quiet <= 2'd0;
    end

    if (on) begin
        // every tick brings one update, in the next cycle
        p_upd_valid: assert (m_upd_valid == pending);
        // a tick is taken while nothing is up, or with the handshake of an update
        p_smp_ready: assert (s_smp_ready == (!pending || upd));
        // phases add up to the cycles since reset
        p_sum: assert (stat_cycles_idle + stat_cycles_update == cycles);
        // the other counters stay zero
        p_others: assert ((stat_cycles_clear | stat_cycles_stall | stat_cycles_read | stat_cycles_digital
            | stat_cycles_hold | stat_cycles_write) == 0);
        // no deadlock: where ticks come and updates end, something happens in every cycle
        p_no_deadlock: assert (quiet == 0);
        // an update retires once, in the cycle behind its handshake
        p_retire: assert (TRACE_EN == 0 || trc_valid == retiring);
        // records are numbered from zero
        p_number: assert (TRACE_EN == 0 || !trc_valid || trc_sample == number);
        // updates back to back
        c_back_to_back: assert (!(upd && smp));
        // an update is stalled
        c_stall: assert (!(m_upd_valid && !m_upd_ready));
        if (TRACE_EN != 0) begin
            // the third record
            c_third: assert (!(trc_valid && trc_sample == 2));
        end
    end
    if (still) begin
        // the update counter counts the cycles of updates
        p_update: assert (stat_cycles_update - $past(stat_cycles_update) == $past(m_upd_valid));
    end
end

`ifdef FV_SHIPPED
`ifdef FV_TRACE
// What the shipped controller has inside, so that the induction holds
(* hierconn *) wire [31:0] \dut.gen_trace.trc_sample_reg ;
always @(posedge clk) if (on) p_sample_reg: assert (\dut.gen_trace.trc_sample_reg == number);
`endif
`endif

endmodule
