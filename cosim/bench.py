"""The cocotb side of the bench: one Python call per column transfer, never per clock cycle.

Runs inside the simulator (cosim/simulate.py starts it) and talks to hdl/xc_bench.v through its py_* registers and its
`record`.
"""

from __future__ import annotations

import gc
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, ValueChange
from numpy.typing import NDArray

from crosschop.cosim.job import PROGRESS_FILE, STREAMS, Job, Result, Segment
from crosschop.cosim.record import Decoder, Record, pack
from crosschop.cosim.scoreboard import COUNT_MASK, UNDEFINED_COUNT, DivergenceError, Scoreboard
from crosschop.cosim.stimulus import RandomStimulus, Stimulus, TileStimulus
from crosschop.model.chipspec import beats, cycles, given, rtl_parameters
from crosschop.model.cycles import (
    PHASES,
    SCHEDULER_PHASES,
    Timeline,
    cycle_config,
    finish_cycles,
    new_timeline,
    step_cycles,
    update_cycles,
)
from crosschop.model.engines.common import result_of
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import HEAD_WRITE, ControllerState, Transfer, controller_config
from crosschop.model.results import save_run
from crosschop.model.training import transfer as training

IntArray = NDArray[np.int64]

JOB_DIRECTORY_VARIABLE = "CROSSCHOP_JOB"
LENGTH_BITS = 6
PROGRESS_SECONDS = 0.2
# Most cycles that one draw of back-pressure adds.
MAX_INJECTED = 8


@dataclass
class Reads:
    """Column reads of a segment.

    Attributes:
        stimulus: who answers them.
        limit: reads of the segment.
        groups: groups of samples to release.
        in_advance: a group is released when the read before the last one begins, not when its transfer retires.
        count, released: reads answered and groups released so far.
        answered: column and chop bits (cols,) of reads that are still to be compared with the golden model.
    """

    stimulus: Stimulus
    limit: int
    groups: int
    in_advance: bool
    count: int = 0
    released: int = 0
    answered: deque[tuple[int, IntArray]] = field(default_factory=deque)


