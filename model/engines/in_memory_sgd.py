"""Engines of in-memory SGD.

Its controller computes nothing, so there is no digital part that floats could replace: the float engine runs the same
events as the golden one and gives the same digest.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosschop.model.chipspec import ChipSpec
from crosschop.model.cycles_in_memory_sgd import finish_cycles
from crosschop.model.engines.common import Progress, in_chunks, result_of
from crosschop.model.engines.upsets import strike_number
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.in_memory_sgd import reset_state
from crosschop.model.results import RunResult
from crosschop.model.training import in_memory_sgd as training


def run_golden(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    device_seed: int | None = None,
    upsets: Sequence[Upset] = (),
) -> RunResult:
    """Trains with the integer controller, compiled into one loop."""
    return _run("golden", spec, seed, transfers, progress, device_seed, upsets)


def run_float(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the algorithm in floats: the same run, see above."""
    return _run("float", spec, seed, transfers, progress, device_seed)


def _run(
    engine: str,
    spec: ChipSpec,
    seed: int,
    updates: int,
    progress: Progress,
    device_seed: int | None,
    upsets: Sequence[Upset] = (),
) -> RunResult:
    state = reset_state()
    session = training.new_session(spec, seed, updates, device_seed)
    in_chunks(
        lambda count: training.run_golden(session, state, count),
        updates,
        progress,
        upsets,
        lambda due, left: strike_number(state, due),
    )
    training.finish(session)
    return result_of(spec, engine, seed, updates, session, finish_cycles(session.timeline))
