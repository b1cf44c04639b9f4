// SPDX-License-Identifier: Apache-2.0

// v / 2^bits in the three roundings of rtl/README.md, toward zero by magnitude; W bits, ONE is 1 of that width
function signed [W-1:0] rounded(input signed [W-1:0] v, input integer bits, input integer rounding);
begin
    if (rounding == 2) begin
        rounded = v < 0 ? -((-v) >>> bits) : v >>> bits;
    end else if (rounding == 1 || bits == 0) begin
        rounded = v >>> bits;
    end else begin
        rounded = (v + (ONE <<< (bits - 1))) >>> bits;
    end
end
endfunction
