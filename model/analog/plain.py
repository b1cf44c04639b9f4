"""Arrays whose visible weights say everything: a linear response, additive noise, nothing that time does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog import backlog as waiting
from crosschop.model.analog.backlog import CAPACITY, WINDOWS_PER_WORD, Backlog, new_backlog
from crosschop.model.analog.devices.linear import LinearDevices
from crosschop.model.analog.devices.records import (
    CELL_FIELDS,
    HIGH,
    KEEP,
    LEVEL,
    LOW,
    STEP,
    FloatArray,
    moved,
    pulse,
)
from crosschop.model.analog.lanes import LANES, choose, lanes_there, load, load_masked, spread, store, store_masked
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import (
    NORMAL_BITS,
    WINDOW,
    Stream,
    advance,
    mix,
    normal_of,
    normal_windows,
    word_at,
)
from crosschop.model.jit import apart, compiled, inlined

IntArray = NDArray[np.int64]

_PLACE = np.uint64((1 << NORMAL_BITS) - 1)
_PLACE_BITS = 64 // WINDOWS_PER_WORD
_LANES = np.uint64(LANES)


class PlainCrossbar(NamedTuple):
    """State and devices of one array.

    Attributes:
        weight: visible weights, (cols, rows), of all updates but those in the backlog.
        cell: visible records of the devices, (cols, CELL_FIELDS, rows and what makes them a multiple of WINDOW).
        pulses: pulses that each cell has received, both polarities, (cols, rows).
        sigma_c2c: cycle-to-cycle noise of a pulse, relative to the device's step.
        noise: deviates with this spread, see `normal_windows`.
        backlog: updates that the weights do not show yet.
        counted: (WINDOW,) pulses of one block of a column while it is worked out.
    """

    weight: FloatArray
    cell: FloatArray
    pulses: IntArray
    sigma_c2c: np.float32
    noise: FloatArray
    backlog: Backlog
    counted: FloatArray


def _plain(weight: FloatArray, records: FloatArray, sigma_c2c: float) -> PlainCrossbar:
    cols, rows = weight.shape
    cell = np.zeros((cols, CELL_FIELDS, -(-rows // WINDOW) * WINDOW), dtype=np.float32)
    cell[..., :rows] = records.swapaxes(1, 2)
    return PlainCrossbar(
        weight=weight,
        cell=cell,
        pulses=np.zeros((cols, rows), dtype=np.int64),
        sigma_c2c=np.float32(sigma_c2c),
        noise=normal_windows(sigma_c2c),
        backlog=new_backlog(rows, cols),
        counted=np.zeros(WINDOW, dtype=np.float32),
    )


def new_crossbar(population: LinearDevices, sigma_c2c: float) -> PlainCrossbar:
    """An array of linear devices at conductance 0, seen relative to its reference."""
    zero = np.clip(0.0, population.w_min, population.w_max)  # a stuck device stands where it is stuck
    weight = (zero - population.reference).astype(np.float32)
    return _plain(weight, population.visible_records(), sigma_c2c)


def no_crossbar() -> PlainCrossbar:
    """What stands for an array that a chip does not have: no rows and no columns."""
    return _plain(np.zeros((0, 0), dtype=np.float32), np.zeros((0, 0, CELL_FIELDS), dtype=np.float32), 0.0)


@inlined
def pulse_cell(array: PlainCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell, whose column has no updates waiting; returns the next state of the noise's stream."""
    word = advance(word)
    noise = array.sigma_c2c * normal_of(mix(word))
    array.weight[column, row] = pulse(array.weight[column, row], array.cell[column, :, row], direction, noise)
    array.pulses[column, row] += 1
    return word


@compiled
def postpone(array: PlainCrossbar, trains: Trains, chop: IntArray, stream: Stream) -> None:
    """Adds an update to the backlog, which is worked out first if it has no room."""
    if waiting.next_slot(array.backlog.filled[0], trains.length[0]) + trains.length[0] > CAPACITY:
        settle(array)
    waiting.postpone(array.backlog, trains, chop, stream)


@compiled
def settle(array: PlainCrossbar) -> None:
    """Works out all updates waiting."""
    if array.backlog.filled[0] == 0:
        return
    for column in range(array.weight.shape[0]):
        settle_column(array, column)
    array.backlog.settled[:] = 0
    array.backlog.filled[0] = 0


