"""A crossbar array: products, one-hot column reads, pulsed parallel updates, column writes.

Arrays are stored (cols, rows): a column, the unit of every transfer, is contiguous, and a forward product runs over
contiguous memory without reordering a sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from crosschop.model.analog import detailed, plain
from crosschop.model.analog.detailed import DetailedCrossbar
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.lanes import LANES, lanes_there, load_masked, spread, store_masked, total
from crosschop.model.analog.plain import PlainCrossbar
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import Stream
from crosschop.model.jit import OPTIONS, apart, compiled

# So many squares are added in float32, sixteen sums of 256 each, before float64 takes them.
_SUMMED = 4096

# Compiled code knows the two kinds apart by their types, so what the second needs costs the first nothing.
Crossbar = PlainCrossbar | DetailedCrossbar


def _pulse_plain(array: PlainCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell; returns the next state of the noise's stream."""
    return plain.pulse_cell(array, column, row, direction, word)


def _pulse_detailed(array: DetailedCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """The same on a cell of a detailed array."""
    word = detailed.pulse_cell(array, column, row, direction, word)
    detailed.see(array, column, row)
    return word


def _pulse_cell(array: Crossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell; compiled code gets the function for the type of its array."""
    if isinstance(array, DetailedCrossbar):
        return _pulse_detailed(array, column, row, direction, word)
    return _pulse_plain(array, column, row, direction, word)


@overload(_pulse_cell, strict=False, inline="always", jit_options=OPTIONS)
def _choose_pulse(array: Any, column: Any, row: Any, direction: Any, word: Any) -> Any:
    return _pulse_detailed if issubclass(array.instance_class, DetailedCrossbar) else _pulse_plain


@apart
def add_product(weights: FloatArray, x: FloatArray, y: FloatArray) -> None:
    """y (rows,) += W x, W (cols, rows), x (cols,); every sum runs over the columns in their order."""
    rows = y.size
    for first in range(0, rows, 4 * LANES):
        there_0, there_1 = lanes_there(rows - first), lanes_there(rows - first - 16)
        there_2, there_3 = lanes_there(rows - first - 32), lanes_there(rows - first - 48)
        sum_0, sum_1 = load_masked(y, first, there_0), load_masked(y, first + 16, there_1)
        sum_2, sum_3 = load_masked(y, first + 32, there_2), load_masked(y, first + 48, there_3)
        for column in range(x.size):
            place, scale = column * rows + first, spread(x[column])
            sum_0 = sum_0 + load_masked(weights, place, there_0) * scale
            sum_1 = sum_1 + load_masked(weights, place + 16, there_1) * scale
            sum_2 = sum_2 + load_masked(weights, place + 32, there_2) * scale
            sum_3 = sum_3 + load_masked(weights, place + 48, there_3) * scale
        store_masked(y, first, there_0, sum_0)
        store_masked(y, first + 16, there_1, sum_1)
        store_masked(y, first + 32, there_2, sum_2)
        store_masked(y, first + 48, there_3, sum_3)


@apart
def add_products(weights: FloatArray, x: FloatArray, y: FloatArray) -> None:
    """`add_product` of samples, x (samples, cols), y (samples, rows): two at a time, on weights fetched once.

    All of them pass one block of rows before the next, so a block comes from the processor's far memory once.
    """
    samples, rows = y.shape
    for first in range(0, rows, 4 * LANES):
        there_0, there_1 = lanes_there(rows - first), lanes_there(rows - first - 16)
        there_2, there_3 = lanes_there(rows - first - 32), lanes_there(rows - first - 48)
        for sample in range(0, samples - 1, 2):
            a, b = sample * rows + first, (sample + 1) * rows + first
            sum_a0, sum_a1 = load_masked(y, a, there_0), load_masked(y, a + 16, there_1)
            sum_a2, sum_a3 = load_masked(y, a + 32, there_2), load_masked(y, a + 48, there_3)
            sum_b0, sum_b1 = load_masked(y, b, there_0), load_masked(y, b + 16, there_1)
            sum_b2, sum_b3 = load_masked(y, b + 32, there_2), load_masked(y, b + 48, there_3)
            for column in range(x.shape[1]):
                place = column * rows + first
                scale_a, scale_b = spread(x[sample, column]), spread(x[sample + 1, column])
                weight = load_masked(weights, place, there_0)
                sum_a0, sum_b0 = sum_a0 + weight * scale_a, sum_b0 + weight * scale_b
                weight = load_masked(weights, place + 16, there_1)
                sum_a1, sum_b1 = sum_a1 + weight * scale_a, sum_b1 + weight * scale_b
                weight = load_masked(weights, place + 32, there_2)
                sum_a2, sum_b2 = sum_a2 + weight * scale_a, sum_b2 + weight * scale_b
                weight = load_masked(weights, place + 48, there_3)
                sum_a3, sum_b3 = sum_a3 + weight * scale_a, sum_b3 + weight * scale_b
            store_masked(y, a, there_0, sum_a0)
            store_masked(y, a + 16, there_1, sum_a1)
            store_masked(y, a + 32, there_2, sum_a2)
            store_masked(y, a + 48, there_3, sum_a3)
            store_masked(y, b, there_0, sum_b0)
            store_masked(y, b + 16, there_1, sum_b1)
            store_masked(y, b + 32, there_2, sum_b2)
            store_masked(y, b + 48, there_3, sum_b3)
    if samples % 2:
        add_product(weights, x[samples - 1], y[samples - 1])


@apart
def squared_distance(weights: FloatArray, target: FloatArray) -> float:
    """Sum of the squares of W - W*, both (cols, rows)."""
    found, zero = 0.0, spread(np.float32(0.0))
    for block in range(0, weights.size, _SUMMED):
        end = min(block + _SUMMED, weights.size)
        sum_0, sum_1, sum_2, sum_3 = zero, zero, zero, zero
        for first in range(block, end, 4 * LANES):
            there_0, there_1 = lanes_there(end - first), lanes_there(end - first - 16)
            there_2, there_3 = lanes_there(end - first - 32), lanes_there(end - first - 48)
            missing_0 = load_masked(weights, first, there_0) - load_masked(target, first, there_0)
            missing_1 = load_masked(weights, first + 16, there_1) - load_masked(target, first + 16, there_1)
            missing_2 = load_masked(weights, first + 32, there_2) - load_masked(target, first + 32, there_2)
            missing_3 = load_masked(weights, first + 48, there_3) - load_masked(target, first + 48, there_3)
            sum_0, sum_1 = sum_0 + missing_0 * missing_0, sum_1 + missing_1 * missing_1
            sum_2, sum_3 = sum_2 + missing_2 * missing_2, sum_3 + missing_3 * missing_3
        found += total((sum_0 + sum_1) + (sum_2 + sum_3))
    return found


@compiled
def mvm(array: Crossbar, x: FloatArray, y: FloatArray) -> None:
    """y (rows,) = W x, x (cols,)."""
    for row in range(y.size):
        y[row] = 0
    add_product(array.weight, x, y)


@compiled
def mvm_transposed(array: Crossbar, d: FloatArray, z: FloatArray) -> None:
    """z (cols,) = W^T d, d (rows,)."""
    for column in range(z.size):
        total = np.float32(0.0)
        weights = array.weight[column]
        for row in range(d.size):
            total += weights[row] * d[row]
        z[column] = total


def _postpone_plain(array: PlainCrossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    plain.postpone(array, trains, chop, stream)


def _postpone_detailed(array: DetailedCrossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """Time may work on the cells: nothing waits."""
    detailed.update(array, trains, chop, stream)


def _postpone(array: Crossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """Drives an update; compiled code gets the function for the type of its array."""
    if isinstance(array, DetailedCrossbar):
        _postpone_detailed(array, trains, chop, stream)
    else:
        _postpone_plain(array, trains, chop, stream)


@overload(_postpone, strict=False, jit_options=OPTIONS)
def _choose_postpone(array: Any, trains: Any, chop: Any, stream: Any) -> Any:
    return _postpone_detailed if issubclass(array.instance_class, DetailedCrossbar) else _postpone_plain


def _settle_plain(array: PlainCrossbar, column: int) -> None:
    if column < 0:
        plain.settle(array)
    else:
        plain.settle_column(array, column)


def _settle_detailed(array: DetailedCrossbar, column: int) -> None:
    """Nothing waits."""


def _settle(array: Crossbar, column: int) -> None:
    """Works out what waits for a column, for all of them if negative."""
    if isinstance(array, PlainCrossbar):
        _settle_plain(array, column)


@overload(_settle, strict=False, jit_options=OPTIONS)
def _choose_settle(array: Any, column: Any) -> Any:
    return _settle_detailed if issubclass(array.instance_class, DetailedCrossbar) else _settle_plain


@compiled
def postpone(array: Crossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """Parallel pulsed update: each coincidence of a column and a row pulse is one pulse on their device.

    The chopper of a column turns the sign of its pulses (c * x), not their number. The weights need not show the update
    before `settle` has been called.

    Args:
        array: the array to update.
        trains: which lines fire in which slots.
        chop: chop bits, (cols,), 1 means c = -1.
        stream: cycle-to-cycle noise.
    """
    _postpone(array, trains, chop, stream)


@compiled
def settle(array: Crossbar) -> None:
    """Brings all weights and counts of pulses to date."""
    _settle(array, -1)


@compiled
def settle_column(array: Crossbar, column: int) -> None:
    """Brings those of one column to date."""
    _settle(array, column)


@compiled
def update(array: Crossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """`postpone` and `settle` at once, where the array is looked at after every update."""
    _postpone(array, trains, chop, stream)
    _settle(array, -1)


@compiled
def write_column(array: Crossbar, column: int, steps: NDArray[np.int64], stream: Stream) -> None:
    """`steps` (rows,) signed pulses on the devices of one column, all rows in parallel."""
    word = stream[0]
    for row in range(steps.size):
        direction = 1 if steps[row] > 0 else 0
        for _ in range(abs(steps[row])):
            word = _pulse_cell(array, column, row, direction, word)
    stream[0] = word


def _age_plain(array: PlainCrossbar, stream: Stream) -> None:
    """Time alone changes nothing."""


def _age_detailed(array: DetailedCrossbar, stream: Stream) -> None:
    """Time works."""
    detailed.age(array, stream)


def _age(array: Crossbar, stream: Stream) -> None:
    """One input sample later; compiled code gets the function for the type of its array."""
    if isinstance(array, DetailedCrossbar):
        _age_detailed(array, stream)


@overload(_age, strict=False, jit_options=OPTIONS)
def _choose_age(array: Any, stream: Any) -> Any:
    return _age_detailed if issubclass(array.instance_class, DetailedCrossbar) else _age_plain


@compiled
def age(array: Crossbar, stream: Stream) -> None:
    """One input sample later: decay, drift, and the refresh of pairs when it is due.

    Args:
        array: the array.
        stream: noise of the pulses of a refresh.
    """
    _age(array, stream)
