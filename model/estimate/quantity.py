"""A figure of an estimate: a range, its unit, and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crosschop.model.errors import InputError

# measured: counted in a simulation of the RTL or of the arrays; synthesised: from Yosys and a Liberty file;
# modelled: a formula on cited constants and on the chipspec.
Origin = Literal["measured", "synthesised", "modelled"]


UM2_PER_MM2 = 1e6


@dataclass(frozen=True)
class Range:
    """A positive quantity between `low` and `high`.

    Raises:
        InputError: it is not positive and finite, or out of order; nothing of the kind may reach a user as a cost.
    """

    low: float
    nominal: float
    high: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value > 0 for value in (self.low, self.nominal, self.high)):
            raise InputError(f"an estimate came out as {self}, which is not positive and finite")
        if not self.low <= self.nominal <= self.high:
            raise InputError(f"an estimate came out as {self}, which is not in order")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.nominal + other.nominal, self.high + other.high)

    def __mul__(self, other: Range | float) -> Range:
        """End by end; a float has one value at all three."""
        if not isinstance(other, Range):
            other = exactly(other)
        return Range(self.low * other.low, self.nominal * other.nominal, self.high * other.high)

    __rmul__ = __mul__

    @property
    def ends(self) -> tuple[float, float, float]:
        """Low, nominal, high."""
        return self.low, self.nominal, self.high

    def __str__(self) -> str:
        return f"{self.low:.4g} .. {self.nominal:.4g} .. {self.high:.4g}"


def exactly(value: float) -> Range:
    """A quantity without a range."""
    return Range(value, value, value)


def total(ranges: Iterable[Range]) -> Range:
    """Sum of at least one range, its ends all low or all high together."""
    first, *rest = ranges
    for one in rest:
        first = first + one
    return first


@dataclass(frozen=True)
class Line:
    """One line of an estimate.

    Attributes:
        name: what it is.
        value: in `unit`.
        origin: measured, synthesised or modelled.
        source: the formula, the run or the citation.
    """

    name: str
    value: Range
    unit: str
    origin: Origin
    source: str
