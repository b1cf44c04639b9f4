// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Writes the retire trace of xc_mixed_precision to a file that `crosschop replay` checks
 *
 * Stands beside the controller, with its parameters, and looks at its pins. Needs xc_trace_file.v. Plain Verilog-2005,
 * no VPI, no SystemVerilog. cosim/README.md describes the format.
 */
module xc_trace_writer_mixed_precision #
(
    // Name of the file, see xc_trace_file.v
    parameter FILE = "",
    // Parameters of xc_mixed_precision
    parameter ROWS = 8,
    parameter COLS = 8,
    parameter LANES = 4,
    parameter OP_W = 12,
    parameter CHI_W = 16,
    parameter CHI_FRAC = 10,
    parameter LR_W = 12,
    parameter LR_SHIFT = 20,
    parameter MAX_STEPS = 1,
    parameter CHI_ROUND = 0,
    parameter MEM_PORTS = 2,
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,

    input  wire [15:0] cfg_batch,
    input  wire [LR_W-1:0] cfg_lr,

    input  wire trc_valid,
    input  wire trc_last,
    input  wire [(COLS > 1 ? $clog2(COLS) : 1)-1:0] trc_col,
    input  wire [(ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1)-1:0] trc_beat,
    input  wire [OP_W-1:0] trc_x,
    input  wire [LANES*OP_W-1:0] trc_d,
    input  wire [LANES*CHI_W-1:0] trc_chi,
    input  wire [LANES*($clog2(MAX_STEPS + 1)+1)-1:0] trc_pulses
);

localparam STEP_W = $clog2(MAX_STEPS + 1) + 1;
localparam COL_W = COLS > 1 ? $clog2(COLS) : 1;
localparam BEAT_W = ROWS > LANES ? $clog2((ROWS + LANES - 1) / LANES) : 1;

wire        starts;
wire [31:0] cycle;
integer     lane;

xc_trace_file #(.FILE(FILE)) out (.clk(clk), .rst(rst), .starts(starts), .cycle(cycle));

// The controller and its parameters, on the first line
task header;
    begin
        if (out.csv) $fwrite(out.file, "# ");
        $fwrite(out.file, "{\"event\": \"header\", \"format\": \"crosschop retire trace\", \"version\": 1");
        $fwrite(out.file, ", \"controller\": \"xc_mixed_precision\", \"parameters\": {");
        $fwrite(out.file, "\"ROWS\": %0d, \"COLS\": %0d, \"LANES\": %0d, \"OP_W\": %0d",
                ROWS, COLS, LANES, OP_W);
        $fwrite(out.file, ", \"CHI_W\": %0d, \"CHI_FRAC\": %0d, \"LR_W\": %0d, \"LR_SHIFT\": %0d",
                CHI_W, CHI_FRAC, LR_W, LR_SHIFT);
        $fwrite(out.file, ", \"MAX_STEPS\": %0d, \"CHI_ROUND\": %0d, \"MEM_PORTS\": %0d, \"TRACE_EN\": %0d",
                MAX_STEPS, CHI_ROUND, MEM_PORTS, TRACE_EN);
        $fwrite(out.file, "}}\n");
        if (out.csv) $fwrite(out.file, "event,cycle,cfg_batch,cfg_lr");
        if (out.csv) $fwrite(out.file, ",col,beat,last,x,d,chi,pulses\n");
    end
endtask

// A segment begins
task write_reset;
    begin
        if (out.csv) $fwrite(out.file, "reset,%0d", cycle);
        else $fwrite(out.file, "{\"event\": \"reset\", \"cycle\": %0d", cycle);
        out.key("cfg_batch"); out.put({48'd0, cfg_batch}, 1'b1);
        out.key("cfg_lr"); out.put({{(64-LR_W){1'b0}}, cfg_lr}, 1'b1);
        if (out.csv) $fwrite(out.file, ",,,,,,,\n");
        else $fwrite(out.file, "}\n");
    end
endtask

// A beat of a column
task write_retire;
    begin
        if (out.csv) $fwrite(out.file, "retire,%0d,,", cycle);
        else $fwrite(out.file, "{\"event\": \"retire\", \"cycle\": %0d", cycle);
        out.key("col"); out.put({{(64-COL_W){1'b0}}, trc_col}, 1'b1);
        out.key("beat"); out.put({{(64-BEAT_W){1'b0}}, trc_beat}, 1'b1);
        out.key("last"); out.put({{63{1'b0}}, trc_last}, 1'b1);
        out.key("x"); out.put({{(64-OP_W){trc_x[OP_W-1]}}, trc_x}, 1'b1);
        out.key("d");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-OP_W){trc_d[OP_W*lane + OP_W-1]}}, trc_d[OP_W*lane +: OP_W]}, lane == 0);
        out.end_list;
        out.key("chi");
        out.begin_list;
        for (lane = 0; lane < LANES; lane = lane + 1)
            out.put({{(64-CHI_W){trc_chi[CHI_W*lane + CHI_W-1]}}, trc_chi[CHI_W*lane +: CHI_W]}, lane == 0);
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
