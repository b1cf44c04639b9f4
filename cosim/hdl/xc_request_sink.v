// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Array side of a request (m_upd, m_rd, m_wr): holds it for `duration` cycles, plus a random back-pressure, and
 * watches that it stands still meanwhile. Where back-pressure is random, `ready` is often up without a request, which
 * has to mean nothing
 */
module xc_request_sink #
(
    // Width of the request's data
    parameter DATA_W = 1
)
(
    input  wire              clk,
    input  wire              rst,
    // Number of this cycle
    input  wire [31:0]       cycle,
    input  wire [31:0]       seed,
    // Chance of back-pressure per request, in 1/256
    input  wire [7:0]        rate,
    // Cycles of the operation, >= 1
    input  wire [31:0]       duration,
    // The operation cannot begin
    input  wire              hold,

    input  wire              valid,
    output wire              ready,
    input  wire [DATA_W-1:0] data,

    // First cycle of the operation
    output wire              start,
    // Requests done
    output reg  [31:0]       done_count,
    // Cycles added by back-pressure and hold
    output reg  [31:0]       injected,
    // A request was withdrawn, changed while stalled, undefined, or there in the first cycle after a reset
    output wire              error
);

wire [31:0] extra;
// An operation has begun, and its last cycle
reg         begun_reg;
reg  [31:0] last_reg;
reg         stalled_reg;
reg         early_reg;
reg         fresh_reg;
reg [DATA_W-1:0] data_reg;

wire running = valid && !hold;
wire [31:0] length = duration + extra;

assign ready = valid ? running && (begun_reg ? cycle == last_reg : length <= 32'd1) : early_reg;
assign start = running && !begun_reg;
assign error = !rst && ((^valid === 1'bx) || (valid && (^data === 1'bx)) ||
                        (stalled_reg && (!valid || (data !== data_reg))) || (fresh_reg && (valid !== 1'b0)));

xc_random random_inst (.clk(clk), .rst(rst), .seed(seed), .rate(rate), .next(valid && ready), .cycles(extra));

always @(posedge clk) begin
    // Nothing is evaluated while nothing is asked for: the bench shall cost the simulator little
    if ((valid !== 1'b0) || stalled_reg) begin
        begun_reg   <= running && !ready;
        if (start) last_reg <= cycle + length - 32'd1;
        stalled_reg <= valid && !ready;
        data_reg    <= data;
        if (valid && ready) begin
            done_count <= done_count + 32'd1;
            injected   <= injected + extra;
        end else if (valid && hold) begin
            injected <= injected + 32'd1;
        end
    end
    // Some of the draws that decide on back-pressure, and not while that is off
    if (rate != 8'd0) early_reg <= extra == 32'd0;
    if (fresh_reg !== rst) fresh_reg <= rst;
    if (rst) begin
        early_reg   <= 1'b0;
        begun_reg   <= 1'b0;
        stalled_reg <= 1'b0;
        done_count  <= 32'd0;
        injected    <= 32'd0;
    end
end

endmodule

`resetall
