// SPDX-License-Identifier: Apache-2.0
//
// The native bench of xc_mixed_precision: xc_bench_mixed_precision.v in C++, cosim/native/mixed_precision.py on the other
// side

#include "xc_native.h"

namespace {

constexpr int STEP_W = xc::bits_of(MAX_STEPS + 1) + 1;
constexpr int BEATS = (ROWS + LANES - 1) / LANES;
constexpr int X_BEATS = (COLS + LANES - 1) / LANES;
constexpr int BEAT_W = BEATS > 1 ? xc::bits_of(BEATS) : 1;
constexpr int PAD = BEATS * LANES;
// A column of which no entry is seen retires in one beat
constexpr bool ONE_BEAT = (UNSEEN & 0x1C) == 0x1C;
constexpr bool sees(int place) { return !(UNSEEN >> place & 1); }

using Column = std::remove_reference_t<decltype(Vtop::m_wr_col)>;
using Pulses = std::remove_reference_t<decltype(Vtop::m_wr_pulses)>;
using Codes = std::remove_reference_t<decltype(Vtop::s_op_codes)>;

struct Bench {
    xc::Frame frame;
    int64_t* io;
    // In the order of Arrays in cosim/native/mixed_precision.py; those from `col` on have SLOTS columns or writes
    int64_t *answer, *d, *col, *x, *chi, *pulses, *write_col, *write_pulses;

    xc::RequestSink<CData, 1> op;
    xc::RequestSink<Pulses, ROWS * STEP_W> wr;
    xc::CodeSource<LANES, BEATS + X_BEATS, OP_W, Codes> source;
    Column write_column{};
    int64_t issued = 0, beat = 0, column = 0;
    Codes d_beats[BEATS] = {};

    explicit Bench(int64_t** arrays)
        : frame(arrays[0]), io(arrays[0]), answer(arrays[1]), d(arrays[2]), col(arrays[3]), x(arrays[4]),
          chi(arrays[5]), pulses(arrays[6]), write_col(arrays[7]), write_pulses(arrays[8]) {
        Vtop& top = *frame.top;
        top.cfg_batch = io[CFG_BATCH];
        top.cfg_lr = io[CFG_LR];
        top.s_smp_valid = top.m_op_ready = top.s_op_valid = top.m_wr_ready = 0;
        frame.reset();
    }

    void requests() {
        Vtop& top = *frame.top;
        op.answer(top.m_op_valid, REQUEST_CYCLES, source.busy);
        wr.answer(top.m_wr_valid, WRITE_CYCLES, false);
        top.m_op_ready = op.ready;
        top.m_wr_ready = wr.ready;
    }

    // One beat of the retire trace; whether it breaks the order, or shows another d than the first column of its pass
    bool retire(const Vtop& top) {
        const bool last = ONE_BEAT || beat == BEATS - 1;
        const int64_t slot = io[RETIRED] % SLOTS;
        int64_t number = sees(0) ? top.trc_col : 0, code = 0;
        if (sees(1)) xc::unpack<OP_W, 1>(top.trc_x, &code);
        bool wrong = top.trc_beat != (beat & ((1 << BEAT_W) - 1)) || top.trc_last != last ||
                     (beat && (number != col[slot] || code != x[slot]));
        col[slot] = number;
        x[slot] = code;
        if (sees(2)) {
            if (column == 0) {
                d_beats[beat] = top.trc_d;
                xc::unpack<OP_W, LANES>(top.trc_d, d + beat * LANES);
            } else if (!xc::same<LANES * OP_W>(d_beats[beat], top.trc_d)) {
                wrong = true;
            }
        }
        if (sees(3)) xc::unpack<CHI_W, LANES>(top.trc_chi, chi + slot * PAD + beat * LANES);
        if (sees(4)) xc::unpack<STEP_W, LANES>(top.trc_pulses, pulses + slot * PAD + beat * LANES);
        beat = last ? 0 : beat + 1;
        if (last) {
            column = column == COLS - 1 ? 0 : column + 1;
            io[RETIRED]++;
        }
        return wrong;
    }

