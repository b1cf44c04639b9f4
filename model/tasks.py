"""Training tasks: where inputs come from, what error is fed back, what is reported."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from crosschop.model.analog import tile as analog
from crosschop.model.analog.crossbar import Crossbar
from crosschop.model.analog.device import FloatArray
from crosschop.model.analog.random import draw_normal
from crosschop.model.analog.tile import Tile
from crosschop.model.chipspec.schema import WeightProgramming


class Task(NamedTuple):
    """Weight programming for compiled code.

    Attributes:
        target: W*, (cols, rows) like the arrays.
        input_std: spread of the inputs.
    """

    target: FloatArray
    input_std: np.float32


def new_task(task: WeightProgramming, shape: tuple[int, int], generator: np.random.Generator) -> Task:
    """A target matrix W* ~ N(0, target_std), elements beyond target_limit drawn again; shape (cols, rows)."""
    target = generator.normal(0.0, task.target_std, shape)
    while (outside := np.abs(target) > task.target_limit).any():
        target[outside] = generator.normal(0.0, task.target_std, int(outside.sum()))
    return Task(target.astype(np.float32), np.float32(task.input_std))


@njit(cache=True)
def draw_sample(task: Task, tile: Tile, x: FloatArray, d: FloatArray) -> None:
    """One sample: x (cols,) ~ N(0, input_std); d (rows,) = W* x - y, the negative gradient of the squared error."""
    for i in range(x.size):
        x[i] = task.input_std * draw_normal(tile.streams.data)
    actual = np.empty_like(d)
    analog.forward(tile, x, actual)
    d[:] = -actual
    for column in range(x.size):
        scale = x[column]
        wanted = task.target[column]
        for row in range(d.size):
            d[row] += wanted[row] * scale


@njit(cache=True)
def weight_error(task: Task, weights: Crossbar) -> float:
    """Root mean square of W - W*, in percent of the weight range's half (1), as in Fig. 4 of the paper."""
    total = 0.0
    for column in range(task.target.shape[0]):
        for row in range(task.target.shape[1]):
            difference = float(weights.weight[column, row] - task.target[column, row])
            total += difference * difference
    return 100.0 * math.sqrt(total / task.target.size)
