// SPDX-License-Identifier: Apache-2.0
//
// The native bench of xc_controller: xc_bench.v in C++, cosim/native/transfer.py on the other side

#include "xc_native.h"

namespace {

constexpr int P_W = ADC_W + P_FRAC;
constexpr int STEP_W = xc::bits_of(MAX_STEPS + 1) + 1;
constexpr int COL_W = COLS > 1 ? xc::bits_of(COLS) : 1;
constexpr int BEATS = (ROWS + LANES - 1) / LANES;
constexpr int BEAT_W = BEATS > 1 ? xc::bits_of(BEATS) : 1;
constexpr int PAD = BEATS * LANES;
// A transfer of which no entry is seen retires in one beat
constexpr bool ONE_BEAT = (UNSEEN & 0xF8) == 0xF8;
constexpr bool sees(int place) { return !(UNSEEN >> place & 1); }

using Chop = std::remove_reference_t<decltype(Vtop::m_upd_chop)>;
using Column = std::remove_reference_t<decltype(Vtop::m_rd_col)>;
using Pulses = std::remove_reference_t<decltype(Vtop::m_wr_pulses)>;
using Codes = std::remove_reference_t<decltype(Vtop::s_adc_codes)>;

struct Write {
    Column column;
    Pulses pulses;
};

struct Bench {
    xc::Frame frame;
    int64_t* io;
    // In the order of ARRAYS in cosim/native/transfer.py
    int64_t *lengths, *answer, *read_chop, *taken, *codes, *h, *p, *pref, *pulses, *write_pulses;

    xc::RequestSink<Chop, COLS> upd;
    xc::RequestSink<Column, COL_W> rd;
    xc::RequestSink<Pulses, ROWS * STEP_W> wr;
    xc::CodeSource<LANES, BEATS, ADC_W, Codes> adc;
    Column write_column{};
    int64_t issued = 0, group_index = 0, group_updates = 0, beat = 0, sets = 0;
    bool group_changed = false;
    Chop group_chop{};
    int64_t assembly[PAD] = {}, queue[4][PAD] = {};

    explicit Bench(int64_t** arrays)
        : frame(arrays[0]), io(arrays[0]), lengths(arrays[1]), answer(arrays[2]), read_chop(arrays[3]),
          taken(arrays[4]), codes(arrays[5]), h(arrays[6]), p(arrays[7]), pref(arrays[8]), pulses(arrays[9]),
          write_pulses(arrays[10]) {
        Vtop& top = *frame.top;
        top.cfg_transfer_every = io[CFG_TRANSFER_EVERY];
        top.cfg_lr_h = io[CFG_LR_H];
        top.cfg_chop = io[CFG_CHOP];
        top.cfg_warmup = io[CFG_WARMUP];
        top.s_smp_valid = top.m_upd_ready = top.m_rd_ready = top.s_adc_valid = top.m_wr_ready = 0;
        frame.reset();
    }

    // Requests of this cycle and what the array side says to them
    void requests() {
        Vtop& top = *frame.top;
        const int64_t length = lengths[group_index];
        upd.answer(top.m_upd_valid, length ? length * PULSE_CYCLES : 1, false);
        rd.answer(top.m_rd_valid, READ_CYCLES, adc.busy);
        wr.answer(top.m_wr_valid, WRITE_CYCLES, false);
        top.m_upd_ready = upd.ready;
        top.m_rd_ready = rd.ready;
        top.m_wr_ready = wr.ready;
    }

