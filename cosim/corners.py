"""Corners of a verification: named, and counted where they are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESET_IN = "reset in {}"


@dataclass(frozen=True)
class Together:
    """Events that come in the same cycle.

    Attributes:
        events: numbers of those that come.
        without: numbers of those that do not.
    """

    events: tuple[int, ...]
    without: tuple[int, ...] = ()

    def count(self, counts: Sequence[int]) -> int:
        """Cycles in which they did, of the cycles by set of events."""
        wanted = sum(1 << event for event in self.events)
        looked_at = wanted | sum(1 << event for event in self.without)
        return sum(cycles for found, cycles in enumerate(counts) if found & looked_at == wanted)


@dataclass(frozen=True)
class Corners:
    """The corners of a kind of controller.

    Attributes:
        phases: in which it can be reset, in the order of `phases` of its bench.
        coincidences: what may come together, by name; events by their place in `events` of its bench.
        values: corners of numbers and of the stimulus, which scoreboard and bench count.
    """

    phases: tuple[str, ...]
    coincidences: Mapping[str, Together]
    values: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*(RESET_IN.format(phase) for phase in self.phases), *self.coincidences, *self.values)


def count_ends(corners: dict[str, int], what: str, values: NDArray[np.int64], low: int, high: int) -> None:
    """Counts whether some values are at the lower and at the upper end of their range."""
    corners[f"{what} at its lower end"] += bool((values == low).any())
    corners[f"{what} at its upper end"] += bool((values == high).any())
