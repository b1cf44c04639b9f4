"""The record of a linear cell with additive noise, of which nothing but the conductance w is kept; its response.

With rate = gamma / bound a pulse moves the conductance w by `step (1 - rate w + noise)` (records.py). Here this is
`w (1 - step rate) + step (1 + noise)`: two products, of which the second does not wait for the pulse before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.lanes import within
from crosschop.model.jit import inlined

# For each direction (0 down, 1 up) a signed step and the part of w that a pulse keeps, 1 - step rate; the conductance r
# that stands for weight 0; limits of w.
STEP, KEEP = 0, 2
REFERENCE, LOW, HIGH = 4, 5, 6
VISIBLE_FIELDS = 7


@inlined
def moved(conductance: Any, step: Any, keep: Any, gain: Any, low: Any, high: Any) -> Any:
    """Conductance of a linear cell after one pulse with additive noise (Eqs 2, 3), of one cell or of sixteen.

    Args:
        conductance: w before it.
        step, keep: of the cell's record, in the direction of the pulse.
        gain: 1 + sigma_c2c * xi.
        low, high: limits of w.
    """
    return within(conductance * keep + step * gain, low, high)


@inlined
def pulse(conductance: np.float32, cell: FloatArray, direction: int, gain: np.float32) -> np.float32:
    """The same from a record.

    Args:
        conductance: w before it.
        cell: record of the device, (VISIBLE_FIELDS,).
        direction: 1 up, 0 down.
        gain: 1 + sigma_c2c * xi.
    """
    step, keep = cell[STEP + direction], cell[KEEP + direction]
    return moved(conductance, step, keep, gain, cell[LOW], cell[HIGH])  # type: ignore[no-any-return]  # a number
