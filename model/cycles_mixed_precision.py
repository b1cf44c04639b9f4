"""Cycle model of the mixed-precision controller: closed forms of the phases of rtl/README.md.

A sample takes its turn from the request of its operands to the end of its pass; nothing of two samples overlaps. So
every phase is a sum over the samples, and the cycle of every request is what stands before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crosschop.model.chipspec import ChipSpec, beats, cycles, x_beats
from crosschop.model.cycles import CLEAR, DIGITAL, IDLE, LANE_LATENCY, PHASES, READ, STALL, WRITE, IntArray
from crosschop.model.jit import compiled


class MixedCycles(NamedTuple):
    """Durations in clock cycles.

    Attributes:
        depth: words of chi, so beats of a pass.
        request: operand request, until the operands are there.
        operands: operand beats of a sample.
        cols, beats: columns, and beats of one.
        interval: cycles from one beat to the next.
        write: column write of W.
    """

    depth: int
    request: int
    operands: int
    cols: int
    beats: int
    interval: int
    write: int


class MixedTimeline(NamedTuple):
    """Where the controller stands in time.

    Attributes:
        counts: (8,) cycles by phase, in the order of PHASES.
        request: (1,) the cycle in which the next operand request begins, counted from 0 at reset.
    """

    counts: IntArray
    request: IntArray


# x and d of a sample lie in the registers of the digital network around the tile: one cycle asks for them.
REQUEST_CYCLES = 1


def mixed_durations(spec: ChipSpec) -> MixedCycles:
    """Durations of this chip."""
    return MixedCycles(
        depth=spec.array.cols * beats(spec),
        request=REQUEST_CYCLES,
        operands=beats(spec) + x_beats(spec),
        cols=spec.array.cols,
        beats=beats(spec),
        interval=spec.beat_interval,
        write=cycles(spec).write,
    )


def new_timeline(config: MixedCycles) -> MixedTimeline:
    """After reset: chi is cleared, one idle cycle takes the first sample."""
    counts = np.zeros(len(PHASES), dtype=np.int64)
    counts[CLEAR] = config.depth
    counts[IDLE] = 1
    return MixedTimeline(counts, np.full(1, config.depth + 1, dtype=np.int64))


@compiled
def pass_cycles(config: MixedCycles, batch_end: bool, writes: int) -> int:
    """Cycles of a pass; at the end of a batch every column leaves the lanes and the pulse register before the next."""
    if not batch_end:
        return (config.depth - 1) * config.interval + 1
    column = (config.beats - 1) * config.interval + LANE_LATENCY
    return config.cols * column + writes * config.write + 1


@compiled
def step_cycles(config: MixedCycles, timeline: MixedTimeline, batch_end: bool, writes: int) -> None:
    """Adds one sample.

    Args:
        config: durations.
        timeline: moved on.
        batch_end: whether it is the last sample of its batch.
        writes: columns of W that it wrote.
    """
    counts = timeline.counts
    stall = config.operands + pass_cycles(config, batch_end, writes)
    counts[READ] += config.request
    counts[STALL] += stall
    counts[DIGITAL] += config.operands + config.depth
    counts[WRITE] += writes * config.write
    timeline.request[0] += config.request + stall


def finish_cycles(timeline: MixedTimeline) -> dict[str, int]:
    """Cycles by phase up to the end of the last pass, where another tick would be taken."""
    return dict(zip(PHASES, (int(count) for count in timeline.counts), strict=True))
