"""The integer controller of mixed precision, column by column: the reference that xc_mixed_precision must equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.golden.compiled import compiled
from crosschop.model.golden.fixed import clamp, round_shift, saturate, trunc_to_zero
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, IntArray, Transfer

# In the head of a transfer, where other controllers have the chop bit: the pass is the last one of its batch.
HEAD_BATCH_END = 1


class MixedConfig(NamedTuple):
    """Integers that fix the controller; the names and meanings of xc_mixed_precision's parameters and cfg inputs."""

    rows: int
    cols: int
    chi_bits: int
    chi_frac: int
    lr: int
    lr_shift: int
    max_steps: int
    chi_rounding: int
    batch: int


class MixedCounterIndex(NamedTuple):
    """Positions of the counters inside `MixedState.counters`: samples of this batch, next column of this pass."""

    samples: int = 0
    column: int = 1


MIXED_COUNTER = MixedCounterIndex()


class MixedState(NamedTuple):
    """What the controller remembers between columns.

    Attributes:
        chi: accumulated gradients, (cols, rows), one pulse is 2**chi_frac. No entry has more than 32 bits, and a pass
            takes as long as the processor's memory takes to hand over all of them.
        counters: see `MixedCounterIndex`.
    """

    chi: NDArray[np.int32]
    counters: IntArray


def mixed_config(parameters: Mapping[str, int], configuration: Mapping[str, int]) -> MixedConfig:
    """The golden configuration from the very parameters and cfg values that the RTL gets."""
    return MixedConfig(
        rows=parameters["ROWS"],
        cols=parameters["COLS"],
        chi_bits=parameters["CHI_W"],
        chi_frac=parameters["CHI_FRAC"],
        lr=configuration["cfg_lr"],
        lr_shift=parameters["LR_SHIFT"],
        max_steps=parameters["MAX_STEPS"],
        chi_rounding=parameters["CHI_ROUND"],
        batch=configuration["cfg_batch"],
    )


def reset_mixed(config: MixedConfig) -> MixedState:
    """State after reset and the clear sweep."""
    return MixedState(
        chi=np.zeros((config.cols, config.rows), dtype=np.int32),
        counters=np.zeros(len(MIXED_COUNTER), dtype=np.int64),
    )


@compiled
def batch_ends(config: MixedConfig, state: MixedState) -> bool:
    """Whether the current sample is the last one of its batch: W is written behind every column of its pass."""
    return bool(state.counters[MIXED_COUNTER.samples] == config.batch - 1)


@compiled
def step_column(config: MixedConfig, state: MixedState, x: int, d: IntArray, transfer: Transfer) -> None:
    """The current column of the pass of a sample; fills in `transfer`.

    Args:
        config: constants.
        state: moved on to the next column, behind the last one to the next sample.
        x: code of the sample's input at this column.
        d: codes of the sample's error, (rows,).
        transfer: column, end of a batch, pulses.
    """
    column = state.counters[MIXED_COUNTER.column]
    last = batch_ends(config, state)
    write = False
    for row in range(config.rows):
        increment = round_shift(x * d[row] * config.lr, config.lr_shift, config.chi_rounding)
        chi = saturate(int(state.chi[column, row]) + increment, config.chi_bits)
        steps = 0
        if last:
            steps = clamp(trunc_to_zero(chi, config.chi_frac), -config.max_steps, config.max_steps)
        state.chi[column, row] = chi - (steps << config.chi_frac)
        transfer.pulses[row] = steps
        write |= steps != 0
    transfer.head[HEAD_COLUMN] = column
    transfer.head[HEAD_BATCH_END] = last
    transfer.head[HEAD_WRITE] = write
    _advance(config, state)


@compiled
def _advance(config: MixedConfig, state: MixedState) -> None:
    """The next column; behind the last one the next sample, behind the last sample the next batch."""
    counters = state.counters
    counters[MIXED_COUNTER.column] += 1
    if counters[MIXED_COUNTER.column] == config.cols:
        counters[MIXED_COUNTER.column] = 0
        counters[MIXED_COUNTER.samples] += 1
        if counters[MIXED_COUNTER.samples] == config.batch:
            counters[MIXED_COUNTER.samples] = 0
