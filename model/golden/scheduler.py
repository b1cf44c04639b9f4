"""When a column is read, which one, and what the counters become."""

from __future__ import annotations

from numba import njit

from crosschop.model.golden.state import COUNTER, COUNTER_MAX, ControllerConfig, ControllerState


@njit(cache=True)
def step_sample(config: ControllerConfig, state: ControllerState) -> bool:
    """Counts one update of A; true when a read is due after it."""
    state.counters[COUNTER.samples] += 1
    if state.counters[COUNTER.samples] < config.transfer_every:
        return False
    state.counters[COUNTER.samples] = 0
    return True


@njit(cache=True)
def advance_column(config: ControllerConfig, state: ControllerState) -> None:
    """k = (k + 1) mod cols; a wrap ends a sweep, and a chop period after `chop` sweeps."""
    counters = state.counters
    counters[COUNTER.column] += 1
    if counters[COUNTER.column] < config.cols:
        return
    counters[COUNTER.column] = 0
    counters[COUNTER.sweep] = min(counters[COUNTER.sweep] + 1, COUNTER_MAX)
    counters[COUNTER.chop_count] += 1
    if counters[COUNTER.chop_count] >= config.chop:
        counters[COUNTER.chop_count] = 0
