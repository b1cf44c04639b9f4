"""When a column is read, which one, and what the counters become."""

from __future__ import annotations

from crosschop.model.golden.compiled import compiled
from crosschop.model.golden.lfsr import COMPARE_BITS, COMPARE_MASK, lfsr_draw
from crosschop.model.golden.state import COUNTER, COUNTER_MAX, ControllerConfig, ControllerState


@compiled
def step_sample(config: ControllerConfig, state: ControllerState) -> bool:
    """Counts one update of A; true when a read is due after it."""
    state.counters[COUNTER.samples] += 1
    if state.counters[COUNTER.samples] < config.transfer_every:
        return False
    state.counters[COUNTER.samples] = 0
    return True


@compiled
def advance_column(config: ControllerConfig, state: ControllerState) -> None:
    """The column read next: k = (k + 1) mod cols, or drawn with replacement; `cols` reads are a sweep."""
    counters = state.counters
    counters[COUNTER.position] += 1
    if counters[COUNTER.position] == config.cols:
        counters[COUNTER.position] = 0
        counters[COUNTER.sweep] = min(counters[COUNTER.sweep] + 1, COUNTER_MAX)
    counters[COUNTER.column] = counters[COUNTER.position]
    if config.random_order:
        lfsr = lfsr_draw(counters[COUNTER.column_lfsr])
        counters[COUNTER.column_lfsr] = lfsr
        counters[COUNTER.column] = ((lfsr & COMPARE_MASK) * config.cols) >> COMPARE_BITS
