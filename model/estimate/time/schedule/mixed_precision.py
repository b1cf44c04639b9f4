"""The schedule of mixed precision: operands, passes over chi, writes of W at the end of a batch."""

from __future__ import annotations

from crosschop.model.cycles import LANE_LATENCY
from crosschop.model.cycles_mixed_precision import MixedCycles
from crosschop.model.estimate.time.schedule.events import (
    CONTROLLER,
    LANES,
    Passes,
    Plan,
    Schedule,
    W,
    Workload,
    directions,
    port,
)

_STORES = ("chi",)


def schedule_batches(
    config: MixedCycles, batch: int, work: Workload, passes: Passes | None = None, latency: int = LANE_LATENCY
) -> Schedule:
    """Every event of a run of len(work.lengths) samples.

    With passes, x and d of one sample are kept besides the operands of the one under way: its passes on W run beside
    the pass over chi, those of a batch's first sample behind the writes of the batch before.

    Args:
        config: durations.
        batch: samples per batch.
        work: number of samples, and the columns of W that each batch writes.
        passes: forward and backward pass on W, None to leave them out.
        latency: cycles from a beat's entry into the lanes to its retirement.
    """
    plan, starts = Plan(), []
    by_write = directions(config.interval)[1]
    free = plan.clear(config.depth, _STORES, by_write)
    taken = 0  # from this cycle on the registers for the next sample's x and d are free
    for sample in range(len(work.lengths)):
        number, last = sample // batch, sample % batch == batch - 1
        tick = free if sample == 0 else free - 1
        if passes is not None:
            begin = 0 if sample == 0 else free if sample % batch == 0 else taken
            tick = max(tick, plan.passes(begin, passes, sample, number))
        begin = max(free, tick + 1)
        taken = begin - 1
        if sample % batch == 0:
            starts.append(begin)
        plan.put(CONTROLLER, free, begin - free, "idle", sample, number)
        free = plan.put(CONTROLLER, begin, config.request, "request", sample, number)

        plan.put(CONTROLLER, free, config.operands, "load", sample, number)
        middle = plan.put(port("d", by_write), free, config.beats, "write", sample, number)
        plan.put(port("x", by_write), middle, config.operands - config.beats, "write", sample, number)
        first = free + config.operands
        if last:
            end = _last_pass(plan, config, work, number, sample, first, latency)
        else:
            end = _pass(plan, config, sample, number, first, config.depth, latency)
        free = plan.put(CONTROLLER, first, end - first, "pass", sample, number)
    return plan.schedule(starts, free)


def _pass(plan: Plan, config: MixedCycles, sample: int, batch: int, begin: int, beats: int, latency: int) -> int:
    """So many beats, the first in the cycle `begin`; returns the cycle after the last."""
    by_read, by_write = directions(config.interval)
    end = plan.beats(LANES, begin, beats, config.interval, "digital", sample, batch)
    for store in (*_STORES, "d", "x"):
        plan.beats(port(store, by_read), begin, beats, config.interval, "read", sample, batch)
    plan.beats(port("chi", by_write), begin + latency - 1, beats, config.interval, "write", sample, batch)
    return end


def _last_pass(
    plan: Plan, config: MixedCycles, work: Workload, batch: int, sample: int, begin: int, latency: int
) -> int:
    """Column by column: each waits until the lanes are empty and the pulses of the one before have left."""
    for column in range(config.cols):
        retired = _pass(plan, config, sample, batch, begin, config.beats, latency) - 1 + latency
        begin = plan.put(W, retired, config.write if work.wrote[batch, column] else 0, "write", sample, batch)
    return begin + 1
