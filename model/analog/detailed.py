"""Arrays with more to a cell than its visible weight, a linear response and additive noise (devices/state.py)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.devices.records import LEVEL, PAIR, RATE, STEP, FloatArray, response
from crosschop.model.analog.devices.retention import lose
from crosschop.model.analog.devices.state import Devices, Physics, pulse_device, reset_device
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import Stream, advance, mix, normal_of
from crosschop.model.jit import compiled, inlined


class DetailedCrossbar(NamedTuple):
    """State and devices of one array.

    Attributes:
        weight: visible weights, (cols, rows).
        cell: device records, not shifted, (cols, rows, CELL_FIELDS).
        pulses: pulses that each cell has received, both polarities, (cols, rows).
        sigma_c2c: cycle-to-cycle noise of a pulse, relative to the device's step.
        devices, physics: conductances and what acts on them.
    """

    weight: FloatArray
    cell: FloatArray
    pulses: NDArray[np.int64]
    sigma_c2c: np.float32
    devices: Devices
    physics: Physics


def new_detailed_crossbar(cells: FloatArray, sigma_c2c: float, devices: Devices, physics: Physics) -> DetailedCrossbar:
    """An array of the cells (cols, rows, CELL_FIELDS) in this state."""
    shape = devices.shape[:2]
    array = DetailedCrossbar(
        weight=np.zeros(shape, dtype=np.float32),
        cell=cells,
        pulses=np.zeros(shape, dtype=np.int64),
        sigma_c2c=np.float32(sigma_c2c),
        devices=devices,
        physics=physics,
    )
    for column, row in np.ndindex(*shape):
        see(array, column, row)
    return array


@inlined
def see(array: DetailedCrossbar, column: int, row: int) -> None:
    """Renews the visible weight of a cell: w - r, or g_plus - g_minus - r, with the write noise."""
    first = array.devices[column, row, 0]
    weight = first.conductance - first.reference + first.written
    if array.devices.shape[2] == 2:
        weight -= array.devices[column, row, 1].conductance
    array.weight[column, row] = weight


@inlined
def pulse_cell(array: DetailedCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell; returns the next state of the noise's stream."""
    common = array.physics[0]
    first = array.devices[column, row, 0]
    device = array.devices[column, row, 1 - direction] if common.model == PAIR else first
    word = advance(word)
    noise = array.sigma_c2c * normal_of(mix(word))
    word = pulse_device(device, first, common, array.cell[column, row], noise, direction, word)
    array.pulses[column, row] += 1
    return word


@compiled
def update(array: DetailedCrossbar, trains: Trains, chop: NDArray[np.int64], stream: Stream) -> None:
    """Parallel pulsed update, slot by slot and device by device; arguments as `crossbar.postpone`."""
    word = stream[0]
    for column in range(chop.size):
        negative = trains.column_negative[column] ^ chop[column]
        for slot in range(trains.length[0]):
            if not (trains.column_slots[column] >> slot) & 1:
                continue
            for row in range(trains.row_slots.size):
                if (trains.row_slots[row] >> slot) & 1:
                    direction = 1 ^ negative ^ trains.row_negative[row]
                    word = pulse_cell(array, column, row, direction, word)
                    see(array, column, row)
    stream[0] = word


@compiled
def age(array: DetailedCrossbar, stream: Stream) -> None:
    """One input sample later: decay, drift, and the refresh of pairs when it is due."""
    common = array.physics[0]
    common.samples += 1
    losing = common.decays or common.drifts
    refreshing = common.refresh_every > 0 and common.samples % common.refresh_every == 0
    if not (losing or refreshing):
        return
    for column in range(array.weight.shape[0]):
        for row in range(array.weight.shape[1]):
            if losing:
                for index in range(array.devices.shape[2]):
                    lose(array.devices[column, row, index], common)
            if refreshing:
                refresh_pair(array, column, row, stream)
            see(array, column, row)


@compiled
def refresh_pair(array: DetailedCrossbar, column: int, row: int, stream: Stream) -> None:
    """Resets a pair that is nearly full and writes its difference anew.

    Pulses go to the device that held more. Each follows a look at what is still missing; less than half a mean step
    ends it.
    """
    common, cell = array.physics[0], array.cell[column, row]
    plus, minus = array.devices[column, row, 0], array.devices[column, row, 1]
    wanted = plus.conductance - minus.conductance
    larger, smaller = max(plus.conductance, minus.conductance), min(plus.conductance, minus.conductance)
    if larger <= common.refresh_upper or smaller <= common.refresh_lower:
        return
    reset_device(plus)
    reset_device(minus)
    array.pulses[column, row] += 2
    direction = 1 if wanted > 0 else 0
    for _ in range(common.refresh_pulses):
        missing = wanted - (plus.conductance - minus.conductance)
        held = plus.conductance if direction else minus.conductance
        step = cell[STEP + direction] * response(PAIR, held, cell[RATE + direction], cell[LEVEL + direction])
        if (missing if direction else -missing) <= 0.5 * step:
            break
        stream[0] = pulse_cell(array, column, row, direction, stream[0])
