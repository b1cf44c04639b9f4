"""Arrays whose visible weights say everything: a linear response, additive noise, nothing that time does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog import backlog as waiting
from crosschop.model.analog.backlog import CAPACITY, WINDOWS_PER_WORD, Backlog, new_backlog
from crosschop.model.analog.devices.linear import LinearDevices
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.devices.visible import (
    HIGH,
    KEEP,
    LOW,
    REFERENCE,
    STEP,
    VISIBLE_FIELDS,
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
        weight: visible weights w - r, (cols, rows), after all updates but those in the backlog.
        held: conductances w, (cols, rows), after the same.
        cell: visible records of the devices, (cols, VISIBLE_FIELDS, rows and what makes them a multiple of WINDOW).
        pulses: pulses that each cell has received, both polarities, (cols, rows).
        sigma_c2c: cycle-to-cycle noise of a pulse, relative to the device's step.
        gain: 1 and a deviate with this spread, see `normal_windows`.
        backlog: updates that the weights do not show yet.
        counted: (WINDOW,) pulses of one block of a column while it is worked out.
    """

    weight: FloatArray
    held: FloatArray
    cell: FloatArray
    pulses: IntArray
    sigma_c2c: np.float32
    gain: FloatArray
    backlog: Backlog
    counted: FloatArray


