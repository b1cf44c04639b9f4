"""The record of one cell, and the response of a cell to one pulse.

Every model has the same record: for each direction (0 down, 1 up) a signed step, a rate and a level, then the limits.

- linear: a pulse moves w by `step (level - rate w)`. Soft bounds, linear step and constant step are this formula with
  rate = gamma / bound and level = 1; gamma is 1, between, and 0. Written as `w (1 - step rate) + step level` it is two
  products, of which one does not wait for the pulse before: visible records keep 1 - step rate in place of rate.
- exponential: a pulse moves w by `step max(0, 1 - level exp(rate w))`.
- pair: the same for two conductances, of which each direction raises its own (g_minus, g_plus).

A visible record is shifted so that the formula takes the visible weight w - r in place of the conductance w: arrays
that need nothing else keep visible weights alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.lanes import within
from crosschop.model.jit import inlined

FloatArray = NDArray[np.float32]

STEP, RATE, LEVEL = 0, 2, 4
KEEP = RATE  # what visible records have there
LOW, HIGH = 6, 7
CELL_FIELDS = 8

# What a record means.
LINEAR, EXPONENTIAL, PAIR = 0, 1, 2


@inlined
def moved(weight: Any, step: Any, keep: Any, level: Any, noise: Any, low: Any, high: Any) -> Any:
    """Visible weight of a linear cell after one pulse with additive noise (Eqs 2, 3), of one cell or of sixteen.

    Args:
        weight: visible weight before it.
        step, keep, level: of the cell's visible record, in the direction of the pulse.
        noise: sigma_c2c * xi.
        low, high: limits of the visible weight.
    """
    return within(weight * keep + step * (level + noise), low, high)


@inlined
def pulse(weight: np.float32, cell: FloatArray, direction: int, noise: np.float32) -> np.float32:
    """The same from a visible record, (CELL_FIELDS,); direction: 1 up, 0 down."""
    step, keep, level = cell[STEP + direction], cell[KEEP + direction], cell[LEVEL + direction]
    return moved(weight, step, keep, level, noise, cell[LOW], cell[HIGH])  # type: ignore[no-any-return]  # a number


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
