"""A crossbar array: products, one-hot column reads, pulsed parallel updates, column writes.

Arrays are stored (cols, rows): a column, the unit of every transfer, is contiguous, and a forward product runs over
contiguous memory without reordering a sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crosschop.model.analog.device import DevicePopulation, FloatArray, cell_records, pulse
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import Stream, advance, mix, normal_of


class Crossbar(NamedTuple):
    """State and devices of one array.

    Attributes:
        weight: visible weights, (cols, rows).
        cell: device records, (cols, rows, CELL_FIELDS).
        pulses: pulses that each device has received, both polarities, (cols, rows).
        sigma_c2c: cycle-to-cycle noise of a pulse, relative to the device's step.
    """

    weight: FloatArray
    cell: FloatArray
    pulses: NDArray[np.int64]
    sigma_c2c: np.float32


def new_crossbar(population: DevicePopulation, sigma_c2c: float) -> Crossbar:
    """An array at conductance 0, seen relative to its reference."""
    return Crossbar(
        weight=(-population.reference).astype(np.float32),
        cell=cell_records(population),
        pulses=np.zeros(population.reference.shape, dtype=np.int64),
        sigma_c2c=np.float32(sigma_c2c),
    )


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
    sigma = array.sigma_c2c
    for column in range(chop.size):
        slots = trains.column_slots[column]
        if slots == 0:
            continue
        negative = trains.column_negative[column] ^ chop[column]
        weights, cells, counts = array.weight[column], array.cell[column], array.pulses[column]
        slot = 0
        while slots:
            if slots & 1:
                for index in range(trains.fired[slot]):
                    row = trains.rows_fired[slot, index]
                    direction = 1 ^ negative ^ trains.row_negative[row]
                    word = advance(word)
                    weights[row] = pulse(weights[row], cells[row], direction, sigma * normal_of(mix(word)))
                    counts[row] += 1
            slots >>= 1
            slot += 1
    stream[0] = word


@njit(cache=True)
def write_column(array: Crossbar, column: int, steps: NDArray[np.int64], stream: Stream) -> None:
    """`steps` (rows,) signed pulses on the devices of one column, all rows in parallel."""
    for row in range(steps.size):
        direction = 1 if steps[row] > 0 else 0
        for _ in range(abs(steps[row])):
            stream[0] = advance(stream[0])
            noise = array.sigma_c2c * normal_of(mix(stream[0]))
            array.weight[column, row] = pulse(array.weight[column, row], array.cell[column, row], direction, noise)
            array.pulses[column, row] += 1