def _plain(held: FloatArray, records: FloatArray, sigma_c2c: float) -> PlainCrossbar:
    cols, rows = held.shape
    cell = np.zeros((cols, VISIBLE_FIELDS, -(-rows // WINDOW) * WINDOW), dtype=np.float32)
    cell[..., :rows] = records.swapaxes(1, 2)
    return PlainCrossbar(
        weight=held - records[..., REFERENCE],
        held=held,
        cell=cell,
        pulses=np.zeros((cols, rows), dtype=np.int64),
        sigma_c2c=np.float32(sigma_c2c),
        gain=1 + normal_windows(sigma_c2c),
        backlog=new_backlog(rows, cols),
        counted=np.zeros(WINDOW, dtype=np.float32),
    )


def new_crossbar(population: LinearDevices, sigma_c2c: float) -> PlainCrossbar:
    """An array of linear devices at conductance 0, seen relative to its reference."""
    zero = np.clip(0.0, population.w_min, population.w_max)  # a stuck device stands where it is stuck
    return _plain(zero.astype(np.float32), population.visible_records(), sigma_c2c)


def no_crossbar() -> PlainCrossbar:
    """What stands for an array that a chip does not have: no rows and no columns."""
    return _plain(np.zeros((0, 0), dtype=np.float32), np.zeros((0, 0, VISIBLE_FIELDS), dtype=np.float32), 0.0)


@inlined
def pulse_cell(array: PlainCrossbar, column: int, row: int, direction: int, word: np.uint64) -> np.uint64:
    """One pulse on a cell, whose column has no updates waiting; returns the next state of the noise's stream."""
    word = advance(word)
    gain = np.float32(1.0) + array.sigma_c2c * normal_of(mix(word))
    held = pulse(array.held[column, row], array.cell[column, :, row], direction, gain)
    array.held[column, row] = held
    array.weight[column, row] = held - array.cell[column, REFERENCE, row]
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
        turn = block % WINDOWS_PER_WORD
        if turn == 0:
            for event in range(count):
                events.places[event] = mix(word_at(events.noise[event], block // WINDOWS_PER_WORD))
        first = block * WINDOW
        shift = np.uint64(turn * _PLACE_BITS)
        if rows - first > 2 * LANES:
            _pulse_wide(array, column, block, shift, count)
        else:
            _pulse_narrow(array, column, block, shift, count)
        for row in range(first, min(first + WINDOW, rows)):
            array.pulses[column, row] += np.int64(array.counted[row - first])


@inlined
def _keep(array: PlainCrossbar, here: int, there: np.uint64, cell: int, held: Any) -> None:
    """Writes sixteen conductances and what is visible of them; `here` is the place of the first, others as below."""
    store_masked(array.held, here, there, held)
    store_masked(array.weight, here, there, held - load(array.cell, cell + REFERENCE * array.cell.shape[2]))


@inlined
def _moved(array: PlainCrossbar, held: Any, cell: int, up: np.uint64, place: np.int64) -> Any:
    """Sixteen conductances after a pulse on each.

    Args:
        array: with the parameters.
        held: what they were.
        cell: place of the first parameter of the first of these cells.
        up: lanes that are pulsed up, the others down.
        place: of the gain of the first of these pulses.
    """
    cells, width = array.cell, array.cell.shape[2]
    step = choose(up, load(cells, cell + (STEP + 1) * width), load(cells, cell + STEP * width))
    keep = choose(up, load(cells, cell + (KEEP + 1) * width), load(cells, cell + KEEP * width))
    low, high = load(cells, cell + LOW * width), load(cells, cell + HIGH * width)
    return moved(held, step, keep, load(array.gain, place), low, high)


@compiled
def _pulse_wide(array: PlainCrossbar, column: int, block: int, shift: np.uint64, count: int) -> None:
    """The events of a column on one block of its rows; see `_pulse_narrow`.

    Each pulse of a cell waits for the one before: four vectors side by side keep the processor busy meanwhile.
    """
    backlog, events, rows = array.backlog, array.backlog.events, array.weight.shape[1]
    first = block * WINDOW
    left, here, cell = rows - first, column * rows + first, column * VISIBLE_FIELDS * array.cell.shape[2] + first
    firing, negative = backlog.rows, backlog.rows_negative
    there_0, there_1 = lanes_there(left), lanes_there(left - 16)
    there_2, there_3 = lanes_there(left - 32), lanes_there(left - 48)
    held_0 = load_masked(array.held, here, there_0)
    held_1 = load_masked(array.held, here + 16, there_1)
    held_2 = load_masked(array.held, here + 32, there_2)
    held_3 = load_masked(array.held, here + 48, there_3)
    one = spread(np.float32(1.0))
    counted_0 = counted_1 = counted_2 = counted_3 = spread(np.float32(0.0))
    for event in range(count):
        fires = firing[events.slot[event], block]
        up = negative[events.slot[event], block] ^ events.flip[event]
        place = np.int64((events.places[event] >> shift) & _PLACE)
        held_0 = choose(fires, _moved(array, held_0, cell, up, place), held_0)
        counted_0 = choose(fires, counted_0 + one, counted_0)
        fires, up = fires >> _LANES, up >> _LANES
        held_1 = choose(fires, _moved(array, held_1, cell + 16, up, place + 16), held_1)
        counted_1 = choose(fires, counted_1 + one, counted_1)
        fires, up = fires >> _LANES, up >> _LANES
        held_2 = choose(fires, _moved(array, held_2, cell + 32, up, place + 32), held_2)
        counted_2 = choose(fires, counted_2 + one, counted_2)
        fires, up = fires >> _LANES, up >> _LANES
        held_3 = choose(fires, _moved(array, held_3, cell + 48, up, place + 48), held_3)
        counted_3 = choose(fires, counted_3 + one, counted_3)
    _keep(array, here, there_0, cell, held_0)
    _keep(array, here + 16, there_1, cell + 16, held_1)
    _keep(array, here + 32, there_2, cell + 32, held_2)
    _keep(array, here + 48, there_3, cell + 48, held_3)
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
    left, here, cell = rows - first, column * rows + first, column * VISIBLE_FIELDS * array.cell.shape[2] + first
    firing, negative = backlog.rows, backlog.rows_negative
    there_0, there_1 = lanes_there(left), lanes_there(left - 16)
    held_0 = load_masked(array.held, here, there_0)
    held_1 = load_masked(array.held, here + 16, there_1)
    one = spread(np.float32(1.0))
    counted_0 = counted_1 = spread(np.float32(0.0))
    for event in range(count):
        fires = firing[events.slot[event], block]
        up = negative[events.slot[event], block] ^ events.flip[event]
        place = np.int64((events.places[event] >> shift) & _PLACE)
        held_0 = choose(fires, _moved(array, held_0, cell, up, place), held_0)
        counted_0 = choose(fires, counted_0 + one, counted_0)
        fires, up = fires >> _LANES, up >> _LANES
        held_1 = choose(fires, _moved(array, held_1, cell + 16, up, place + 16), held_1)
        counted_1 = choose(fires, counted_1 + one, counted_1)
    _keep(array, here, there_0, cell, held_0)
    _keep(array, here + 16, there_1, cell + 16, held_1)
    store(array.counted, 0, counted_0)
    store(array.counted, 16, counted_1)
