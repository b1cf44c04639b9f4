"""In-memory SGD in floats: W <- W + lambda d x^T, the update that the pulses of a sample amount to on average.

Plain stochastic gradient descent on the array itself: every sample updates W by its own pulse train, nothing is read
back, and nothing is kept digitally. How the pulses are drawn is the driver's matter (model/analog/pulse_driver.py) and
the same under every engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def increment(learning_rate: float, x: FloatArray, d: FloatArray) -> FloatArray:
    """What a sample adds to W, (cols, rows): lambda d x^T of inputs x (cols,) and negative output gradients d (rows,).

    The mean over the draws of the pulses, on devices at weight 0 and where the longest train is long enough.
    """
    return learning_rate * np.outer(x, d)
