// SPDX-License-Identifier: Apache-2.0

/*
 * Properties of xc_read_gain: the gain of every index. Rounding by inequalities.
 */
module fv_read_gain #
(
    parameter LR_W = 8,
    parameter CORRECTION = 0
)
(
    input wire clk,
    input wire [LR_W-1:0] cfg_lr_h,
    input wire [7:0] in_index
);

localparam INDEX_W = CORRECTION > 0 ? $clog2(CORRECTION + 1) : 1;
localparam W = 48;

wire [LR_W-1:0] gain;

xc_read_gain #(.LR_W(LR_W), .CORRECTION(CORRECTION)) dut (
    .clk(clk), .cfg_lr_h(cfg_lr_h), .index(in_index[INDEX_W-1:0]), .gain(gain)
);

wire legal = in_index >= 1 && in_index <= (CORRECTION > 0 ? CORRECTION : 1);

reg past = 1'b0;
reg [LR_W-1:0] lr_reg;
reg [7:0] index_reg;

wire [W-1:0] got = gain;

always @(posedge clk) begin
    past <= 1'b1;
    lr_reg <= cfg_lr_h;
    index_reg <= in_index;
    assume (legal);
    if (past) assume (CORRECTION > 0 || cfg_lr_h == lr_reg);
    if (past) begin
        // the first read of a period has the whole gain
        p_first: assert (index_reg != 1 || gain == lr_reg);
        // the largest index
        c_last: assert (index_reg != (CORRECTION > 0 ? CORRECTION : 1));
    end
end

// RECIP = floor((65536 + floor(y / 2)) / y), a constant for each index
wire [W-1:0] lr = {{(W-LR_W){1'b0}}, lr_reg};

reg right;
integer y;

always @* begin
    right = 1'b1;
    for (y = 1; y <= CORRECTION; y = y + 1) begin
        if (index_reg == y) begin
            right = got * 65536 <= lr * ((65536 + y / 2) / y) + 32768
                && lr * ((65536 + y / 2) / y) + 32768 < (got + 1) * 65536;
        end
    end
end

always @(posedge clk) if (past) begin
    // gain = (cfg_lr_h * RECIP + 2^15) >> 16, a cycle after the index
    p_gain: assert (right);
end

endmodule
