// SPDX-License-Identifier: Apache-2.0
//
// What the native benches of all controllers have in common: clock, transactors and monitors around a Verilated
// controller, cycle for cycle those of the Verilog benches without idle and back-pressure. xc_constants.h is written by
// cosim/native/library.py: the parameters of the bench, and the places of `io`
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "Vtop.h"
#include "Vtop___024root.h"
#include "verilated.h"
#include "xc_constants.h"

// Of Verilator: the evaluation itself, without the locks of eval(), which serve classes and threads that are not here
void Vtop___024root___eval(Vtop___024root* root);

namespace xc {

// Whom the last call of the library served, for what $fatal, $stop and the run time of Verilator have to say
inline thread_local std::string last_words;

// A port of any width as bytes; Verilator keeps its words little-endian, and so are the machines that it runs on
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine is needed");

template <class Port> const uint8_t* bytes_of(const Port& port) {
    return reinterpret_cast<const uint8_t*>(&port);
}

// Signed numbers of `W` bits out of a port
template <int W, int N, class Port> void unpack(const Port& port, int64_t* out) {
    uint8_t bytes[(W * N + 7) / 8 + 8] = {};
    constexpr size_t size = sizeof(Port) < sizeof(bytes) ? sizeof(Port) : sizeof(bytes);
    std::memcpy(bytes, &port, size);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) {
        int64_t word;
        std::memcpy(&word, bytes + (i * W) / 8, sizeof(word));
        out[i] = static_cast<int64_t>(static_cast<uint64_t>(word) << (64 - W - (i * W) % 8)) >> (64 - W);
    }
}

// The other way
template <int W, int N, class Port> void pack(const int64_t* values, Port& port) {
    constexpr uint64_t mask = (uint64_t{1} << W) - 1;
    uint8_t bytes[(W * N + 7) / 8 + 8] = {};
    for (int i = 0; i < N; i++) {
        uint64_t word;
        std::memcpy(&word, bytes + (i * W) / 8, sizeof(word));
        word |= (static_cast<uint64_t>(values[i]) & mask) << ((i * W) % 8);
        std::memcpy(bytes + (i * W) / 8, &word, sizeof(word));
    }
    constexpr size_t size = sizeof(Port) < sizeof(bytes) ? sizeof(Port) : sizeof(bytes);
    std::memcpy(&port, bytes, size);
}

// Equal in `BITS` bits; what lies above them in the last word means nothing
template <int BITS, class Port> bool same(const Port& one, const Port& other) {
    constexpr int whole = BITS / 8;
    constexpr uint8_t mask = (1 << BITS % 8) - 1;
    if (std::memcmp(&one, &other, whole)) return false;
    return mask == 0 || ((bytes_of(one)[whole] ^ bytes_of(other)[whole]) & mask) == 0;
}

constexpr int bits_of(int64_t count) {  // $clog2
    int bits = 0;
    while ((int64_t{1} << bits) < count) bits++;
    return bits;
}

// Array side of a request, as xc_request_sink
template <class Data, int BITS> struct RequestSink {
    int64_t elapsed = 0, done = 0, injected = 0;
    bool stalled = false, valid = false, ready = false, hold = false, fresh = true;
    Data data{};

    // Sets `ready` for what the controller asks in this cycle
    void answer(bool asked, int64_t duration, bool held) {
        valid = asked;
        hold = held;
        ready = asked && !held && elapsed + 1 >= duration;
    }
    bool starts() const { return valid && !hold && elapsed == 0; }
    bool ends() const { return valid && ready; }
    // Withdrawn, changed while stalled, or there in the first cycle after the reset
    bool error(const Data& now) const {
        return (stalled && (!valid || !same<BITS>(now, data))) || (fresh && valid);
    }

    void edge(const Data& now) {
        fresh = false;
        if (!valid && !stalled) return;
        elapsed = valid && !hold && !ready ? elapsed + 1 : 0;
        stalled = valid && !ready;
        if (stalled) data = now;
        if (ends()) done++;
        else if (valid && hold) injected++;
    }
};

// Beats of codes, as xc_adc_source
template <int LANES_, int BEATS_, int W, class Port> struct CodeSource {
    bool busy = false, valid = false;
    int64_t beat = 0, conversion = 0;

    // `codes` are those of the read or request that is under way, null where they are not there yet
    void offer(const int64_t* codes, Port& port) {
        const bool offered = valid;
        valid = busy && codes && conversion == 0;
        if (valid && (!offered || moved)) pack<W, LANES_>(codes + beat * LANES_, port);
        moved = false;
    }
    bool last() const { return beat == BEATS_ - 1; }

    void edge(bool taken, bool asked, int64_t delay) {
        if (conversion) conversion--;
        if (taken) {
            moved = true;
            if (last()) busy = false;
            beat++;
        }
        if (asked) {
            busy = true;
            moved = true;
            beat = 0;
            conversion = delay;
        }
    }

private:
    bool moved = false;
};

