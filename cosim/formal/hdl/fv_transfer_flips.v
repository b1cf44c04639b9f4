// SPDX-License-Identifier: Apache-2.0

/*
 * When a transfer controller flips the sign of a column, any one: rtl/README.md, "Sequence and timing".
 */

// A chop period is counted with one length
`define FV_HELD

module fv_transfer_flips
`include "shared/fv_transfer.vh"
`include "shared/fv_transfer_inside.vh"

(* anyconst *) wire [COL_W-1:0] column;
reg [15:0] reads;
reg [31:0] state;
reg rd_flip, x_flip;

function [31:0] steps(input [31:0] s);
    integer n;
begin
    steps = s;
    for (n = 0; n < 16; n = n + 1) begin
        // x^32 + x^30 + x^26 + x^25 + 1
        steps = steps[0] ? {1'b1, steps[31], !steps[30], steps[29:27], !steps[26], !steps[25], steps[24:1]}
            : {1'b0, steps[31:1]};
    end
end
endfunction

wire [31:0] draw = steps(state);
wire mine = m_rd_col == column;
wire expected = CHOP_MODE == 1 ? cfg_chop != 0 && reads >= cfg_chop - 16'd1 : CHOP_MODE == 2 && draw[15:0] < cfg_chop;

always @(posedge clk) begin
    assume (column <= LAST_COL[COL_W-1:0]);
    if (rd) state <= draw;
    if (rd && mine) begin
        reads <= expected ? 16'd0 : reads == 16'hffff ? reads : reads + 16'd1;
        rd_flip <= expected;
    end
    if (adc && first_beat) x_flip <= rd_flip;
    if (rst) begin
        reads <= 16'd0;
        state <= LFSR_SEED;
    end
    if (still) begin
        // the sign toggles exactly where a flip is due: every cfg_chop-th read of the column, or the draw of this read
        p_flip: assert (m_upd_chop[column] == ($past(m_upd_chop[column]) ^ $past(rd && mine && expected)));
    end
    if (on && TRACE_EN != 0 && trc_valid && retired && x_col == column) begin
        // the record says whether the sign flips behind it
        p_retire_flip: assert (trc_flip == x_flip);
    end
    if (on) begin
        // of the checker: the count stays within a chop period
        i_reads: assert (CHOP_MODE != 1 || cfg_chop == 0 || reads < cfg_chop);
        if (CHOP_MODE != 0) begin
            // a flip
            c_flip: assert (!(rd && mine && expected));
        end
        if (CHOP_MODE == 1) begin
            // the second flip of a column
            c_flip_back: assert (!(rd && mine && expected && m_upd_chop[column]));
        end
    end
end

`ifdef FV_SHIPPED
// What the shipped controller has inside, so that the induction holds
`ifdef FV_LFSR
(* hierconn *) wire [31:0] \dut.xc_chopper_inst.gen_on.gen_random.xc_lfsr_inst.state_reg ;
always @(posedge clk) if (on) p_state: assert (state == \dut.xc_chopper_inst.gen_on.gen_random.xc_lfsr_inst.state_reg );
`endif
(* hierconn *) wire \dut.xfer_flip ;
always @(posedge clk) begin
    if (on) begin
        i_inside_read_flip: assert (!outstanding || rd_col != column || \dut.xfer_flip == rd_flip);
        i_inside_flip: assert ((!under_way && first_beat) || x_col != column || \dut.wr_flip == x_flip);
    end
end
`ifdef FV_IN_STEP
// One count serves all columns: those that were read in this sweep are one ahead of it
(* hierconn *) wire [15:0] \dut.xc_read_index_inst.gen_count.count ;
wire [15:0] count = \dut.xc_read_index_inst.gen_count.count ;
always @(posedge clk) begin
    if (on && cfg_chop != 0) p_count: assert (count < cfg_chop && m_rd_col == position
        && reads == (column >= position ? count : count == cfg_chop - 16'd1 ? 16'd0 : count + 16'd1));
end
`endif
`ifdef FV_PER_COLUMN
// A count per column, in a memory that is cut out: what it returns of this column is what was written to it last, until the
// next read (fv_ram.v proves that of any word)
(* hierconn *) wire \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_en ;
(* hierconn *) wire [COL_W-1:0] \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_addr ;
(* hierconn *) wire [15:0] \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_data ;
(* hierconn *) wire \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_en ;
(* hierconn *) wire [COL_W-1:0] \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_addr ;
(* hierconn *) wire [15:0] \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_data ;
wire count_read = \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_en ;
wire [COL_W-1:0] count_read_addr = \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_addr ;
wire count_written = \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_en ;
wire [COL_W-1:0] count_written_addr = \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_addr ;
reg written, shown;
reg [15:0] kept, returned;
always @(posedge clk) begin
    if (count_written && count_written_addr == column) begin
        written <= 1'b1;
        kept <= \dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.wr_data ;
    end
    if (count_read) begin
        shown <= written && count_read_addr == column;
        returned <= kept;
    end
    if (rst) {written, shown} <= 2'b00;
    if (shown) assume (\dut.xc_read_index_inst.gen_count.gen_per_column.count_ram_inst.rd_data == returned);
    if (on) begin
        // what the memory demands: no word is read beside a write, every word exists
        p_count_port: assert (!(count_read && count_written)
            && (!count_read || count_read_addr <= LAST_COL[COL_W-1:0])
            && (!count_written || count_written_addr <= LAST_COL[COL_W-1:0]));
        i_inside_kept: assert ((!clearing || reads == 0) && ((clearing && cleared <= column) || (written && kept == reads)));
        i_inside_count: assert (m_rd_col != column || (phase < 3'd3 && updates == 0) || (shown && returned == reads));
    end
end
`endif
`endif

endmodule
