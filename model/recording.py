"""What a training run remembers for its report: error points, one element's traces, a digest of all events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.lanes import popcount
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import mix, word_at
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END
from crosschop.model.golden.state import HEAD_CHOP, HEAD_COLUMN, HEAD_FLIP, HEAD_WRITE, Transfer
from crosschop.model.jit import compiled

ERROR_POINTS = 400
# In in-memory SGD an element's trace ends after so many updates: a figure cannot show more, and a run has millions.
TRACE_UPDATES = 400

# Columns of an element's trace.
SAMPLE, A, W, H, P, PREF, CHOP = range(7)
TRACE_FIELDS = 7

# Positions in Recording.counters.
_TRANSFERS, _ERRORS, _READS, _STATES = range(4)

# What Recording.counts counts: columns of W written, sign flips, pulses on column lines and on row lines of the array
# that samples update.
COUNTED = ("writes", "flips", "column_pulses", "row_pulses")
_WRITES, _FLIPS, _COLUMN_PULSES, _ROW_PULSES = range(4)

_DIGEST_START = np.uint64(0xCBF29CE484222325)  # FNV-1a, 64 bits
_DIGEST_PRIME = np.uint64(0x100000001B3)
# More than the numbers of pulses that there are, -15 to 15: a code and its pulses make one number.
_CODE_STEP = 32


class Recording(NamedTuple):
    """Buffers of a run.

    Attributes:
        errors: (ERROR_POINTS + 2, 2) sample and weight error in percent.
        error_every: transfers between two error points.
        trace: (places, TRACE_FIELDS) the recorded element at each read of its column, in in-memory SGD at each update;
            H, P, P^ref as stored. It ends when it is full.
        element: (2,) row and column of the recorded element.
        counters: positions in the buffers, and transfers so far.
        digest: (1,) FNV-1a over every transfer's column, chop, flip, and a hash of its codes and pulses by row; in
            in-memory SGD over every update's train length, slots in which each line fires, and number; in mixed
            precision over every column's number, whether it ends a batch, x, and a hash of d (of column 0) and pulses.
        counts: what happened how often, in the order of COUNTED.
    """

    errors: NDArray[np.float64]
    error_every: int
    trace: NDArray[np.float64]
    element: NDArray[np.int64]
    counters: NDArray[np.int64]
    digest: NDArray[np.uint64]
    counts: NDArray[np.int64]


def new_recording(transfers: int, rows: int, cols: int, places: int) -> Recording:
    """Buffers for a run of `transfers` transfers and a trace of `places`.

    The element recorded stands in the middle of the array.
    """
    return Recording(
        errors=np.zeros((ERROR_POINTS + 2, 2)),
        error_every=max(1, -(-transfers // ERROR_POINTS)),
        trace=np.zeros((places, TRACE_FIELDS)),
        element=np.array([rows // 2, cols // 2], dtype=np.int64),
        counters=np.zeros(4, dtype=np.int64),
        digest=np.array([_DIGEST_START]),
        counts=np.zeros(len(COUNTED), dtype=np.int64),
    )


@compiled
def error_due(recording: Recording) -> bool:
    """Counts a transfer; true when its weight error shall be noted."""
    recording.counters[_TRANSFERS] += 1
    return bool(recording.counters[_TRANSFERS] % recording.error_every == 0)


@compiled
def note_error(recording: Recording, sample: int, error: float) -> None:
    """Adds an error point."""
    index = recording.counters[_ERRORS]
    recording.errors[index, 0] = sample
    recording.errors[index, 1] = error
    recording.counters[_ERRORS] += 1


@compiled
def note_read(recording: Recording, column: int, sample: int, a: np.float32, w: np.float32) -> None:
    """Notes the recorded element's analog values if its column is read."""
    if column != recording.element[1]:
        return
    index = recording.counters[_READS]
    if index == len(recording.trace):  # columns in random order: more reads than sweeps
        return
    recording.trace[index, SAMPLE] = sample
    recording.trace[index, A] = a
    recording.trace[index, W] = w
    recording.counters[_READS] += 1


@compiled
def _fold(digest: np.uint64, value: int) -> np.uint64:
    return (digest ^ np.uint64(value)) * _DIGEST_PRIME


