// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Writes the retire trace of xc_controller to a file that `crosschop replay` checks
 *
 * Stands beside the controller, with its parameters, and looks at its pins. Needs xc_trace_file.v. Plain Verilog-2005,
 * no VPI, no SystemVerilog. cosim/README.md describes the format.
 */
module xc_trace_writer #
(
    // Name of the file, see xc_trace_file.v
    parameter FILE = "",
    // Parameters of xc_controller
    parameter ROWS = 4,
    parameter COLS = 3,
    parameter LANES = 2,
    parameter ADC_W = 9,
    parameter REF_EN = 1,
    parameter P_FRAC = 4,
    parameter P_EN = 1,
    parameter BETA_W = 8,
    parameter BETA = 128,
    parameter H_W = 16,
    parameter H_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 4,
    parameter CORRECTION = 0,
    parameter MAX_STEPS = 1,
    parameter H_DECAY = 0,
    parameter H_MOMENTUM_SHIFT = 0,
    parameter H_ROUND = 0,
    parameter P_ROUND = 0,
    parameter CHOP_MODE = 1,
    parameter [31:0] LFSR_SEED = 1,
    parameter COL_RANDOM = 0,
    parameter [31:0] COL_SEED = 1,
    parameter MEM_PORTS = 2,
    parameter LANE_STAGES = 3,
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,

    input  wire [15:0] cfg_transfer_every,
    input  wire [LR_W-1:0] cfg_lr_h,
    input  wire [15:0] cfg_chop,
    input  wire [15:0] cfg_warmup,

    input  wire trc_valid,
    input  wire trc_last,
    input  wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] trc_col,
    input  wire [(ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1)-1:0] trc_beat,
    input  wire trc_chop,
    input  wire trc_flip,
    input  wire [LANES*ADC_W-1:0] trc_codes,
    input  wire [LANES*H_W-1:0] trc_h,
    input  wire [LANES*(ADC_W+P_FRAC)-1:0] trc_p,
    input  wire [LANES*(ADC_W+P_FRAC)-1:0] trc_pref,
    input  wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] trc_pulses
);

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1;
localparam P_W = ADC_W + P_FRAC;

wire        starts;
wire [31:0] cycle;
integer     lane;

xc_trace_file #(.FILE(FILE)) out (.clk(clk), .rst(rst), .starts(starts), .cycle(cycle));

// The controller and its parameters, on the first line
task header;
    begin
        if (out.csv) $fwrite(out.file, "# ");
        $fwrite(out.file, "{\"event\": \"header\", \"format\": \"crosschop retire trace\", \"version\": 1");
        $fwrite(out.file, ", \"controller\": \"xc_controller\", \"parameters\": {");
        $fwrite(out.file, "\"ROWS\": %0d, \"COLS\": %0d, \"LANES\": %0d, \"ADC_W\": %0d",
                ROWS, COLS, LANES, ADC_W);
        $fwrite(out.file, ", \"REF_EN\": %0d, \"P_FRAC\": %0d, \"P_EN\": %0d, \"BETA_W\": %0d",
                REF_EN, P_FRAC, P_EN, BETA_W);
        $fwrite(out.file, ", \"BETA\": %0d, \"H_W\": %0d, \"H_FRAC\": %0d, \"LR_W\": %0d",
                BETA, H_W, H_FRAC, LR_W);
        $fwrite(out.file, ", \"LR_SHIFT\": %0d, \"CORRECTION\": %0d, \"MAX_STEPS\": %0d, \"H_DECAY\": %0d",
                LR_SHIFT, CORRECTION, MAX_STEPS, H_DECAY);
        $fwrite(out.file, ", \"H_MOMENTUM_SHIFT\": %0d, \"H_ROUND\": %0d, \"P_ROUND\": %0d, \"CHOP_MODE\": %0d",
                H_MOMENTUM_SHIFT, H_ROUND, P_ROUND, CHOP_MODE);
        $fwrite(out.file, ", \"LFSR_SEED\": %0d, \"COL_RANDOM\": %0d, \"COL_SEED\": %0d, \"MEM_PORTS\": %0d",
                LFSR_SEED, COL_RANDOM, COL_SEED, MEM_PORTS);
        $fwrite(out.file, ", \"LANE_STAGES\": %0d, \"TRACE_EN\": %0d",
                LANE_STAGES, TRACE_EN);
        $fwrite(out.file, "}}\n");
        if (out.csv) $fwrite(out.file, "event,cycle,cfg_transfer_every,cfg_lr_h,cfg_chop,cfg_warmup");
        if (out.csv) $fwrite(out.file, ",col,beat,last,chop,flip,codes,h,p,pref,pulses\n");
    end
endtask

// A segment begins
task write_reset;
    begin
        if (out.csv) $fwrite(out.file, "reset,%0d", cycle);
        else $fwrite(out.file, "{\"event\": \"reset\", \"cycle\": %0d", cycle);
        out.key("cfg_transfer_every"); out.put({48'd0, cfg_transfer_every}, 1'b1);
        out.key("cfg_lr_h"); out.put({{(64-LR_W){1'b0}}, cfg_lr_h}, 1'b1);
        out.key("cfg_chop"); out.put({48'd0, cfg_chop}, 1'b1);
        out.key("cfg_warmup"); out.put({48'd0, cfg_warmup}, 1'b1);
        if (out.csv) $fwrite(out.file, ",,,,,,,,,,\n");
        else $fwrite(out.file, "}\n");
    end
endtask

// A beat of a transfer
task write_retire;
    begin
        if (out.csv) $fwrite(out.file, "retire,%0d,,,,", cycle);
        else $fwrite(out.file, "{\"event\": \"retire\", \"cycle\": %0d", cycle);
        out.key("col"); out.put({{(64-COL_W){1'b0}}, trc_col}, 1'b1);
        out.key("beat"); out.put({{(64-BEAT_W){1'b0}}, trc_beat}, 1'b1);
        out.key("last"); out.put({{63{1'b0}}, trc_last}, 1'b1);
        out.key("chop"); out.put({{63{1'b0}}, trc_chop}, 1'b1);
        out.key("flip"); out.put({{63{1'b0}}, trc_flip}, 1'b1);
        out.key("codes");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-ADC_W){trc_codes[ADC_W*lane + ADC_W-1]}}, trc_codes[ADC_W*lane +: ADC_W]}, lane == 0);
        out.end_list;
        out.key("h");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-H_W){trc_h[H_W*lane + H_W-1]}}, trc_h[H_W*lane +: H_W]}, lane == 0);
        out.end_list;
        out.key("p");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-P_W){trc_p[P_W*lane + P_W-1]}}, trc_p[P_W*lane +: P_W]}, lane == 0);
        out.end_list;
        out.key("pref");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-P_W){trc_pref[P_W*lane + P_W-1]}}, trc_pref[P_W*lane +: P_W]}, lane == 0);
        out.end_list;
        out.key("pulses");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-STEP_W){trc_pulses[STEP_W*lane + STEP_W-1]}}, trc_pulses[STEP_W*lane +: STEP_W]}, lane == 0);
        out.end_list;
        if (out.csv) $fwrite(out.file, "\n");
        else $fwrite(out.file, "}\n");
    end
endtask

reg headed_reg;

initial headed_reg = 1'b0;

always @(posedge clk) begin
    if (out.opened) begin
        if (!headed_reg) header;
        headed_reg <= 1'b1;
        if (starts) write_reset;
        if (rst === 1'b0) begin
            if (trc_valid === 1'b1) write_retire;
            else if (trc_valid !== 1'b0) out.undefined("trc_valid");
        end
    end
end

endmodule

`resetall
