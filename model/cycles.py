"""Cycle model of the controller: the phases of rtl/README.md, counted from the events of a run.

`clear`, `update`, `read`, `digital` and `write` are closed forms of the chipspec and the train lengths; `stall`, `hold`
and `idle` follow from when the codes of one transfer meet the updates before the next read. Co-simulation asserts
every one of them equal to the RTL's counters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, ControllerKind, beats, controller_kind, cycles
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]

PHASES = ("clear", "idle", "update", "stall", "read", "digital", "hold", "write")
# These states of the scheduler exclude each other: they add up to the cycles since reset.
SCHEDULER_PHASES = PHASES[:5]
# Phases that a kind of controller can be in; a kind that is not named has all of them.
PHASES_OF: dict[ControllerKind, tuple[str, ...]] = {
    "in_memory_sgd": ("idle", "update"),
    "mixed_precision": tuple(phase for phase in PHASES if phase not in ("update", "hold")),
}
CLEAR, IDLE, UPDATE, STALL, READ, DIGITAL, HOLD, WRITE = range(8)

# Cycles from the acceptance of a beat to its retirement in lanes of three cycles, see rtl/README.md.
LANE_LATENCY = 4


def lane_latency(spec: ChipSpec) -> int:
    """The same for this chip's lanes."""
    return spec.controller.lane_stages + 1


def phases_of(spec: ChipSpec) -> tuple[str, ...]:
    """The phases of this chip's controller, in the order of PHASES."""
    return PHASES_OF.get(controller_kind(spec), PHASES)


class CycleConfig(NamedTuple):
    """Durations in clock cycles.

    Attributes:
        depth: words of the state memories.
        pulse: one pulse slot.
        read, conversion, write: column read of A, conversion after it, column write of W.
        beats: beats of a column.
        interval: cycles from one beat to the next.
        latency: cycles from the acceptance of a beat to its retirement.
        samples_wait: samples are computed on W as the previous transfer left it, so they wait for its retirement;
            False where they are there in advance.
    """

    depth: int
    pulse: int
    read: int
    conversion: int
    write: int
    beats: int
    interval: int = 1
    latency: int = LANE_LATENCY
    samples_wait: bool = True


class Timeline(NamedTuple):
    """Where the controller stands in time.

    Attributes:
        counts: (8,) cycles by phase, in the order of PHASES.
        marks: see the indices below.
    """

    counts: IntArray
    marks: IntArray


# The cycle in which the next group's first update begins; the cycle in which the previous transfer's last beat was
# accepted; whether that transfer wrote W; the first and the last cycle of its read; transfers so far.
_BEGIN, _LAST_BEAT, _WROTE, READ_BEGIN, _READ_END, COUNT = range(6)


def cycle_config(spec: ChipSpec) -> CycleConfig:
    """Durations of this chip."""
    durations = cycles(spec)
    return CycleConfig(
        depth=spec.array.cols * beats(spec),
        pulse=durations.pulse,
        read=durations.read,
        conversion=durations.conversion,
        write=durations.write,
        beats=beats(spec),
        interval=spec.beat_interval,
        latency=lane_latency(spec),
    )


def new_timeline(config: CycleConfig) -> Timeline:
    """After reset: the memories are cleared, one idle cycle takes the first sample."""
    counts = np.zeros(len(PHASES), dtype=np.int64)
    counts[CLEAR] = config.depth
    counts[IDLE] = 1
    marks = np.zeros(6, dtype=np.int64)
    marks[_BEGIN] = config.depth + 1
    return Timeline(counts, marks)


@compiled
def update_cycles(pulse: int, length: int) -> int:
    """Cycles of an update with a train of `length` slots of `pulse` cycles; an empty one takes its request's cycle."""
    return max(1, length * pulse)


@compiled
def step_cycles(config: CycleConfig, timeline: Timeline, updating: int, wrote: bool) -> None:
    """Adds one transfer whose updates take `updating` cycles and which writes W or not.

    Args:
        config: durations.
        timeline: moved on.
        updating: sum of `update_cycles` over the samples of the transfer.
        wrote: whether this transfer sent any pulse.
    """
    counts, marks = timeline.counts, timeline.marks
    first = marks[COUNT] == 0
    last_update = marks[_BEGIN] + updating - 1
    stall = 0 if first else max(0, marks[_LAST_BEAT] - last_update)
    read_begin = last_update + 1 + stall
    read_end = read_begin + config.read - 1

    arrival = read_end + 1 + config.conversion
    accepted = arrival
    if not first:  # the lanes must be empty and the pulse vector gone
        accepted = max(arrival, marks[_LAST_BEAT] + config.latency + (config.write if marks[_WROTE] else 0))
    pacing = (config.beats - 1) * (config.interval - 1)
    last_beat = accepted + config.beats - 1 + pacing

    released = read_begin + 1
    if not first and marks[_LAST_BEAT] + config.latency > read_begin:
        released = max(read_begin + 1, marks[_LAST_BEAT] + config.latency + 1) + 1
    idle = max(0, released - read_end) if config.samples_wait else 0

    counts[UPDATE] += updating
    counts[STALL] += stall
    counts[READ] += config.read
    counts[DIGITAL] += config.beats
    counts[HOLD] += accepted - arrival + pacing
    counts[WRITE] += config.write if wrote else 0
    counts[IDLE] += idle
    marks[_BEGIN] = read_end + 1 + idle
    marks[_LAST_BEAT] = last_beat
    marks[_WROTE] = wrote
    marks[READ_BEGIN] = read_begin
    marks[_READ_END] = read_end
    marks[COUNT] += 1


def finish_cycles(timeline: Timeline) -> dict[str, int]:
    """Cycles by phase up to the end of the last read; the idle cycles that would follow it are not counted."""
    counts = dict(zip(PHASES, (int(count) for count in timeline.counts), strict=True))
    if timeline.marks[COUNT]:
        counts["idle"] -= int(timeline.marks[_BEGIN] - timeline.marks[_READ_END] - 1)
    return counts


def total_cycles(counts: dict[str, int]) -> int:
    """Cycles since reset, as the scheduler's phases add up."""
    return sum(counts[phase] for phase in SCHEDULER_PHASES)
