"""What the samplers of all kinds share: classes of codes, of roundings, of pulses, of trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, beats, rtl_parameters

IntArray = NDArray[np.int64]

ROUNDINGS = ("half_up", "floor", "to_zero")
PORTS = {1: "one", 2: "two"}


def within(checks: dict[str, bool]) -> list[str]:
    """Names of what is true."""
    return [name for name, true in checks.items() if true]


def codes_met(codes: IntArray, bits: int) -> list[str]:
    """Of codes of so many bits; `missing` is the one below the symmetric range."""
    end = 1 << (bits - 1)
    values = {
        "missing": -end, "lowest": 1 - end, "minus_one": -1, "zero": 0, "plus_one": 1, "highest": end - 1,
    }  # fmt: skip
    present = set(codes.tolist())
    return [name for name, value in values.items() if value in present]


def remainder_met(products: IntArray, shift: int, halves: bool) -> list[str]:
    """What is below the LSB that a product is rounded to.

    Args:
        products: before rounding.
        shift: bits that rounding drops.
        halves: whether the sign of an exact half is told apart.
    """
    if shift == 0:
        return ["nothing"]
    rest = products & ((1 << shift) - 1)
    half, exact = rest == 1 << (shift - 1), rest == 0
    other, negative = ~half & ~exact, products < 0
    met = {
        "nothing": bool(exact.any()),
        "else_positive": bool((other & ~negative).any()),
        "else_negative": bool((other & negative).any()),
    }
    if halves:
        met["half_positive"] = bool((half & ~negative).any())
        met["half_negative"] = bool((half & negative).any())
    else:
        met["half"] = bool(half.any())
    return within(met)


def saturation_met(sums: IntArray, bits: int) -> list[str]:
    """Of sums before they are held within so many bits."""
    end = 1 << (bits - 1)
    above, below = sums >= end, sums < -end
    return within({"above": bool(above.any()), "below": bool(below.any()), "inside": bool((~above & ~below).any())})


def steps_met(steps: IntArray, most: int) -> list[str]:
    """Of whole pulses, at most `most` each."""
    return within(
        {
            "none": bool((steps == 0).any()),
            "one_up": bool((steps == 1).any()),
            "one_down": bool((steps == -1).any()),
            **({"most_up": bool((steps == most).any()), "most_down": bool((steps == -most).any())} if most > 1 else {}),
        }
    )


def clamp_met(sums: IntArray, bits: int, frac: int, most: int) -> list[str]:
    """Of saturated sums that are worth more pulses than `most`."""
    end = 1 << (bits - 1)
    held = np.clip(sums, -end, end - 1)
    too_much = (most + 1) << frac
    return within({"up": bool((held >= too_much).any()), "down": bool((held <= -too_much).any())})


def length_met(lengths: Sequence[int], longest: int) -> list[str]:
    """Of trains."""
    return within(
        {
            "empty": 0 in lengths,
            "one_slot": 1 in lengths,
            "between": any(1 < length < longest for length in lengths),
            "longest": longest in lengths,
        }
    )


def beats_met(spec: ChipSpec) -> list[str]:
    """Of the chip's columns."""
    if spec.lanes > spec.array.rows:
        return ["more_lanes_than_rows"]
    return ["whole" if beats(spec) * spec.lanes == spec.array.rows else "last_one_short"]


def ports_met(spec: ChipSpec) -> list[str]:
    """Of the chip's memories."""
    return [PORTS[rtl_parameters(spec)["MEM_PORTS"]]]
