"""Whether the chopper of a column flips after its read, and how many reads it has had since."""

from __future__ import annotations

from crosschop.model.golden.compiled import compiled
from crosschop.model.golden.lfsr import COMPARE_MASK, lfsr_draw
from crosschop.model.golden.state import (
    CHOP_RANDOM,
    CHOP_REGULAR,
    COUNTER,
    COUNTER_MAX,
    ControllerConfig,
    ControllerState,
)


@compiled
def draw_flip(config: ControllerConfig, state: ControllerState, column: int) -> bool:
    """Known when the read is issued; takes effect for the first sample after it.

    Regular: at every `chop`-th read of the column (0 = never), at once where `chop` has become less than the reads
    since the last flip. Random: one LFSR draw per read.
    """
    if config.chop_mode == CHOP_REGULAR:
        return config.chop > 0 and state.reads[column] >= config.chop - 1
    if config.chop_mode == CHOP_RANDOM:
        lfsr = lfsr_draw(state.counters[COUNTER.lfsr])
        state.counters[COUNTER.lfsr] = lfsr
        return (lfsr & COMPARE_MASK) < config.chop
    return False


@compiled
def count_read(state: ControllerState, column: int, flip: bool) -> None:
    """The read that flips is the last one of its chop period."""
    state.reads[column] = 0 if flip else min(state.reads[column] + 1, COUNTER_MAX)
