"""The schedule of in-memory SGD: one sample after the other on W."""

from __future__ import annotations

from crosschop.model.cycles import update_cycles
from crosschop.model.cycles_in_memory_sgd import UpdateCycles
from crosschop.model.estimate.time.schedule.events import CONTROLLER, DRIVER, Passes, Plan, Schedule, W, Workload

# An update retires in the cycle after its handshake; the sample that was computed on W as it is then comes next.
RETIREMENT = 1


def schedule_updates(
    durations: UpdateCycles, work: Workload, passes: Passes | None = None, retirement: int = RETIREMENT
) -> Schedule:
    """Every event of a run; passes on W as in `schedule_transfers`, each behind the update before it."""
    plan, starts, free = Plan(), [], 0
    for sample, length in enumerate(work.lengths.tolist()):
        tick = free if sample == 0 else free + retirement
        if not durations.samples_wait and sample:
            tick = free - 1
        if passes is not None:
            tick = plan.passes(tick, passes, sample, sample)
        begin = max(free, tick + 1)
        starts.append(begin)
        plan.put(CONTROLLER, free, begin - free, "idle", sample, sample)
        cycles = update_cycles(durations.pulse, length)
        plan.put(W, begin, cycles, "update", sample, sample)
        plan.put(DRIVER, begin, durations.pulse * length, "update", sample, sample)
        free = plan.put(CONTROLLER, begin, cycles, "update", sample, sample)
    return plan.schedule(starts, free)