// Clock, reset, errors and hangs, as xc_frame
struct Frame {
    std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    std::unique_ptr<Vtop> top;
    int64_t* io;
    int64_t quiet = 0;

    explicit Frame(int64_t* io_) : io(io_) {
        context->randReset(2);  // Verilator knows no x
        context->randSeed(static_cast<int>(io[INITIAL_SEED]));
        context->fatalOnError(true);
        top.reset(new Vtop{context.get(), "TOP"});
    }

    // Inputs have to be set
    void reset() {
        top->rst = 1;
        for (int64_t cycle = 0; cycle < io[RESET_CYCLES]; cycle++) {
            top->clk = 0;
            top->eval();
            top->clk = 1;
            top->eval();
        }
        top->rst = 0;
    }
    ~Frame() {
        try {
            top->final();
        } catch (const std::exception&) {
        }
    }

    // The end of a cycle in which `errors` were seen; false where somebody has to look at that
    bool edge(int64_t errors, bool progress) {
        const bool news = errors && !io[ERRORS];
        io[ERRORS] |= errors;
        if (quiet >= io[PATIENCE]) io[HANG] = 1;
        quiet = progress ? 0 : quiet + 1;
        io[CYCLE]++;
        top->clk = 1;
        Vtop___024root___eval(top->rootp);
        if (__builtin_expect(context->gotFinish(), 0)) throw std::runtime_error("it called $finish");
        return !news && !io[HANG];
    }

    // Combinational outputs for the inputs of this cycle
    void settle() {
        top->clk = 0;
        Vtop___024root___eval(top->rootp);
    }

    void counters() {
        int64_t* out = io + COUNTERS;
        *out++ = top->stat_cycles_clear;
        *out++ = top->stat_cycles_idle;
        *out++ = top->stat_cycles_update;
        *out++ = top->stat_cycles_stall;
        *out++ = top->stat_cycles_read;
        *out++ = top->stat_cycles_digital;
        *out++ = top->stat_cycles_hold;
        *out++ = top->stat_cycles_write;
    }
};

}  // namespace xc

// What the run time of Verilator calls; without these it would end the process
void vl_finish(const char*, int, const char*) VL_MT_UNSAFE {
    Verilated::threadContextp()->gotFinish(true);
}
void vl_stop(const char* file, int line, const char*) VL_MT_UNSAFE {
    throw std::runtime_error("it called $stop in " + std::string(file) + ":" + std::to_string(line));
}
void vl_fatal(const char* file, int line, const char*, const char* said) VL_MT_UNSAFE {
    throw std::runtime_error(std::string(said) + " (" + file + ":" + std::to_string(line) + ")");
}

#define XC_EXPORT extern "C" __attribute__((visibility("default")))

// The library as Python sees it. `Bench` takes the array of pointers to NumPy's arrays, the first of them `io`
#define XC_LIBRARY(Bench)                                                                       \
    XC_EXPORT Bench* xc_new(int64_t** arrays) {                                                 \
        try {                                                                                   \
            return new Bench(arrays);                                                           \
        } catch (const std::exception& error) {                                                 \
            xc::last_words = error.what();                                                      \
            return nullptr;                                                                     \
        }                                                                                       \
    }                                                                                           \
    XC_EXPORT void xc_delete(Bench* bench) { delete bench; }                                    \
    XC_EXPORT const char* xc_last_words() { return xc::last_words.c_str(); }                    \
    XC_EXPORT int64_t xc_advance(Bench* bench, int64_t until) {                                 \
        try {                                                                                   \
            Verilated::threadContextp(bench->frame.context.get());                              \
            return bench->advance(until) ? FINE : LOOK;                                         \
        } catch (const std::exception& error) {                                                 \
            xc::last_words = error.what();                                                      \
            return ENDED;                                                                       \
        }                                                                                       \
    }

// Without monitors, for comparison: a block of stimulus, (block, ...) each, again and again
#define XC_BARE(run)                                                                            \
    XC_EXPORT int64_t xc_bare(int64_t* io, const int64_t* first, const int64_t* second,         \
                              int64_t block, int64_t transfers) {                               \
        VerilatedContext context;                                                               \
        try {                                                                                   \
            run(context, io, first, second, block, transfers);                                  \
            return FINE;                                                                        \
        } catch (const std::exception& error) {                                                 \
            xc::last_words = error.what();                                                      \
            return ENDED;                                                                       \
        }                                                                                       \
    }
