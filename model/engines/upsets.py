"""Upsets on the way of a training run: between two transfers of the compiled loop, or in the codes of one of them."""

from __future__ import annotations

from collections.abc import Sequence

from crosschop.model.chipspec import ChipSpec
from crosschop.model.faults.fields import Field, fields_of
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.mixed_precision import MixedConfig, MixedState
from crosschop.model.golden.state import COUNTER, HEAD_WRITE, ControllerConfig, ControllerState, IntArray, Transfer
from crosschop.model.golden.upset import flip_entry, flip_mixed, flip_transfer, flipped
from crosschop.model.training import mixed_precision as mixed_training
from crosschop.model.training import transfer as training


def strike_transfer(
    spec: ChipSpec,
    session: training.Session,
    config: ControllerConfig,
    state: ControllerState,
    transfer: Transfer,
    due: Sequence[Upset],
    left: int,
) -> int:
    """Brings upsets that are due to a run of an algorithm with an array A.

    A sample counter that is thrown past the end of its group runs to the end of its 16 bits, and no column is read
    meanwhile; thrown forward within the group it reads early, which the run rounds to in time. A column counter beyond
    the last column reads nothing up to the end of its range, then column 0.

    Args:
        spec: the chip.
        session, config, state, transfer: of the run, between two transfers.
        due: the upsets.
        left: transfers that the run still has.

    Returns:
        Transfers that went by: groups of samples without a read, and the transfer whose codes are struck.
    """
    fields = fields_of(spec)
    codes = [upset for upset in due if fields[upset.field].kind == "stream"]
    gone = 0
    for upset in due:
        field = fields[upset.field]
        if field.kind == "stream":
            continue
        if field.name == "column" and flipped(int(state.counters[COUNTER.column]), upset.bit) >= config.cols:
            gone += _leave_the_columns(spec, session, config, state, transfer, field, upset, left - gone)
            continue
        flip_transfer(config, state, field.name, upset.place, upset.bit, field.bits, spec.lanes)
        if field.name == "samples":
            missing = max(0, -int(state.counters[COUNTER.samples]))
            state.counters[COUNTER.samples] = 0
            gone += _withhold(session, state, transfer, min(missing // config.transfer_every, left - gone))
    if codes and gone < left:
        training.read_golden(session, state, transfer)
        for upset in codes:
            flip_entry(session.codes, upset.place, upset.bit, fields[upset.field].bits)
        training.step_golden(session, config, state, session.codes, transfer)
        gone += 1
    return gone


def _withhold(session: training.Session, state: ControllerState, transfer: Transfer, groups: int) -> int:
    """Groups of samples after which no column is read."""
    for _ in range(groups):
        training.apply_group(session, state.chop)
        training.write_and_prepare(session, transfer)
        transfer.head[HEAD_WRITE] = 0
    return groups


def _leave_the_columns(
    spec: ChipSpec,
    session: training.Session,
    config: ControllerConfig,
    state: ControllerState,
    transfer: Transfer,
    field: Field,
    upset: Upset,
    left: int,
) -> int:
    """The column counter stands beyond the last column: nothing is read until it wraps, while the words go on."""
    if config.random_order:
        return _withhold(session, state, transfer, min(1, left))  # the next column is drawn anew
    old = int(state.counters[COUNTER.column])
    reads = (1 << field.bits) - flipped(old, upset.bit)
    gone = _withhold(session, state, transfer, min(reads, left))
    state.counters[COUNTER.column] = state.counters[COUNTER.position] = 0
    for matrix in (state.h, state.p, state.pref):
        matrix[:] = _turned(matrix, (old + reads) % config.cols)
    return gone


def _turned(matrix: IntArray, first: int) -> IntArray:
    """The matrix with that column in front."""
    return matrix.take(range(first, first + len(matrix)), axis=0, mode="wrap")


def strike_mixed(
    spec: ChipSpec,
    session: mixed_training.Session,
    config: MixedConfig,
    state: MixedState,
    transfer: Transfer,
    due: Sequence[Upset],
) -> int:
    """Brings upsets that are due to a run in mixed precision, in front of a pass; returns 1, the column that it ran.

    A column that does not exist is not struck: the counter of the golden model has none.
    """
    fields = fields_of(spec)
    mixed_training.request_sample(session)
    operands = session.operands
    for upset in due:
        field = fields[upset.field]
        name = field.name.removeprefix("stream_")  # on the way or in their store: the pass sees the same
        flip_mixed(config, state, operands.x_codes, operands.d_codes, name, upset.place, upset.bit, field.bits)
    mixed_training.step_column_golden(session, config, state, transfer)
    return 1


def strike_number(state: IntArray, due: Sequence[Upset]) -> int:
    """Brings upsets that are due to a run of in-memory SGD."""
    for upset in due:
        state[0] = flipped(int(state[0]), upset.bit)
    return 0
