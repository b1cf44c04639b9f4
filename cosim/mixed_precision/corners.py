"""The corners of xc_mixed_precision; the bench's vectors `phases` and `events` have the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.corners import Corners, Together, count_ends
from crosschop.model.golden.mixed_precision import MixedConfig, MixedState
from crosschop.model.golden.state import HEAD_COLUMN, Transfer

IntArray = NDArray[np.int64]

PHASES = ("clear", "idle", "read", "load", "pass", "drain", "write")
TICK, REQUEST, BEAT, RETIRED, WRITE, WRITTEN, IDLE = range(7)

CORNERS = Corners(
    phases=PHASES,
    coincidences={
        "tick taken out of idle": Together((TICK, IDLE)),
        "tick taken as a pass ends": Together((TICK,), (IDLE,)),
        "tick taken as a column retires": Together((TICK, RETIRED)),
        "request ends as a column retires": Together((REQUEST, RETIRED)),
        "operand beat as a column retires": Together((BEAT, RETIRED)),
        "write begins as its column retires": Together((RETIRED, WRITE)),
        "write ends in its first cycle": Together((RETIRED, WRITTEN)),
    },
    values=(
        "x at its lower end",
        "x at its upper end",
        "d at its lower end",
        "d at its upper end",
        "chi at its lower end",
        "chi at its upper end",
        "most pulses up",
        "most pulses down",
        "configuration changed",
    ),
)


def count_operands(corners: dict[str, int], x: IntArray, d: IntArray, bits: int) -> None:
    """Corners of x (cols,) and d (rows,), codes of so many bits."""
    largest = 1 << (bits - 1)
    for what, codes in (("x", x), ("d", d)):
        count_ends(corners, what, codes, -largest, largest - 1)


def count_column(corners: dict[str, int], config: MixedConfig, state: MixedState, transfer: Transfer) -> None:
    """Corners of a column after the golden step; chi counts as it was before its pulses left."""
    pulses = transfer.pulses
    largest = 1 << (config.chi_bits - 1)
    before = state.chi[int(transfer.head[HEAD_COLUMN])] + (pulses << config.chi_frac)
    count_ends(corners, "chi", before, -largest, largest - 1)
    corners["most pulses up"] += bool((pulses == config.max_steps).any())
    corners["most pulses down"] += bool((pulses == -config.max_steps).any())
