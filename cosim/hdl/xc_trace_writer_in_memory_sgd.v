// SPDX-License-Identifier: Apache-2.0
`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Writes the retire trace of xc_in_memory_sgd to a file that `crosschop replay` checks
 *
 * Stands beside the controller, with its parameters, and looks at its pins. Needs xc_trace_file.v. Plain Verilog-2005,
 * no VPI, no SystemVerilog. cosim/README.md describes the format.
 */
module xc_trace_writer_in_memory_sgd #
(
    // Name of the file, see xc_trace_file.v
    parameter FILE = "",
    // Parameters of xc_in_memory_sgd
    parameter TRACE_EN = 1
)
(
    input  wire clk,
    input  wire rst,

    input  wire trc_valid,
    input  wire [31:0] trc_sample
);

wire        starts;
wire [31:0] cycle;

xc_trace_file #(.FILE(FILE)) out (.clk(clk), .rst(rst), .starts(starts), .cycle(cycle));

// The controller and its parameters, on the first line
task header;
    begin
        if (out.csv) $fwrite(out.file, "# ");
        $fwrite(out.file, "{\"event\": \"header\", \"format\": \"crosschop retire trace\", \"version\": 1");
        $fwrite(out.file, ", \"controller\": \"xc_in_memory_sgd\", \"parameters\": {");
        $fwrite(out.file, "\"TRACE_EN\": %0d",
                TRACE_EN);
        $fwrite(out.file, "}}\n");
        if (out.csv) $fwrite(out.file, "event,cycle");
        if (out.csv) $fwrite(out.file, ",sample\n");
    end
endtask

// A segment begins
task write_reset;
    begin
        if (out.csv) $fwrite(out.file, "reset,%0d", cycle);
        else $fwrite(out.file, "{\"event\": \"reset\", \"cycle\": %0d", cycle);
        if (out.csv) $fwrite(out.file, ",\n");
        else $fwrite(out.file, "}\n");
    end
endtask

// An update
task write_retire;
    begin
        if (out.csv) $fwrite(out.file, "retire,%0d", cycle);
        else $fwrite(out.file, "{\"event\": \"retire\", \"cycle\": %0d", cycle);
        out.key("sample"); out.put({32'd0, trc_sample}, 1'b1);
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
