"""Engines that need no simulator: the compiled golden controller, and the algorithm in floats.

A module per controller kind says how; `run_golden` and `run_float` choose by the chip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crosschop.model.chipspec import ChipSpec, ControllerKind, controller_kind
from crosschop.model.engines import in_memory_sgd, mixed_precision, transfer
from crosschop.model.engines.common import Progress, transfers_in_sweeps, whole_transfers
from crosschop.model.faults.upset import Upset
from crosschop.model.results import RunResult

__all__ = ["Progress", "run_float", "run_golden", "transfers_in_sweeps", "whole_transfers"]


class _Kind(Protocol):
    def run_golden(
        self,
        spec: ChipSpec,
        seed: int,
        transfers: int,
        progress: Progress,
        device_seed: int | None,
        upsets: Sequence[Upset],
    ) -> RunResult: ...

    def run_float(
        self, spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None
    ) -> RunResult: ...


_KINDS: dict[ControllerKind, _Kind] = {
    "transfer": transfer,
    "in_memory_sgd": in_memory_sgd,
    "mixed_precision": mixed_precision,
}


def _kind_of(spec: ChipSpec) -> _Kind:
    return _KINDS[controller_kind(spec)]


def run_golden(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    device_seed: int | None = None,
    upsets: Sequence[Upset] = (),
) -> RunResult:
    """Trains with the integer controller, compiled into one loop.

    Args:
        spec: the chip.
        seed: seed of everything random.
        transfers: how many to run; what one is, `transfers_in` says.
        progress: called with the transfers done so far.
        device_seed: seed of devices and target alone; the run's seed when None.
        upsets: bits that are flipped on the way.
    """
    return _kind_of(spec).run_golden(spec, seed, transfers, progress, device_seed, upsets)


def run_float(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the algorithm in floats on the same tile; arguments as `run_golden`, whose upsets floats have not."""
    return _kind_of(spec).run_float(spec, seed, transfers, progress, device_seed)
