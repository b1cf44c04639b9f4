"""The engine `native` of the algorithms with an array A: training, or codes given in advance, on the library."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Segment, chip_segment
from crosschop.cosim.native.bench import (
    AT_READ,
    AT_RETIRE,
    AT_STATE,
    AT_WRITE,
    BEGUN,
    FINE,
    RETIRED,
    Fields,
    Native,
    NativeBench,
    advance,
    borrowed,
    borrowed_transfer,
    count_pulses,
    differ,
    note_event,
)
from crosschop.cosim.native.call import unowned
from crosschop.cosim.native.places import CALLS, PLACE
from crosschop.cosim.transfer.hdl import ERROR_NAMES, longest_quiet
from crosschop.cosim.transfer.scoreboard import TransferScoreboard, read_event, retired_event
from crosschop.model.chipspec import ChipSpec, beats, rtl_parameters
from crosschop.model.cycles import (
    READ_BEGIN,
    CycleConfig,
    Timeline,
    cycle_config,
    finish_cycles,
    step_cycles,
    update_cycles,
)
from crosschop.model.engines import Progress
from crosschop.model.engines.common import in_chunks, result_of
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_CHOP,
    HEAD_COLUMN,
    HEAD_FLIP,
    HEAD_WRITE,
    ControllerConfig,
    ControllerState,
    Transfer,
    controller_config,
    new_transfer,
    reset_state,
)
from crosschop.model.jit import compiled
from crosschop.model.results import RunResult
from crosschop.model.training import transfer as training
from crosschop.model.training.transfer import Session

IntArray = NDArray[np.int64]

_READ, _RETIRED = range(2)  # events
# Counters that have 16 bits in the records of the bench.
COUNTS = frozenset({"reads", "retired", "written"})


class Arrays(NamedTuple):
    """What xc_native_transfer.cpp reads and writes beside `io`, in its order; PAD is rows up to the last lane.

    Attributes:
        lengths: (2 n_s,) train lengths of the samples released, each at its number modulo 2 n_s.
        answer: (PAD,) codes of the latest read.
        read_chop: (cols,) signs of the updates before it.
        taken: (PAD,) codes of the transfer that retired last, as the pins showed them.
        codes, h, p, pref, pulses: (PAD,) its retire trace.
        write_pulses: (rows,) the latest write of W.
    """

    lengths: IntArray
    answer: IntArray
    read_chop: IntArray
    taken: IntArray
    codes: IntArray
    h: IntArray
    p: IntArray
    pref: IntArray
    pulses: IntArray
    write_pulses: IntArray


def _new_arrays(spec: ChipSpec) -> Arrays:
    rows, padded = spec.array.rows, beats(spec) * spec.lanes

    def zeros(count: int) -> IntArray:
        return np.zeros(count, dtype=np.int64)

    arrays = Arrays(
        lengths=zeros(2 * spec.transfer.transfer_every),
        answer=zeros(padded),
        read_chop=zeros(spec.array.cols),
        taken=zeros(padded),
        codes=zeros(padded),
        h=zeros(padded),
        p=zeros(padded),
        pref=zeros(padded),
        pulses=zeros(padded),
        write_pulses=zeros(rows),
    )
    arrays.answer[rows:] = -1  # codes that the controller has to ignore
    return arrays


@compiled
def _borrowed(native: Native) -> Native:
    arrays = native.arrays
    return borrowed(
        native,
        Arrays(
            unowned(arrays.lengths),
            unowned(arrays.answer),
            unowned(arrays.read_chop),
            unowned(arrays.taken),
            unowned(arrays.codes),
            unowned(arrays.h),
            unowned(arrays.p),
            unowned(arrays.pref),
            unowned(arrays.pulses),
            unowned(arrays.write_pulses),
        ),
    )


@compiled
def _borrowed_state(state: ControllerState) -> ControllerState:
    return ControllerState(
        unowned(state.h),
        unowned(state.p),
        unowned(state.pref),
        unowned(state.chop),
        unowned(state.reads),
        unowned(state.counters),
    )


@compiled
def release(native: Native, lengths: IntArray) -> None:
    """Offers the samples of the next group."""
    arrays, io = native.arrays, native.io
    for i in range(lengths.size):
        arrays.lengths[(io[PLACE.released] + i) % arrays.lengths.size] = lengths[i]
    io[PLACE.released] += lengths.size


@compiled
def until_read(native: Native, config: ControllerConfig) -> int:
    """Goes on to the next read, and looks at what does not depend on the transfer before it."""
    status = advance(native, CALLS.until_read, 0)
    if status != FINE:
        return status
    io = native.io
    native.cycles[native.done[BEGUN] & 1] = io[PLACE.cycle] - 1  # a request is seen at the end of its first cycle
    if (
        io[PLACE.read_col] >= config.cols
        or io[PLACE.read_updates] != config.transfer_every
        or io[PLACE.read_changed] != 0
    ):
        return AT_READ
    return FINE


@compiled
def answer(native: Native, codes: IntArray) -> None:
    """The codes (rows,) of the read that has begun."""
    for row in range(codes.size):
        native.arrays.answer[row] = codes[row]
    native.io[PLACE.answered] += 1


@compiled
def check_state(native: Native, config: ControllerConfig, state: ControllerState) -> int:
    """Column and signs of the read against the golden model, whose earlier transfers have all retired."""
    column, chop = native.io[PLACE.read_col], native.arrays.read_chop
    if column != state.counters[COUNTER.column] or differ(state.chop, chop):
        return AT_STATE
    number = native.done[BEGUN]
    note_event(native, _READ, number, native.cycles[number & 1], column, chop[column], 0)
    native.done[BEGUN] += 1
    return FINE


@compiled
def check_retired(native: Native, state: ControllerState, transfer: Transfer, read_begin: int) -> int:
    """The retire trace against the golden transfer, its write of W, and the cycle of its read."""
    io, arrays, head, unseen = native.io, native.arrays, transfer.head, native.unseen
    column, number = head[HEAD_COLUMN], native.done[RETIRED]
    rows = transfer.pulses.size
    wrong = io[PLACE.retired] != number + 1
    wrong |= unseen & 1 == 0 and io[PLACE.col] != column
    wrong |= unseen & 2 == 0 and io[PLACE.chop] != head[HEAD_CHOP]
    wrong |= unseen & 4 == 0 and io[PLACE.flip] != head[HEAD_FLIP]
    # Past the last row the trace has zeros, whatever the ADC sent there
    wrong |= unseen & 8 == 0 and differ(arrays.taken[:rows], arrays.codes)
    wrong |= unseen & 16 == 0 and differ(state.h[column], arrays.h)
    wrong |= unseen & 32 == 0 and differ(state.p[column], arrays.p)
    wrong |= unseen & 64 == 0 and differ(state.pref[column], arrays.pref)
    wrong |= unseen & 128 == 0 and differ(transfer.pulses, arrays.pulses)
    wrong |= native.timed != 0 and native.cycles[number & 1] != read_begin
    if wrong:
        return AT_RETIRE
    pulses = count_pulses(transfer.pulses)
    note_event(native, _RETIRED, number, column, head[HEAD_CHOP], head[HEAD_FLIP], pulses)
    if head[HEAD_WRITE] and io[PLACE.written] == native.writes[0]:
        status = advance(native, CALLS.until_written, native.writes[0] + 1)
        if status != FINE:
            return status
    native.writes[0] += head[HEAD_WRITE]
    if io[PLACE.written] != native.writes[0] or (
        head[HEAD_WRITE] and (io[PLACE.write_col] != column or differ(transfer.pulses, arrays.write_pulses))
    ):
        return AT_WRITE
    native.done[RETIRED] += 1
    return FINE


@compiled
def _retire(
    native: Native, session: Session, config: ControllerConfig, state: ControllerState, transfer: Transfer
) -> int:
    """The transfer that retires next in a training run."""
    status = advance(native, CALLS.until_retired, native.done[RETIRED] + 1)
    if status != FINE:
        return status
    training.step_golden(session, config, state, native.arrays.taken[: config.rows], transfer)
    return check_retired(native, state, transfer, session.timeline.marks[READ_BEGIN])


@compiled
def run_training(
    owned: Native,
    session: Session,
    config: ControllerConfig,
    owned_state: ControllerState,
    owned_transfer: Transfer,
    transfers: int,
) -> int:
    """Whole transfers up to their reads; call again to go on. The order is that of cosim/transfer/bench.py."""
    native, state, transfer = _borrowed(owned), _borrowed_state(owned_state), borrowed_transfer(owned_transfer)
    for _ in range(transfers):
        if native.done[BEGUN] == 0:
            release(native, session.group.length)
        status = until_read(native, config)
        if status != FINE:
            return status
        training.update_and_read(session, native.io[PLACE.read_col], native.arrays.read_chop)
        answer(native, session.codes)
        if native.done[BEGUN] > 0:
            status = _retire(native, session, config, state, transfer)
            if status != FINE:
                return status
        status = check_state(native, config, state)
        if status != FINE:
            return status
        training.write_and_prepare(session, transfer)
        if native.done[BEGUN] < native.io[PLACE.limit]:
            release(native, session.group.length)
    if native.done[BEGUN] == native.io[PLACE.limit] and transfers > 0:
        return _retire(native, session, config, state, transfer)
    return FINE


@compiled
def run_codes(
    owned: Native,
    durations: CycleConfig,
    timeline: Timeline,
    config: ControllerConfig,
    owned_state: ControllerState,
    owned_transfer: Transfer,
    codes: IntArray,
    lengths: IntArray,
) -> int:
    """Whole transfers of codes (n, rows) and train lengths (n, n_s) given in advance, to the end; no tile answers.

    Where the cycle model does not let samples wait, a group of them is released in advance, as with the random stimulus
    of cosim/transfer/bench.py: for chips whose transfers retire before the next read but one begins, as this loop looks
    at one read after the other. Otherwise they come as in training.
    """
    native, state, transfer = _borrowed(owned), _borrowed_state(owned_state), borrowed_transfer(owned_transfer)
    updating = 0
    for index in range(len(codes) + 1):
        if index == 0:
            release(native, lengths[0])
            if not durations.samples_wait and len(codes) > 1:
                release(native, lengths[1])
        if index < len(codes):
            status = until_read(native, config)
            if status != FINE:
                return status
            answer(native, codes[index])
            if not durations.samples_wait and index + 2 < len(codes):
                release(native, lengths[index + 2])
        if index > 0:
            status = advance(native, CALLS.until_retired, index)
            if status != FINE:
                return status
            updating = 0
            for length in lengths[index - 1]:
                updating += update_cycles(durations.pulse, length)
            step_transfer(config, state, native.arrays.taken[: config.rows], transfer)
            step_cycles(durations, timeline, updating, transfer.head[HEAD_WRITE] != 0)
            status = check_retired(native, state, transfer, timeline.marks[READ_BEGIN])
            if status != FINE:
                return status
        if index < len(codes):
            status = check_state(native, config, state)
            if status != FINE:
                return status
            if durations.samples_wait and index + 1 < len(codes):
                release(native, lengths[index + 1])
    return FINE


class TransferBench(NativeBench):
    """A controller with an array A.

    Args:
        spec, dut, segment: as in NativeBench.
        timeline: the cycle model of the run.
    """

    injected = (("update", "injected_updates"), ("read", "injected_reads"), ("write", "injected_writes"))
    measured = (("stall", "due"), ("hold", "waiting"))

    def __init__(self, spec: ChipSpec, dut: Dut, segment: Segment, timeline: Timeline) -> None:
        super().__init__(spec, dut, segment, longest_quiet(spec), _new_arrays(spec))
        self.config = controller_config(rtl_parameters(spec), segment.configuration)
        self.state = reset_state(self.config)
        self.transfer = new_transfer(self.config)
        self.timeline = timeline

    @property
    def record(self) -> Fields:
        """What the bench sees now."""
        arrays, rows, cols = self.native.arrays, self.spec.array.rows, self.spec.array.cols
        vectors = {name: (values, rows) for name, values in arrays._asdict().items()}
        vectors["read_chop"] = (arrays.read_chop, cols)
        return Fields(self.native.io, vectors, len(ERROR_NAMES), COUNTS, self.dut.view.record_names)

    def scoreboard(self) -> TransferScoreboard:
        """A scoreboard that stands where the compiled loop stands; its golden step has been done."""
        native = self.native
        board = TransferScoreboard(
            self.config,
            self.segment,
            self.first,
            lambda state, codes, transfer: None,
            self.timeline,
            self.dut.view.own_timing,
        )
        board.go_on_from(
            self.state,
            self.transfer,
            retired=self.retired,
            writes=int(native.writes[0]),
            read_cycles=deque(int(native.cycles[n & 1]) for n in range(self.retired, int(native.done[BEGUN]) + 1)),
            events=self.events(_describe),
        )
        return board

    def explain(self, status: int) -> TransferScoreboard:
        """Repeats the check that has found something; raises DivergenceError."""
        board, record = self.scoreboard(), self.record
        board.check_health(record)
        if status == AT_READ:
            board.check_read(record)
        elif status == AT_STATE:
            board.check_read_state(record["read_col"], record.vector("read_chop"))
        elif status in (AT_RETIRE, AT_WRITE):
            # The golden model has gone on to the next column
            self.state.counters[COUNTER.column] = self.transfer.head[HEAD_COLUMN]
            if status == AT_RETIRE:
                board.check_retire(record)
            else:
                board.writes -= int(self.transfer.head[HEAD_WRITE])
                board.check_write(record)
        return board

    def finished(self) -> tuple[dict[str, int], int]:
        """The end of the segment: counters by phase, cycles up to the last retirement."""
        retired = self.retired
        totals = {
            "reads": ("reads", retired),
            "writes": ("written", int(self.native.writes[0])),
            "records": ("retired", retired),
        }
        tail = cycle_config(self.spec).write
        predicted = finish_cycles(self.timeline)
        return self.finish(self.scoreboard(), self.record, predicted, tail, totals, self.injected, self.measured)


def _describe(event: Sequence[int]) -> str:
    kind, *what = event
    return read_event(*what[:4]) if kind == _READ else retired_event(*what)


def train(
    spec: ChipSpec, dut: Dut, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the RTL in the loop, every transfer compared; arguments as `run_native`."""
    session = training.new_session(spec, seed, transfers, device_seed)
    bench = TransferBench(spec, dut, chip_segment(spec, "training", seed, transfers), session.timeline)
    try:
        bench.native.io[PLACE.limit] = transfers

        def run(count: int) -> None:
            status = run_training(bench.native, session, bench.config, bench.state, bench.transfer, count)
            bench.require_fine(status)

        in_chunks(run, transfers, progress)
        cycles, elapsed = bench.finished()
    finally:
        bench.close()
    training.finish(session, bench.transfer)
    return result_of(
        spec, "native", seed, transfers, session, cycles, bench.retired, finish_cycles(session.timeline),
        measured=dut.view.compares_counters, elapsed=elapsed,
    )  # fmt: skip
