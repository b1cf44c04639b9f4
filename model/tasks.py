"""Training tasks: where inputs come from, what error is fed back, what is reported."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from crosschop.model.analog import tile as analog
from crosschop.model.analog.crossbar import Crossbar, add_product, add_products, squared_distance
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.random import draw_normals
from crosschop.model.analog.tile import Tile
from crosschop.model.chipspec.schema import ConstantGradient, WeightProgramming
from crosschop.model.jit import compiled


class Task(NamedTuple):
    """A task for compiled code.

    Attributes:
        target: W*, (cols, rows) like the arrays; zero where nothing is to be reached.
        input_std: spread of the inputs.
        correlation: a of a constant gradient; negative: the error comes from the target.
    """

    target: FloatArray
    input_std: np.float32
    correlation: np.float32


def new_task(
    task: WeightProgramming | ConstantGradient, shape: tuple[int, int], generator: np.random.Generator
) -> Task:
    """The task of a run; shape is (cols, rows).

    Weight programming draws a target matrix W* ~ N(0, target_std), elements beyond target_limit drawn again.
    """
    if isinstance(task, ConstantGradient):
        return Task(np.zeros(shape, dtype=np.float32), np.float32(task.input_std), np.float32(task.correlation))
    target = generator.normal(0.0, task.target_std, shape)
    while (outside := np.abs(target) > task.target_limit).any():
        target[outside] = generator.normal(0.0, task.target_std, int(outside.sum()))
    return Task(target.astype(np.float32), np.float32(task.input_std), np.float32(-1.0))


@compiled
def _draw_input(task: Task, tile: Tile, x: FloatArray, d: FloatArray) -> None:
    """x, and with a constant gradient d."""
    draw_normals(tile.streams.data, task.input_std, x)
    if task.correlation >= 0:
        draw_normals(tile.streams.data, task.input_std, d)
        for i in range(d.size):
            d[i] = -task.correlation * x[i] + (1 - task.correlation) * d[i]


@compiled
def draw_sample(task: Task, tile: Tile, x: FloatArray, d: FloatArray) -> None:
    """One sample: x (cols,) and d (rows,), the negative gradient of the loss with respect to the outputs.

    Weight programming: x ~ N(0, input_std), d = W* x - y, from half the squared error. Constant gradient: x = -X,
    d = a X + (1 - a) Y.
    """
    _draw_input(task, tile, x, d)
    if task.correlation < 0:
        analog.forward(tile, x, d)
        for i in range(d.size):
            d[i] = -d[i]
        add_product(task.target, x, d)


@compiled
def draw_group(task: Task, tile: Tile, x: FloatArray, d: FloatArray) -> None:
    """A group of samples on the same W, x (n_s, cols) and d (n_s, rows)."""
    for sample in range(x.shape[0]):
        _draw_input(task, tile, x[sample], d[sample])
    if task.correlation < 0:
        analog.forward_group(tile, x, d)
        for sample in range(x.shape[0]):
            for i in range(d.shape[1]):
                d[sample, i] = -d[sample, i]
        add_products(task.target, x, d)


@compiled
def weight_error(task: Task, weights: Crossbar) -> float:
    """Root mean square of W - W*, in percent of the weight range's half (1), as in Fig. 4 of the paper."""
    return 100.0 * math.sqrt(squared_distance(weights.weight, task.target) / task.target.size)