class Bench:
    """Runs the segments of a job on the device under test."""

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        self.dut = dut
        self.job = job
        self.spec = job.spec
        self.result = Result(cycles=dict.fromkeys(PHASES, 0), predicted=dict.fromkeys(PHASES, 0))
        self.session: training.Session | None = None
        self._decoder = Decoder(self.spec)
        self._durations = cycle_config(self.spec)
        self._code_bits = given(self.spec.converter.read_adc).bits
        # Codes that the controller has to ignore: those of the last beat's lanes past the last row.
        self._ignored = np.full(beats(self.spec) * self.spec.controller.lanes - self.spec.array.rows, -1)
        self._progress_file = directory / PROGRESS_FILE
        self._progress_due = 0.0
        self._parent = os.getppid()

    async def run(self) -> Result:
        """All segments; stops at the first divergence."""
        try:
            for segment in self.job.segments:
                await self._run_segment(segment)
        except DivergenceError as error:
            self.result.mismatch = error.mismatch
        self._report_progress(force=True)
        return self.result

    async def _run_segment(self, segment: Segment) -> None:
        stimulus, scoreboard, timeline = self._prepare(segment)
        await self._reset(segment, scoreboard)
        # A reset under way shall find samples to work on.
        groups = segment.transfers + (0 if segment.abort is None else 2)
        # Random samples come a group in advance, so that ticks wait where none may be taken.
        in_advance = isinstance(stimulus, RandomStimulus)
        self._reads = Reads(stimulus, segment.transfers, groups, in_advance)
        for _ in range(1 + in_advance):
            self._release()
        for index in range(segment.transfers):
            self._window(scoreboard.number + (index > 0))
            record = await self._read_event(scoreboard)
            column, chop = self._reads.answered.popleft()
            if index > 0:
                await self._retire(scoreboard, record)
            scoreboard.check_read_state(column, chop)
            stimulus.write(scoreboard.transfer)
            if not in_advance:
                self._release()
            self._report_progress()
        if segment.abort is not None:
            await ClockCycles(self.dut.clk, 1 + segment.abort)
        else:
            await self._retire(scoreboard, None)
            await self._compare_cycles(segment, scoreboard, timeline)
        self._window(-1)
        if isinstance(stimulus, TileStimulus):
            training.finish(stimulus.session, scoreboard.transfer)

    def _prepare(self, segment: Segment) -> tuple[Stimulus, Scoreboard, Timeline]:
        """Stimulus, scoreboard and cycle model of a segment."""
        config = controller_config(rtl_parameters(self.spec), segment.configuration)
        stimulus: Stimulus
        step: Callable[[ControllerState, IntArray, Transfer], None]
        if segment.codes == "tile":
            session = training.new_session(self.spec, segment.seed, segment.transfers)
            stimulus, timeline, self.session = TileStimulus(session), session.timeline, session

            def step(state: ControllerState, codes: IntArray, transfer: Transfer) -> None:
                training.step_golden(session, config, state, codes, transfer)
        else:
            stimulus = RandomStimulus(self.spec, config.transfer_every, segment.codes, segment.lengths, segment.seed)
            durations = self._durations._replace(samples_wait=False)
            timeline = new_timeline(durations)

            def step(state: ControllerState, codes: IntArray, transfer: Transfer) -> None:
                step_transfer(config, state, codes, transfer)
                step_cycles(durations, timeline, self._updating.pop(0), bool(transfer.head[HEAD_WRITE]))

        self._updating: list[int] = []
        self._lengths = np.zeros((2, config.transfer_every), dtype=np.int64)
        return stimulus, Scoreboard(config, segment, self.result.transfers, step, timeline), timeline

    async def _reset(self, segment: Segment, scoreboard: Scoreboard) -> None:
        dut = self.dut
        dut.py_rst.value = 1
        dut.py_arm.value = 0
        dut.py_answered.value = 0
        dut.py_released.value = 0
        dut.py_transfer_every.value = segment.configuration["cfg_transfer_every"]
        dut.py_lr_h.value = segment.configuration["cfg_lr_h"]
        dut.py_chop.value = segment.configuration["cfg_chop"]
        dut.py_warmup.value = segment.configuration["cfg_warmup"]
        dut.py_rates.value = sum(rate << 8 * place for place, rate in enumerate(segment.rates))
        dut.py_seed.value = segment.seed & 0xFFFFFFFF
        durations = cycles(self.spec)
        longest = max(self.spec.driver.max_pulses * durations.pulse, durations.read + durations.conversion)
        dut.py_patience.value = self._durations.depth + 4 * (longest + durations.write) + 1000
        await ClockCycles(dut.clk, 3)
        if segment.abort is not None:  # a reset in the middle of the clear sweep, too
            dut.py_rst.value = 0
            await ClockCycles(dut.clk, 1 + segment.abort % self._durations.depth)
            for request, counter in (
                ("reads", "reads_started_reg"),
                ("writes", "written_reg"),
                ("records", "ret_count"),
            ):
                scoreboard.check_quiet(request, int(getattr(dut, counter).value.to_unsigned()))
            dut.py_rst.value = 1
            await ClockCycles(dut.clk, 2)
        dut.py_rst.value = 0

    def _release(self) -> None:
        """Offers the samples of the next group, if there is one; the bench holds the lengths of two groups."""
        reads = self._reads
        if reads.released == reads.groups:
            return
        lengths = reads.stimulus.lengths()
        self._lengths[reads.released % 2] = lengths
        reads.released += 1
        self.dut.py_lengths.value = pack(self._lengths.ravel(), LENGTH_BITS)
        self.dut.py_released.value = reads.released * lengths.size
        self._updating.append(sum(update_cycles(self._durations.pulse, int(length)) for length in lengths))

    def _answer(self, codes: IntArray, reads: int) -> None:
        self.dut.py_codes.value = pack(np.append(codes, self._ignored), self._code_bits)
        self.dut.py_answered.value = reads & COUNT_MASK

    async def _wake(self, scoreboard: Scoreboard) -> Record:
        """The next record; a read that has begun is answered at once, whatever the caller waits for."""
        await ValueChange(self.dut.wake)
        record = self._decoder(str(self.dut.record.value))
        scoreboard.check_health(record)
        reads = self._reads
        if reads.count < reads.limit and record["reads"] == (reads.count + 1) & COUNT_MASK:
            column, chop = scoreboard.check_read(record)
            reads.count += 1
            self._answer(reads.stimulus.read(column, chop), reads.count)
            reads.answered.append((column, chop))
            if reads.in_advance:
                self._release()
        self._latest = record
        return record

    async def _read_event(self, scoreboard: Scoreboard) -> Record:
        """Waits until a read has been answered that nobody has looked at yet."""
        while not self._reads.answered:
            await self._wake(scoreboard)
        return self._latest

    async def _retire(self, scoreboard: Scoreboard, record: Record | None) -> None:
        """Checks the transfer that retires next, waiting for it where it is not in `record` yet."""
        expected = (scoreboard.retired + 1) & COUNT_MASK
        if record is None or record["retired"] == (expected - 1) & COUNT_MASK:
            record = await self._arm(scoreboard, expected, None)
        scoreboard.check_retire(record)
        if scoreboard.transfer.head[HEAD_WRITE] and record["written"] == scoreboard.writes & COUNT_MASK:
            record = await self._arm(scoreboard, expected, (scoreboard.writes + 1) & COUNT_MASK)
        scoreboard.check_write(record)
        self.result.transfers += 1
        self.result.samples += scoreboard.config.transfer_every
        self.result.writes += int(scoreboard.transfer.head[HEAD_WRITE])

    async def _arm(self, scoreboard: Scoreboard, retired: int, written: int | None) -> Record:
        """Waits for so many retirements, and writes if given."""
        dut = self.dut
        dut.py_arm_retired.value = retired
        dut.py_arm_written.value = 0 if written is None else written
        dut.py_arm_any_write.value = int(written is None)
        dut.py_arm.value = 1
        record = await self._wake(scoreboard)
        while record["retired"] != retired or (written is not None and record["written"] != written):
            record = await self._wake(scoreboard)
        dut.py_arm.value = 0
        return record

    async def _compare_cycles(self, segment: Segment, scoreboard: Scoreboard, timeline: Timeline) -> None:
        """Every counter of the RTL against the cycle model and against what the pins showed."""
        dut = self.dut
        tail = self._durations.write + MAX_INJECTED + 2  # until the last write is over
        await ClockCycles(dut.clk, tail)

        def value(name: str) -> int:
            bits = getattr(dut, name).value
            return int(bits.to_unsigned()) if bits.is_resolvable else UNDEFINED_COUNT

        record = self._decoder(str(dut.record.value))
        scoreboard.check_health(record)
        counters = {phase: value(f"stat_cycles_{phase}") for phase in PHASES}
        predicted = finish_cycles(timeline)
        expected = dict(predicted)
        for phase, name in (("update", "updates"), ("read", "reads"), ("write", "writes")):
            expected[phase] += value(f"{name}_injected")
        elapsed = value("cycle_reg")
        expected["stall"], expected["hold"] = value("due_reg"), value("waiting_reg")
        expected["idle"] = elapsed - sum(expected[phase] for phase in SCHEDULER_PHASES if phase != "idle")
        for phase in PHASES:
            scoreboard.check_cycles(phase, expected[phase], counters[phase])
        if segment.nominal:
            # The scoreboard has compared the cycle of every read; idle cycles after the last one are nobody's.
            for phase in ("stall", "hold"):
                scoreboard.check_cycles(phase, predicted[phase], counters[phase])
            counters["idle"] = predicted["idle"]
        for phase in PHASES:
            self.result.cycles[phase] += counters[phase]
            self.result.predicted[phase] += predicted[phase]

    def _window(self, transfer: int) -> None:
        """Records waves while the transfer lies in the job's window."""
        if self.job.waves is not None:
            first, last = self.job.waves
            self.dut.py_dump.value = int(first <= transfer < last)

    def _report_progress(self, force: bool = False) -> None:
        if os.getppid() != self._parent:
            os._exit(1)  # whoever wanted the result is gone
        now = time.monotonic()
        if force or now >= self._progress_due:
            self._progress_due = now + PROGRESS_SECONDS
            partial = self._progress_file.with_suffix(".partial")  # the parent may read at any time
            partial.write_text(str(self.result.transfers))
            partial.replace(self._progress_file)


@cocotb.test()
async def simulate(dut: Any) -> None:
    """Runs the job named by the environment and writes its result."""
    gc.freeze()  # numba's and numpy's many modules live as long as we do: the collector need not look at them
    directory = Path(os.environ[JOB_DIRECTORY_VARIABLE])
    bench = Bench(dut, Job.load(directory), directory)
    result = await bench.run()
    if bench.session is not None and result.mismatch is None:
        (segment,) = bench.job.segments
        run = result_of(
            bench.spec, "icarus", segment.seed, segment.transfers, bench.session, result.cycles, result.transfers
        )
        save_run(run, directory)
    result.save(directory)


assert len(STREAMS) * 8 == 40  # width of py_rates in hdl/xc_bench.v
