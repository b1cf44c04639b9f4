"""The engine `native` of mixed precision: training, or operand codes given in advance, on the library."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Segment, chip_segment
from crosschop.cosim.mixed_precision.hdl import ERROR_NAMES, longest_quiet
from crosschop.cosim.mixed_precision.scoreboard import ColumnScoreboard, request_event, retired_event
from crosschop.cosim.native.bench import (
    AT_READ,
    AT_RETIRE,
    AT_STATE,
    AT_WRITE,
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
from crosschop.cosim.native.places import CALLS, PLACE, SLOTS
from crosschop.model.chipspec import ChipSpec, beats, rtl_parameters, x_beats
from crosschop.model.cycles_mixed_precision import (
    MixedCycles,
    MixedTimeline,
    finish_cycles,
    mixed_durations,
    step_cycles,
)
from crosschop.model.engines import Progress
from crosschop.model.engines.common import in_chunks, result_of
from crosschop.model.golden.mixed_precision import (
    HEAD_BATCH_END,
    MIXED_COUNTER,
    MixedConfig,
    MixedState,
    mixed_config,
    reset_mixed,
    step_column,
)
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer
from crosschop.model.jit import compiled
from crosschop.model.results import RunResult
from crosschop.model.training import mixed_precision as training
from crosschop.model.training.mixed_precision import Session

IntArray = NDArray[np.int64]

_REQUEST, _RETIRED = range(2)  # events


class Arrays(NamedTuple):
    """What xc_native_mixed_precision.cpp reads and writes beside `io`, in its order, and what only Python has.

    PAD is rows, X_PAD columns, up to the last lane. A column or write stands at its number modulo SLOTS.

    Attributes:
        answer: (PAD + X_PAD,) codes of the latest request, d in front.
        d: (PAD,) codes of d on the retire trace of the latest pass.
        col, x: (SLOTS,) column and code of x of columns that have retired.
        chi, pulses: (SLOTS, PAD) the same.
        write_col: (SLOTS,) columns written.
        write_pulses: (SLOTS, rows) their pulses.
    """

    answer: IntArray
    d: IntArray
    col: IntArray
    x: IntArray
    chi: IntArray
    pulses: IntArray
    write_col: IntArray
    write_pulses: IntArray


class Passes(NamedTuple):
    """Operands of the two latest samples, by the number of the sample modulo 2: x (2, cols), d (2, rows)."""

    x: IntArray
    d: IntArray


def _new_arrays(spec: ChipSpec) -> Arrays:
    rows, lanes = spec.array.rows, spec.lanes
    padded, x_padded = beats(spec) * lanes, x_beats(spec) * lanes

    def zeros(*shape: int) -> IntArray:
        return np.zeros(shape, dtype=np.int64)

    return Arrays(
        np.full(padded + x_padded, -1, dtype=np.int64),  # codes past the last row and column are to be ignored
        zeros(padded),
        zeros(SLOTS),
        zeros(SLOTS),
        zeros(SLOTS, padded),
        zeros(SLOTS, padded),
        zeros(SLOTS),
        zeros(SLOTS, rows),
    )


@compiled
def _borrowed(native: Native) -> Native:
    arrays = native.arrays
    return borrowed(
        native,
        Arrays(
            unowned(arrays.answer),
            unowned(arrays.d),
            unowned(arrays.col),
            unowned(arrays.x),
            unowned(arrays.chi),
            unowned(arrays.pulses),
            unowned(arrays.write_col),
            unowned(arrays.write_pulses),
        ),
    )


@compiled
def _borrowed_state(state: MixedState) -> MixedState:
    return MixedState(unowned(state.chi), unowned(state.counters))


@compiled
def _borrowed_passes(passes: Passes) -> Passes:
    return Passes(unowned(passes.x), unowned(passes.d))


@compiled
def until_column(native: Native) -> int:
    """Goes on until a column has retired, or operands are asked for."""
    if native.io[PLACE.retired] != native.done[RETIRED]:
        return FINE
    return advance(native, CALLS.until_retired, 0)


@compiled
def wants_operands(native: Native) -> bool:
    """Whether a request waits for its answer."""
    return bool(native.io[PLACE.reads] != native.io[PLACE.answered])


@compiled
def check_request(native: Native, config: MixedConfig, state: MixedState) -> int:
    """A request comes when W has what the batch before it ends with."""
    number = native.io[PLACE.answered]
    native.cycles[number & 1] = native.io[PLACE.cycle] - 1  # a request is seen at the end of its first cycle
    outstanding = number - native.done[RETIRED] // config.cols
    if outstanding > 0 and (state.counters[MIXED_COUNTER.samples] + outstanding) % config.batch == 0:
        return AT_READ
    note_event(native, _REQUEST, number, native.cycles[number & 1], 0, 0, 0)
    return FINE


@compiled
def answer(native: Native, passes: Passes, x: IntArray, d: IntArray) -> None:
    """The operands of the request: x (cols,), d (rows,)."""
    codes, slot = native.arrays.answer, native.io[PLACE.answered] & 1
    for row in range(d.size):
        passes.d[slot, row] = codes[row] = d[row]
    first = native.arrays.d.size
    for column in range(x.size):
        passes.x[slot, column] = codes[first + column] = x[column]
    native.io[PLACE.answered] += 1


@compiled
def check_request_cycle(native: Native, config: MixedConfig, request: int) -> int:
    """The cycle of the latest request, where the pass before it has retired, so that it is predicted."""
    passes = native.done[RETIRED] // config.cols
    known = native.done[RETIRED] % config.cols == 0 and native.io[PLACE.answered] == passes + 1
    return AT_STATE if native.timed != 0 and known and native.cycles[passes & 1] != request else FINE


@compiled
def check_column(
    native: Native, config: MixedConfig, state: MixedState, passes: Passes, transfer: Transfer, request: int
) -> int:
    """The column that retires next, after its golden step, its write of W, and the request behind it."""
    io, arrays, head, unseen = native.io, native.arrays, transfer.head, native.unseen
    number, column = native.done[RETIRED], head[HEAD_COLUMN]
    slot, operands = number % SLOTS, (number // config.cols) & 1
    wrong = unseen & 1 == 0 and arrays.col[slot] != column
    wrong |= unseen & 2 == 0 and arrays.x[slot] != passes.x[operands, column]
    # Of the columns behind the first one the bench has seen that they show the same
    wrong |= unseen & 4 == 0 and column == 0 and differ(passes.d[operands], arrays.d)
    wrong |= unseen & 8 == 0 and differ(state.chi[column], arrays.chi[slot])
    wrong |= unseen & 16 == 0 and differ(transfer.pulses, arrays.pulses[slot])
    if wrong:
        return AT_RETIRE
    if head[HEAD_WRITE] and io[PLACE.written] == native.writes[0]:
        status = advance(native, CALLS.until_written, native.writes[0] + 1)
        if status != FINE:
            return status
    if head[HEAD_WRITE]:
        slot = native.writes[0] % SLOTS
        if (
            io[PLACE.written] == native.writes[0]
            or arrays.write_col[slot] != column
            or differ(transfer.pulses, arrays.write_pulses[slot])
        ):
            return AT_WRITE
    if column == config.cols - 1 and io[PLACE.written] != native.writes[0] + head[HEAD_WRITE]:
        return AT_WRITE
    native.writes[0] += head[HEAD_WRITE]
    pulses = count_pulses(transfer.pulses)
    note_event(native, _RETIRED, number, column, head[HEAD_BATCH_END], pulses, 0)
    native.done[RETIRED] += 1
    return check_request_cycle(native, config, request)


@compiled
def run_training(
    owned: Native,
    session: Session,
    config: MixedConfig,
    owned_state: MixedState,
    owned_passes: Passes,
    owned_transfer: Transfer,
    transfers: int,
) -> int:
    """Whole columns; call again to go on."""
    native, state = _borrowed(owned), _borrowed_state(owned_state)
    passes, transfer = _borrowed_passes(owned_passes), borrowed_transfer(owned_transfer)
    for _ in range(transfers):
        number = native.done[RETIRED]
        while native.io[PLACE.retired] == number:
            status = until_column(native)
            if status != FINE:
                return status
            if native.io[PLACE.retired] == number and wants_operands(native):
                status = check_request(native, config, state)
                if status != FINE:
                    return status
                training.request_sample(session)
                answer(native, passes, session.operands.x_codes, session.operands.d_codes)
                status = check_request_cycle(native, config, session.timeline.request[0])
                if status != FINE:
                    return status
        slot, column = (number // config.cols) & 1, state.counters[MIXED_COUNTER.column]
        training.step_golden(session, config, state, passes.x[slot, column], passes.d[slot], transfer)
        status = check_column(native, config, state, passes, transfer, session.timeline.request[0])
        if status != FINE:
            return status
    return FINE


@compiled
def run_operands(
    owned: Native,
    durations: MixedCycles,
    timeline: MixedTimeline,
    config: MixedConfig,
    owned_state: MixedState,
    owned_passes: Passes,
    owned_transfer: Transfer,
    x: IntArray,
    d: IntArray,
) -> int:
    """Whole passes of operand codes x (n, cols) and d (n, rows) given in advance, to the end."""
    native, state = _borrowed(owned), _borrowed_state(owned_state)
    passes, transfer = _borrowed_passes(owned_passes), borrowed_transfer(owned_transfer)
    writes = 0
    for number in range(len(x) * config.cols):
        while native.io[PLACE.retired] == number:
            status = until_column(native)
            if status != FINE:
                return status
            if native.io[PLACE.retired] == number and wants_operands(native):
                status = check_request(native, config, state)
                if status != FINE:
                    return status
                sample = min(native.io[PLACE.answered], len(x) - 1)  # one too many is counted in the end
                answer(native, passes, x[sample], d[sample])
                status = check_request_cycle(native, config, timeline.request[0])
                if status != FINE:
                    return status
        slot, column = (number // config.cols) & 1, state.counters[MIXED_COUNTER.column]
        step_column(config, state, passes.x[slot, column], passes.d[slot], transfer)
        writes += transfer.head[HEAD_WRITE]
        if column == config.cols - 1:
            step_cycles(durations, timeline, transfer.head[HEAD_BATCH_END] != 0, writes)
            writes = 0
        status = check_column(native, config, state, passes, transfer, timeline.request[0])
        if status != FINE:
            return status
    return FINE


class ColumnBench(NativeBench):
    """A controller of mixed precision; arguments as in NativeBench, and the cycle model of the run."""

    injected = (
        ("read", "injected_reads"),
        ("write", "injected_writes"),
        ("stall", "injected_writes"),
        ("stall", "gaps"),
    )

    def __init__(self, spec: ChipSpec, dut: Dut, segment: Segment, timeline: MixedTimeline) -> None:
        super().__init__(spec, dut, segment, longest_quiet(spec), _new_arrays(spec))
        rows, cols = spec.array.rows, spec.array.cols
        self.config = mixed_config(rtl_parameters(spec), segment.configuration)
        self.state = reset_mixed(self.config)
        self.transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(rows, dtype=np.int64))
        self.passes = Passes(np.zeros((2, cols), dtype=np.int64), np.zeros((2, rows), dtype=np.int64))
        self.timeline = timeline
        self.native.io[PLACE.released] = segment.transfers // cols  # samples wait for their turn

    @property
    def record(self) -> Fields:
        """What the bench sees now: the column that retires next as a group of one."""
        native, rows = self.native, self.spec.array.rows
        arrays, slot = native.arrays, self.retired % SLOTS
        write, writes = int(native.writes[0]) % SLOTS, int(native.io[PLACE.written] - native.writes[0])
        vectors = {
            "d": (arrays.d, rows),
            "groups": (np.array([self.retired + 1 & 0xFFFF]), 1),
            "group_writes": (np.array([writes]), 1),
            "col0": (arrays.col[slot : slot + 1], 1),
            "x0": (arrays.x[slot : slot + 1], 1),
            "chi0": (arrays.chi[slot], rows),
            "pulses0": (arrays.pulses[slot], rows),
            "write_col0": (arrays.write_col[write : write + 1], 1),
            "write_pulses0": (arrays.write_pulses[write], rows),
        }
        return Fields(native.io, vectors, len(ERROR_NAMES), frozenset(), self.dut.view.record_names)

    def scoreboard(self) -> ColumnScoreboard:
        """A scoreboard that stands where the compiled loop stands; its golden step has been done."""
        native, cols = self.native, self.config.cols
        board = ColumnScoreboard(
            self.config, self.segment, self.first, 1, lambda state, x, d, transfer: None, self.timeline,
            self.dut.view.own_timing,
        )  # fmt: skip
        answered = int(native.io[PLACE.answered])
        whole = self.retired // cols
        board.go_on_from(
            self.state,
            self.transfer,
            retired=self.retired,
            writes=int(native.writes[0]),
            operands=deque((self.passes.x[n & 1], self.passes.d[n & 1]) for n in range(whole, answered)),
            request_cycles=deque(int(native.cycles[n & 1]) for n in range(whole, answered)),
            events=self.events(_describe),
        )
        return board

    def explain(self, status: int) -> ColumnScoreboard:
        """Repeats the check that has found something; raises DivergenceError."""
        board, record = self.scoreboard(), self.record
        board.check_health(record)
        if status == AT_READ:
            board.note_request(self.passes.x[0], self.passes.d[0])
        elif status == AT_STATE:
            board.check_request_cycles()
        elif status in (AT_RETIRE, AT_WRITE):
            # The golden model has gone on to the next column
            self.state.counters[MIXED_COUNTER.column] = self.transfer.head[HEAD_COLUMN]
            board.check_group(record)
        return board

    def finished(self) -> tuple[dict[str, int], int]:
        """The end of the segment: counters by phase, cycles up to the last retirement."""
        totals = {
            "requests": ("reads", self.retired // self.config.cols),
            "writes": ("written", int(self.native.writes[0])),
            "records": ("retired", self.retired),
        }
        predicted, tail = finish_cycles(self.timeline), mixed_durations(self.spec).write
        measured = [("hold", "waiting")]
        return self.finish(self.scoreboard(), self.record, predicted, tail, totals, self.injected, measured)


def _describe(event: Sequence[int]) -> str:
    kind, number, first, second, third, _ = event
    return request_event(first) if kind == _REQUEST else retired_event(number, first, bool(second), third)


def train(
    spec: ChipSpec, dut: Dut, seed: int, transfers: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the RTL in the loop, every column compared; arguments as `run_native`."""
    session = training.new_session(spec, seed, transfers, device_seed)
    bench = ColumnBench(spec, dut, chip_segment(spec, "training", seed, transfers), session.timeline)
    try:

        def run(count: int) -> None:
            status = run_training(bench.native, session, bench.config, bench.state, bench.passes, bench.transfer, count)
            bench.require_fine(status)

        in_chunks(run, transfers, progress)
        cycles, elapsed = bench.finished()
    finally:
        bench.close()
    training.finish(session)
    return result_of(
        spec, "native", seed, transfers, session, cycles, bench.retired, finish_cycles(session.timeline),
        measured=dut.view.compares_counters, elapsed=elapsed,
    )  # fmt: skip
