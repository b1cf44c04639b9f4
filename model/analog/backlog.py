"""Updates that have been driven onto an array but not yet worked out.

Nobody sees a cell of A before its column is read, which happens about once in a sweep. Until then its pulses wait, and
those of many updates are worked out together while the parameters of a column are at hand (plain.py). Columns do not
act on each other, and the noise of a pulse comes from a place in the random stream that belongs to it: when a column is
worked out makes no difference to the result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.lanes import trailing_zeros
from crosschop.model.analog.pulse_driver import Trains
from crosschop.model.analog.random import WINDOW, Stream, word_after
from crosschop.model.jit import compiled, inlined

IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint64]

# Slots of all updates waiting: words of 64, none of which an update shares with the next but in whole.
WORD = 64
WORDS = 8
CAPACITY = WORDS * WORD
# One random word has the places of so many windows of noise.
WINDOWS_PER_WORD = 4
# Keeps the words of one column, which are read together, from sharing a set of the processor's cache.
_SKEW = 8


class Events(NamedTuple):
    """Slots in which one column fires, of all that wait for it, in their order; (CAPACITY,) each.

    Attributes:
        slot: which one.
        flip: what turns `Backlog.rows_negative` into rows that are pulsed up: all bits where c x > 0, none elsewhere.
        noise: state of the stream before the windows of noise of this slot.
        places: where these windows begin, WINDOWS_PER_WORD of them.
    """

    slot: IntArray
    flip: WordArray
    noise: WordArray
    places: WordArray


class Backlog(NamedTuple):
    """Updates waiting, slot by slot, the oldest first. A block is WINDOW rows, one bit of a word each.

    Attributes:
        filled: (1,) slots waiting, some of them empty.
        settled: (cols,) how many of them each column has had.
        columns, columns_negative: (WORDS, cols + _SKEW) one bit per slot: whether the column fires, whether c x < 0.
        rows, rows_negative: (CAPACITY, blocks) rows that fire in each slot, rows with a negative error.
        noise: (CAPACITY,) state of the stream before the noise of a slot.
        events: the pulses of the column being worked out.
    """

    filled: IntArray
    settled: IntArray
    columns: IntArray
    columns_negative: IntArray
    rows: WordArray
    rows_negative: WordArray
    noise: WordArray
    events: Events


def new_backlog(rows: int, cols: int) -> Backlog:
    """No updates."""
    blocks = -(-rows // WINDOW)
    whole, word = np.int64, np.uint64
    return Backlog(
        filled=np.zeros(1, whole),
        settled=np.zeros(cols, whole),
        columns=np.zeros((WORDS, cols + _SKEW), whole),
        columns_negative=np.zeros((WORDS, cols + _SKEW), whole),
        rows=np.zeros((CAPACITY, blocks), word),
        rows_negative=np.zeros((CAPACITY, blocks), word),
        noise=np.zeros(CAPACITY, word),
        events=Events(
            slot=np.zeros(CAPACITY, whole),
            flip=np.zeros(CAPACITY, word),
            noise=np.zeros(CAPACITY, word),
            places=np.zeros(CAPACITY, word),
        ),
    )


@inlined
def _words_per_slot(backlog: Backlog) -> int:
    return -(-int(backlog.rows.shape[1]) // WINDOWS_PER_WORD)


@inlined
def _bits(lines: IntArray, place: int, first: int) -> np.uint64:
    """Bit `place` of up to WINDOW lines from `first` on, the first line lowest."""
    word = np.uint64(0)
    for line in range(first, min(first + WINDOW, lines.size)):
        word |= np.uint64((lines[line] >> place) & 1) << np.uint64(line - first)
    return word


@inlined
def next_slot(count: int, length: int) -> int:
    """Where a train of `length` slots, at most WORD, goes behind `count` slots: into one word."""
    return count if count % WORD + length <= WORD else count + WORD - count % WORD


@compiled
def postpone(backlog: Backlog, trains: Trains, chop: IntArray, stream: Stream) -> None:
    """Adds an update, for which there has to be room, and takes its noise from the stream.

    Args:
        backlog: where to.
        trains: which lines fire in which slots.
        chop: chop bits, (cols,), 1 means c = -1.
        stream: cycle-to-cycle noise, moved on by what all coincidences could need.
    """
    length, count = trains.length[0], backlog.filled[0]
    first = next_slot(count, length)
    word, place, cols = first // WORD, first % WORD, chop.size
    mask, kept = ((1 << length) - 1) << place, (1 << place) - 1
    for column in range(cols):
        negative = trains.column_negative[column] ^ chop[column]
        fires = (backlog.columns[word, column] & kept) | (trains.column_slots[column] << place)
        backlog.columns[word, column] = fires
        backlog.columns_negative[word, column] = (backlog.columns_negative[word, column] & kept) | (mask & -negative)
    draws = cols * _words_per_slot(backlog)
    for block in range(backlog.rows.shape[1]):
        negative_rows = _bits(trains.row_negative, 0, block * WINDOW)
        for slot in range(length):
            backlog.rows[first + slot, block] = _bits(trains.row_slots, slot, block * WINDOW)
            backlog.rows_negative[first + slot, block] = negative_rows
    for slot in range(length):
        backlog.noise[first + slot] = word_after(stream[0], slot * draws)
    stream[0] = word_after(stream[0], length * draws)
    backlog.filled[0] = first + length


@compiled
def gather_events(backlog: Backlog, column: int) -> int:
    """Fills `events` with the slots in which the column fires of those that it has not had; how many."""
    events, before, count = backlog.events, column * _words_per_slot(backlog), 0
    begin, end = backlog.settled[column], backlog.filled[0]
    for word in range(begin // WORD, (end + WORD - 1) // WORD):
        fires = backlog.columns[word, column]
        if word == begin // WORD:
            fires &= -1 << (begin % WORD)
        negative = backlog.columns_negative[word, column]
        while fires:
            place = trailing_zeros(fires)
            fires &= fires - 1
            slot = word * WORD + place
            events.slot[count] = slot
            events.flip[count] = np.uint64(((negative >> place) & 1) - 1)
            events.noise[count] = word_after(backlog.noise[slot], before)
            count += 1
    return count
