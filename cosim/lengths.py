"""Constrained-random train lengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_lengths(generator: np.random.Generator, style: str, longest: int, samples: int) -> NDArray[np.int64]:
    """Train lengths of so many samples, (samples,).

    `uniform` from empty to the longest; `longest` only; `empty` only; `shortest` empty or one slot.
    """
    if style == "empty":
        return np.zeros(samples, dtype=np.int64)
    if style == "longest":
        return np.full(samples, longest, dtype=np.int64)
    return generator.integers(0, 2 if style == "shortest" else longest + 1, samples)
