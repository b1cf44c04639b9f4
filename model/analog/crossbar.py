"""A crossbar array: products, one-hot column reads, pulsed parallel updates, column writes.

Arrays are stored (cols, rows): a column, the unit of every transfer, is contiguous, and a forward product runs over
contiguous memory without reordering a sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import overload
from numpy.typing import NDArray

from crosschop.model.analog import detailed
from crosschop.model.analog.detailed import DetailedCrossbar
from crosschop.model.analog.devices.linear import LinearDevices
from crosschop.model.analog.devices.records import CELL_FIELDS, FloatArray, pulse
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import Stream, advance, mix, normal_of


class PlainCrossbar(NamedTuple):
    """State and devices of one array whose visible weights say everything.

    Attributes:
        weight: visible weights, (cols, rows).
        cell: device records, shifted to visible weights, (cols, rows, CELL_FIELDS).
        pulses: pulses that each cell has received, both polarities, (cols, rows).
        sigma_c2c: cycle-to-cycle noise of a pulse, relative to the device's step.
    """

    weight: FloatArray
    cell: FloatArray
    pulses: NDArray[np.int64]
    sigma_c2c: np.float32


# Compiled code knows the two kinds apart by their types, so what the second needs costs the first nothing.
Crossbar = PlainCrossbar | DetailedCrossbar


def new_crossbar(population: LinearDevices, sigma_c2c: float) -> PlainCrossbar:
    """An array of linear devices at conductance 0, seen relative to its reference."""
    zero = np.clip(0.0, population.w_min, population.w_max)  # a stuck device stands where it is stuck
    return PlainCrossbar(
        weight=(zero - population.reference).astype(np.float32),
        cell=population.visible_records(),
        pulses=np.zeros(population.reference.shape, dtype=np.int64),
        sigma_c2c=np.float32(sigma_c2c),
    )


def no_crossbar() -> PlainCrossbar:
    """What stands for an array that a chip does not have: no rows and no columns."""
    return PlainCrossbar(
        weight=np.zeros((0, 0), dtype=np.float32),
        cell=np.zeros((0, 0, CELL_FIELDS), dtype=np.float32),
        pulses=np.zeros((0, 0), dtype=np.int64),
        sigma_c2c=np.float32(0.0),
    )


def _pulse_plain(array: PlainCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell; returns the next state of the noise's stream."""
    word = advance(word)
    noise = array.sigma_c2c * normal_of(mix(word))
    array.weight[column, row] = pulse(array.weight[column, row], array.cell[column, row], direction, noise)
    array.pulses[column, row] += 1
    return word


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


@overload(_pulse_cell, strict=False, inline="always")
def _choose_pulse(array: Any, column: Any, row: Any, direction: Any, word: Any) -> Any:
    return _pulse_detailed if issubclass(array.instance_class, DetailedCrossbar) else _pulse_plain


@njit(cache=True)
def mvm(array: Crossbar, x: FloatArray, y: FloatArray) -> None:
    """y (rows,) = W x, x (cols,)."""
    y[:] = 0
    for column in range(x.size):
        scale = x[column]
        weights = array.weight[column]
        for row in range(y.size):
            y[row] += weights[row] * scale


@njit(cache=True)
def mvm_transposed(array: Crossbar, d: FloatArray, z: FloatArray) -> None:
    """z (cols,) = W^T d, d (rows,)."""
    for column in range(z.size):
        total = np.float32(0.0)
        weights = array.weight[column]
        for row in range(d.size):
            total += weights[row] * d[row]
        z[column] = total


@njit(cache=True)
def update(array: Crossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """Parallel pulsed update: each coincidence of a column and a row pulse is one pulse on their device.

    The chopper of a column turns the sign of its pulses (c * x), not their number.

    Args:
        array: the array to update.
        trains: which lines fire in which slots.
        chop: chop bits, (cols,), 1 means c = -1.
        stream: cycle-to-cycle noise.
    """
    word = stream[0]
    for column in range(chop.size):
        slots = trains.column_slots[column]
        negative = trains.column_negative[column] ^ chop[column]
        slot = 0
        while slots:
            if slots & 1:
                for index in range(trains.fired[slot]):
                    row = trains.rows_fired[slot, index]
                    direction = 1 ^ negative ^ trains.row_negative[row]
                    word = _pulse_cell(array, column, row, direction, word)
            slots >>= 1
            slot += 1
    stream[0] = word


@njit(cache=True)
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


@overload(_age, strict=False)
def _choose_age(array: Any, stream: Any) -> Any:
    return _age_detailed if issubclass(array.instance_class, DetailedCrossbar) else _age_plain


@njit(cache=True)
def age(array: Crossbar, stream: Stream) -> None:
    """One input sample later: decay, drift, and the refresh of pairs when it is due.

    Args:
        array: the array.
        stream: noise of the pulses of a refresh.
    """
    _age(array, stream)
