"""What an upset, one flipped bit of a store, does to the state of the integer controllers.

The golden model has one counter for the column; the RTL has one for the column and one for the memory word, which run
in step. An upset in either takes them apart for good: from then on the entries of a column are those of another one.
Here that is a rotation of the matrices against the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.golden.mixed_precision import MIXED_COUNTER, MixedConfig, MixedState
from crosschop.model.golden.state import (
    CHOP_RANDOM,
    CHOP_REGULAR,
    COUNTER,
    COUNTER_MAX,
    ControllerConfig,
    ControllerState,
    IntArray,
)


def flipped(value: int, bit: int) -> int:
    """An unsigned number with one bit flipped."""
    return value ^ (1 << bit)


def flipped_signed(value: int, bit: int, bits: int) -> int:
    """A signed number of `bits` bits with one bit of its two's complement flipped."""
    pattern = flipped(value & ((1 << bits) - 1), bit)
    return pattern - ((pattern >> (bits - 1)) << bits)


def flip_entry(matrix: NDArray[Any], place: int, bit: int, bits: int) -> None:
    """Flips a bit of a signed entry, the `place`-th in memory order."""
    flat = matrix.reshape(-1)
    flat[place] = flipped_signed(int(flat[place]), bit, bits)


def in_step(config: ControllerConfig) -> bool:
    """Whether one counter of sweeps stands for the reads of every column, see rtl/README.md."""
    return not config.random_order and config.chop_mode != CHOP_RANDOM


def _set_reads_in_step(config: ControllerConfig, state: ControllerState, count: int) -> None:
    """The reads of each column when the common counter holds `count`: one more where this sweep has been."""
    position = int(state.counters[COUNTER.position])
    ends = config.chop_mode == CHOP_REGULAR and config.chop > 0 and count >= config.chop - 1
    state.reads[position:] = count
    state.reads[:position] = 0 if ends else min(count + 1, COUNTER_MAX)


def _flip_reads(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
    if not in_step(config):
        state.reads[place] = flipped(int(state.reads[place]), bit)
        return True
    position = int(state.counters[COUNTER.position])
    _set_reads_in_step(config, state, flipped(int(state.reads[position]), bit))
    return True


def _flip_column(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
    old = int(state.counters[COUNTER.column])
    new = flipped(old, bit)
    if new >= config.cols:
        return False
    state.counters[COUNTER.column] = new
    if config.random_order:
        return True  # the word follows from the column at every read
    for matrix in (state.h, state.p, state.pref):
        matrix[:] = np.roll(matrix, new - old, axis=0)
    count = int(state.reads[old])
    state.counters[COUNTER.position] = new
    if in_step(config):
        _set_reads_in_step(config, state, count)
    return True


def _flip_position(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
    new = flipped(int(state.counters[COUNTER.position]), bit)
    if new >= config.cols:
        return False
    state.counters[COUNTER.position] = new
    return True


def _flip_address(
    config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int, lanes: int
) -> bool:
    words = -(-config.rows // lanes)
    old = int(state.counters[COUNTER.column]) * words
    new = flipped(old, bit)
    if new >= config.cols * words:
        return False
    for matrix in (state.h, state.p, state.pref):
        memory = np.zeros((config.cols, words * lanes), dtype=np.int64)
        memory[:, : config.rows] = matrix
        turned = np.roll(memory.reshape(config.cols * words, lanes), old - new, axis=0)
        matrix[:] = turned.reshape(config.cols, words * lanes)[:, : config.rows]
    return True


def flipped_counter(value: int, bit: int, limit: int) -> int:
    """A counter of samples with one bit flipped, which starts again at `limit`.

    Beyond the limit it runs on to the end of its 16 bits; the negative number that has these bits does the same.
    """
    new = flipped(value, bit)
    return new if new < limit else new - (COUNTER_MAX + 1)


def _flip_samples(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
    value = int(state.counters[COUNTER.samples])
    state.counters[COUNTER.samples] = flipped_counter(value, bit, config.transfer_every)
    return True


def _counter(index: int) -> Callable[[ControllerConfig, ControllerState, int, int, int], bool]:
    def flip(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
        state.counters[index] = flipped(int(state.counters[index]), bit)
        return True

    return flip


def _matrix(name: str) -> Callable[[ControllerConfig, ControllerState, int, int, int], bool]:
    def flip(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
        flip_entry(getattr(state, name), place, bit, bits)
        return True

    return flip


def _flip_chop(config: ControllerConfig, state: ControllerState, place: int, bit: int, bits: int) -> bool:
    state.chop[place] = flipped(int(state.chop[place]), 0)
    return True


_TRANSFER: dict[str, Callable[[ControllerConfig, ControllerState, int, int, int], bool]] = {
    "h": _matrix("h"),
    "p": _matrix("p"),
    "pref": _matrix("pref"),
    "chop": _flip_chop,
    "reads": _flip_reads,
    "column": _flip_column,
    "position": _flip_position,
    "samples": _flip_samples,
    "sweep": _counter(COUNTER.sweep),
    "lfsr": _counter(COUNTER.lfsr),
    "column_lfsr": _counter(COUNTER.column_lfsr),
}


def flip_transfer(
    config: ControllerConfig, state: ControllerState, field: str, place: int, bit: int, bits: int, lanes: int
) -> bool:
    """Flips a bit of the controller of an algorithm with an array A, between two transfers.

    Args:
        config: constants.
        state: changed.
        field: a field of crosschop.model.faults.fields that is state.
        place: which entry of it, in the order of columns and rows.
        bit: 0 the least significant.
        bits: width of an entry.
        lanes: entries of a memory word.

    Returns:
        False, and nothing has changed, where the golden model has no such state: a column or word that does not exist.
    """
    if field == "address":
        return _flip_address(config, state, place, bit, bits, lanes)
    return _TRANSFER[field](config, state, place, bit, bits)


def flip_mixed(
    config: MixedConfig, state: MixedState, x: IntArray, d: IntArray, field: str, place: int, bit: int, bits: int
) -> bool:
    """Flips a bit of the controller of mixed precision when the operands of a sample are there and no column is done.

    An upset of the column counter leaves the words of chi in order and names them by another column from then on; in
    the current pass the codes of x run on in the old order up to the last column.

    Args:
        config, state, field, place, bit, bits: as `flip_transfer`.
        x, d: operand codes of the sample, (cols,) and (rows,), changed.
    """
    if field == "chi":
        flip_entry(state.chi, place, bit, bits)
    elif field == "x":
        flip_entry(x, place, bit, bits)
    elif field == "d":
        flip_entry(d, place, bit, bits)
    elif field == "samples":
        value = int(state.counters[MIXED_COUNTER.samples])
        state.counters[MIXED_COUNTER.samples] = flipped_counter(value, bit, config.batch)
    elif field == "column":
        new = flipped(int(state.counters[MIXED_COUNTER.column]), bit)
        if new >= config.cols:
            return False
        state.chi[:] = np.roll(state.chi, new, axis=0)
        x[new:] = x[: config.cols - new].copy()
    else:
        raise KeyError(field)
    return True
