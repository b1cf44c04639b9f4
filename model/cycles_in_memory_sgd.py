"""Cycle model of the controller of in-memory SGD: two of the phases of cycles.py, `idle` and `update`.

Every other counter of the controller stays zero. Co-simulation asserts each of them equal to the RTL's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, cycles
from crosschop.model.cycles import PHASES, update_cycles
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]

# The one cycle after reset that takes the first sample.
FIRST_IDLE = 1
# Idle cycles between two updates where the sample waits for W: in the first the update before it retires, in the second
# the sample that was computed on W as it is then is taken; see rtl/README.md.
WAITING_IDLE = 2

# Positions in UpdateTimeline.marks: the first cycle of the latest update, updates so far.
BEGIN, COUNT = range(2)
# Positions in UpdateTimeline.counts.
_IDLE, _UPDATE = range(2)


class UpdateCycles(NamedTuple):
    """Durations in clock cycles.

    Attributes:
        pulse: one pulse slot.
        samples_wait: a sample is computed on W as the update before it left it, so it waits for its retirement; False
            where samples are there in advance.
    """

    pulse: int
    samples_wait: bool = True


class UpdateTimeline(NamedTuple):
    """Where the controller stands in time.

    Attributes:
        counts: (2,) cycles idle and updating.
        marks: see the indices above.
    """

    counts: IntArray
    marks: IntArray


def update_durations(spec: ChipSpec) -> UpdateCycles:
    """Durations of this chip."""
    return UpdateCycles(cycles(spec).pulse)


def new_timeline() -> UpdateTimeline:
    """After reset; nothing has to be cleared."""
    return UpdateTimeline(np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64))


@compiled
def step_cycles(durations: UpdateCycles, timeline: UpdateTimeline, length: int) -> None:
    """Adds one update with a train of `length` slots."""
    counts, marks = timeline.counts, timeline.marks
    if marks[COUNT] == 0:
        counts[_IDLE] += FIRST_IDLE
    elif durations.samples_wait:
        counts[_IDLE] += WAITING_IDLE
    marks[BEGIN] = counts[_IDLE] + counts[_UPDATE]  # the phases follow each other without a gap
    marks[COUNT] += 1
    counts[_UPDATE] += update_cycles(durations.pulse, length)


def finish_cycles(timeline: UpdateTimeline) -> dict[str, int]:
    """Cycles by phase up to the end of the last update."""
    counts = dict.fromkeys(PHASES, 0)
    counts["idle"], counts["update"] = (int(count) for count in timeline.counts)
    return counts
