// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Transfer scheduler: which phase the chip is in, which column is read next, when codes may enter the lanes
 *
 * One state per cycle:
 *
 *   CLEAR   every memory word is written to zero, COLS*BEATS cycles
 *   IDLE    waits for a sample tick
 *   UPDATE  m_upd is up; n_s updates per read
 *   STALL   n_s updates are done, the codes of the previous read are not all in
 *   READ    m_rd is up
 *
 * A tick that waits at a handshake is taken in that cycle, so that neither updates nor reads cost a bubble,
 * and the next updates overlap with the codes and the lane work of the read before them.
 */
module xc_transfer_scheduler #
(
    // Rows of A, >= 1
    parameter ROWS = 8,
    // Columns of A, >= 1
    parameter COLS = 8,
    // Rows handled per cycle, >= 1
    parameter LANES = 4,
    // Order of the columns: 0 in turn, 1 random
    parameter COL_RANDOM = 0,
    // First state of the LFSR that draws the columns, 32 bits, non-zero, for COL_RANDOM = 1
    parameter [31:0] COL_SEED = 32'h00000001,
    // Derived, not to be set: beats per column
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    // Derived, not to be set: bits of a column number, a beat number, a memory address
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1,
    parameter ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire              clk,
    input  wire              rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0]       cfg_transfer_every,
    input  wire [15:0]       cfg_warmup,

    /*
     * Sample ticks
     */
    input  wire              s_smp_valid,
    output wire              s_smp_ready,

    /*
     * Requests to the arrays
     */
    output wire              m_upd_valid,
    input  wire              m_upd_ready,
    output wire              m_rd_valid,
    input  wire              m_rd_ready,
    output wire [COL_W-1:0]  m_rd_col,

    /*
     * Handshake of the code stream
     */
    input  wire              s_adc_valid,
    output wire              s_adc_ready,

    /*
     * Read issued; the last one of a sweep, which is COLS reads
     */
    output wire              read_done,
    output wire              sweep_done,

    /*
     * The transfer whose codes are outstanding: column, pulses held back by the warm-up
     */
    output wire [COL_W-1:0]  xfer_col,
    output wire              xfer_hold,

    /*
     * Beat of codes accepted in this cycle, and its memory word; while clear_valid: the word to clear
     */
    output wire              beat_valid,
    output wire              beat_first,
    output wire              beat_last,
    output wire [BEAT_W-1:0] beat_index,
    output wire [ADDR_W-1:0] beat_addr,
    output wire              clear_valid,

    /*
     * The memories have no port for a beat in this cycle
     */
    input  wire              lanes_wait,

    /*
     * Work behind the code stream: beats in the lanes, a pulse vector on its way to W
     */
    input  wire              lanes_busy,
    input  wire              pulses_wait,

    /*
     * Phase of this cycle, for the cycle counters; exactly one is high
     */
    output wire              phase_clear,
    output wire              phase_idle,
    output wire              phase_update,
    output wire              phase_stall,
    output wire              phase_read
);

localparam [2:0]
    STATE_CLEAR = 3'd0,
    STATE_IDLE = 3'd1,
    STATE_UPDATE = 3'd2,
    STATE_STALL = 3'd3,
    STATE_READ = 3'd4;

localparam LAST_COL = COLS - 1;
localparam LAST_BEAT = BEATS - 1;
localparam LAST_ADDR = COLS * BEATS - 1;

reg [2:0]        state_reg, state_next;
reg [15:0]       sample_reg, sample_next;
reg [COL_W-1:0]  col_reg, col_next;
reg [15:0]       sweep_reg, sweep_next;
reg              outstanding_reg, outstanding_next;
reg [BEAT_W-1:0] beat_reg, beat_next;
reg [ADDR_W-1:0] addr_reg, addr_next;
reg              m_upd_valid_reg, m_rd_valid_reg;

// After a read: the next column; a new memory address if addr_load
wire [COL_W-1:0]  col_after;
wire              addr_load;
wire [ADDR_W-1:0] addr_start;
reg [COL_W-1:0]  xfer_col_reg;
reg              xfer_hold_reg;

assign phase_clear = state_reg == STATE_CLEAR;
assign phase_idle = state_reg == STATE_IDLE;
assign phase_update = state_reg == STATE_UPDATE;
assign phase_stall = state_reg == STATE_STALL;
assign phase_read = state_reg == STATE_READ;

wire upd_done = m_upd_valid_reg && m_upd_ready;
wire last_sample = sample_reg == cfg_transfer_every - 16'd1;
wire last_addr = addr_reg == LAST_ADDR[ADDR_W-1:0];

assign read_done = m_rd_valid_reg && m_rd_ready;

// A tick is taken where the next state can be UPDATE
assign s_smp_ready = phase_idle || (upd_done && !last_sample) || read_done;

