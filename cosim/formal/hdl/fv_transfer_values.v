// SPDX-License-Identifier: Apache-2.0

/*
 * Any element of a transfer controller, end to end: H, P and pulses of every record follow from those of the record before
 * and the code, by the equations of "One transfer" in rtl/README.md.
 */
module fv_transfer_values
`include "shared/fv_transfer.vh"
`include "shared/fv_transfer_inside.vh"
`include "shared/fv_transfer_records.vh"

localparam W = 32;
reg [7:0] index;

// 2^16 / n, rounded, of every index that there is: a divider of variables is more than a search can take
function signed [W-1:0] reciprocal(input [7:0] n);
    integer i;
begin
    reciprocal = 0;
    for (i = 1; i <= CORRECTION; i = i + 1) begin
        if (n == i) reciprocal = (65536 + i / 2) / i;
    end
end
endfunction

wire signed [W-1:0] code_wide = code;
wire signed [W-1:0] h_wide = h_reg;
wire signed [W-1:0] p_wide = p_reg;
wire signed [W-1:0] pref_wide = pref_reg;
wire signed [W-1:0] lr = {{(W-LR_W){1'b0}}, cfg_lr_h};
wire signed [W-1:0] gain = CORRECTION == 0 ? lr : (lr * reciprocal(index) + 32768) >>> 16;
wire signed [W-1:0] h_after, p_after, s;

fv_transfer_equations #(
    .W(W), .REF_EN(REF_EN), .P_FRAC(P_FRAC), .P_EN(P_EN), .BETA_W(BETA_W), .BETA(BETA), .H_W(H_W), .H_FRAC(H_FRAC),
    .LR_SHIFT(LR_SHIFT), .MAX_STEPS(MAX_STEPS), .H_DECAY(H_DECAY), .H_MOMENTUM_SHIFT(H_MOMENTUM_SHIFT),
    .H_ROUND(H_ROUND), .P_ROUND(P_ROUND)
) one_transfer (
    .code(code_wide), .chop(trc_chop), .h(h_wide), .p(p_wide), .pref(pref_wide), .gain(gain), .h_after(h_after),
    .p_after(p_after), .pulses(s)
);

wire signed [W-1:0] got_h = h;
wire signed [W-1:0] got_p = p;
wire signed [W-1:0] got_pulses = pulses;

always @(posedge clk) begin
`ifndef FV_STORE
    // One update per read, so that the search gets far
    assume (cfg_transfer_every == 16'd1);
`endif
    if (retires) begin
        index <= trc_flip ? 8'd1 : index < CORRECTION ? index + 8'd1 : index;
    end
    if (rst) begin
        index <= 8'd1;
    end
    if (on && retires) begin
        // H after the transfer
        p_h: assert (got_h == h_after);
        // P after the transfer
        p_p: assert (got_p == p_after);
        // pulses of the transfer
        p_pulses: assert (got_pulses == (x_hold ? 0 : s));
        // the second transfer of an element, which takes up the state of the first
        c_second: assert (h_reg == 0);
    end
end

endmodule
