// SPDX-License-Identifier: Apache-2.0

`resetall
`timescale 1ns / 1ps
`default_nettype none

/*
 * Scheduler of mixed precision: one sample after the other, and the beats of its pass over chi
 *
 * One state per cycle:
 *
 *   CLEAR  every word of chi is written to zero, COLS*BEATS cycles
 *   IDLE   waits for a sample tick
 *   READ   m_op is up
 *   LOAD   operand beats are stored: BEATS of d, then X_BEATS of x
 *   PASS   a beat per cycle enters the lanes, column by column
 *   DRAIN  after the last pass of a batch: until the pulses of the last column are gone
 *
 * LOAD, PASS and DRAIN are the phase `stall`: the chip waits for the digital work. Without a DRAIN the next request
 * comes right behind the pass. Its beats, at least two, can only be in when the last beats of the pass have been
 * written back: a pass begins with empty lanes, and no word is read before it is there, even where chi has a single one.
 */
module xc_mixed_scheduler #
(
    // Rows of chi, >= 1
    parameter ROWS = 8,
    // Columns of chi, >= 1
    parameter COLS = 8,
    // Rows handled per cycle, >= 1
    parameter LANES = 4,
    // Derived, not to be set: beats of d (those of a column) and of x
    parameter BEATS = (ROWS + LANES - 1) / LANES,
    parameter X_BEATS = (COLS + LANES - 1) / LANES,
    // Derived, not to be set: bits of a column number, of beat numbers, a lane number, a memory address
    parameter COL_W = COLS > 1 ? $clog2(COLS) : 1,
    parameter BEAT_W = BEATS > 1 ? $clog2(BEATS) : 1,
    parameter X_BEAT_W = X_BEATS > 1 ? $clog2(X_BEATS) : 1,
    parameter LANE_W = LANES > 1 ? $clog2(LANES) : 1,
    parameter ADDR_W = COLS * BEATS > 1 ? $clog2(COLS * BEATS) : 1
)
(
    /*
     * Clock and reset
     */
    input  wire                clk,
    input  wire                rst,

    /*
     * Configuration, changes while nothing is under way
     */
    input  wire [15:0]         cfg_batch,

    /*
     * Sample ticks
     */
    input  wire                s_smp_valid,
    output wire                s_smp_ready,

    /*
     * Request of the operands
     */
    output wire                m_op_valid,
    input  wire                m_op_ready,

    /*
     * Handshake of the operand stream
     */
    input  wire                s_op_valid,
    output wire                s_op_ready,

    /*
     * Operand beat accepted in this cycle: of d or of x, at its place
     */
    output wire                load_d,
    output wire                load_x,

    /*
     * Beat that enters the lanes in this cycle: column, whether W is written behind it, memory word; while
     * clear_valid: the word to clear. beat_index and x_beat are also the places of operand beats
     */
    output wire                beat_valid,
    output wire                beat_last,
    output wire                beat_write,
    output wire [COL_W-1:0]    beat_col,
    output wire [BEAT_W-1:0]   beat_index,
    output wire [X_BEAT_W-1:0] x_beat,
    output wire [LANE_W-1:0]   x_lane,
    output wire [ADDR_W-1:0]   beat_addr,
    output wire                clear_valid,

    /*
     * The memories have no port for a beat in this cycle
     */
    input  wire                lanes_wait,

    /*
     * Work behind the scheduler: beats in the lanes, a pulse vector on its way to W
     */
    input  wire                lanes_busy,
    input  wire                pulses_wait,

    /*
     * Phase of this cycle, for the cycle counters; exactly one is high
     */
    output wire                phase_clear,
    output wire                phase_idle,
    output wire                phase_stall,
    output wire                phase_read
);

localparam [2:0]
    STATE_CLEAR = 3'd0,
    STATE_IDLE = 3'd1,
    STATE_READ = 3'd2,
    STATE_LOAD = 3'd3,
    STATE_PASS = 3'd4,
    STATE_DRAIN = 3'd5;

localparam LAST_COL = COLS - 1;
localparam LAST_BEAT = BEATS - 1;
localparam LAST_X_BEAT = X_BEATS - 1;
localparam LAST_LANE = LANES - 1;
localparam LAST_ADDR = COLS * BEATS - 1;

reg [2:0]          state_reg, state_next;
reg [15:0]         sample_reg, sample_next;
reg                load_x_reg, load_x_next;
reg [COL_W-1:0]    col_reg, col_next;
reg [BEAT_W-1:0]   beat_reg, beat_next;
reg [X_BEAT_W-1:0] x_beat_reg, x_beat_next;
reg [LANE_W-1:0]   x_lane_reg, x_lane_next;
reg [ADDR_W-1:0]   addr_reg, addr_next;
reg                m_op_valid_reg;

assign phase_clear = state_reg == STATE_CLEAR;
assign phase_idle = state_reg == STATE_IDLE;
assign phase_read = state_reg == STATE_READ;
assign phase_stall = !(phase_clear || phase_idle || phase_read);

assign clear_valid = phase_clear;

assign m_op_valid = m_op_valid_reg;

assign s_op_ready = state_reg == STATE_LOAD;

wire load_valid = s_op_valid && s_op_ready;

assign load_d = load_valid && !load_x_reg;
assign load_x = load_valid && load_x_reg;

wire last_sample = sample_reg == cfg_batch - 16'd1;
wire last_col = col_reg == LAST_COL[COL_W-1:0];
wire last_x_beat = x_beat_reg == LAST_X_BEAT[X_BEAT_W-1:0];
wire last_lane = x_lane_reg == LAST_LANE[LANE_W-1:0];
wire last_addr = addr_reg == LAST_ADDR[ADDR_W-1:0];
wire behind_busy = lanes_busy || pulses_wait;

// With pulses to send, a column waits for the one before it: the pulse register holds a single vector
wire first_beat = beat_reg == {BEAT_W{1'b0}};

assign beat_valid = state_reg == STATE_PASS && !lanes_wait
    && !(last_sample && first_beat && behind_busy);
assign beat_last = beat_reg == LAST_BEAT[BEAT_W-1:0];
assign beat_write = last_sample;
assign beat_col = col_reg;
assign beat_index = beat_reg;
assign x_beat = x_beat_reg;
assign x_lane = x_lane_reg;
assign beat_addr = addr_reg;

wire pass_issued = beat_valid && last_addr;
wire pass_done = last_sample ? state_reg == STATE_DRAIN && !behind_busy : pass_issued;

// A tick is taken where the next state can be READ
assign s_smp_ready = phase_idle || pass_done;

always @* begin
    state_next = state_reg;
    sample_next = sample_reg;
    load_x_next = load_x_reg;
    col_next = col_reg;
    beat_next = beat_reg;
    x_beat_next = x_beat_reg;
    x_lane_next = x_lane_reg;
    addr_next = addr_reg;

    case (state_reg)
        STATE_CLEAR: begin
            if (last_addr) begin
                state_next = STATE_IDLE;
            end
        end
        STATE_IDLE: begin
            if (s_smp_valid) begin
                state_next = STATE_READ;
            end
        end
        STATE_READ: begin
            if (m_op_ready) begin
                state_next = STATE_LOAD;
            end
        end
        STATE_LOAD: begin
            if (load_x && last_x_beat) begin
                state_next = STATE_PASS;
            end
        end
        STATE_PASS: begin
            if (pass_issued) begin
                state_next = STATE_DRAIN;
            end
        end
        STATE_DRAIN: begin
            state_next = STATE_DRAIN;
        end
        default: begin
            state_next = STATE_CLEAR;
        end
    endcase

    if (pass_done) begin
        state_next = s_smp_valid ? STATE_READ : STATE_IDLE;
        sample_next = last_sample ? 16'd0 : sample_reg + 16'd1;
    end

    // Words are used in the order of columns and beats; the first round over them is the clear sweep
    if (beat_valid || clear_valid) begin
        addr_next = last_addr ? {ADDR_W{1'b0}} : addr_reg + 1'b1;
    end

    // Every counter ends a load or a pass at zero, where the next one begins
    if (load_d || beat_valid) begin
        beat_next = beat_last ? {BEAT_W{1'b0}} : beat_reg + 1'b1;
    end
    if (load_d && beat_last) begin
        load_x_next = 1'b1;
    end
    if (load_x) begin
        x_beat_next = last_x_beat ? {X_BEAT_W{1'b0}} : x_beat_reg + 1'b1;
        load_x_next = !last_x_beat;
    end
    if (beat_valid && beat_last) begin
        col_next = last_col ? {COL_W{1'b0}} : col_reg + 1'b1;
        x_lane_next = (last_lane || last_col) ? {LANE_W{1'b0}} : x_lane_reg + 1'b1;
        if (last_lane || last_col) begin
            x_beat_next = last_col ? {X_BEAT_W{1'b0}} : x_beat_reg + 1'b1;
        end
    end
end

always @(posedge clk) begin
    state_reg <= state_next;
    sample_reg <= sample_next;
    load_x_reg <= load_x_next;
    col_reg <= col_next;
    beat_reg <= beat_next;
    x_beat_reg <= x_beat_next;
    x_lane_reg <= x_lane_next;
    addr_reg <= addr_next;
    m_op_valid_reg <= state_next == STATE_READ;

    if (rst) begin
        state_reg <= STATE_CLEAR;
        sample_reg <= 16'd0;
        load_x_reg <= 1'b0;
        col_reg <= {COL_W{1'b0}};
        beat_reg <= {BEAT_W{1'b0}};
        x_beat_reg <= {X_BEAT_W{1'b0}};
        x_lane_reg <= {LANE_W{1'b0}};
        addr_reg <= {ADDR_W{1'b0}};
        m_op_valid_reg <= 1'b0;
    end
end

endmodule

`resetall