    // One beat of the retire trace; whether it breaks the order
    bool retire(const Vtop& top) {
        const bool last = ONE_BEAT || beat == BEATS - 1;
        const int64_t column = sees(0) ? top.trc_col : 0, chop = sees(1) ? top.trc_chop : 0;
        const int64_t flip = sees(2) ? top.trc_flip : 0;
        const bool wrong = top.trc_beat != (beat & ((1 << BEAT_W) - 1)) || top.trc_last != last ||
                           (beat && (column != io[COL] || chop != io[CHOP] || flip != io[FLIP]));
        io[COL] = column;
        io[CHOP] = chop;
        io[FLIP] = flip;
        const int64_t first = beat * LANES;
        if (sees(3)) xc::unpack<ADC_W, LANES>(top.trc_codes, codes + first);
        if (sees(4)) xc::unpack<H_W, LANES>(top.trc_h, h + first);
        if (sees(5)) xc::unpack<P_W, LANES>(top.trc_p, p + first);
        if (sees(6)) xc::unpack<P_W, LANES>(top.trc_pref, pref + first);
        if (sees(7)) xc::unpack<STEP_W, LANES>(top.trc_pulses, pulses + first);
        beat = last ? 0 : beat + 1;
        if (last) {
            // Codes of the latest four columns, as later ones may have come
            std::memcpy(taken, queue[io[RETIRED] & 3], sizeof(assembly));
            io[RETIRED]++;
        }
        return wrong;
    }

    // A cycle; false where somebody has to look
    bool cycle() {
        Vtop& top = *frame.top;
        top.s_smp_valid = issued != io[RELEASED];
        adc.offer(io[ANSWERED] == io[READS] ? answer : nullptr, top.s_adc_codes);
        top.s_adc_valid = adc.valid;
        do {
            requests();
            frame.settle();
        } while (top.m_upd_valid != upd.valid || top.m_rd_valid != rd.valid || top.m_wr_valid != wr.valid);

        const bool tick = top.s_smp_valid && top.s_smp_ready, code = adc.valid && top.s_adc_ready;
        const int64_t errors = int64_t{upd.error(top.m_upd_chop)} | int64_t{rd.error(top.m_rd_col)} << 1 |
                               int64_t{wr.error(top.m_wr_pulses) || (wr.stalled && top.m_wr_col != write_column)} << 2;
        if (!rd.valid && !upd.valid && group_updates == io[CFG_TRANSFER_EVERY]) io[DUE]++;
        if (adc.valid && !code) io[WAITING]++;
        if (upd.ends()) {
            group_index = group_index == 2 * GROUP - 1 ? 0 : group_index + 1;
            if (group_updates++ == 0) group_chop = top.m_upd_chop;
            else if (!xc::same<COLS>(group_chop, top.m_upd_chop)) group_changed = true;
        }
        if (rd.starts()) {
            io[READ_COL] = top.m_rd_col;
            for (int64_t i = 0; i < COLS; i++) read_chop[i] = xc::bytes_of(group_chop)[i / 8] >> i % 8 & 1;
            io[READ_CHANGED] = group_changed;
            io[READ_UPDATES] = group_updates;
            io[READS]++;
            group_updates = 0;
            group_changed = false;
        }
        if (code) {
            std::memcpy(assembly + adc.beat * LANES, answer + adc.beat * LANES, LANES * sizeof(int64_t));
            if (adc.last()) std::memcpy(queue[sets++ & 3], assembly, sizeof(assembly));
        }
        if (wr.starts()) {
            io[WRITTEN]++;
            io[WRITE_COL] = top.m_wr_col;
            xc::unpack<STEP_W, ROWS>(top.m_wr_pulses, write_pulses);
        }
        const bool wrong = top.trc_valid && retire(top);
        write_column = top.m_wr_col;
        issued += tick;
        upd.edge(top.m_upd_chop);
        rd.edge(top.m_rd_col);
        wr.edge(top.m_wr_pulses);
        const bool progress = tick || code || upd.ends() || rd.ends() || wr.ends();
        adc.edge(code, rd.ends(), CONVERSION_CYCLES);
        return frame.edge(errors | int64_t{wrong} << 3, progress);
    }

