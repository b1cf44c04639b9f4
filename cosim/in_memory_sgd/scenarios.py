"""How xc_in_memory_sgd is verified: scenarios, the narrow variant, when resets come."""

from __future__ import annotations

import numpy as np

from crosschop.cosim.in_memory_sgd.corners import PHASES
from crosschop.cosim.job import Segment
from crosschop.cosim.scenario import BUSY, QUIET, Scenario, alone, piece_before_reset
from crosschop.model.chipspec import ChipSpec, cycles, given

# The controller has no columns; those of the narrow variant make its builds and jobs small.
NARROW_COLS = 3
# Codes of a read, of which there is none.
_NO_CODES = "none"

# The chip's own trains.
CHIP_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("reset under way", 1, _NO_CODES, "uniform", None, resets=8),
    Scenario("as specified", 6, _NO_CODES, "uniform", QUIET),
    Scenario("idle and back-pressure", 13, _NO_CODES, "uniform", BUSY),
)

# The ends of what trains can be: updates of one cycle follow each other without a gap, the longest ones fill it.
NARROW_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("longest trains", 3, _NO_CODES, "longest", QUIET),
    Scenario("empty trains and single slots", 6, _NO_CODES, "shortest", QUIET),
    Scenario("reset under way", 3, _NO_CODES, "shortest", None, resets=40),
    Scenario("longest trains, back-pressure", 2, _NO_CODES, "longest", BUSY),
    Scenario("empty trains and single slots, back-pressure", 6, _NO_CODES, "shortest", BUSY),
    Scenario("empty trains", 1, _NO_CODES, "empty", QUIET),
    *(Scenario(f"{stream} slow alone", 1, _NO_CODES, "shortest", alone(stream)) for stream in ("smp", "upd")),
    *(Scenario(f"reset in {phase}", 1, _NO_CODES, "shortest", None, reset_in=phase) for phase in PHASES),
)

# The controller counts samples in 32 bits only: no part is long enough.
LONG_SCENARIOS: tuple[Scenario, ...] = ()


def narrow_variant(spec: ChipSpec) -> ChipSpec:
    """The same controller and driver on few columns."""
    cols = min(spec.array.cols, NARROW_COLS)
    return spec.model_copy(update={"array": spec.array.model_copy(update={"cols": cols})})


def with_resets(whole: Segment, resets: int, spec: ChipSpec, generator: np.random.Generator) -> list[Segment]:
    """The segment in pieces that end by a reset, at any moment of the two updates that follow."""
    resets = min(resets, whole.transfers)
    window = (0, 2 * given(spec.driver).max_pulses * cycles(spec).pulse)
    return [piece_before_reset(whole, piece, resets, window, generator) for piece in range(resets)]


def with_changes(whole: Segment, changes: int, spec: ChipSpec, generator: np.random.Generator) -> Segment:
    """The segment as it is: the controller has no configuration."""
    return whole


def long_variant(spec: ChipSpec) -> ChipSpec:
    """The narrow variant: nothing is verified in a long part."""
    return narrow_variant(spec)
