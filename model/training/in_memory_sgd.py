"""In-memory SGD, event by event: the pulses of each sample go straight to W.

The forward pass of a sample sees W with the updates of all samples before it, so there is nothing to overlap: an update
is the unit that engines count as a transfer.
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
from crosschop.model.cycles_in_memory_sgd import (
    UpdateCycles,
    UpdateTimeline,
    new_timeline,
    step_cycles,
    update_durations,
)
from crosschop.model.golden.in_memory_sgd import step_update
from crosschop.model.jit import compiled
from crosschop.model.recording import TRACE_UPDATES, Recording, new_recording
from crosschop.model.tasks import Task
from crosschop.model.training import common

IntArray = NDArray[np.int64]


class Session(NamedTuple):
    """The analog side of a training run, for compiled code.

    Attributes:
        tile: W and periphery.
        task: what is learnt.
        x, d: inputs (cols,) and errors (rows,) of the coming update.
        length: (1,) its train length.
        scale: (2,) what turns |x|, |d| into firing probabilities.
        unchopped: (cols,) zeros, the signs of an update without choppers.
        sample: (1,) samples applied to W so far.
        train_lengths: (max_pulses + 1,) those updates by the length of their pulse trains.
        durations, timeline: cycle model, moved on by every update.
        recording: what the report needs.
    """

    tile: Tile
    task: Task
    x: FloatArray
    d: FloatArray
    length: IntArray
    scale: NDArray[np.float64]
    unchopped: IntArray
    sample: IntArray
    train_lengths: IntArray
    durations: UpdateCycles
    timeline: UpdateTimeline
    recording: Recording


def new_session(spec: ChipSpec, seed: int, updates: int, device_seed: int | None = None) -> Session:
    """A fresh tile and task, the first sample prepared. The same seed gives the same session, bit for bit.

    Args:
        spec: the chip.
        seed: seed of everything random.
        updates: length of the run, for the recording's buffers.
        device_seed: seed of devices and target alone; the run's seed when None.
    """
    rows, cols = spec.array.rows, spec.array.cols
    tile, task = common.new_tile_and_task(spec, seed, device_seed)
    session = Session(
        tile=tile,
        task=task,
        x=np.zeros(cols, dtype=np.float32),
        d=np.zeros(rows, dtype=np.float32),
        length=np.zeros(1, dtype=np.int64),
        scale=np.zeros(2),
        unchopped=np.zeros(cols, dtype=np.int64),
        sample=np.zeros(1, dtype=np.int64),
        train_lengths=np.zeros(given(spec.driver).max_pulses + 1, dtype=np.int64),
        durations=update_durations(spec),
        timeline=new_timeline(),
        recording=new_recording(updates, rows, cols, min(updates, TRACE_UPDATES)),
    )
    common.note_error(session)
    prepare_sample(session)
    return session


@compiled
def prepare_sample(session: Session) -> None:
    """Forward pass, error and update plan of the next sample, on W as it is."""
    tasks.draw_sample(session.task, session.tile, session.x, session.d)
    plan = analog.plan(session.tile, session.x, session.d)
    session.length[0] = plan.length
    session.scale[0] = plan.x_scale
    session.scale[1] = plan.d_scale


@compiled
def update_and_prepare(session: Session) -> None:
    """Applies the sample's pulses to W, then computes the next sample on it."""
    recording, tile, length = session.recording, session.tile, session.length[0]
    row, column = recording.element
    rec.note_weight(recording, session.sample[0] + 1, tile.w.weight[column, row])
    plan = Plan(length, session.scale[0], session.scale[1])
    analog.update_weights(tile, plan, session.x, session.d, session.unchopped)
    analog.pass_sample(tile)
    rec.note_lines(recording, length, tile.trains)
    rec.note_trains(recording, length, tile.trains)
    session.train_lengths[length] += 1
    session.sample[0] += 1
    if rec.error_due(recording):
        rec.note_error(recording, session.sample[0], tasks.weight_error(session.task, tile.w))
    prepare_sample(session)


@compiled
def step_golden(session: Session, state: IntArray) -> int:
    """One update: golden step and cycle model first, then the arrays; returns the number that it retires with."""
    number = step_update(state)
    step_cycles(session.durations, session.timeline, session.length[0])
    rec.note_number(session.recording, number)
    update_and_prepare(session)
    return int(number)


@compiled
def run_golden(session: Session, state: IntArray, updates: int) -> None:
    """Whole updates, compiled into one loop; call again to go on."""
    for _ in range(updates):
        step_golden(session, state)


def finish(session: Session) -> None:
    """Notes the final error."""
    common.note_error(session)
