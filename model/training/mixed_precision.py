"""Mixed precision, event by event: samples are requested one by one, each is a pass over the columns of chi.

W only changes behind the last sample of a batch, and the next request waits until it has: a sample is computed at its
request, and nothing overlaps. The unit that engines count as a transfer is a column of a pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model import recording as rec
from crosschop.model import tasks
from crosschop.model.analog import tile as analog
from crosschop.model.analog.converter import ConverterConfig, codes_of, converter_config
from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.tile import Tile
from crosschop.model.chipspec import ChipSpec, mixed_section, operand_converters, samples_in
from crosschop.model.cycles_mixed_precision import (
    MixedCycles,
    MixedTimeline,
    mixed_durations,
    new_timeline,
    step_cycles,
)
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END, MIXED_COUNTER, MixedConfig, MixedState, step_column
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer
from crosschop.model.jit import compiled
from crosschop.model.recording import Recording, new_recording
from crosschop.model.tasks import Task
from crosschop.model.training import common

IntArray = NDArray[np.int64]


class Operands(NamedTuple):
    """The operands of a sample.

    Attributes:
        x, d: inputs (cols,) and errors (rows,).
        x_codes, d_codes: the same as the controller gets them.
        x_converter, d_converter: how codes are made; no noise.
    """

    x: FloatArray
    d: FloatArray
    x_codes: IntArray
    d_codes: IntArray
    x_converter: ConverterConfig
    d_converter: ConverterConfig


class Session(NamedTuple):
    """The analog side of a training run, for compiled code.

    Attributes:
        tile: W and periphery.
        task: what is learnt.
        operands: the sample requested last.
        sample: (1,) samples requested so far.
        train_lengths: (1,) zero: W gets whole pulses, not pulse trains.
        writes: (1,) columns of W written in the current pass.
        durations, timeline: cycle model, moved on by every pass.
        recording: what the report needs.
    """

    tile: Tile
    task: Task
    operands: Operands
    sample: IntArray
    train_lengths: IntArray
    writes: IntArray
    durations: MixedCycles
    timeline: MixedTimeline
    recording: Recording


def new_session(spec: ChipSpec, seed: int, transfers: int, device_seed: int | None = None) -> Session:
    """A fresh tile and task. The same seed gives the same session, bit for bit.

    Args:
        spec: the chip.
        seed: seed of everything random.
        transfers: length of the run in columns, for the recording's buffers.
        device_seed: seed of devices and target alone; the run's seed when None.
    """
    rows, cols, samples = spec.array.rows, spec.array.cols, samples_in(spec, transfers)
    tile, task = common.new_tile_and_task(spec, seed, device_seed)
    x_converter, d_converter = map(converter_config, operand_converters(spec))
    durations = mixed_durations(spec)
    session = Session(
        tile=tile,
        task=task,
        operands=Operands(
            x=np.zeros(cols, dtype=np.float32),
            d=np.zeros(rows, dtype=np.float32),
            x_codes=np.zeros(cols, dtype=np.int64),
            d_codes=np.zeros(rows, dtype=np.int64),
            x_converter=x_converter,
            d_converter=d_converter,
        ),
        sample=np.zeros(1, dtype=np.int64),
        train_lengths=np.zeros(1, dtype=np.int64),
        writes=np.zeros(1, dtype=np.int64),
        durations=durations,
        timeline=new_timeline(durations),
        recording=new_recording(samples, rows, cols, samples // mixed_section(spec).batch + 1),
    )
    common.note_error(session)
    return session


@compiled
def request_sample(session: Session) -> None:
    """Computes the next sample on W as it is, and its codes."""
    operands, tile = session.operands, session.tile
    if session.sample[0] > 0 and rec.error_due(session.recording):
        rec.note_error(session.recording, session.sample[0], tasks.weight_error(session.task, tile.w))
    tasks.draw_sample(session.task, tile, operands.x, operands.d)
    codes_of(operands.x_converter, operands.x, operands.x_codes, tile.streams.read)
    codes_of(operands.d_converter, operands.d, operands.d_codes, tile.streams.read)
    analog.pass_sample(tile)
    session.sample[0] += 1


@compiled
def retire_column(session: Session, x: int, d: IntArray, transfer: Transfer, chi: float) -> None:
    """A column of a pass, after golden model or floats: recorded, timed, and its pulses brought to W.

    Args:
        session: moved on.
        x, d: operand codes of the column, d (rows,).
        transfer: the column's record.
        chi: the recorded element's entry as it is now, where this is its column.
    """
    recording, column = session.recording, transfer.head[HEAD_COLUMN]
    row, watched = recording.element
    rec.note_column(recording, x, d, transfer)
    if transfer.head[HEAD_BATCH_END] and column == watched:
        w = session.tile.w.weight[column, row]
        rec.note_read(recording, column, session.sample[0], np.float32(0.0), w)
        rec.note_stores(recording, chi, 0.0, 0.0, 0)
    if transfer.head[HEAD_WRITE]:
        analog.write_column(session.tile, column, transfer.pulses)
        session.writes[0] += 1
    if column == session.operands.x.size - 1:
        step_cycles(session.durations, session.timeline, transfer.head[HEAD_BATCH_END] != 0, session.writes[0])
        session.writes[0] = 0


@compiled
def step_golden(
    session: Session, config: MixedConfig, state: MixedState, x: int, d: IntArray, transfer: Transfer
) -> None:
    """One golden column of the operand codes that the controller took, recorded and timed."""
    step_column(config, state, x, d, transfer)
    row, column = session.recording.element
    retire_column(session, x, d, transfer, float(state.chi[column, row]))


@compiled
def step_column_golden(session: Session, config: MixedConfig, state: MixedState, transfer: Transfer) -> None:
    """The column that is due on the golden controller, its operands there."""
    operands = session.operands
    step_golden(
        session, config, state, operands.x_codes[state.counters[MIXED_COUNTER.column]], operands.d_codes, transfer
    )


@compiled
def run_golden(session: Session, config: MixedConfig, state: MixedState, transfer: Transfer, transfers: int) -> None:
    """Whole columns on the golden controller, compiled into one loop; call again to go on."""
    for _ in range(transfers):
        if state.counters[MIXED_COUNTER.column] == 0:
            request_sample(session)
        step_column_golden(session, config, state, transfer)


def finish(session: Session) -> None:
    """Notes the final error."""
    common.note_error(session)
