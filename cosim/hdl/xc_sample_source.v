// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Offers sample ticks up to the number released by Python, with random idle cycles between them
 */
module xc_sample_source
(
    input  wire        clk,
    input  wire        rst,
    input  wire [31:0] seed,
    // Chance of idle cycles before a tick, in 1/256
    input  wire [7:0]  rate,
    // Ticks released in all
    input  wire [31:0] released,

    output wire        m_smp_valid,
    input  wire        m_smp_ready
);

wire [31:0] gap;
reg  [31:0] waited_reg, issued_reg;

assign m_smp_valid = (issued_reg != released) && (waited_reg >= gap);

xc_random random_inst
    (.clk(clk), .rst(rst), .seed(seed), .rate(rate), .next(m_smp_valid && m_smp_ready), .cycles(gap));

always @(posedge clk) begin
    if (m_smp_valid && m_smp_ready) begin
        issued_reg <= issued_reg + 32'd1;
        waited_reg <= 32'd0;
    end else if (waited_reg < gap) begin
        waited_reg <= waited_reg + 32'd1;
    end
    if (rst) begin
        issued_reg <= 32'd0;
        waited_reg <= 32'd0;
    end
end

endmodule

`resetall
