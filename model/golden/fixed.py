"""Fixed-point arithmetic of the controller, the same functions as the RTL's (rtl/README.md)."""

from __future__ import annotations

from crosschop.model.golden.compiled import compiled

ROUND_HALF_UP = 0
ROUND_FLOOR = 1
ROUND_TO_ZERO = 2


@compiled
def trunc_to_zero(value: int, shift: int) -> int:
    """value / 2**shift toward zero; an arithmetic shift alone would round toward minus infinity."""
    if value < 0:
        return -((-value) >> shift)
    return value >> shift


@compiled
def round_shift(value: int, shift: int, rounding: int) -> int:
    """value / 2**shift in the given rounding; half up is floor(v + 1/2)."""
    if shift == 0 or rounding == ROUND_FLOOR:
        return value >> shift
    if rounding == ROUND_TO_ZERO:
        return trunc_to_zero(value, shift)
    return (value + (1 << (shift - 1))) >> shift


@compiled
def saturate(value: int, bits: int) -> int:
    """Value limited to the range of a signed number of `bits` bits."""
    largest = (1 << (bits - 1)) - 1
    return clamp(value, -largest - 1, largest)


@compiled
def clamp(value: int, low: int, high: int) -> int:
    """Value limited to low..high."""
    if value < low:
        return low
    if value > high:
        return high
    return value
