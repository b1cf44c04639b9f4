// SPDX-License-Identifier: Apache-2.0

/*
 * Rule of a stream that comes out of a controller, of any kind: what waits is not withdrawn, its payload stands still.
 */
module fv_stream_rules #
(
    // Bits of the payload, >= 1
    parameter W = 1
)
(
    input wire clk,
    // No reset in this cycle and in the one before
    input wire still,
    input wire valid,
    input wire ready,
    input wire [W-1:0] payload
);

always @(posedge clk) begin
    if (still && $past(valid && !ready)) begin
        // not withdrawn while it waits, and the same
        p_stable: assert (valid && payload == $past(payload));
    end
end

endmodule
