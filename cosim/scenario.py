"""Kinds of stimulus for a verification, and how they end in resets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from crosschop.cosim.job import STREAMS, Segment
from crosschop.model.chipspec import ChipSpec

QUIET = (0,) * len(STREAMS)
BUSY = (96,) * len(STREAMS)
# Resets in each phase, each in one of its first cycles.
RESETS_IN_PHASE = 3
LATEST_RESET = 3
# Idle cycles or back-pressure before almost everything.
SLOW = 250


def with_one_element(spec: ChipSpec) -> ChipSpec:
    """The chip with a single row, column and lane."""
    array = spec.array.model_copy(update={"rows": 1, "cols": 1})
    controller = spec.controller.model_copy(update={"lanes": 1})
    return spec.model_copy(update={"array": array, "controller": controller})


def alone(stream: str) -> tuple[int, ...]:
    """Chances that only this stream is slow."""
    return tuple(SLOW if name == stream else 0 for name in STREAMS)


Configure = Callable[[ChipSpec, dict[str, int]], dict[str, int]]


def as_chip(spec: ChipSpec, chip: dict[str, int]) -> dict[str, int]:
    """The chip's own configuration."""
    return {}


@dataclass(frozen=True)
class Scenario:
    """A kind of stimulus.

    Attributes:
        name: for reports.
        weight: its share of the transfers.
        codes, lengths: styles, see Segment.
        rates: chance (1/256) of idle or back-pressure per stream; None draws them.
        configure: cfg_* values that differ from the chip's.
        resets: end by a reset at a random moment, so many times.
        changes: other cfg_* values on the way, so many times, each while nothing is under way.
        reset_in: then a reset in this phase.
        length: transfers that it takes, whatever is asked for; None: its share.
        stations: cfg_* values from a transfer on, in a scenario of fixed length.
    """

    name: str
    weight: int
    codes: str
    lengths: str
    rates: tuple[int, ...] | None
    configure: Configure = as_chip
    resets: int = 0
    changes: int = 0
    reset_in: str | None = None
    length: int | None = None
    stations: tuple[tuple[int, Configure], ...] = ()


def with_stations(whole: Segment, scenario: Scenario, spec: ChipSpec, chip: dict[str, int]) -> Segment:
    """The segment with the cfg_* values of the scenario's stations on the way."""
    changes = tuple((first, {**whole.configuration, **configure(spec, chip)}) for first, configure in scenario.stations)
    return replace(whole, changes=changes)


def piece_before_reset(
    whole: Segment, piece: int, resets: int, window: tuple[int, int], generator: np.random.Generator
) -> Segment:
    """One of `resets` pieces of a segment, ended by a reset in a window of cycles.

    The window counts from the beginning of what is under way after the last compared transfer.
    """
    share = whole.transfers // resets + (piece < whole.transfers % resets)
    return replace(
        whole,
        transfers=share + 1,  # the transfer under way at the reset is not compared
        seed=int(generator.integers(1, 1 << 31)),
        abort=int(generator.integers(*window)),
    )


def pieces_before_phase(whole: Segment, phase: str, together: int, generator: np.random.Generator) -> list[Segment]:
    """The segment in a few pieces, each ended by a reset in the phase; a transfer in `together` others stays whole."""
    shares = whole.transfers // together
    pieces = min(RESETS_IN_PHASE, shares)
    return [
        replace(
            whole,
            transfers=together * (shares // pieces + (piece < shares % pieces)),
            seed=int(generator.integers(1, 1 << 31)),
            reset_in=(phase, int(generator.integers(LATEST_RESET))),
        )
        for piece in range(pieces)
    ]
