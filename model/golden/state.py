"""Configuration and state of the integer controller, as records that compiled code can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

CHOP_OFF = 0
CHOP_REGULAR = 1
CHOP_RANDOM = 2

COUNTER_MAX = 0xFFFF  # the counters of sweeps and of reads saturate here


class ControllerConfig(NamedTuple):
    """Integers that fix the controller; the names and meanings of xc_controller's parameters and cfg inputs."""

    rows: int
    cols: int
    reference: bool
    p_frac: int
    p_store: bool
    beta: int
    beta_bits: int
    h_bits: int
    h_frac: int
    lr_h: int
    lr_shift: int
    correction: int
    max_steps: int
    h_decay: bool
    h_momentum_shift: int
    h_rounding: int
    p_rounding: int
    transfer_every: int
    chop_mode: int
    chop: int
    warmup: int
    lfsr_seed: int
    random_order: bool
    column_seed: int


class CounterIndex(NamedTuple):
    """Positions of the counters inside `ControllerState.counters`."""

    samples: int = 0
    column: int = 1
    position: int = 2
    sweep: int = 3
    lfsr: int = 4
    column_lfsr: int = 5


COUNTER = CounterIndex()


class ControllerState(NamedTuple):
    """What the controller remembers between events.

    Attributes:
        h: hidden matrix, (cols, rows), one pulse is 2**h_frac.
        p: leaky mean of the codes, (cols, rows), one LSB is 2**p_frac.
        pref: dynamic reference P^ref, (cols, rows), the scale of `p`.
        chop: chop bits, (cols,), 1 means c = -1.
        reads: reads of each column since its chop bit last flipped, (cols,).
        counters: see `CounterIndex`.
    """

    h: IntArray
    p: IntArray
    pref: IntArray
    chop: IntArray
    reads: IntArray
    counters: IntArray


class Transfer(NamedTuple):
    """One transfer as it retires: what `step_transfer` fills in.

    Attributes:
        head: (4,) column, chop bit used, flip after it, any pulse sent (0 or 1).
        pulses: (rows,) pulses sent to column `head[0]` of W.
    """

    head: IntArray
    pulses: IntArray


HEAD_COLUMN, HEAD_CHOP, HEAD_FLIP, HEAD_WRITE = range(4)


def reset_state(config: ControllerConfig) -> ControllerState:
    """State after reset and the clear sweep: memories zero, all chop signs +1."""
    shape = (config.cols, config.rows)
    counters = np.zeros(len(COUNTER), dtype=np.int64)
    counters[COUNTER.lfsr] = config.lfsr_seed
    counters[COUNTER.column_lfsr] = config.column_seed
    return ControllerState(
        h=np.zeros(shape, dtype=np.int64),
        p=np.zeros(shape, dtype=np.int64),
        pref=np.zeros(shape, dtype=np.int64),
        chop=np.zeros(config.cols, dtype=np.int64),
        reads=np.zeros(config.cols, dtype=np.int64),
        counters=counters,
    )


def new_transfer(config: ControllerConfig) -> Transfer:
    """An empty transfer record."""
    return Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(config.rows, dtype=np.int64))


def controller_config(parameters: Mapping[str, int], configuration: Mapping[str, int]) -> ControllerConfig:
    """The golden configuration from the very parameters and cfg values that the RTL gets."""
    return ControllerConfig(
        rows=parameters["ROWS"],
        cols=parameters["COLS"],
        reference=bool(parameters["REF_EN"]),
        p_frac=parameters["P_FRAC"],
        p_store=bool(parameters["P_EN"]),
        beta=parameters["BETA"],
        beta_bits=parameters["BETA_W"],
        h_bits=parameters["H_W"],
        h_frac=parameters["H_FRAC"],
        lr_h=configuration["cfg_lr_h"],
        lr_shift=parameters["LR_SHIFT"],
        correction=parameters["CORRECTION"],
        max_steps=parameters["MAX_STEPS"],
        h_decay=bool(parameters["H_DECAY"]),
        h_momentum_shift=parameters["H_MOMENTUM_SHIFT"],
        h_rounding=parameters["H_ROUND"],
        p_rounding=parameters["P_ROUND"],
        transfer_every=configuration["cfg_transfer_every"],
        chop_mode=parameters["CHOP_MODE"],
        chop=configuration["cfg_chop"],
        warmup=configuration["cfg_warmup"],
        lfsr_seed=parameters["LFSR_SEED"],
        random_order=bool(parameters["COL_RANDOM"]),
        column_seed=parameters["COL_SEED"],
    )
