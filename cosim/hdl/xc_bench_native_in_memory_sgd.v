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
 * xc_in_memory_sgd with every port at the top, for Verilator to make a library of. Each has the width that
 * rtl/README.md gives it, so that a port of another width is noticed
 */
module xc_bench_native_in_memory_sgd #
(
    // Parameters of xc_in_memory_sgd
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,
    input  wire s_smp_valid,
    output wire s_smp_ready,
    output wire m_upd_valid,
    input  wire m_upd_ready,
    output wire [31:0] stat_cycles_clear,
    output wire [31:0] stat_cycles_idle,
    output wire [31:0] stat_cycles_update,
    output wire [31:0] stat_cycles_stall,
    output wire [31:0] stat_cycles_read,
    output wire [31:0] stat_cycles_digital,
    output wire [31:0] stat_cycles_hold,
    output wire [31:0] stat_cycles_write,
    output wire trc_valid,
    output wire [31:0] trc_sample
);

`XC_DUT #(
    .TRACE_EN(TRACE_EN)`XC_DUT_PARAMETERS
) dut (
    .clk(clk), .rst(rst), .s_smp_valid(s_smp_valid), .s_smp_ready(s_smp_ready), .m_upd_valid(m_upd_valid),
    .m_upd_ready(m_upd_ready), .stat_cycles_clear(stat_cycles_clear), .stat_cycles_idle(stat_cycles_idle),
    .stat_cycles_update(stat_cycles_update), .stat_cycles_stall(stat_cycles_stall), .stat_cycles_read(stat_cycles_read),
    .stat_cycles_digital(stat_cycles_digital), .stat_cycles_hold(stat_cycles_hold),
    .stat_cycles_write(stat_cycles_write), .trc_valid(trc_valid), .trc_sample(trc_sample)
);

endmodule

`resetall