    bool cycle() {
        Vtop& top = *frame.top;
        top.s_smp_valid = issued != io[RELEASED];
        source.offer(io[ANSWERED] == io[READS] ? answer : nullptr, top.s_op_codes);
        top.s_op_valid = source.valid;
        do {
            requests();
            frame.settle();
        } while (top.m_op_valid != op.valid || top.m_wr_valid != wr.valid);

        const bool tick = top.s_smp_valid && top.s_smp_ready, code = source.valid && top.s_op_ready;
        const int64_t errors =
            int64_t{op.error(0)} |
            int64_t{wr.error(top.m_wr_pulses) || (wr.stalled && top.m_wr_col != write_column)} << 1;
        if (top.s_op_ready && source.busy && !source.valid) io[GAPS]++;
        if (source.valid && !code) io[WAITING]++;
        if (op.starts()) io[READS]++;
        if (wr.starts()) {
            const int64_t slot = io[WRITTEN]++ % SLOTS;
            write_col[slot] = top.m_wr_col;
            xc::unpack<STEP_W, ROWS>(top.m_wr_pulses, write_pulses + slot * ROWS);
        }
        const bool retires = top.trc_valid;
        const bool wrong = retires && retire(top);
        write_column = top.m_wr_col;
        issued += tick;
        op.edge(0);
        wr.edge(top.m_wr_pulses);
        const bool progress = tick || code || op.ends() || wr.ends() || retires;
        source.edge(code, op.ends(), 0);
        return frame.edge(errors | int64_t{wrong} << 2, progress);
    }

    bool advance(int64_t until) {
        if (until == UNTIL_RETIRED) {  // or operands are asked for
            const int64_t retired = io[RETIRED];
            while (io[RETIRED] == retired && io[READS] == io[ANSWERED])
                if (!cycle()) return false;
            return true;
        }
        if (until == UNTIL_WRITTEN) {
            for (int waited = 0; waited < SLOTS - 1 && io[WRITTEN] < io[EXPECTED] && io[READS] == io[ANSWERED]; waited++)
                if (!cycle()) return false;
            return true;
        }
        for (int64_t end = io[CYCLE] + io[EXPECTED]; io[CYCLE] < end;)
            if (!cycle()) return false;
        frame.counters();
        io[INJECTED_READS] = op.injected;
        io[INJECTED_WRITES] = wr.injected;
        return true;
    }
};

// See xc_native_transfer.cpp; codes of whole samples, d in front
void bare(VerilatedContext& context, int64_t* io, const int64_t* codes, const int64_t*, int64_t block,
          int64_t transfers) {
    Vtop top{&context, "TOP"};
    const int64_t samples = transfers / COLS, beats = BEATS + X_BEATS;
    std::vector<Codes> packed(block * beats);
    for (int64_t i = 0; i < block * beats; i++) xc::pack<OP_W, LANES>(codes + i * LANES, packed[i]);
    top.cfg_batch = io[CFG_BATCH];
    top.cfg_lr = io[CFG_LR];
    top.s_smp_valid = top.m_op_ready = top.s_op_valid = top.m_wr_ready = 0;
    int64_t cycle = -io[RESET_CYCLES], ticks = 0, request_left = -1, write_left = -1, beat = 0, due = 0, retired = 0;
    for (; retired < transfers; cycle++) {
        top.rst = cycle < 0;
        top.s_smp_valid = ticks < samples;
        if (top.m_op_valid && request_left < 0) request_left = REQUEST_CYCLES;
        if (top.m_wr_valid && write_left < 0) write_left = WRITE_CYCLES;
        top.m_op_ready = request_left == 1;
        top.m_wr_ready = write_left == 1;
        top.s_op_valid = due != 0;
        if (due) top.s_op_codes = packed[beat];
        top.clk = 0;
        top.eval();
        ticks += top.s_smp_valid && top.s_smp_ready && !top.rst;
        const bool code = top.s_op_valid && top.s_op_ready, request = top.m_op_ready;
        retired += top.trc_valid && top.trc_last && !top.rst;
        top.clk = 1;
        top.eval();
        if (code) {
            due--;
            beat = beat == block * beats - 1 ? 0 : beat + 1;
        }
        if (request_left > 0 && --request_left == 0) request_left = -1;
        if (write_left > 0 && --write_left == 0) write_left = -1;
        if (request) due = beats;
    }
    io[CYCLE] = cycle;
}

}  // namespace

XC_LIBRARY(Bench)
XC_BARE(bare)