@compiled
def note_transfer(recording: Recording, codes: NDArray[np.int64], transfer: Transfer) -> None:
    """Counts a retired transfer and folds it into the digest."""
    recording.counts[_WRITES] += transfer.head[HEAD_WRITE]
    recording.counts[_FLIPS] += transfer.head[HEAD_FLIP]
    digest = recording.digest[0]
    for field in (HEAD_COLUMN, HEAD_CHOP, HEAD_FLIP):
        digest = _fold(digest, transfer.head[field])
    # A sum of what each row mixes to: rows do not wait for each other, as they would in a chain of folds
    rows = np.uint64(0)
    for row in range(codes.size):
        rows += mix(word_at(np.uint64(codes[row] * _CODE_STEP + transfer.pulses[row]), row))
    recording.digest[0] = (digest ^ rows) * _DIGEST_PRIME


@compiled
def note_column(recording: Recording, x: int, d: NDArray[np.int64], transfer: Transfer) -> None:
    """The same of a retired column of mixed precision: d is that of all columns of a pass, few columns have pulses."""
    recording.counts[_WRITES] += transfer.head[HEAD_WRITE]
    digest = _fold(recording.digest[0], (x << 32) + 2 * transfer.head[HEAD_COLUMN] + transfer.head[HEAD_BATCH_END])
    rows = np.uint64(0)
    if transfer.head[HEAD_COLUMN] == 0:
        for row in range(d.size):
            rows += mix(word_at(np.uint64(d[row] * _CODE_STEP), row))
    if transfer.head[HEAD_WRITE]:
        for row in range(d.size):
            rows += mix(word_at(np.uint64(transfer.pulses[row]), row))
    recording.digest[0] = (digest ^ rows) * _DIGEST_PRIME


@compiled
def note_lines(recording: Recording, length: int, trains: Trains) -> None:
    """Counts the pulses on the lines of an update with a train of `length` slots."""
    if length == 0:  # the buffers of an empty train hold another one
        return
    rows = columns = 0
    for slots in trains.row_slots:
        rows += popcount(slots)
    for slots in trains.column_slots:
        columns += popcount(slots)
    recording.counts[_ROW_PULSES] += rows
    recording.counts[_COLUMN_PULSES] += columns


@compiled
def note_stores(recording: Recording, h: float, p: float, pref: float, chop: int) -> None:
    """Notes the recorded element's stores and chop bit after a transfer of its column, in the engine's own units."""
    index = recording.counters[_STATES]
    if index == len(recording.trace):
        return
    recording.trace[index, H] = h
    recording.trace[index, P] = p
    recording.trace[index, PREF] = pref
    recording.trace[index, CHOP] = chop
    recording.counters[_STATES] += 1


@compiled
def note_weight(recording: Recording, sample: int, w: np.float32) -> None:
    """Notes the weight of the recorded element that a sample's forward pass sees, where nothing else is traced."""
    index = recording.counters[_STATES]
    if index == len(recording.trace):
        return
    recording.trace[index, SAMPLE] = sample
    recording.trace[index, W] = w
    recording.counters[_STATES] += 1


@compiled
def note_trains(recording: Recording, length: int, trains: Trains) -> None:
    """Folds the pulses of an update into the digest: slots and sign of each column and of each row."""
    digest = _fold(recording.digest[0], length)
    if length > 0:  # the buffers of an empty train hold another one
        for column in range(trains.column_slots.size):
            digest = _fold(digest, 2 * trains.column_slots[column] + trains.column_negative[column])
        for row in range(trains.row_slots.size):
            digest = _fold(digest, 2 * trains.row_slots[row] + trains.row_negative[row])
    recording.digest[0] = digest


@compiled
def note_number(recording: Recording, number: int) -> None:
    """Folds the number of a retired update into the digest."""
    recording.digest[0] = _fold(recording.digest[0], number)


def error_points(recording: Recording) -> NDArray[np.float64]:
    """The error points noted, (n, 2): sample, weight error in percent."""
    return recording.errors[: recording.counters[_ERRORS]]


def element_trace(recording: Recording) -> NDArray[np.float64]:
    """The element's trace so far, (sweeps, TRACE_FIELDS)."""
    return recording.trace[: recording.counters[_STATES]]
