"""The integer controller, event by event: the reference that RTL must equal bit for bit."""

from __future__ import annotations

from crosschop.model.golden.chopper import count_read, draw_flip
from crosschop.model.golden.compiled import compiled
from crosschop.model.golden.scheduler import advance_column
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_CHOP,
    HEAD_COLUMN,
    HEAD_FLIP,
    HEAD_WRITE,
    ControllerConfig,
    ControllerState,
    IntArray,
    Transfer,
)
from crosschop.model.golden.transfer import accumulate, leaky_mean, reset_hidden, transfer_gain, whole_pulses


@compiled
def step_transfer(config: ControllerConfig, state: ControllerState, codes: IntArray, transfer: Transfer) -> None:
    """One whole transfer: the read of the current column returned `codes` (rows,); fills in `transfer`.

    The order is settled: the sign in force at the read is used, P is updated before P^ref takes it, the flip
    comes last.
    """
    column = state.counters[COUNTER.column]
    chop = state.chop[column]
    flip = draw_flip(config, state, column)
    gain = transfer_gain(config, state.reads[column])
    held_back = state.counters[COUNTER.sweep] < config.warmup
    write = False
    for row in range(config.rows):
        h = accumulate(config, state.h[column, row], state.pref[column, row], codes[row], chop, gain)
        steps = whole_pulses(config, h)
        state.h[column, row] = reset_hidden(config, h, steps)
        transfer.pulses[row] = 0 if held_back else steps
        write |= transfer.pulses[row] != 0
        if config.reference:
            p = leaky_mean(config, state.p[column, row], codes[row])
            state.p[column, row] = p
            if flip:
                state.pref[column, row] = p
    if flip:
        state.chop[column] = 1 - chop
    count_read(state, column, flip)
    transfer.head[HEAD_COLUMN] = column
    transfer.head[HEAD_CHOP] = chop
    transfer.head[HEAD_FLIP] = flip
    transfer.head[HEAD_WRITE] = write
    advance_column(config, state)
