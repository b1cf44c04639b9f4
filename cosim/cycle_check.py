"""The cycle counters of a segment against the cycle model and what the pins showed, and when a controller hangs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosschop.cosim.job import Segment
from crosschop.cosim.scoreboard import Scoreboard
from crosschop.model.cycles import PHASES, SCHEDULER_PHASES

# Cycles beyond the longest operation in which a controller may do nothing that shows before it is said to hang.
HANG = 1000


def compare_cycles(
    scoreboard: Scoreboard,
    segment: Segment,
    predicted: Mapping[str, int],
    counters: dict[str, int],
    injected: Sequence[tuple[str, int]],
    measured: Mapping[str, int],
    elapsed: int,
) -> dict[str, int]:
    """Every counter of the controller; what it counted up to the end of its work.

    Args:
        scoreboard: of the segment.
        segment: whether anything random happened in it.
        predicted: the cycle model's counts by phase.
        counters: the controller's.
        injected: cycles that the bench added, each with the phase that they lengthen.
        measured: cycles of phases that the bench counted at the pins.
        elapsed: cycles since the reset.

    Raises:
        DivergenceError: a counter differs.
    """
    expected = dict(predicted)
    for phase, added in injected:
        expected[phase] += added
    expected.update(measured)
    expected["idle"] = elapsed - sum(expected[phase] for phase in SCHEDULER_PHASES if phase != "idle")
    for phase in PHASES:
        scoreboard.check_cycles(phase, expected[phase], counters[phase])
    if not segment.nominal:
        return counters
    # The scoreboard has compared the cycle of every transfer; idle cycles after the last one are nobody's.
    for phase in measured:
        scoreboard.check_cycles(phase, predicted[phase], counters[phase])
    return {**counters, "idle": predicted["idle"]}
