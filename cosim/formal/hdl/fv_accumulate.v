// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_accumulate, for every input: sum in wide integers, saturation, whole pulses by inequalities.
 */
module fv_accumulate #
(
    parameter ACC_W = 16,
    parameter ACC_FRAC = 10,
    parameter INC_W = 16,
    parameter MAX_STEPS = 1
)
(
    input wire clk,
    input wire signed [ACC_W-1:0] in_acc,
    input wire signed [INC_W-1:0] in_increment
);

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam W = ACC_W + INC_W + ACC_FRAC + 8;

wire signed [ACC_W-1:0] sum_sat;
wire signed [STEP_W-1:0] steps;

xc_accumulate #(.ACC_W(ACC_W), .ACC_FRAC(ACC_FRAC), .INC_W(INC_W), .MAX_STEPS(MAX_STEPS)) dut (
    .clk(clk), .en(1'b1), .acc(in_acc), .increment(in_increment), .sum_sat(sum_sat), .steps(steps)
);

wire signed [W-1:0] one = 1;
wire signed [W-1:0] unit = one << ACC_FRAC;
wire signed [W-1:0] top = (one << (ACC_W - 1)) - one;
wire signed [W-1:0] bottom = -top - one;
wire signed [W-1:0] sum = in_acc + in_increment;
wire signed [W-1:0] got = sum_sat;
wire signed [W-1:0] s = steps;
wire signed [W-1:0] size = got < 0 ? -got : got;
wire signed [W-1:0] count = s < 0 ? -s : s;

always @(posedge clk) begin
    // the sum is exact where it fits
    p_exact: assert (sum > top || sum < bottom || got == sum);
    // else it is the nearest end of the range
    p_saturated: assert ((sum <= top || got == top) && (sum >= bottom || got == bottom));
    // never more than MAX_STEPS, never more than are there
    p_steps_not_more: assert (count <= MAX_STEPS && count * unit <= size);
    // never fewer than are there, up to MAX_STEPS
    p_steps_not_fewer: assert (count == MAX_STEPS || size < (count + one) * unit);
    // on the side of the sum
    p_steps_sign: assert (s == 0 || (s < 0) == (got < 0));
    // the sum saturates upwards
    c_top: assert (sum <= top);
    // the sum saturates downwards
    c_bottom: assert (sum >= bottom);
    // the largest number of pulses is sent
    c_max_steps: assert (count != MAX_STEPS);
end

endmodule
