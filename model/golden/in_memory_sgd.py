"""The controller of in-memory SGD in integers: it hands each sample on to W and numbers the updates.

The train of a sample is the driver's matter (model/analog/pulse_driver.py); signs, columns and pulses do not pass the
controller.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosschop.model.golden.compiled import compiled

IntArray = NDArray[np.int64]

# Updates are counted in 32 bits and wrap.
NUMBER_MASK = 0xFFFFFFFF


def reset_state() -> IntArray:
    """(1,) number of the next update: 0 after reset."""
    return np.zeros(1, dtype=np.int64)


@compiled
def step_update(state: IntArray) -> int:
    """One update; its number, with which it retires."""
    number = state[0]
    state[0] = (number + 1) & NUMBER_MASK
    return int(number)
