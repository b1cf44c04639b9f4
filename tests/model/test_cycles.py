"""Cycle model against a simulation of the scheduler cycle by cycle, written from rtl/README.md's timing section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.chipspec import load_chipspec
from crosschop.model.cycles import (
    PHASES,
    READ_BEGIN,
    SCHEDULER_PHASES,
    CycleConfig,
    cycle_config,
    finish_cycles,
    new_timeline,
    step_cycles,
    total_cycles,
    update_cycles,
)

Run = list[tuple[list[int], bool]]  # per transfer: train lengths of its samples, whether it writes


@dataclass
class Result:
    counts: dict[str, int]
    reads: list[int]  # first cycle of each read


def simulate(config: CycleConfig, run: Run, latency: int = 4) -> Result:
    """One loop pass per clock cycle: scheduler, ADC, lanes, pulse output, and the array side that releases ticks.

    The array side computes the next samples when a read begins and the transfer before it has retired: their ticks
    wait from the cycle after the read's first, or from two cycles after a later retirement (one to see it, one to
    answer), as seen through registers.
    """
    counts = dict.fromkeys(PHASES, 0)
    reads: list[int] = []
    n_s = len(run[0][0])
    state, left = "clear", config.depth
    ticks, done_updates, read_number = n_s, 0, 0
    accepted: list[int] = []  # cycles in which beats of the column in flight were accepted
    beats_due, codes_at = 0, 0
    last_beats: list[int] = []  # per transfer, the cycle of its last beat
    write_until = -1
    release_at: int | None = None
    cycle = 0
    while True:
        counts_in_cycle = state
        # Array side: the ticks of the next group
        if release_at is not None and cycle >= release_at:
            ticks += n_s
            release_at = None
        # ADC and lanes: the first beat of a column waits for empty lanes and for the pulse vector
        taken = False
        if beats_due and cycle >= codes_at:
            first = len(accepted) == 0
            retired = last_beats[-1] + latency if last_beats else -1
            # One memory port: not in the cycle behind a beat, nor in the last of its way through the lanes
            taken_port = config.interval == 2 and (cycle - 1 in accepted or cycle - latency + 1 in accepted)
            if taken_port or (first and (cycle < retired or cycle <= write_until)):
                counts["hold"] += 1
            else:
                accepted.append(cycle)
                counts["digital"] += 1
                beats_due -= 1
                taken = True
                if beats_due == 0:
                    last_beats.append(cycle)
                    if run[len(last_beats) - 1][1]:
                        write_until = cycle + latency + config.write - 1
                        counts["write"] += config.write
        finished = taken and beats_due == 0
        # Scheduler
        if state == "clear":
            left -= 1
            if left == 0:
                state = "idle"
        elif state == "idle":
            if ticks:
                ticks -= 1
                state, left = "update", update_cycles_of(config, run, done_updates)
        elif state == "update":
            left -= 1
            if left == 0:
                done_updates += 1
                if done_updates % n_s == 0:
                    free = beats_due == 0 or finished
                    state, left = ("read", config.read) if free else ("stall", 0)
                elif ticks:
                    ticks -= 1
                    left = update_cycles_of(config, run, done_updates)
                else:
                    state = "idle"
        elif state == "stall":
            if finished:
                state, left = "read", config.read
        elif state == "read":
            if left == config.read:
                reads.append(cycle)
                retirement = last_beats[-1] + latency if last_beats else -1
                seen_with_read = retirement <= cycle
                release_at = cycle + 1 if seen_with_read else max(cycle + 1, retirement + 1) + 1
            left -= 1
            if left == 0:
                read_number += 1
                beats_due, accepted, codes_at = config.beats, [], cycle + 1 + config.conversion
                if read_number == len(run):
                    state = "end"
                elif ticks and release_at is None:
                    ticks -= 1
                    state, left = "update", update_cycles_of(config, run, done_updates)
                else:
                    state = "idle"
        if counts_in_cycle != "end":
            counts[counts_in_cycle] += 1
        elif len(last_beats) == len(run):
            return Result(counts, reads)
        cycle += 1


def update_cycles_of(config: CycleConfig, run: Run, index: int) -> int:
    lengths = run[index // len(run[0][0])][0]
    return max(1, lengths[index % len(lengths)] * config.pulse)


def model(config: CycleConfig, run: Run) -> Result:
    timeline = new_timeline(config)
    reads = []
    for lengths, wrote in run:
        step_cycles(config, timeline, sum(update_cycles(config.pulse, length) for length in lengths), wrote)
        reads.append(int(timeline.marks[READ_BEGIN]))
    return Result(finish_cycles(timeline), reads)


@st.composite
def runs(draw: st.DrawFn) -> tuple[CycleConfig, Run]:
    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    beats = draw(st.one_of(st.integers(1, 4), st.integers(1, 40)))
    config = CycleConfig(
        depth=beats * number(1, 3), pulse=number(1, 3), read=draw(st.one_of(st.integers(1, 6), st.integers(1, 40))),
        conversion=number(0, 9), write=number(1, 12), beats=beats, interval=number(1, 2),
    )  # fmt: skip
    n_s = number(1, 4)
    one = st.tuples(st.lists(st.integers(0, 5), min_size=n_s, max_size=n_s), st.booleans())
    return config, draw(st.lists(one, min_size=1, max_size=8))


def compare(config: CycleConfig, run: Run, simulator: Callable[..., Result] = simulate) -> None:
    modelled, simulated = model(config, run), simulator(config, run)
    assert modelled.reads == simulated.reads
    assert modelled.counts == simulated.counts


@settings(deadline=None, derandomize=True, max_examples=500)
@given(runs())
def test_equals_the_simulation(drawn: tuple[CycleConfig, Run]) -> None:
    compare(*drawn)


# Many beats, short updates and reads: stall, hold, idle and writes all occur.
TIGHT = CycleConfig(depth=60, pulse=1, read=3, conversion=2, write=6, beats=20)
TIGHT_ONE_PORT = TIGHT._replace(interval=2)
BUSY: Run = [([1, 0], True), ([0, 1], True), ([5, 5], False), ([1, 1], True), ([0, 0], False), ([2, 1], True)]


@pytest.mark.parametrize("config", [TIGHT, TIGHT_ONE_PORT], ids=["two ports", "one port"])
def test_the_tight_case_has_every_phase(config: CycleConfig) -> None:
    compare(config, BUSY)
    assert min(model(config, BUSY).counts.values()) > 0


def test_one_port_holds_each_beat_but_the_first_for_a_cycle() -> None:
    roomy = TIGHT._replace(read=20)
    run: Run = [([30, 30], True)] * 5
    two, one = (model(roomy._replace(interval=interval), run).counts for interval in (1, 2))
    assert two["hold"] == 0 and one == {**two, "hold": 5 * 19}


def test_comparison_catches() -> None:
    """One cycle less in the lanes; writes, conversion or columns of another length; a write that did not happen."""
    with pytest.raises(AssertionError):
        compare(TIGHT, BUSY, lambda config, run: simulate(config, run, latency=3))
    for change in ({"write": 7}, {"conversion": 3}, {"beats": 19}, {"depth": 61}, {"interval": 2}):
        with pytest.raises(AssertionError):
            compare(TIGHT, BUSY, lambda config, run, change=change: simulate(config._replace(**change), run))
    with pytest.raises(AssertionError):
        compare(TIGHT, BUSY, lambda config, run: simulate(config, [(run[0][0], False), *run[1:]]))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(runs())
def test_closed_forms(drawn: tuple[CycleConfig, Run]) -> None:
    config, run = drawn
    result = model(config, run)
    counts = result.counts
    assert counts["clear"] == config.depth
    assert counts["update"] == sum(max(1, length * config.pulse) for lengths, _ in run for length in lengths)
    assert counts["read"] == len(run) * config.read
    assert counts["digital"] == len(run) * config.beats
    assert counts["write"] == config.write * sum(wrote for _, wrote in run)
    assert total_cycles(counts) == sum(counts[phase] for phase in SCHEDULER_PHASES) == result.reads[-1] + config.read


@settings(deadline=None, derandomize=True, max_examples=300)
@given(runs())
def test_stall(drawn: tuple[CycleConfig, Run]) -> None:
    """A column takes its conversion and its beats after its read: what the next updates do not cover is stalled.

    That holds where no other wait interferes: reads long enough for a retirement (2 + 4 cycles) and a write to end.
    """
    config, run = drawn
    config = config._replace(read=max(config.read, 6, 4 + config.write - 1 - config.conversion))
    updating = [sum(max(1, length * config.pulse) for length in lengths) for lengths, _ in run]
    counts = model(config, run).counts
    column = config.conversion + 1 + (config.beats - 1) * config.interval
    assert counts["stall"] == sum(max(0, column - cycles) for cycles in updating[1:])
    assert counts["hold"] == len(run) * (config.beats - 1) * (config.interval - 1)
    assert counts["idle"] == 1
    assert (counts["stall"] == 0) == (column <= min(updating[1:], default=10**9))


@pytest.mark.parametrize(("name", "expected"), [
    ("agad_20", CycleConfig(depth=20 * 4, pulse=1, read=8, conversion=0, write=1, beats=4)),
    ("agad_rect", CycleConfig(depth=7 * 4, pulse=2, read=8, conversion=1, write=6, beats=4)),
    ("agad_wide", CycleConfig(depth=9, pulse=1, read=8, conversion=0, write=1, beats=1)),
    # Lanes of four cycles, a fifth until the record
    ("agad_fast", CycleConfig(depth=20 * 4, pulse=1, read=8, conversion=0, write=1, beats=4, latency=5)),
    # Five conversions of 10 ns in turn, one memory port
    ("agad_shared", CycleConfig(depth=20 * 5, pulse=1, read=8, conversion=10, write=1, beats=5, interval=2)),
])  # fmt: skip
def test_durations_of_chips(name: str, expected: CycleConfig) -> None:
    """From the times of the chipspec, by hand: 5 ns clock, 5 ns pulses, 40 ns reads; conversion 3 ns rounded up."""
    times = ("timing.clock_ns=5", "timing.pulse_ns=5", "timing.mvm_ns=40")
    assert cycle_config(load_chipspec(name, times)) == expected
