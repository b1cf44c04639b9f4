"""The algorithms with an array A, event by event.

Transfer t covers n_s samples and one column read. Its pulses reach W together with the read of transfer t + 1, since
the digital work of a transfer overlaps the next n_s updates: the samples between the two reads are computed on W as
it was. The last transfer's pulses are written at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model import recording as rec
from crosschop.model import tasks
from crosschop.model.analog import tile as analog
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.pulse_driver import Plan
from crosschop.model.analog.tile import Tile
from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.cycles import COUNT, CycleConfig, Timeline, cycle_config, new_timeline, step_cycles, update_cycles
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_CHOP,
    HEAD_COLUMN,
    HEAD_WRITE,
    ControllerConfig,
    ControllerState,
    Transfer,
)
from crosschop.model.jit import compiled
from crosschop.model.recording import Recording, new_recording
from crosschop.model.tasks import Task
from crosschop.model.training import common

IntArray = NDArray[np.int64]


class Group(NamedTuple):
    """The n_s samples before a read.

    Attributes:
        x, d: inputs and errors, (n_s, cols) and (n_s, rows).
        length: train lengths, (n_s,).
        scale: (n_s, 2) what turns |x|, |d| into firing probabilities.
    """

    x: FloatArray
    d: FloatArray
    length: IntArray
    scale: NDArray[np.float64]


class Session(NamedTuple):
    """The analog side of a training run, for compiled code.

    Attributes:
        tile: arrays and periphery.
        task: what is learnt.
        group: samples of the coming transfer.
        codes: codes of the last read, (rows,).
        sample: (1,) samples applied to A so far.
        train_lengths: (max_pulses + 1,) those updates by the length of their pulse trains.
        durations, timeline: cycle model, moved on by every transfer.
        updating: (2,) cycles of the updates before a read, by transfer number modulo 2: with RTL in the loop a
            transfer retires after the next read has begun.
        recording: what the report needs.
    """

    tile: Tile
    task: Task
    group: Group
    codes: IntArray
    sample: IntArray
    train_lengths: IntArray
    durations: CycleConfig
    timeline: Timeline
    updating: IntArray
    recording: Recording


def new_session(spec: ChipSpec, seed: int, transfers: int, device_seed: int | None = None) -> Session:
    """A fresh tile and task. The same seed gives the same session, bit for bit.

    Args:
        spec: the chip.
        seed: seed of everything random.
        transfers: length of the run, for the recording's buffers.
        device_seed: seed of devices and target alone; the run's seed when None.
    """
    rows, cols, n_s = spec.array.rows, spec.array.cols, spec.transfer.transfer_every
    tile, task = common.new_tile_and_task(spec, seed, device_seed)
    durations = cycle_config(spec)
    session = Session(
        tile=tile,
        task=task,
        group=Group(
            x=np.zeros((n_s, cols), dtype=np.float32),
            d=np.zeros((n_s, rows), dtype=np.float32),
            length=np.zeros(n_s, dtype=np.int64),
            scale=np.zeros((n_s, 2)),
        ),
        codes=np.zeros(rows, dtype=np.int64),
        sample=np.zeros(1, dtype=np.int64),
        train_lengths=np.zeros(given(spec.driver).max_pulses + 1, dtype=np.int64),
        durations=durations,
        timeline=new_timeline(durations),
        updating=np.zeros(2, dtype=np.int64),
        recording=new_recording(transfers, rows, cols, transfers // cols + 1),
    )
    common.note_error(session)
    prepare_group(session)
    return session


@compiled
def prepare_group(session: Session) -> None:
    """Forward passes, errors and update plans of the next n_s samples."""
    group = session.group
    tasks.draw_group(session.task, session.tile, group.x, group.d)
    for i in range(group.length.size):
        plan = analog.plan(session.tile, group.x[i], group.d[i])
        group.length[i] = plan.length
        group.scale[i, 0] = plan.x_scale
        group.scale[i, 1] = plan.d_scale


@compiled
def apply_group(session: Session, chop: IntArray) -> None:
    """Applies the group's updates to A under the chop bits (cols,)."""
    group, tile = session.group, session.tile
    slot = (session.sample[0] // group.length.size) & 1
    session.updating[slot] = 0
    for i in range(group.length.size):
        plan = Plan(group.length[i], group.scale[i, 0], group.scale[i, 1])
        analog.accumulate(tile, plan, group.x[i], group.d[i], chop)
        rec.note_lines(session.recording, plan.length, tile.trains)
        analog.pass_sample(tile)
        session.train_lengths[plan.length] += 1
        session.updating[slot] += update_cycles(session.durations.pulse, plan.length)
    session.sample[0] += group.length.size


@compiled
def update_and_read(session: Session, column: int, chop: IntArray) -> None:
    """Applies the group's updates to A under the chop bits (cols,), then reads a column into `session.codes`."""
    apply_group(session, chop)
    analog.read_column(session.tile, column, session.codes)
    row, watched = session.recording.element
    a, w = session.tile.a.weight[watched, row], session.tile.w.weight[watched, row]
    rec.note_read(session.recording, column, session.sample[0], a, w)


@compiled
def write_and_prepare(session: Session, transfer: Transfer) -> None:
    """Brings the previous transfer's pulses to W, then computes the next group on it."""
    if transfer.head[HEAD_WRITE]:
        analog.write_column(session.tile, transfer.head[HEAD_COLUMN], transfer.pulses)
    if rec.error_due(session.recording):
        error = tasks.weight_error(session.task, session.tile.w)
        rec.note_error(session.recording, session.sample[0], error)
    prepare_group(session)


@compiled
def step_golden(
    session: Session, config: ControllerConfig, state: ControllerState, codes: IntArray, transfer: Transfer
) -> None:
    """One golden transfer of the codes (rows,) that the controller took, recorded and timed."""
    step_transfer(config, state, codes, transfer)
    updating = session.updating[session.timeline.marks[COUNT] & 1]
    step_cycles(session.durations, session.timeline, updating, transfer.head[HEAD_WRITE] != 0)
    rec.note_transfer(session.recording, codes, transfer)
    row, column = session.recording.element
    if transfer.head[HEAD_COLUMN] == column:
        h, p, pref = state.h[column, row], state.p[column, row], state.pref[column, row]
        rec.note_stores(session.recording, h, p, pref, transfer.head[HEAD_CHOP])


@compiled
def read_golden(session: Session, state: ControllerState, transfer: Transfer) -> None:
    """A transfer up to its codes, in `session.codes`, on the golden controller's column and signs."""
    update_and_read(session, state.counters[COUNTER.column], state.chop)
    write_and_prepare(session, transfer)


@compiled
def run_golden(
    session: Session, config: ControllerConfig, state: ControllerState, transfer: Transfer, transfers: int
) -> None:
    """Whole transfers on the golden controller, compiled into one loop; call again to go on."""
    for _ in range(transfers):
        read_golden(session, state, transfer)
        step_golden(session, config, state, session.codes, transfer)


def finish(session: Session, transfer: Transfer) -> None:
    """Writes the last transfer's pulses, works out what waits for A, and notes the final error."""
    if transfer.head[HEAD_WRITE]:
        analog.write_column(session.tile, transfer.head[HEAD_COLUMN], transfer.pulses)
    analog.settle(session.tile)
    common.note_error(session)
