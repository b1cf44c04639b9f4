"""Stochastic pulse trains: from an outer product lambda_A * d x^T to lines that fire in slots.

Update management and pulse-train-length management as in aihwkit (Rasch et al., AICAS 2021), in whose terms a device
at weight 0 receives lambda_A |x_j d_i| / delta_A pulses on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.converter import absolute_maximum
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.random import Stream, mix, word_after, word_at
from crosschop.model.jit import apart, compiled

IntArray = NDArray[np.int64]

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
        column_slots, row_slots: (cols,), (rows,) bit s is set where the line fires in slot s.
        column_negative, row_negative: (cols,), (rows,) 1 where x_j, d_i is negative.
        length: (1,) slots of the train.
    """

    column_slots: IntArray
    row_slots: IntArray
    column_negative: IntArray
    row_negative: IntArray
    length: IntArray


def new_trains(rows: int, cols: int) -> Trains:
    """Buffers for one update."""
    return Trains(*(np.zeros(size, dtype=np.int64) for size in (cols, rows, cols, rows, 1)))


@compiled
def follow(average: float, value: float, momentum: float) -> float:
    """A running average that starts at its first positive value and ignores zeros."""
    if value <= 0:
        return average
    if average <= 0:
        return value
    return momentum * average + (1 - momentum) * value


@compiled
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


@apart
def _draw_lines(
    scale: float, values: FloatArray, length: int, word: np.uint64, slots: IntArray, negative: IntArray
) -> np.uint64:
    """Slots in which lines fire, as bits; four slots of a line are drawn from one word, each of 16 bits.

    A line has words of its own, whose places in the stream are known, so lines can be drawn side by side.
    """
    words = (length + 3) // 4
    for line in range(values.size):
        slots[line] = 0
        negative[line] = 1 if values[line] < 0 else 0
    for index in range(words):
        drawn = (1 << min(4, length - 4 * index)) - 1
        for line in range(values.size):
            threshold = np.uint64(min(scale * abs(values[line]), 1.0) * 65536.0)
            bits = mix(word_at(word, line * words + index))
            fires = np.int64(0)
            for place in range(4):
                fires |= np.int64(((bits >> np.uint64(16 * place)) & _MASK_16) < threshold) << place
            slots[line] |= (fires & drawn) << (4 * index)
    return word_after(word, values.size * words)


@compiled
def draw_trains(plan: Plan, x: FloatArray, d: FloatArray, trains: Trains, stream: Stream) -> None:
    """Fires every line in every slot with its probability (stochastic compressed: both polarities share a slot)."""
    trains.length[0] = plan.length
    word = _draw_lines(plan.x_scale, x, plan.length, stream[0], trains.column_slots, trains.column_negative)
    stream[0] = _draw_lines(plan.d_scale, d, plan.length, word, trains.row_slots, trains.row_negative)
