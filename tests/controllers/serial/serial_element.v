// SPDX-License-Identifier: Apache-2.0
`timescale 1ns / 1ps
`default_nettype none
// Results are computed wide, and a part is kept
/* verilator lint_off UNUSEDSIGNAL */

// The arithmetic of one element, in three clocks: `start` with a code, the error, the product, then `ready` with the
// new values for one clock
module serial_element #(
    parameter CODE_BITS = 9,
    parameter MEAN_BITS = 13,
    parameter DYNAMIC_REFERENCE = 1,
    parameter KEEP_MEAN = 1,
    parameter LEAK = 128,
    parameter LEAK_PLACES = 8,
    parameter LEAK_RULE = 0,
    parameter ACC_BITS = 16,
    parameter ACC_PLACES = 10,
    parameter ACC_RULE = 0,
    parameter GAIN_BITS = 12,
    parameter GAIN_PLACES = 4,
    parameter MOST = 1,
    parameter PULSE_BITS = 2,
    parameter DECAY = 0,
    parameter DECAY_PLACES = 0
) (
    input  wire                         clock,
    input  wire                         resetn,
    input  wire                         start,
    input  wire                         positive,
    input  wire [GAIN_BITS-1:0]         gain,
    input  wire signed [CODE_BITS-1:0]  code,
    input  wire signed [ACC_BITS-1:0]   acc,
    input  wire signed [MEAN_BITS-1:0]  mean,
    input  wire signed [MEAN_BITS-1:0]  reference,
    output reg                          ready,
    output wire signed [ACC_BITS-1:0]   new_acc,
    output wire signed [MEAN_BITS-1:0]  new_mean,
    output wire signed [PULSE_BITS-1:0] pulses
);
    `include "serial_rounding.vh"

    localparam signed [63:0] ACC_HIGH = (64'sd1 <<< (ACC_BITS - 1)) - 64'sd1;
    localparam signed [63:0] MOST_PULSES = MOST;

    // Code and mean on one scale
    wire signed [63:0] level = {{(64-CODE_BITS){code[CODE_BITS-1]}}, code} <<< (MEAN_BITS - CODE_BITS);
    wire signed [63:0] wide_acc = {{(64-ACC_BITS){acc[ACC_BITS-1]}}, acc};
    wire signed [63:0] wide_mean = {{(64-MEAN_BITS){mean[MEAN_BITS-1]}}, mean};
    wire signed [63:0] wide_reference = {{(64-MEAN_BITS){reference[MEAN_BITS-1]}}, reference};
    wire signed [63:0] wide_gain = {{(64-GAIN_BITS){1'b0}}, gain};

    reg                have_error, have_products;
    reg signed [63:0]  error, drift, product, leak;

    always @(posedge clock or negedge resetn)
        if (!resetn) {have_error, have_products, ready} <= 3'b000;
        else         {have_error, have_products, ready} <= {start, have_error, have_products};

    always @(posedge clock) begin
        if (start) begin
            error <= (DYNAMIC_REFERENCE != 0) ? level - wide_reference : level;
            drift <= level - wide_mean;
        end
        if (have_error) begin
            product <= (positive ? error : -error) * wide_gain;
            leak    <= drift * LEAK;
        end
    end

    // Valid from the clock after the products on
    wire signed [63:0] sum   = limited(wide_acc + scaled_down(product, GAIN_PLACES, ACC_RULE), -ACC_HIGH - 64'sd1, ACC_HIGH);
    wire signed [63:0] whole = limited(scaled_down(sum, ACC_PLACES, 2), -MOST_PULSES, MOST_PULSES);
    wire signed [63:0] rest  = (whole == 64'sd0)  ? sum :
                               (DECAY == 0)       ? sum - (whole <<< ACC_PLACES) :
                               (DECAY_PLACES == 0) ? 64'sd0 : scaled_down(sum, DECAY_PLACES, 2);
    wire signed [63:0] moved = (KEEP_MEAN != 0) ? wide_mean + scaled_down(leak, LEAK_PLACES, LEAK_RULE) : level;

    assign new_acc  = rest[ACC_BITS-1:0];
    assign new_mean = moved[MEAN_BITS-1:0];
    assign pulses   = whole[PULSE_BITS-1:0];
endmodule

/* verilator lint_on UNUSEDSIGNAL */
`default_nettype wire
