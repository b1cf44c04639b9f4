"""The schedule of TTv2, c-TTv2 and AGAD: updates and column reads of A, conversion, lanes, writes of W."""

from __future__ import annotations

from collections import deque

from crosschop.model.cycles import CycleConfig, update_cycles
from crosschop.model.estimate.time.schedule.events import (
    CONTROLLER,
    DRIVER,
    LANES,
    READ_ADC,
    A,
    Passes,
    Plan,
    Schedule,
    W,
    Workload,
    directions,
    port,
)


class _Samples:
    """When the tick of each sample is there: with or without the passes on W that make it."""

    def __init__(self, plan: Plan, passes: Passes | None, first: int, ahead: int) -> None:
        self._plan, self._passes = plan, passes
        self._released = first
        self._w_free = 0  # end of the latest pass or write
        self._taken = deque([0] * ahead, maxlen=ahead)  # when the latest ticks were taken: the oldest frees a place
        self.passes_end = 0

    def release(self, cycle: int) -> None:
        """Without passes, all samples of the next group are there in this cycle."""
        self._released = cycle

    def written(self, cycle: int) -> None:
        """W holds the pulses of a transfer from this cycle on."""
        self._w_free = max(self._w_free, cycle)

    def tick(self, sample: int, transfer: int) -> int:
        """The cycle in which the sample can be taken first."""
        if self._passes is None:
            return self._released
        begin = max(self._w_free, self._taken[0])
        self._w_free = self.passes_end = self._plan.passes(begin, self._passes, sample, transfer)
        return self._w_free

    def taken(self, update_begin: int) -> None:
        """The sample's update begins in this cycle; its tick was taken in the one before, which frees its place."""
        self._taken.append(update_begin - 1)


def schedule_transfers(
    config: CycleConfig,
    stores: tuple[str, ...],
    n_s: int,
    work: Workload,
    passes: Passes | None = None,
    ahead: int = 1,
) -> Schedule:
    """Every event of a run, as rtl/README.md has them.

    A sample is computed on W as the transfer before the last read left it: samples of transfer t + 1 see the pulses of
    t - 1. Without passes they are all there when that transfer has retired. With passes, x and d of `ahead` samples are
    kept besides those of the update under way; the first pass of t + 1 waits for the write of t - 1, and the write of t
    waits for the last pass of t + 1, so that the run is the one that every engine trains.

    Args:
        config: durations.
        stores: H, P, P^ref as far as there are such.
        n_s: samples per transfer.
        work: train lengths, writes and flips.
        passes: forward and backward pass on W, None to leave them out.
        ahead: samples whose passes may be over before their update, at least 1.
    """
    plan, starts = Plan(), []
    by_read, by_write = directions(config.interval)
    free = plan.clear(config.depth, stores, by_write)
    samples = _Samples(plan, passes, free if config.samples_wait else -1, ahead)
    floor = free  # the first tick is taken in an idle cycle
    last_beat: int | None = None
    waiting: int | None = None  # transfer whose pulses wait for W
    register_free = 0
    for transfer in range(len(work.wrote)):
        group = range(transfer * n_s, (transfer + 1) * n_s)
        for sample in group:
            begin = max(free, max(samples.tick(sample, transfer), floor) + 1)
            floor = -1
            samples.taken(begin)
            plan.put(CONTROLLER, free, begin - free, "idle", sample, transfer)
            cycles = update_cycles(config.pulse, int(work.lengths[sample]))
            plan.put(A, begin, cycles, "update", sample, transfer)
            plan.put(DRIVER, begin, config.pulse * int(work.lengths[sample]), "update", sample, transfer)
            free = plan.put(CONTROLLER, begin, cycles, "update", sample, transfer)
        if last_beat is not None:
            retired = last_beat + config.latency
            register_free = max(retired, samples.passes_end)
            if waiting is not None:
                register_free = plan.put(W, register_free, config.write, "write", transfer=waiting)
            samples.written(register_free)

        begin = free if last_beat is None else max(free, last_beat + 1)
        starts.append(begin)
        plan.put(CONTROLLER, free, begin - free, "stall", transfer=transfer)
        plan.put(A, begin, config.read, "read", transfer=transfer)
        free = plan.put(CONTROLLER, begin, config.read, "read", transfer=transfer)
        if not config.samples_wait:
            pass
        elif last_beat is None or last_beat + config.latency <= begin:
            samples.release(begin + 1)
        else:
            samples.release(max(begin + 1, last_beat + config.latency + 1) + 1)

        arrival = plan.put(READ_ADC, free, config.conversion, "conversion", transfer=transfer)
        accepted = arrival
        if last_beat is not None:
            waits = waiting is not None
            accepted = max(arrival, last_beat + config.latency, register_free if waits else 0)
        plan.put(READ_ADC, arrival, accepted - arrival, "hold", transfer=transfer)
        last_beat = plan.beats(LANES, accepted, config.beats, config.interval, "digital", transfer=transfer) - 1
        for pause in range(accepted + 1, last_beat, config.interval):
            plan.put(READ_ADC, pause, config.interval - 1, "hold", transfer=transfer)
        for store in stores:
            plan.beats(port(store, by_read), accepted, config.beats, config.interval, "read", transfer=transfer)
            if store != "P^ref" or (transfer < len(work.flips) and work.flips[transfer]):
                back = accepted + config.latency - 1
                plan.beats(port(store, by_write), back, config.beats, config.interval, "write", transfer=transfer)
        waiting = transfer if work.wrote[transfer] else None
    if waiting is not None and last_beat is not None:
        plan.put(W, max(last_beat + config.latency, samples.passes_end), config.write, "write", transfer=waiting)
    return plan.schedule(starts, free)
