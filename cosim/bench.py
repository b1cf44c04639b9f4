"""The cocotb side of the benches: what all controllers have in common.

Runs inside the simulator (entry.py) and talks to a bench in hdl/ through its py_* registers and its `record`. Python is
called once per transfer or batch of them, never per clock cycle.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, First, RisingEdge, ValueChange
from numpy.typing import NDArray

from crosschop.cosim.corners import RESET_IN, Corners
from crosschop.cosim.coverage.hooks import new_coverage
from crosschop.cosim.cycle_check import HANG, compare_cycles
from crosschop.cosim.injection.expected import expected_of
from crosschop.cosim.injection.strike import strike
from crosschop.cosim.job import PROGRESS_FILE, STREAMS, Finding, Job, Result, Segment
from crosschop.cosim.record import Decoder, Record
from crosschop.cosim.scoreboard import UNDEFINED_COUNT, DivergenceError, Scoreboard
from crosschop.model.cycles import PHASES
from crosschop.model.engines.common import result_of
from crosschop.model.faults.fields import field_of
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.upset import flip_entry
from crosschop.model.results import RunResult
from crosschop.model.training.common import Session

IntArray = NDArray[np.int64]

LENGTH_BITS = 6
PROGRESS_SECONDS = 0.2
# Reports of progress that are not timed.
FIRST_REPORTS = 2
# Cycles beyond the longest operation in which the controller may do nothing that shows before it is taken to wait for a
# tick.
SETTLING = 16
# Cycles that no simulation reaches.
NEVER = 0x7FFFFFFF
# Cycles after a reset of one cycle in which a request that survives it comes.
BEHIND_RESET = 3
# Longest reset.
RESET_CYCLES = 3
# Most cycles that one draw of back-pressure adds.
MAX_INJECTED = 8


class Bench(ABC):
    """Runs the segments of a job on the device under test.

    Args:
        dut: the bench in the simulator.
        job: what to run.
        directory: where progress is told.
        decoder: of the bench's record.
    """

    # Phases whose requests the bench delays, each with the name that its counters of them have.
    injected: tuple[tuple[str, str], ...] = ()
    # Phases that the bench counts at the pins, each with the name of that counter.
    measured: tuple[tuple[str, str], ...] = ()
    # Its counters of what must not happen between a reset and the first sample, by the name of it.
    forbidden: Mapping[str, str]
    corners: Corners
    # Phases that may end within a few cycles and never come back, with their cycles.
    shortest: Mapping[str, int] = MappingProxyType({})

    def __init__(self, dut: Any, job: Job, directory: Path, decoder: Decoder) -> None:
        self.dut = dut
        self.job = job
        self.spec = job.spec
        self.result = Result(cycles=dict.fromkeys(PHASES, 0), predicted=dict.fromkeys(PHASES, 0))
        self.session: Session | None = None
        self._decoder = decoder
        self._snapshots: deque[str] = deque()
        self._progress_file = directory / PROGRESS_FILE
        self._progress_due = 0.0
        self._reports = 0
        self._timed_from: tuple[int, float] | None = None
        self._parent = os.getppid()
        # What the controller took, where an upset needs it: see expected_of
        self.journal: list[Any] | None = None
        # Looks at what happens only where coverage is asked for.
        self.cover = new_coverage(job)

    async def run(self) -> Result:
        """All segments; stops at the first divergence."""
        self.result.corners = dict.fromkeys(self.corners.names, 0)
        try:
            for segment in self.job.segments:
                if self.cover is not None:
                    self.cover.segments.begin(segment)
                if segment.upset is None:
                    await self.run_segment(segment)
                else:
                    self.result.findings.append(await self._run_struck(segment, segment.upset))
                if self.cover is not None:
                    self.cover.segments.pairs(self._value("pairs_seen"))
            await self._count_coincidences()
        except DivergenceError as error:
            self.result.mismatch = error.mismatch
        self.report_progress(force=True)
        return self.result

    async def _run_struck(self, segment: Segment, upset: Upset) -> Finding:
        """A segment with an upset; a divergence is what it is for."""
        first, mismatch = self.result.transfers, None
        self.journal = []
        striking = cocotb.start_soon(strike(self.dut, self.spec, upset))
        try:
            await self.run_segment(segment)
        except DivergenceError as error:
            mismatch = error.mismatch
        striking.cancel()
        expected = expected_of(self.spec, segment.configuration, upset, self.journal)
        return Finding(
            upset,
            None if mismatch is None else mismatch.transfer - first,
            "" if mismatch is None else mismatch.field,
            "" if mismatch is None else f"{mismatch.got}, expected {mismatch.expected}",
            expected.transfer,
            expected.field,
            expected.latent,
        )

    def on_the_wire(self, segment: Segment, stream: str, transfer: int, codes: IntArray) -> IntArray:
        """Codes as the controller gets them: with a bit flipped where the segment has an upset in this stream."""
        upset = segment.upset
        if upset is None or (upset.field, upset.transfer) != (stream, transfer):
            return codes
        flip_entry(codes, upset.place, upset.bit, field_of(self.spec, stream).bits)
        return codes

    @abstractmethod
    async def run_segment(self, segment: Segment) -> None:
        """One segment, from its reset to the comparison of its cycles."""

    def training_result(self) -> RunResult | None:
        """The result of the training run that the only segment was; None for random stimulus."""
        if self.session is None:
            return None
        (segment,) = self.job.segments
        return result_of(
            self.spec,
            self.job.simulator.name,
            segment.seed,
            segment.transfers,
            self.session,
            self.result.cycles,
            self.result.transfers,
            self.result.predicted,
            measured=self.job.view.compares_counters,
            elapsed=self.result.elapsed,
        )

    async def reset(
        self,
        segment: Segment,
        scoreboard: Scoreboard,
        first_cycles: int,
        longest: int,
        registers: dict[str, int],
    ) -> None:
        """Resets bench and controller; a segment that ends in a reset begins with two of them.

        Args:
            segment: its seed, rates and first reset.
            scoreboard: of the segment.
            first_cycles: the first of two resets comes within so many cycles.
            longest: cycles that nothing may happen in, at most.
            registers: further registers of the bench and their values.
        """
        dut = self.dut
        dut.py_rst.value = 1
        dut.py_released.value = 0
        self._snapshots.clear()
        for name, value in registers.items():
            getattr(dut, name).value = value
        dut.py_rates.value = sum(rate << 8 * place for place, rate in enumerate(segment.rates))
        dut.py_seed.value = segment.seed & 0xFFFFFFFF
        dut.py_patience.value = (longest + HANG) * self.job.view.slowness
        # Resets are as short as one cycle.
        await ClockCycles(dut.clk, 1 + segment.seed % RESET_CYCLES)
        if segment.abort is not None:
            dut.py_rst.value = 0
            await ClockCycles(dut.clk, 1 + segment.abort % first_cycles)
            self._check_quiet(scoreboard)
            if self.cover is not None and self._value("stat_cycles_clear") > 0 == self._value("stat_cycles_idle"):
                self.cover.segments.reset_in({"clear"})
            dut.py_rst.value = 1
            await ClockCycles(dut.clk, 1 + segment.abort % RESET_CYCLES)
        dut.py_rst.value = 0

    def _check_quiet(self, scoreboard: Scoreboard) -> None:
        for what, counter in self.forbidden.items():
            scoreboard.check_quiet(what, self._value(counter))
        scoreboard.check_quiet("violations of a protocol", self._value("errors_seen"))

    def in_batches(self, segment: Segment) -> bool:
        """Whether nobody wants to look at, or to change, anything between two transfers of the segment."""
        eventful = segment.abort is not None or segment.reset_in is not None or segment.changes or segment.upset
        return not eventful and self.cover is None and self.job.waves is None and segment.transfers > 1

    async def next_record(self, scoreboard: Scoreboard) -> Record:
        """Waits until the bench has something to say that nobody has looked at yet."""
        if not self._snapshots:
            await ValueChange(self.dut.wake)
            self._snapshots.extend(self._taken())
        record = self._decoder(self._snapshots.popleft())
        scoreboard.check_health(record)
        return record

    def _taken(self) -> list[str]:
        """What the bench has taken since it woke Python last, oldest first: the text of records."""
        return [str(self.dut.record.value)]

    async def until_reset(self, cycle_count: int) -> None:
        """So many cycles, behind which a reset comes; which phase the controller is in then."""
        if self.cover is None or cycle_count < 2 or not self.job.view.compares_counters:
            await ClockCycles(self.dut.clk, cycle_count)
            return
        if cycle_count > 2:
            await ClockCycles(self.dut.clk, cycle_count - 2)
        await FallingEdge(self.dut.clk)
        before = {phase: self._value(f"stat_cycles_{phase}") for phase in PHASES}
        await FallingEdge(self.dut.clk)
        running = {phase for phase, count in before.items() if self._value(f"stat_cycles_{phase}") != count}
        self.cover.segments.reset_in(running)
        await RisingEdge(self.dut.clk)

    def _value(self, name: str) -> int:
        """A counter of the bench or of the controller."""
        bits = getattr(self.dut, name).value
        return int(bits.to_unsigned()) if bits.is_resolvable else UNDEFINED_COUNT

    async def until_idle(self, counter: str, writes: int) -> None:
        """Waits until so many writes have ended and the controller waits for a tick: its configuration may change."""
        # At a falling edge: at the rising one simulators disagree on whether a counter has its new value.
        await FallingEdge(self.dut.clk)
        while self._value(counter) != writes:
            await FallingEdge(self.dut.clk)
        await ClockCycles(self.dut.clk, SETTLING * self.job.view.slowness)

    async def reset_under_way(self, segment: Segment, scoreboard: Scoreboard, answer: Callable[[Record], None]) -> None:
        """Resets the controller in the phase that the segment names, and counts the phases that it really hit.

        Args:
            segment: with `reset_in`.
            scoreboard: of the segment.
            answer: answers what the bench reports until then; nothing of it is compared.
        """
        dut = self.dut
        assert segment.reset_in is not None
        phase, count = segment.reset_in
        # Cycles without any handshake, after which the phase will not come any more
        patience = int(dut.py_patience.value.to_unsigned()) - (HANG - SETTLING) * self.job.view.slowness
        dut.py_patience.value = NEVER
        dut.py_reset_phase.value = self.corners.phases.index(phase)
        dut.py_reset_count.value = count % self.shortest.get(phase, NEVER)
        dut.py_reset_patience.value = patience
        dut.py_reset_arm.value = 1
        while True:
            await First(ValueChange(dut.wake), ValueChange(dut.seen_done))
            if int(dut.seen_done.value):
                break
            answer(self._decoder(str(dut.record.value)))
        seen = int(dut.seen_phases.value.to_unsigned())
        hit = {name for place, name in enumerate(self.corners.phases) if seen >> place & 1}
        for name in hit:
            self.result.corners[RESET_IN.format(name)] += 1
        if self.cover is not None:
            # A phase that pins and counters call by the same name is the same one
            self.cover.segments.reset_in(hit & set(PHASES))
        # The reset is over after this one cycle. With another one behind it, what it left would not show.
        dut.py_reset_arm.value = 0
        dut.py_released.value = 0
        await ClockCycles(dut.clk, BEHIND_RESET)
        self._check_quiet(scoreboard)

    async def _count_coincidences(self) -> None:
        """What came together in a cycle, over the whole simulation."""
        self.dut.py_collect.value = 1
        await ClockCycles(self.dut.clk, 1)
        text = str(self.dut.seen_coincidences.value)
        counts = [int(text[start : start + 32], 2) for start in range(len(text) - 32, -1, -32)]
        for name, together in self.corners.coincidences.items():
            self.result.corners[name] += together.count(counts)

    async def finish_segment(
        self,
        segment: Segment,
        scoreboard: Scoreboard,
        predicted: dict[str, int],
        tail: int,
        totals: dict[str, tuple[str, int]],
    ) -> None:
        """Nothing more happens; every counter of the RTL against the cycle model and what the pins showed.

        Args:
            segment: whether anything random happened in it.
            scoreboard: of the segment.
            predicted: the cycle model's counts.
            tail: cycles after the last retirement in which something may still happen.
            totals: the bench's counters of what has happened, and their values, by the name of it.
        """
        self.result.elapsed += self._value("cycle")
        # At the falling edge all simulators agree on what a counter holds; at the rising one Icarus shows the value
        # before it, Verilator the one after it.
        await ClockCycles(self.dut.clk, tail + MAX_INJECTED + 1)
        await FallingEdge(self.dut.clk)
        scoreboard.check_health(self._decoder(str(self.dut.record.value)))
        for what, (counter, expected) in totals.items():
            scoreboard.check_end(what, expected, self._value(counter))
        measured = predicted
        if self.job.view.compares_counters:
            measured = self._compare_cycles(segment, scoreboard, predicted)
        for phase in PHASES:
            self.result.cycles[phase] += measured[phase]
            self.result.predicted[phase] += predicted[phase]
        await RisingEdge(self.dut.clk)

    def _compare_cycles(self, segment: Segment, scoreboard: Scoreboard, predicted: dict[str, int]) -> dict[str, int]:
        """The RTL's counters, compared."""
        value = self._value
        counters = {phase: value(f"stat_cycles_{phase}") for phase in PHASES}
        injected = [(phase, value(f"{name}_injected")) for phase, name in self.injected]
        if self.cover is not None:
            added = {name: value(name) for name in self.cover.segments.injected}
            self.cover.segments.end(segment, counters, predicted, added)
        measured = {phase: value(name) for phase, name in self.measured}
        return compare_cycles(scoreboard, segment, predicted, counters, injected, measured, value("cycle"))

    def window(self, transfer: int) -> None:
        """Records waves while the transfer lies in the job's window."""
        if self.job.waves is not None:
            first, last = self.job.waves
            self.dut.py_dump.value = int(first <= transfer < last)

    def _note_time(self) -> None:
        """How long the transfers took since the first ones, with which functions are compiled."""
        self._reports += 1
        now = (self.result.transfers, time.process_time())
        if self._reports == FIRST_REPORTS or self._timed_from is None:
            self._timed_from = now
        self.result.timed = (now[0] - self._timed_from[0], now[1] - self._timed_from[1])

    def report_progress(self, force: bool = False) -> None:
        """Tells the parent how far it is; ends with it."""
        if os.getppid() != self._parent:
            os._exit(1)  # whoever wanted the result is gone
        self._note_time()
        now = time.monotonic()
        if force or now >= self._progress_due:
            self._progress_due = now + PROGRESS_SECONDS
            partial = self._progress_file.with_suffix(".partial")  # the parent may read at any time
            partial.write_text(str(self.result.transfers))
            partial.replace(self._progress_file)


assert len(STREAMS) * 8 == 40  # width of py_rates in the benches
