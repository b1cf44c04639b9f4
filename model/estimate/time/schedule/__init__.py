"""Event-level schedules of the overlapped operation that the RTL runs, one module per controller kind.

Without passes on W a schedule has the cycles of model/cycles*.py, event by event; with them it is what a chip would do
that has no forward and backward pass for free.
"""

from __future__ import annotations

from crosschop.model.chipspec import ChipSpec, controller_kind, mixed_section
from crosschop.model.cycles import cycle_config
from crosschop.model.cycles_in_memory_sgd import update_durations
from crosschop.model.cycles_mixed_precision import mixed_durations
from crosschop.model.estimate.time.schedule.events import (
    Interval,
    Passes,
    Schedule,
    Workload,
    pass_durations,
    stores,
)
from crosschop.model.estimate.time.schedule.in_memory_sgd import schedule_updates
from crosschop.model.estimate.time.schedule.mixed_precision import schedule_batches
from crosschop.model.estimate.time.schedule.transfer import schedule_transfers

__all__ = ["Interval", "Passes", "Schedule", "Workload", "new_schedule", "pass_durations", "schedule_batches",
           "schedule_transfers", "schedule_updates", "stores"]  # fmt: skip


def new_schedule(spec: ChipSpec, work: Workload, passes: bool = False) -> Schedule:
    """The schedule of a training run.

    Args:
        spec: the chip.
        work: train lengths and writes of the run.
        passes: whether each sample's forward and backward pass take place on W before its update.
    """
    on_w = pass_durations(spec) if passes else None
    kind = controller_kind(spec)
    if kind == "in_memory_sgd":
        return schedule_updates(update_durations(spec), work, on_w)
    if kind == "mixed_precision":
        return schedule_batches(mixed_durations(spec), mixed_section(spec).batch, work, on_w)
    return schedule_transfers(cycle_config(spec), stores(spec), spec.transfer.transfer_every, work, on_w)
