"""Upsets at random places and times of a run."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from crosschop.model.chipspec import ChipSpec, samples_in, transfers_together
from crosschop.model.faults.fields import field_of
from crosschop.model.faults.upset import Upset

# Beyond so many a rate floods a run: nothing is learnt about upsets, and it takes for ever.
MOST_UPSETS = 20_000


@dataclass(frozen=True)
class Strikes:
    """How a run is struck.

    Attributes:
        field: where bits are flipped; empty for nowhere.
        bit: which bit of the entries; None: any.
        count: upsets in the run.
        at: moment of all of them, as a share of the run; None: any.
        rate: in place of a count, upsets per bit and sample.
    """

    field: str
    bit: int | None
    count: int
    at: float | None
    rate: float


def draw_upsets(spec: ChipSpec, strikes: Strikes, seed: int, transfers: int) -> tuple[Upset, ...]:
    """The upsets of a run, the same for the same arguments.

    Args:
        spec: the chip.
        strikes: where, when and how many.
        seed: of places and times.
        transfers: length of the run.
    """
    if not strikes.field:
        return ()
    field, together = field_of(spec, strikes.field), transfers_together(spec)
    bit = strikes.bit
    generator = np.random.default_rng([seed, zlib.crc32(field.name.encode()), 0 if bit is None else bit + 1])
    count = strikes.count
    if strikes.rate:
        bits = field.places * field.bits
        count = min(MOST_UPSETS, int(generator.poisson(strikes.rate * bits * samples_in(spec, transfers))))
    # Upsets of a run are in different entries while there are enough.
    places = generator.permutation(np.resize(generator.permutation(field.places), count))
    moments = max(1, transfers // together)
    times = np.sort(generator.integers(0, moments, count))
    if strikes.at is not None:
        times[:] = min(moments - 1, int(strikes.at * moments))
    bits_hit = generator.integers(0, field.bits, count) if bit is None else np.full(count, bit)
    return tuple(
        Upset(field.name, int(place), int(hit), int(time) * together)
        for place, hit, time in zip(places, bits_hit, times, strict=True)
    )
