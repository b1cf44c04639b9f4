// SPDX-License-Identifier: Apache-2.0
//
// The native bench of xc_in_memory_sgd: xc_bench_in_memory_sgd.v in C++, cosim/native/in_memory_sgd.py on the other side

#include "xc_native.h"

namespace {

struct Bench {
    xc::Frame frame;
    int64_t* io;
    int64_t* lengths;  // (GROUP,), of an update at its number modulo GROUP

    xc::RequestSink<CData, 1> upd;
    int64_t issued = 0, begin = 0, done_begin = 0;

    explicit Bench(int64_t** arrays) : frame(arrays[0]), io(arrays[0]), lengths(arrays[1]) {
        frame.top->s_smp_valid = frame.top->m_upd_ready = 0;
        frame.reset();
    }

    void requests() {
        Vtop& top = *frame.top;
        const int64_t length = lengths[upd.done % GROUP];
        upd.answer(top.m_upd_valid, length ? length * PULSE_CYCLES : 1, false);
        top.m_upd_ready = upd.ready;
    }

    bool cycle() {
        Vtop& top = *frame.top;
        top.s_smp_valid = issued != io[RELEASED];
        do {
            requests();
            frame.settle();
        } while (top.m_upd_valid != upd.valid);

        const bool tick = top.s_smp_valid && top.s_smp_ready;
        const bool error = upd.error(0);
        if (top.trc_valid) {
            io[RETIRED]++;
            io[SAMPLE] = UNSEEN & 1 ? 0 : top.trc_sample;
            io[UPDATES] = upd.done;
            io[BEGIN] = done_begin;
        }
        if (upd.starts()) begin = io[CYCLE];
        if (upd.ends()) done_begin = begin;
        issued += tick;
        upd.edge(0);
        return frame.edge(error, tick || upd.ends());
    }

    bool advance(int64_t until) {
        if (until == UNTIL_RETIRED) {
            const int64_t retired = io[RETIRED];
            while (io[RETIRED] == retired)
                if (!cycle()) return false;
            return true;
        }
        for (int64_t end = io[CYCLE] + io[EXPECTED]; io[CYCLE] < end;)
            if (!cycle()) return false;
        frame.counters();
        io[UPDATES] = upd.done;
        io[INJECTED_UPDATES] = upd.injected;
        return true;
    }
};

// See xc_native_transfer.cpp
void bare(VerilatedContext& context, int64_t* io, const int64_t* lengths, const int64_t*, int64_t block,
          int64_t updates) {
    Vtop top{&context, "TOP"};
    top.s_smp_valid = top.m_upd_ready = 0;
    int64_t cycle = -io[RESET_CYCLES], ticks = 0, update = 0, left = -1, retired = 0;
    for (; retired < updates; cycle++) {
        top.rst = cycle < 0;
        top.s_smp_valid = ticks < updates;
        if (top.m_upd_valid && left < 0) {
            const int64_t length = lengths[update];
            update = update == block - 1 ? 0 : update + 1;
            left = length ? length * PULSE_CYCLES : 1;
        }
        top.m_upd_ready = left == 1;
        top.clk = 0;
        top.eval();
        ticks += top.s_smp_valid && top.s_smp_ready && !top.rst;
        retired += top.trc_valid && !top.rst;
        top.clk = 1;
        top.eval();
        if (left > 0 && --left == 0) left = -1;
    }
    io[CYCLE] = cycle;
}

}  // namespace

XC_LIBRARY(Bench)
XC_BARE(bare)
