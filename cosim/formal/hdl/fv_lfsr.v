// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_lfsr: never zero, and a draw is that of single steps of x^32 + x^30 + x^26 + x^25 + 1, bit by bit.
 */
module fv_lfsr #
(
    parameter [31:0] LFSR_SEED = 32'h00000001,
    parameter STEPS = 16
)
(
    input wire clk,
    input wire rst,
    input wire in_advance
);

wire [31:0] draw;
(* hierconn *) wire [31:0] \dut.state_reg ;

xc_lfsr #(.LFSR_SEED(LFSR_SEED), .STEPS(STEPS)) dut (.clk(clk), .rst(rst), .advance(in_advance), .draw(draw));

reg past = 1'b0;
reg [31:0] state;

// A right shift: the bit that leaves returns at the powers of the polynomial, x^n at bit n - 1
function [31:0] step(input [31:0] s);
    integer n;
begin
    for (n = 0; n < 32; n = n + 1) begin
        step[n] = (n < 31 ? s[n + 1] : 1'b0) ^ (s[0] && (n == 31 || n == 29 || n == 25 || n == 24));
    end
end
endfunction

function [31:0] steps(input [31:0] s);
    integer n;
begin
    steps = s;
    for (n = 0; n < STEPS; n = n + 1) begin
        steps = step(steps);
    end
end
endfunction

always @(posedge clk) begin
    past <= 1'b1;
    if (!past) assume (rst);
    if (rst) begin
        state <= LFSR_SEED;
    end else if (in_advance) begin
        state <= steps(state);
    end
    if (past) begin
        // the state that is never left is never reached
        p_not_zero: assert (draw != 32'd0 && state != 32'd0);
        // STEPS single steps per advance, from the seed
        p_steps: assert (draw == steps(state));
        // the register is that of the single steps
        p_state: assert (\dut.state_reg == state);
        // the state moves on
        c_advances: assert (state == LFSR_SEED);
    end
end

endmodule