    // The bench in Verilog wakes Python in the cycle after that in which a number shows; one that is there, or that is
    // not to come next, is not waited for
    bool until_counted(const int64_t& count) {
        if (count != io[EXPECTED] - 1) return true;
        while (count != io[EXPECTED])
            if (!cycle()) return false;
        return cycle();
    }

    bool advance(int64_t until) {
        if (until == UNTIL_READ) {
            const int64_t reads = io[READS];
            while (io[READS] == reads)
                if (!cycle()) return false;
            return true;
        }
        if (until == UNTIL_RETIRED) return until_counted(io[RETIRED]);
        if (until == UNTIL_WRITTEN) return until_counted(io[WRITTEN]);
        for (int64_t end = io[CYCLE] + io[EXPECTED]; io[CYCLE] < end;)
            if (!cycle()) return false;
        frame.counters();
        io[INJECTED_UPDATES] = upd.injected;
        io[INJECTED_READS] = rd.injected;
        io[INJECTED_WRITES] = wr.injected;
        return true;
    }
};

// The least that a C++ test bench can do: streams that are always ready, operations of the same length, codes packed in
// advance; nothing is looked at. The limit that cosim/benchmark measures this engine against
void bare(VerilatedContext& context, int64_t* io, const int64_t* codes, const int64_t* lengths, int64_t block,
          int64_t transfers) {
    Vtop top{&context, "TOP"};
    const int64_t every = io[CFG_TRANSFER_EVERY], updates_in_all = transfers * every;
    std::vector<Codes> packed(block * BEATS);
    for (int64_t i = 0; i < block * BEATS; i++) xc::pack<ADC_W, LANES>(codes + i * LANES, packed[i]);
    top.cfg_transfer_every = every;
    top.cfg_lr_h = io[CFG_LR_H];
    top.cfg_chop = io[CFG_CHOP];
    top.cfg_warmup = io[CFG_WARMUP];
    top.s_smp_valid = top.m_upd_ready = top.m_rd_ready = top.s_adc_valid = top.m_wr_ready = 0;
    int64_t cycle = -io[RESET_CYCLES], ticks = 0, update = 0, update_left = -1, read_left = -1, write_left = -1;
    int64_t beat = 0, due = 0, conversion = 0, retired = 0;
    for (; retired < transfers; cycle++) {
        top.rst = cycle < 0;
        top.s_smp_valid = ticks < updates_in_all;
        if (top.m_upd_valid && update_left < 0) {
            const int64_t length = lengths[update];
            update = update == block * every - 1 ? 0 : update + 1;
            update_left = length ? length * PULSE_CYCLES : 1;
        }
        if (top.m_rd_valid && read_left < 0) read_left = READ_CYCLES;
        if (top.m_wr_valid && write_left < 0) write_left = WRITE_CYCLES;
        top.m_upd_ready = update_left == 1;
        top.m_rd_ready = read_left == 1;
        top.m_wr_ready = write_left == 1;
        top.s_adc_valid = due && conversion == 0;
        if (due) top.s_adc_codes = packed[beat];
        top.clk = 0;
        top.eval();
        ticks += top.s_smp_valid && top.s_smp_ready && !top.rst;
        const bool code = top.s_adc_valid && top.s_adc_ready, read = top.m_rd_ready;
        retired += top.trc_valid && top.trc_last && !top.rst;
        top.clk = 1;
        top.eval();
        if (conversion) conversion--;
        if (code) {
            due--;
            beat = beat == block * BEATS - 1 ? 0 : beat + 1;
        }
        if (update_left > 0 && --update_left == 0) update_left = -1;
        if (read_left > 0 && --read_left == 0) read_left = -1;
        if (write_left > 0 && --write_left == 0) write_left = -1;
        if (read) {
            due = BEATS;
            conversion = CONVERSION_CYCLES;
        }
    }
    io[CYCLE] = cycle;
}

}  // namespace

XC_LIBRARY(Bench)
XC_BARE(bare)
