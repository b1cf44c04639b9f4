"""Engines of the algorithms with an array A."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosschop.model import recording as rec
from crosschop.model.algorithms import Agad, TransferAlgorithm, new_algorithm
from crosschop.model.chipspec import ChipSpec, read_lsb, rtl_configuration, rtl_parameters
from crosschop.model.cycles import COUNT, finish_cycles, step_cycles
from crosschop.model.engines.common import Progress, in_chunks, result_of
from crosschop.model.engines.upsets import strike_transfer
from crosschop.model.faults.upset import Upset
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
from crosschop.model.results import RunResult
from crosschop.model.training import transfer as training
from crosschop.model.training.transfer import Session


def run_golden(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    device_seed: int | None = None,
    upsets: Sequence[Upset] = (),
) -> RunResult:
    """Trains with the integer controller, compiled into one loop."""
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    state, transfer = reset_state(config), new_transfer(config)
    session = training.new_session(spec, seed, transfers, device_seed)
    in_chunks(
        lambda count: training.run_golden(session, config, state, transfer, count),
        transfers,
        progress,
        upsets,
        lambda due, left: strike_transfer(spec, session, config, state, transfer, due, left),
    )
    training.finish(session, transfer)
    return result_of(spec, "golden", seed, transfers, session, finish_cycles(session.timeline))


def run_float(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the algorithm in floats on the same tile."""
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
    return result_of(spec, "float", seed, transfers, session, finish_cycles(session.timeline))


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
