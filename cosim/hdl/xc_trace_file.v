// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * The file of a trace writer: JSON lines, or CSV where its name ends in .csv. Plain Verilog-2005, for any simulator
 *
 * Holds what the writers of all controllers have in common; they call its tasks. Nothing is written before `opened`.
 */
module xc_trace_file #
(
    // Name of the file; "": that of +xc_trace=NAME on the simulator's command line, else xc_trace.jsonl
    parameter FILE = ""
)
(
    input  wire        clk,
    input  wire        rst,
    // First cycle out of reset
    output wire        starts,
    // Since the last reset, from 0
    output reg  [31:0] cycle
);

integer         file;
reg [8*512-1:0] name;
reg             opened = 1'b0;
reg             csv = 1'b0;
reg             running_reg;

assign starts = (rst === 1'b0) && !running_reg;

initial begin
    // verilator lint_off WIDTHEXPAND
    name = FILE;
    // verilator lint_on WIDTHEXPAND
    if (name == 0) begin
        if (!$value$plusargs("xc_trace=%s", name)) name = "xc_trace.jsonl";
    end
    csv = name[31:0] == ".csv";
    file = $fopen(name, "w");
    if (file == 0) begin
        $display("Error: cannot write the trace %0s (instance %m)", name);
        $finish;
    end
    opened = file != 0;
end

always @(posedge clk) begin
    if (rst === 1'b0) begin
        cycle <= running_reg ? cycle + 32'd1 : 32'd1;
        running_reg <= 1'b1;
    end else begin
        // A reset that is not defined says so; before the first one everything may be
        if ((rst !== 1'b1) && running_reg && opened) undefined("rst");
        cycle <= 32'd0;
        running_reg <= 1'b0;
    end
end

initial begin
    running_reg = 1'b0;
    cycle = 32'd0;
end

// A control signal that carries x or z
task undefined(input [8*16-1:0] signal);
    begin
        if (csv) $fwrite(file, "undefined %0s\n", signal);
        else $fwrite(file, "{\"event\": \"undefined\", \"signal\": \"%0s\"}\n", signal);
    end
endtask

// A field begins; its number or its list follows
task key(input [8*24-1:0] field);
    begin
        if (csv) $fwrite(file, ",");
        else $fwrite(file, ", \"%0s\": ", field);
    end
endtask

task begin_list;
    if (!csv) $fwrite(file, "[");
endtask

task end_list;
    if (!csv) $fwrite(file, "]");
endtask

// A number; of a list all but the first are set apart
task put(input signed [63:0] value, input first);
    begin
        if (!first && csv) $fwrite(file, " ");
        if (!first && !csv) $fwrite(file, ", ");
        if (^value !== 1'bx) $fwrite(file, "%0d", value);
        else if (csv) $fwrite(file, "x");
        else $fwrite(file, "\"x\"");
    end
endtask

endmodule

`resetall