// The first beat of a column waits for the transfer before it to leave the lanes and the pulse register:
// with one column its write-back would otherwise meet the next read of the same word.
assign beat_first = beat_reg == {BEAT_W{1'b0}};
assign beat_last = beat_reg == LAST_BEAT[BEAT_W-1:0];
assign beat_index = beat_reg;
assign beat_addr = addr_reg;
assign s_adc_ready = outstanding_reg && !lanes_wait && !(beat_first && (lanes_busy || pulses_wait));
assign beat_valid = s_adc_valid && s_adc_ready;

assign clear_valid = phase_clear;

wire codes_done = beat_valid && beat_last;

assign m_upd_valid = m_upd_valid_reg;
assign m_rd_valid = m_rd_valid_reg;
assign m_rd_col = col_reg;
assign xfer_col = xfer_col_reg;
assign xfer_hold = xfer_hold_reg;

generate

if (COL_RANDOM == 0) begin : gen_in_turn

    assign sweep_done = col_reg == LAST_COL[COL_W-1:0];
    assign col_after = sweep_done ? {COL_W{1'b0}} : col_reg + 1'b1;

    // Words are used in the order of columns and beats: one counter replaces col * BEATS + beat
    assign addr_load = 1'b0;
    assign addr_start = {ADDR_W{1'b0}};

end else begin : gen_random

    reg  [COL_W-1:0]  position_reg;
    wire [31:0]       draw;

    // Wide enough for COLS itself, which may be 2^COL_W, and for BEATS, which may be 2^ADDR_W
    wire [COL_W+16:0] drawn = {{(COL_W+1){1'b0}}, draw[15:0]} * {16'd0, COLS[COL_W:0]};
    wire [ADDR_W:0]   first_word = {{(ADDR_W+1-COL_W){1'b0}}, col_reg} * BEATS[ADDR_W:0];

    xc_lfsr #(
        .LFSR_SEED(COL_SEED)
    )
    xc_lfsr_inst (
        .clk(clk),
        .rst(rst),
        .advance(read_done),
        .draw(draw)
    );

    always @(posedge clk) begin
        if (read_done) begin
            position_reg <= sweep_done ? {COL_W{1'b0}} : position_reg + 1'b1;
        end

        if (rst) begin
            position_reg <= {COL_W{1'b0}};
        end
    end

    assign sweep_done = position_reg == LAST_COL[COL_W-1:0];
    assign col_after = drawn[16 +: COL_W];

    // A read is only issued when no codes are outstanding, so the counter is free to go to the column's first word
    assign addr_load = read_done;
    assign addr_start = first_word[ADDR_W-1:0];

    wire unused = &{1'b0, draw[31:16], drawn[COL_W+16], drawn[15:0], first_word[ADDR_W]};

end

endgenerate

always @* begin
    state_next = state_reg;
    sample_next = sample_reg;
    col_next = col_reg;
    sweep_next = sweep_reg;
    outstanding_next = outstanding_reg;
    beat_next = beat_reg;
    addr_next = addr_reg;

    case (state_reg)
        STATE_CLEAR: begin
            if (last_addr) begin
                state_next = STATE_IDLE;
            end
        end
        STATE_IDLE: begin
            if (s_smp_valid) begin
                state_next = STATE_UPDATE;
            end
        end
        STATE_UPDATE: begin
            if (upd_done) begin
                if (last_sample) begin
                    sample_next = 16'd0;
                    state_next = (outstanding_reg && !codes_done) ? STATE_STALL : STATE_READ;
                end else begin
                    sample_next = sample_reg + 16'd1;
                    state_next = s_smp_valid ? STATE_UPDATE : STATE_IDLE;
                end
            end
        end
        STATE_STALL: begin
            if (codes_done) begin
                state_next = STATE_READ;
            end
        end
        STATE_READ: begin
            if (read_done) begin
                state_next = s_smp_valid ? STATE_UPDATE : STATE_IDLE;
            end
        end
        default: begin
            state_next = STATE_CLEAR;
        end
    endcase

    // The sweep number saturates, it is only compared with the warm-up
    if (read_done) begin
        col_next = col_after;
        if (sweep_done && sweep_reg != 16'hffff) begin
            sweep_next = sweep_reg + 16'd1;
        end
    end

    if (codes_done) begin
        outstanding_next = 1'b0;
    end
    if (read_done) begin
        outstanding_next = 1'b1;
    end

    // The first round over the words is the clear sweep
    if (beat_valid || clear_valid) begin
        addr_next = last_addr ? {ADDR_W{1'b0}} : addr_reg + 1'b1;
    end
    if (addr_load) begin
        addr_next = addr_start;
    end
    if (beat_valid) begin
        beat_next = beat_last ? {BEAT_W{1'b0}} : beat_reg + 1'b1;
    end
end

always @(posedge clk) begin
    state_reg <= state_next;
    sample_reg <= sample_next;
    col_reg <= col_next;
    sweep_reg <= sweep_next;
    outstanding_reg <= outstanding_next;
    beat_reg <= beat_next;
    addr_reg <= addr_next;
    m_upd_valid_reg <= state_next == STATE_UPDATE;
    m_rd_valid_reg <= state_next == STATE_READ;

    if (read_done) begin
        xfer_col_reg <= col_reg;
        xfer_hold_reg <= sweep_reg < cfg_warmup;
    end

    if (rst) begin
        state_reg <= STATE_CLEAR;
        sample_reg <= 16'd0;
        col_reg <= {COL_W{1'b0}};
        sweep_reg <= 16'd0;
        outstanding_reg <= 1'b0;
        beat_reg <= {BEAT_W{1'b0}};
        addr_reg <= {ADDR_W{1'b0}};
        m_upd_valid_reg <= 1'b0;
        m_rd_valid_reg <= 1'b0;
    end
end

endmodule

`resetall
