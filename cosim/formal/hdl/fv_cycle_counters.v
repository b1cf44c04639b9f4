// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_cycle_counters: each counts its signal, and where exactly one phase is up in a cycle the phases add up
 * to the cycles since reset.
 */
module fv_cycle_counters
(
    input wire clk,
    input wire rst,
    input wire [2:0] in_phase,
    input wire in_digital,
    input wire in_hold,
    input wire in_write
);

wire [31:0] clear, idle, update, stall, read, digital, hold, write;

xc_cycle_counters dut (
    .clk(clk), .rst(rst), .in_clear(in_phase == 0), .in_idle(in_phase == 1), .in_update(in_phase == 2),
    .in_stall(in_phase == 3), .in_read(in_phase == 4), .in_digital(in_digital), .in_hold(in_hold),
    .in_write(in_write), .stat_cycles_clear(clear), .stat_cycles_idle(idle), .stat_cycles_update(update),
    .stat_cycles_stall(stall), .stat_cycles_read(read), .stat_cycles_digital(digital), .stat_cycles_hold(hold),
    .stat_cycles_write(write)
);

reg past = 1'b0;
reg [31:0] cycles;

always @(posedge clk) begin
    past <= 1'b1;
    if (!past) assume (rst);
    assume (in_phase < 5);
    cycles <= rst ? 32'd0 : cycles + 32'd1;
    if (past) begin
        // phases add up to the cycles since reset, modulo 2^32
        p_sum: assert (clear + idle + update + stall + read == cycles);
        // nothing is left after reset
        p_reset: assert (!$past(rst) || (digital | hold | write) == 0);
    end
    if (past && !$past(rst)) begin
        // each counter moves with its signal alone
        p_each: assert (clear - $past(clear) == $past(in_phase == 0) && idle - $past(idle) == $past(in_phase == 1)
            && update - $past(update) == $past(in_phase == 2) && stall - $past(stall) == $past(in_phase == 3)
            && read - $past(read) == $past(in_phase == 4));
        // those of the digital side as well
        p_digital: assert (digital - $past(digital) == $past(in_digital) && hold - $past(hold) == $past(in_hold)
            && write - $past(write) == $past(in_write));
        // all phases have been seen
        c_all: assert (clear == 0 || idle == 0 || update == 0 || stall == 0 || read == 0);
    end
end

endmodule
