// SPDX-License-Identifier: Apache-2.0
`timescale 1ns / 1ps
`default_nettype none
// Results are computed wide, and a part is kept
/* verilator lint_off UNUSEDSIGNAL */

// A small controller of analog training: everything one after the other, one element at a time, all state in registers.
//
// Analog operations are started by a pulse of one clock and end with a pulse that the analog side gives back. Codes are
// fetched by request and acknowledge. A sample that waits is taken by a pulse. Nothing overlaps: while a transfer is
// worked on, samples wait.
//
// TTv2: FLIP_RULE = 0, DYNAMIC_REFERENCE = 0; Chopped-TTv2: FLIP_RULE = 1 or 2; AGAD: DYNAMIC_REFERENCE = 1 as well.
module serial_transfer #(
    parameter N_OUT = 4,                // rows, codes of a read
    parameter N_IN = 3,                 // columns, read one at a time
    parameter CODE_BITS = 9,            // a code
    parameter MEAN_BITS = 13,           // a mean or reference, CODE_BITS and what stands behind the point
    parameter DYNAMIC_REFERENCE = 1,    // codes count against the reference
    parameter KEEP_MEAN = 1,            // 0: the mean is the last code
    parameter LEAK = 128,               // the mean moves by LEAK / 2^LEAK_PLACES of its distance to the code
    parameter LEAK_PLACES = 8,
    parameter LEAK_RULE = 0,            // rounding: 0 halves up, 1 down, 2 toward zero
    parameter ACC_BITS = 16,            // the accumulator of an element, and its binary places
    parameter ACC_PLACES = 10,
    parameter ACC_RULE = 0,
    parameter GAIN_BITS = 12,           // the gain, and its binary places
    parameter GAIN_PLACES = 4,
    parameter DIVIDE = 0,               // the gain of the n-th read of a period is divided by n, at most by this; 0: not
    parameter MOST = 1,                 // pulses of an element in one write
    parameter DECAY = 0,                // after a write 0: the rest stays; 1: 2^-DECAY_PLACES of the accumulator, 0: none
    parameter DECAY_PLACES = 0,
    parameter FLIP_RULE = 1,            // 0 never, 1 after so many reads, 2 by chance
    parameter [31:0] FLIP_SEED = 1,
    parameter RANDOM_ORDER = 0,
    parameter [31:0] ORDER_SEED = 1,
    parameter PULSE_BITS = 2,
    parameter ADDRESS_BITS = 2
) (
    input  wire                          clock,
    input  wire                          resetn,

    input  wire [15:0]                   updates_per_read,
    input  wire [GAIN_BITS-1:0]          gain,
    input  wire [15:0]                   flip_setting,
    input  wire [15:0]                   silent_sweeps,

    input  wire                          sample_waiting,
    output wire                          sample_taken,

    output wire                          update_start,
    input  wire                          update_done,
    output reg  [N_IN-1:0]               positive,      // sign of each column, 1 is plus

    output wire                          read_start,
    input  wire                          read_done,
    output reg  [ADDRESS_BITS-1:0]       address,

    output wire                          code_request,
    input  wire                          code_ack,
    input  wire signed [CODE_BITS-1:0]   code,

    output wire                          write_start,
    input  wire                          write_done,
    output reg  [N_OUT*PULSE_BITS-1:0]   pulses,

    output wire                          finished,      // the transfer of column `address` is over
    output wire                          flipping,      // its sign turns now

    // One element has been worked on
    output wire                          probe,
    output wire signed [CODE_BITS-1:0]   probe_code,
    output wire signed [ACC_BITS-1:0]    probe_acc,
    output wire signed [MEAN_BITS-1:0]   probe_mean,
    output wire signed [MEAN_BITS-1:0]   probe_reference,
    output wire signed [PULSE_BITS-1:0]  probe_pulses,
    output wire [15:0]                   probe_row
);
    localparam WAIT = 4'd0, UPDATE = 4'd1, READ = 4'd2, DRAW = 4'd3, FETCH = 4'd4, WORK = 4'd5, NEXT = 4'd6, SEND = 4'd7,
               WRITE = 4'd8, CLOSE = 4'd9;

    reg [3:0]  state;
    reg        started;                  // the start pulse of this state has been given
    reg [15:0] updates, row, position, sweep;
    reg signed [CODE_BITS-1:0] held_code;
    reg        flip;

    // One entry per element, column by column
    reg signed [ACC_BITS-1:0]  accs       [0:N_IN*N_OUT-1];
    reg signed [MEAN_BITS-1:0] means      [0:N_IN*N_OUT-1];
    reg signed [MEAN_BITS-1:0] references [0:N_IN*N_OUT-1];
    reg [15:0]                 visits     [0:N_IN-1];      // reads of a column in its period

    wire [31:0] here  = {{(32-ADDRESS_BITS){1'b0}}, address} * N_OUT + {16'd0, row};
    wire [15:0] seen  = visits[address];
    wire        quiet = sweep < silent_sweeps;
    wire        last_row = {16'd0, row} == N_OUT - 1;

    assign sample_taken = (state == WAIT) && sample_waiting;
    assign update_start = (state == UPDATE) && !started;
    assign read_start   = (state == READ) && !started;
    assign code_request = state == FETCH;
    assign write_start  = (state == WRITE) && !started;
    assign finished     = state == CLOSE;
    assign flipping     = flip;

    // Chance: the flip of a column, and the column after this one
    wire flip_drawing, order_drawing;
    wire [15:0] flip_number, order_number;
    wire draw = (state == READ) && started && read_done;

    serial_noise #(.SEED(FLIP_SEED)) flip_noise
        (.clock(clock), .resetn(resetn), .draw(draw), .drawing(flip_drawing), .number(flip_number));
    serial_noise #(.SEED(ORDER_SEED)) order_noise
        (.clock(clock), .resetn(resetn), .draw(draw), .drawing(order_drawing), .number(order_number));

    wire flips_now = (FLIP_RULE == 1) ? (flip_setting != 16'd0) && (seen >= flip_setting - 16'd1) :
                     (FLIP_RULE == 2) ? flip_number < flip_setting : 1'b0;

    // The gain of this read
    wire [31:0] many  = {16'd0, seen} + 32'd1;
    wire [31:0] share = (DIVIDE == 0) ? 32'd1 : (many > DIVIDE) ? DIVIDE : many;
    wire [31:0] part  = (32'd65536 + (share >> 1)) / share;
    wire [63:0] exact = {{(64-GAIN_BITS){1'b0}}, gain} * {32'd0, part} + 64'd32768;
    wire [GAIN_BITS-1:0] gain_now = (DIVIDE == 0) ? gain : exact[16 +: GAIN_BITS];

    wire                         element_ready;
    wire signed [ACC_BITS-1:0]   new_acc;
    wire signed [MEAN_BITS-1:0]  new_mean;
    wire signed [PULSE_BITS-1:0] new_pulses;
    wire signed [PULSE_BITS-1:0] sent = quiet ? {PULSE_BITS{1'b0}} : new_pulses;
    wire signed [MEAN_BITS-1:0]  new_reference = flip ? new_mean : references[here];

    serial_element #(
        .CODE_BITS(CODE_BITS), .MEAN_BITS(MEAN_BITS), .DYNAMIC_REFERENCE(DYNAMIC_REFERENCE), .KEEP_MEAN(KEEP_MEAN),
        .LEAK(LEAK), .LEAK_PLACES(LEAK_PLACES), .LEAK_RULE(LEAK_RULE), .ACC_BITS(ACC_BITS), .ACC_PLACES(ACC_PLACES),
        .ACC_RULE(ACC_RULE), .GAIN_BITS(GAIN_BITS), .GAIN_PLACES(GAIN_PLACES), .MOST(MOST), .PULSE_BITS(PULSE_BITS),
        .DECAY(DECAY), .DECAY_PLACES(DECAY_PLACES)
    ) element (
        .clock(clock), .resetn(resetn), .start((state == WORK) && !started), .positive(positive[address]),
        .gain(gain_now), .code(held_code), .acc(accs[here]), .mean(means[here]), .reference(references[here]),
        .ready(element_ready), .new_acc(new_acc), .new_mean(new_mean), .pulses(new_pulses)
    );

    assign probe           = (state == WORK) && element_ready;
    assign probe_code      = held_code;
    assign probe_acc       = new_acc;
    assign probe_mean      = (DYNAMIC_REFERENCE != 0) ? new_mean : {MEAN_BITS{1'b0}};
    assign probe_reference = (DYNAMIC_REFERENCE != 0) ? new_reference : {MEAN_BITS{1'b0}};
    assign probe_pulses    = sent;
    assign probe_row       = row;

    wire [15:0] next_position = ({16'd0, position} == N_IN - 1) ? 16'd0 : position + 16'd1;
    wire [31:0] drawn = {16'd0, order_number} * N_IN;
    integer i;

    always @(posedge clock or negedge resetn)
        if (!resetn) begin
            state    <= WAIT;
            started  <= 1'b0;
            updates  <= 16'd0;
            row      <= 16'd0;
            position <= 16'd0;
            sweep    <= 16'd0;
            address  <= {ADDRESS_BITS{1'b0}};
            positive <= {N_IN{1'b1}};
            flip     <= 1'b0;
            pulses   <= {N_OUT*PULSE_BITS{1'b0}};
            for (i = 0; i < N_IN*N_OUT; i = i + 1) begin
                accs[i]       <= {ACC_BITS{1'b0}};
                means[i]      <= {MEAN_BITS{1'b0}};
                references[i] <= {MEAN_BITS{1'b0}};
            end
            for (i = 0; i < N_IN; i = i + 1) visits[i] <= 16'd0;
        end else begin
            started <= 1'b1;             // unless a state is entered
            case (state)
                WAIT: if (sample_waiting) enter(UPDATE);
                UPDATE: if (started && update_done) begin
                    updates <= (updates + 16'd1 == updates_per_read) ? 16'd0 : updates + 16'd1;
                    enter((updates + 16'd1 == updates_per_read) ? READ : WAIT);
                end
                READ: if (started && read_done) enter(DRAW);
                DRAW: if (!flip_drawing && !order_drawing) begin
                    flip <= flips_now;
                    row  <= 16'd0;
                    enter(FETCH);
                end
                FETCH: if (code_ack) begin
                    held_code <= code;
                    enter(WORK);
                end
                WORK: if (element_ready) begin
                    accs[here]       <= new_acc;
                    means[here]      <= new_mean;
                    references[here] <= new_reference;
                    pulses[row*PULSE_BITS +: PULSE_BITS] <= sent;
                    enter(NEXT);
                end
                NEXT: begin
                    row <= row + 16'd1;
                    enter(last_row ? SEND : FETCH);
                end
                SEND: enter((pulses != {N_OUT*PULSE_BITS{1'b0}}) ? WRITE : CLOSE);
                WRITE: if (started && write_done) enter(CLOSE);
                default: begin           // CLOSE
                    if (flip) positive[address] <= !positive[address];
                    visits[address] <= flip ? 16'd0 : (seen == 16'hFFFF) ? seen : seen + 16'd1;
                    position <= next_position;
                    if ((next_position == 16'd0) && (sweep != 16'hFFFF)) sweep <= sweep + 16'd1;
                    address <= (RANDOM_ORDER != 0) ? drawn[16 +: ADDRESS_BITS] : next_position[ADDRESS_BITS-1:0];
                    enter(WAIT);
                end
            endcase
        end

    task enter;
        input [3:0] next;
        begin
            state   <= next;
            started <= 1'b0;
        end
    endtask
endmodule

/* verilator lint_on UNUSEDSIGNAL */
`default_nettype wire
