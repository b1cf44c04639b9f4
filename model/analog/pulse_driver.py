"""Stochastic pulse trains: from an outer product lambda_A * d x^T to lines that fire in slots.

Update management and pulse-train-length management as in aihwkit (Rasch et al., AICAS 2021), in whose terms a device
at weight 0 receives lambda_A |x_j d_i| / delta_A pulses on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crosschop.model.analog.converter import absolute_maximum
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.random import Stream, advance, mix

_SHIFT_16 = np.uint64(16)
_MASK_16 = np.uint64(0xFFFF)


class DriverConfig(NamedTuple):
    """Settings of the driver for compiled code.

    constant_rate is lambda_A / delta_A, in in-memory SGD lambda / delta_W; 0 means Eq 15 with eta0.
    """

    max_pulses: int
    train_management: bool
    eta0: float
    constant_rate: float
    average_momentum: float


class Plan(NamedTuple):
    """Scalars of one update: length of the train and what turns |x_j|, |d_i| into firing probabilities."""

    length: int
    x_scale: float
    d_scale: float


class Trains(NamedTuple):
    """Which lines fire in which slots of one update.

    Attributes:
        column_slots: (cols,) bit s is set where the column fires in slot s.
        column_negative, row_negative: (cols,), (rows,) 1 where x_j, d_i is negative.
        fired: (max_pulses,) number of rows that fire in each slot.
        rows_fired: (max_pulses, rows) those rows, the first `fired[slot]` entries.
    """

    column_slots: NDArray[np.int64]
    column_negative: NDArray[np.int64]
    row_negative: NDArray[np.int64]
    fired: NDArray[np.int64]
    rows_fired: NDArray[np.int64]


def new_trains(max_pulses: int, rows: int, cols: int) -> Trains:
    """Buffers for one update."""
    return Trains(
        column_slots=np.zeros(cols, dtype=np.int64),
        column_negative=np.zeros(cols, dtype=np.int64),
        row_negative=np.zeros(rows, dtype=np.int64),
        fired=np.zeros(max_pulses, dtype=np.int64),
        rows_fired=np.zeros((max_pulses, rows), dtype=np.int64),
    )


@njit(cache=True)
def follow(average: float, value: float, momentum: float) -> float:
    """A running average that starts at its first positive value and ignores zeros."""
    if value <= 0:
        return average
    if average <= 0:
        return value
    return momentum * average + (1 - momentum) * value


@njit(cache=True)
def plan_update(config: DriverConfig, averages: NDArray[np.float64], x: FloatArray, d: FloatArray) -> Plan:
    """Train length and firing scales of one update, with lambda_A of Eq 15 (running averages included).

    With lambda_A = eta_0 l_max delta_A / (mu_x mu_d) the largest element expects
    k = eta_0 l_max x_max d_max / (mu_x mu_d) pulses: the step delta_A cancels. Where k exceeds l_max the clipping is
    put on d alone.

    Args:
        config: settings.
        averages: (2,) mu_x and mu_d, moved on by this call.
        x: inputs, (cols,).
        d: errors, (rows,).
    """
    x_max, d_max = float(absolute_maximum(x)), float(absolute_maximum(d))
    averages[0] = follow(averages[0], x_max, config.average_momentum)
    averages[1] = follow(averages[1], d_max, config.average_momentum)
    if x_max == 0 or d_max == 0:
        return Plan(0, 0.0, 0.0)
    per_product = config.constant_rate  # lambda_A / delta_A
    if per_product == 0:
        per_product = config.eta0 * config.max_pulses / (averages[0] * averages[1])
    k = per_product * x_max * d_max
    length = config.max_pulses
    if config.train_management:
        length = min(int(np.ceil(k)), config.max_pulses)
    d_virtual = d_max * min(1.0, config.max_pulses / k)
    base = np.sqrt(per_product / length)
    return Plan(length, base * np.sqrt(d_virtual / x_max), base * np.sqrt(x_max / d_virtual))


@njit(cache=True)
def _draw_slots(probability: float, length: int, word: np.uint64) -> tuple[int, np.uint64]:
    """Slots in which a line fires, as bits; four slots are drawn from one word, each of 16 bits."""
    threshold = np.uint64(min(probability, 1.0) * 65536.0)
    slots = 0
    bits = np.uint64(0)
    for slot in range(length):
        if slot & 3 == 0:
            word = advance(word)
            bits = mix(word)
        if (bits & _MASK_16) < threshold:
            slots |= 1 << slot
        bits >>= _SHIFT_16
    return slots, word


@njit(cache=True)
def draw_trains(plan: Plan, x: FloatArray, d: FloatArray, trains: Trains, stream: Stream) -> None:
    """Fires every line in every slot with its probability (stochastic compressed: both polarities share a slot)."""
    word = stream[0]
    trains.fired[:] = 0
    for column in range(x.size):
        slots, word = _draw_slots(plan.x_scale * abs(x[column]), plan.length, word)
        trains.column_slots[column] = slots
        trains.column_negative[column] = 1 if x[column] < 0 else 0
    for row in range(d.size):
        slots, word = _draw_slots(plan.d_scale * abs(d[row]), plan.length, word)
        trains.row_negative[row] = 1 if d[row] < 0 else 0
        slot = 0
        while slots:
            if slots & 1:
                trains.rows_fired[slot, trains.fired[slot]] = row
                trains.fired[slot] += 1
            slots >>= 1
            slot += 1
    stream[0] = word
