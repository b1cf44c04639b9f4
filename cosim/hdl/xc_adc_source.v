// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Sends the codes of a column read, LANES rows per beat, after the conversion time
 */
module xc_adc_source #
(
    parameter LANES = 1,
    parameter BEATS = 1,
    parameter ADC_W = 9
)
(
    input  wire                         clk,
    input  wire                         rst,
    input  wire [31:0]                  seed,
    // Chance of idle cycles before a beat, in 1/256
    input  wire [7:0]                   rate,
    // Cycles from the end of the read to the first beat
    input  wire [31:0]                  conversion,

    // End of a column read
    input  wire                         read_done,
    // The codes of that read are there
    input  wire                         codes_valid,
    input  wire [BEATS*LANES*ADC_W-1:0] codes,

    output wire                         m_adc_valid,
    input  wire                         m_adc_ready,
    output wire [LANES*ADC_W-1:0]       m_adc_codes,

    output reg                          busy,
    output reg  [15:0]                  beat
);

wire [31:0] gap;
reg  [31:0] conversion_reg, waited_reg;

wire converted = conversion_reg == 32'd0;

assign m_adc_valid = busy && codes_valid && converted && (waited_reg >= gap);
assign m_adc_codes = codes[LANES*ADC_W*beat +: LANES*ADC_W];

xc_random random_inst
    (.clk(clk), .rst(rst), .seed(seed), .rate(rate), .next(m_adc_valid && m_adc_ready), .cycles(gap));

always @(posedge clk) begin
    if (!converted) conversion_reg <= conversion_reg - 32'd1;
    if (converted && (waited_reg < gap)) waited_reg <= waited_reg + 32'd1;
    if (m_adc_valid && m_adc_ready) begin
        waited_reg <= 32'd0;
        beat       <= beat + 16'd1;
        if (beat == BEATS - 1) busy <= 1'b0;
    end
    if (read_done) begin
        busy           <= 1'b1;
        beat           <= 16'd0;
        conversion_reg <= conversion;
        waited_reg     <= 32'd0;
    end
    if (rst) begin
        busy           <= 1'b0;
        beat           <= 16'd0;
        conversion_reg <= 32'd0;
        waited_reg     <= 32'd0;
    end
end

endmodule

`resetall
