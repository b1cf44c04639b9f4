"""Engines that need no simulator: the compiled golden controller, and the algorithm in floats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crosschop.model import recording as rec
from crosschop.model import training
from crosschop.model.algorithms import Agad, TransferAlgorithm, new_algorithm
from crosschop.model.chipspec import ChipSpec, read_lsb, rtl_configuration, rtl_parameters
from crosschop.model.cycles import COUNT, finish_cycles, step_cycles
from crosschop.model.golden.state import (
    HEAD_CHOP,
    HEAD_COLUMN,
    HEAD_FLIP,
    HEAD_WRITE,
    Transfer,
    controller_config,
    new_transfer,
    reset_state,
)
from crosschop.model.results import RunResult, in_units
from crosschop.model.training import Session

Progress = Callable[[int], None]

# Progress is shown about so often in a run.
CHUNKS = 200


def run_golden(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the integer controller, compiled into one loop.

    Args:
        spec: the chip.
        seed: seed of everything random.
        transfers: column transfers to run.
        progress: called with the transfers done so far.
        device_seed: seed of devices and target alone; the run's seed when None.
    """
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    state, transfer = reset_state(config), new_transfer(config)
    session = training.new_session(spec, seed, transfers, device_seed)
    training.run_golden(session, config, state, transfer, 0)  # compiles, before progress is timed
    chunk = max(1, transfers // CHUNKS)
    for start in range(0, transfers, chunk):
        training.run_golden(session, config, state, transfer, min(chunk, transfers - start))
        progress(min(start + chunk, transfers))
    training.finish(session, transfer)
    return result_of(spec, "golden", seed, transfers, session)


def run_float(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the algorithm in floats on the same tile; arguments as `run_golden`."""
    session = training.new_session(spec, seed, transfers, device_seed)
    # The tile's streams are children 0 to 2 of the seed.
    algorithm = new_algorithm(spec, np.random.default_rng(np.random.SeedSequence(seed).spawn(4)[3]))
    transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(spec.array.rows, dtype=np.int64))
    lsb = np.float64(read_lsb(spec))
    for index in range(transfers):
        chop_bits = (algorithm.chop < 0).astype(np.int64)
        training.update_and_read(session, algorithm.column, chop_bits)
        training.write_and_prepare(session, transfer)
        _step_float(session, algorithm, session.codes * lsb, transfer)
        progress(index + 1)
    training.finish(session, transfer)
    return result_of(spec, "float", seed, transfers, session)


def _step_float(session: Session, algorithm: TransferAlgorithm, omega: NDArray[np.float64], transfer: Transfer) -> None:
    """One transfer in floats, recorded and timed as the golden one."""
    column = algorithm.column
    chop = int(algorithm.chop[column] < 0)
    _, transfer.pulses[:] = algorithm.transfer(omega)
    transfer.head[HEAD_COLUMN] = column
    transfer.head[HEAD_CHOP] = chop
    transfer.head[HEAD_FLIP] = int(chop != (algorithm.chop[column] < 0))
    transfer.head[HEAD_WRITE] = int(transfer.pulses.any())
    updating = int(session.updating[session.timeline.marks[COUNT] & 1])
    step_cycles(session.durations, session.timeline, updating, bool(transfer.head[HEAD_WRITE]))
    rec.note_transfer(session.recording, session.codes, transfer)
    row, watched = session.recording.element
    if column == watched:
        h, p, pref = algorithm.h[column, row], 0.0, 0.0
        if isinstance(algorithm, Agad):
            p, pref = algorithm.p[column, row], algorithm.pref[column, row]
        rec.note_stores(session.recording, h, p, pref, chop)


def result_of(
    spec: ChipSpec,
    engine: str,
    seed: int,
    transfers: int,
    session: Session,
    compared: int = 0,
    cycles: dict[str, int] | None = None,
) -> RunResult:
    """The result of a finished session.

    Args:
        spec, engine, seed, transfers: what was run.
        session: its analog side.
        compared: transfers compared between RTL and golden model.
        cycles: the RTL's counters where there are any; the cycle model's counts otherwise.
    """
    samples = int(session.sample[0])
    trace = rec.element_trace(session.recording)
    return RunResult(
        spec=spec,
        engine=engine,
        seed=seed,
        samples=samples,
        transfers=transfers,
        compared=compared,
        weight_error=float(rec.error_points(session.recording)[-1, 1]),
        digest=f"{int(session.recording.digest[0]):016x}",
        train_length=float(session.slots[0] / samples),
        pulses_a=float(session.tile.a.pulses.max() / samples),
        pulses_w=float(session.tile.w.pulses.max() / samples),
        cycles=finish_cycles(session.timeline) if cycles is None else cycles,
        cycles_measured=cycles is not None,
        errors=rec.error_points(session.recording),
        trace=trace if engine == "float" else in_units(spec, trace),
        element=session.recording.element,
        target=float(session.task.target[session.recording.element[1], session.recording.element[0]]),
    )
