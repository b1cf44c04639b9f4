// SPDX-License-Identifier: Apache-2.0
// value / 2^places, by rule 0: to the nearest, halves up; 1: down; 2: toward zero
function signed [63:0] scaled_down;
    input signed [63:0] value;
    input integer       places;
    input integer       rule;
    reg signed [63:0]   bias;
    begin
        bias = 64'sd0;
        if (places > 0) begin
            if (rule == 0) bias = 64'sd1 <<< (places - 1);
            if ((rule == 2) && (value < 0)) bias = (64'sd1 <<< places) - 64'sd1;
        end
        scaled_down = (value + bias) >>> places;
    end
endfunction

// The number of +-limit or between that is nearest to value; `low` is the lower end
function signed [63:0] limited;
    input signed [63:0] value;
    input signed [63:0] low;
    input signed [63:0] high;
    limited = (value < low) ? low : (value > high) ? high : value;
endfunction
