"""The Pareto front of two quantities that should be small."""

from __future__ import annotations

import math
from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points nothing beats: no other is as small in both quantities and smaller in one.

    Equal points are on the front together.
    """
    marks = [False] * len(points)
    best, best_x = math.inf, math.inf
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        x, y = points[index]
        if y < best or (y == best and x == best_x):
            marks[index] = True
            best, best_x = y, x
    return marks
