"""The record of one cell, and the response of a cell to one pulse; visible.py has a shorter one for arrays that do.

Every model has the same record: for each direction (0 down, 1 up) a signed step, a rate and a level, then the limits.

- linear: a pulse moves w by `step (level - rate w)`. Soft bounds, linear step and constant step are this formula with
  rate = gamma / bound and level = 1; gamma is 1, between, and 0.
- exponential: a pulse moves w by `step max(0, 1 - level exp(rate w))`.
- pair: the same for two conductances, of which each direction raises its own (g_minus, g_plus).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosschop.model.jit import inlined

FloatArray = NDArray[np.float32]

STEP, RATE, LEVEL = 0, 2, 4
LOW, HIGH = 6, 7
CELL_FIELDS = 8

# What a record means.
LINEAR, EXPONENTIAL, PAIR = 0, 1, 2


@inlined
def response(model: int, conductance: float, rate: float, level: float) -> float:
    """What a noiseless pulse moves a conductance by, in steps.

    Args:
        model: LINEAR, EXPONENTIAL or PAIR.
        conductance: w, or g_plus for an up and g_minus for a down pulse, weight units.
        rate, level: of the cell's record, not shifted, in the direction of the pulse.
    """
    if model == LINEAR:
        return float(level - conductance * rate)
    return float(max(1.0 - level * np.exp(rate * conductance), 0.0))
