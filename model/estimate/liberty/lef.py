"""Area of a cell, from its LEF abstract."""

from __future__ import annotations

import re

from crosschop.model.errors import InputError


def area(lef: str) -> float:
    """Width times height of the only macro in a LEF file, um2.

    Raises:
        InputError: the file gives no size, or several.
    """
    sizes = re.findall(r"^\s*SIZE\s+([\d.]+)\s+BY\s+([\d.]+)\s*;", lef, re.MULTILINE)
    if len(sizes) != 1:
        raise InputError(f"a LEF file gives {len(sizes)} sizes instead of one: {lef[:80]!r}")
    width, height = map(float, sizes[0])
    # A LEF gives nanometres, so a product has six decimals at the most; the rest is rounding of floats
    return round(width * height, 6)
