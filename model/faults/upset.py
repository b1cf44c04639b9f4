"""An upset: a particle, or a weak cell, flips one bit of what a controller keeps or is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upset:
    """One flipped bit.

    Attributes:
        field: name of a field of `crosschop.model.faults.fields`.
        place: entry of it; of a matrix column * rows + row.
        bit: 0 the least significant.
        transfer: the first transfer that meets it, counted from 0; in mixed precision the first column of a pass.
    """

    field: str
    place: int
    bit: int
    transfer: int