@apart
def settle_column(array: PlainCrossbar, column: int) -> None:
    """Works out the updates waiting for one column."""
    backlog, rows = array.backlog, array.weight.shape[1]
    events = backlog.events
    count = waiting.gather_events(backlog, column)
    backlog.settled[column] = backlog.filled[0]
    if count == 0:
        return
    for block in range(backlog.rows.shape[1]):
        place = block % WINDOWS_PER_WORD
        if place == 0:
            for event in range(count):
                events.places[event] = mix(word_at(events.noise[event], block // WINDOWS_PER_WORD))
        first = block * WINDOW
        shift = np.uint64(place * _PLACE_BITS)
        if rows - first > 2 * LANES:
            _pulse_wide(array, column, block, shift, count)
        else:
            _pulse_narrow(array, column, block, shift, count)
        for row in range(first, min(first + WINDOW, rows)):
            array.pulses[column, row] += np.int64(array.counted[row - first])


@inlined
def _moved(array: PlainCrossbar, weight: Any, cell: int, up: np.uint64, noise: np.int64) -> Any:
    """Sixteen weights after a pulse on each.

    Args:
        array: with the parameters.
        weight: the weights before it.
        cell: place of the first parameter of the first of these cells.
        up: lanes that are pulsed up, the others down.
        noise: place of the noise of the first of these pulses.
    """
    cells, width = array.cell, array.cell.shape[2]
    step = choose(up, load(cells, cell + (STEP + 1) * width), load(cells, cell + STEP * width))
    keep = choose(up, load(cells, cell + (KEEP + 1) * width), load(cells, cell + KEEP * width))
    level = choose(up, load(cells, cell + (LEVEL + 1) * width), load(cells, cell + LEVEL * width))
    low, high = load(cells, cell + LOW * width), load(cells, cell + HIGH * width)
    return moved(weight, step, keep, level, load(array.noise, noise), low, high)


@compiled
def _pulse_wide(array: PlainCrossbar, column: int, block: int, shift: np.uint64, count: int) -> None:
    """The events of a column on one block of its rows; see `_pulse_narrow`.

    Each pulse of a cell waits for the one before: four vectors side by side keep the processor busy meanwhile.
    """
    backlog, events, rows = array.backlog, array.backlog.events, array.weight.shape[1]
    first = block * WINDOW
    left, here, cell = rows - first, column * rows + first, column * CELL_FIELDS * array.cell.shape[2] + first
    firing, negative = backlog.rows, backlog.rows_negative
    there_0, there_1, there_2, there_3 = (
        lanes_there(left),
        lanes_there(left - 16),
        lanes_there(left - 32),
        lanes_there(left - 48),
    )
    weight_0 = load_masked(array.weight, here, there_0)
    weight_1 = load_masked(array.weight, here + 16, there_1)
    weight_2 = load_masked(array.weight, here + 32, there_2)
    weight_3 = load_masked(array.weight, here + 48, there_3)
    one = spread(np.float32(1.0))
    counted_0 = counted_1 = counted_2 = counted_3 = spread(np.float32(0.0))
    for event in range(count):
        fires = firing[events.slot[event], block]
        up = negative[events.slot[event], block] ^ events.flip[event]
        noise = np.int64((events.places[event] >> shift) & _PLACE)
        weight_0 = choose(fires, _moved(array, weight_0, cell, up, noise), weight_0)
        counted_0 = choose(fires, counted_0 + one, counted_0)
        fires, up = fires >> _LANES, up >> _LANES
        weight_1 = choose(fires, _moved(array, weight_1, cell + 16, up, noise + 16), weight_1)
        counted_1 = choose(fires, counted_1 + one, counted_1)
        fires, up = fires >> _LANES, up >> _LANES
        weight_2 = choose(fires, _moved(array, weight_2, cell + 32, up, noise + 32), weight_2)
        counted_2 = choose(fires, counted_2 + one, counted_2)
        fires, up = fires >> _LANES, up >> _LANES
        weight_3 = choose(fires, _moved(array, weight_3, cell + 48, up, noise + 48), weight_3)
        counted_3 = choose(fires, counted_3 + one, counted_3)
    store_masked(array.weight, here, there_0, weight_0)
    store_masked(array.weight, here + 16, there_1, weight_1)
    store_masked(array.weight, here + 32, there_2, weight_2)
    store_masked(array.weight, here + 48, there_3, weight_3)
    store(array.counted, 0, counted_0)
    store(array.counted, 16, counted_1)
    store(array.counted, 32, counted_2)
    store(array.counted, 48, counted_3)


@compiled
def _pulse_narrow(array: PlainCrossbar, column: int, block: int, shift: np.uint64, count: int) -> None:
    """The same where only 32 rows or fewer are left.

    Args:
        array: changed, but for `pulses`: what they gain is in `counted`.
        column: the column.
        block: which block of its rows.
        shift: where `events.places` has the beginning of this block's windows.
        count: how many events there are.
    """
    backlog, events, rows = array.backlog, array.backlog.events, array.weight.shape[1]
    first = block * WINDOW
    left, here, cell = rows - first, column * rows + first, column * CELL_FIELDS * array.cell.shape[2] + first
    firing, negative = backlog.rows, backlog.rows_negative
    there_0, there_1 = lanes_there(left), lanes_there(left - 16)
    weight_0 = load_masked(array.weight, here, there_0)
    weight_1 = load_masked(array.weight, here + 16, there_1)
    one = spread(np.float32(1.0))
    counted_0 = counted_1 = spread(np.float32(0.0))
    for event in range(count):
        fires = firing[events.slot[event], block]
        up = negative[events.slot[event], block] ^ events.flip[event]
        noise = np.int64((events.places[event] >> shift) & _PLACE)
        weight_0 = choose(fires, _moved(array, weight_0, cell, up, noise), weight_0)
        counted_0 = choose(fires, counted_0 + one, counted_0)
        fires, up = fires >> _LANES, up >> _LANES
        weight_1 = choose(fires, _moved(array, weight_1, cell + 16, up, noise + 16), weight_1)
        counted_1 = choose(fires, counted_1 + one, counted_1)
    store_masked(array.weight, here, there_0, weight_0)
    store_masked(array.weight, here + 16, there_1, weight_1)
    store(array.counted, 0, counted_0)
    store(array.counted, 16, counted_1)
