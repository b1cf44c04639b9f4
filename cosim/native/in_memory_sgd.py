"""The engine `native` of in-memory SGD: training, or train lengths given in advance, on the library."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.dut import Dut
from crosschop.cosim.in_memory_sgd.hdl import ERROR_NAMES, GROUP, longest_quiet
from crosschop.cosim.in_memory_sgd.scoreboard import Known, Seen, UpdateScoreboard, as_due, retired_event
from crosschop.cosim.job import Segment, chip_segment
from crosschop.cosim.native.bench import (
    AT_RETIRE,
    FINE,
    RETIRED,
    Fields,
    Native,
    NativeBench,
    advance,
    borrowed,
    note_event,
)
from crosschop.cosim.native.call import unowned
from crosschop.cosim.native.places import CALLS, PLACE
from crosschop.model.chipspec import ChipSpec
from crosschop.model.cycles_in_memory_sgd import (
    BEGIN,
    UpdateCycles,
    UpdateTimeline,
    finish_cycles,
    step_cycles,
)
from crosschop.model.engines import Progress
from crosschop.model.engines.common import in_chunks, result_of
from crosschop.model.golden.in_memory_sgd import reset_state, step_update
from crosschop.model.jit import compiled
from crosschop.model.results import RunResult
from crosschop.model.training import in_memory_sgd as training
from crosschop.model.training.in_memory_sgd import Session

IntArray = NDArray[np.int64]


class Arrays(NamedTuple):
    """What xc_native_in_memory_sgd.cpp reads beside `io`.

    Attributes:
        lengths: (GROUP,) train lengths of the samples released, each at its number modulo GROUP.
    """

    lengths: IntArray


@compiled
def _borrowed(native: Native) -> Native:
    return borrowed(native, Arrays(unowned(native.arrays.lengths)))


@compiled
def release(native: Native, length: int) -> None:
    """Offers the next sample."""
    lengths = native.arrays.lengths
    lengths[native.io[PLACE.released] % lengths.size] = length
    native.io[PLACE.released] += 1


@compiled
def check_retired(native: Native, number: int, begin: int) -> int:
    """The update that has retired against the golden number and the cycle model."""
    io, done = native.io, native.done[RETIRED] + 1
    known = Known(native.timed, native.timed, native.unseen)
    seen = Seen(io[PLACE.retired], io[PLACE.sample], io[PLACE.updates], io[PLACE.begin])
    if not as_due(known, seen, done, number, begin):
        return AT_RETIRE
    note_event(native, 0, native.done[RETIRED], io[PLACE.begin], number, 0, 0)
    native.done[RETIRED] = done
    return FINE


@compiled
def run_training(owned: Native, session: Session, state: IntArray, number: IntArray, updates: int) -> int:
    """Whole updates; call again to go on. `number` (1,) is that of the latest one."""
    native = _borrowed(owned)
    for _ in range(updates):
        if native.io[PLACE.released] == 0:
            release(native, session.length[0])
        status = advance(native, CALLS.until_retired, 0)
        if status != FINE:
            return status
        number[0] = training.step_golden(session, state)
        status = check_retired(native, number[0], session.timeline.marks[BEGIN])
        if status != FINE:
            return status
        if native.io[PLACE.released] < native.io[PLACE.limit]:
            release(native, session.length[0])
    return FINE


@compiled
def run_lengths(
    owned: Native,
    durations: UpdateCycles,
    timeline: UpdateTimeline,
    state: IntArray,
    number: IntArray,
    lengths: IntArray,
    ahead: int,
) -> int:
    """Updates with train lengths (n,) given in advance, so many of them offered ahead; no W behind them."""
    native = _borrowed(owned)
    for index in range(min(ahead, lengths.size)):
        release(native, lengths[index])
    for index in range(lengths.size):
        status = advance(native, CALLS.until_retired, 0)
        if status != FINE:
            return status
        step_cycles(durations, timeline, lengths[index])
        number[0] = step_update(state)
        status = check_retired(native, number[0], timeline.marks[BEGIN])
        if status != FINE:
            return status
        if index + ahead < lengths.size:
            release(native, lengths[index + ahead])
    return FINE


class UpdateBench(NativeBench):
    """A controller of in-memory SGD; arguments as in NativeBench, and the cycle model of the run."""

    def __init__(self, spec: ChipSpec, dut: Dut, segment: Segment, timeline: UpdateTimeline) -> None:
        arrays = Arrays(np.zeros(GROUP, dtype=np.int64))
        super().__init__(spec, dut, segment, longest_quiet(spec), arrays)
        self.state = reset_state()
        self.number = np.zeros(1, dtype=np.int64)
        self.timeline = timeline

    @property
    def record(self) -> Fields:
        """What the bench sees now."""
        return Fields(self.native.io, {}, len(ERROR_NAMES), frozenset(), self.dut.view.record_names)

    def scoreboard(self) -> UpdateScoreboard:
        """A scoreboard that stands where the compiled loop stands; its golden step has been done."""
        board = UpdateScoreboard(
            self.segment, self.first, lambda: int(self.number[0]), self.timeline, self.dut.view.own_timing
        )
        board.go_on_from(self.retired, self.events(lambda event: retired_event(*event[1:4])))
        return board

    def explain(self, status: int) -> UpdateScoreboard:
        """Repeats the check that has found something; raises DivergenceError."""
        board, record = self.scoreboard(), self.record
        board.check_health(record)
        if status == AT_RETIRE:
            board.check_retire(record)
        return board

    def finished(self) -> tuple[dict[str, int], int]:
        """The end of the segment: counters by phase, cycles up to the last retirement."""
        totals = {"updates": ("updates", self.retired), "records": ("retired", self.retired)}
        predicted, tail = finish_cycles(self.timeline), longest_quiet(self.spec)
        injected = [("update", "injected_updates")]
        return self.finish(self.scoreboard(), self.record, predicted, tail, totals, injected, ())


def train(
    spec: ChipSpec, dut: Dut, seed: int, updates: int, progress: Progress, device_seed: int | None = None
) -> RunResult:
    """Trains with the RTL in the loop, every update compared; arguments as `run_native`."""
    session = training.new_session(spec, seed, updates, device_seed)
    bench = UpdateBench(spec, dut, chip_segment(spec, "training", seed, updates), session.timeline)
    try:
        bench.native.io[PLACE.limit] = updates

        def run(count: int) -> None:
            bench.require_fine(run_training(bench.native, session, bench.state, bench.number, count))

        in_chunks(run, updates, progress)
        cycles, elapsed = bench.finished()
    finally:
        bench.close()
    training.finish(session)
    return result_of(
        spec, "native", seed, updates, session, cycles, bench.retired, finish_cycles(session.timeline),
        measured=dut.view.compares_counters, elapsed=elapsed,
    )  # fmt: skip
