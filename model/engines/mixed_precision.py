"""Engines of mixed precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosschop.model.algorithms.mixed_precision import MixedPrecision, mixed_options
from crosschop.model.chipspec import ChipSpec, operand_lsbs, rtl_configuration, rtl_parameters
from crosschop.model.cycles_mixed_precision import finish_cycles
from crosschop.model.engines.common import Progress, in_chunks, result_of
from crosschop.model.engines.upsets import strike_mixed
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END, mixed_config, reset_mixed
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer
from crosschop.model.results import RunResult
from crosschop.model.training import mixed_precision as training


def run_golden(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    device_seed: int | None = None,
    upsets: Sequence[Upset] = (),
) -> RunResult:
    """Trains with the integer controller, compiled into one loop."""
    config = mixed_config(rtl_parameters(spec), rtl_configuration(spec))
    state, transfer = reset_mixed(config), _new_transfer(spec)
    session = training.new_session(spec, seed, transfers, device_seed)
    in_chunks(
        lambda count: training.run_golden(session, config, state, transfer, count),
        transfers,
        progress,
        upsets,
        lambda due, left: strike_mixed(spec, session, config, state, transfer, due),
    )
    training.finish(session)
    return result_of(spec, "golden", seed, transfers, session, finish_cycles(session.timeline))


def run_float(
    spec: ChipSpec, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the algorithm in floats on the same tile and the same operand codes."""
    session, transfer = training.new_session(spec, seed, transfers, device_seed), _new_transfer(spec)
    algorithm = MixedPrecision(mixed_options(spec))
    operands, (x_lsb, d_lsb) = session.operands, operand_lsbs(spec)
    row, watched = session.recording.element
    for index in range(transfers):
        if algorithm.column == 0:
            training.request_sample(session)
            d = operands.d_codes * np.float64(d_lsb)
        code = int(operands.x_codes[algorithm.column])
        transfer.head[HEAD_BATCH_END] = algorithm.batch_ends
        transfer.head[HEAD_COLUMN], transfer.pulses[:] = algorithm.step_column(code * x_lsb, d)
        transfer.head[HEAD_WRITE] = transfer.pulses.any()
        training.retire_column(session, code, operands.d_codes, transfer, float(algorithm.chi[watched, row]))
        progress(index + 1)
    training.finish(session)
    return result_of(spec, "float", seed, transfers, session, finish_cycles(session.timeline))


def _new_transfer(spec: ChipSpec) -> Transfer:
    return Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(spec.array.rows, dtype=np.int64))
