"""Gains in integers: what a controller multiplies by instead of a real number."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

LR_SHIFT_MAX = 48
ROUNDING_CODES = {"half_up": 0, "floor": 1, "to_zero": 2}


class DeriveError(ValueError):
    """A legal chipspec whose derived values do not fit the hardware; the message names keys and limits."""


@dataclass(frozen=True)
class RateGain:
    """A gain in integers: `mantissa / 2**shift`."""

    mantissa: int
    shift: int


def integer_gain(gain: float, bits: int, target: str, unit: str) -> RateGain:
    """The gain with the largest mantissa of so many bits.

    Args:
        gain: greater than 0, or 0 where it underflows.
        bits: bits of the unsigned mantissa.
        target: the matrix that it goes into, for the message.
        unit: unit of the gain and the keys that it comes from, for the message.

    Raises:
        DeriveError: the gain needs a shift outside 0..48.
    """
    gain = max(gain, sys.float_info.min)  # a gain that underflows must reach the range check, not log2(0)
    shift = bits - 1 - math.floor(math.log2(gain))
    if round(math.ldexp(gain, shift)) >= 1 << bits:  # rounding up reached the next power of two
        shift -= 1
    if not 0 <= shift <= LR_SHIFT_MAX:
        raise DeriveError(
            f"the gain into {target}, {gain:g} {unit}, needs a shift of {shift}, allowed 0..{LR_SHIFT_MAX}"
        )
    return RateGain(mantissa=round(math.ldexp(gain, shift)), shift=shift)
