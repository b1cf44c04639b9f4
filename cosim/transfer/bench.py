"""The cocotb side of hdl/xc_bench.v: one Python call per column transfer, or batch of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from cocotb.triggers import ClockCycles
from numpy.typing import NDArray

from crosschop.cosim.bench import LENGTH_BITS, Bench
from crosschop.cosim.coverage.sample_transfer import TransferSampler
from crosschop.cosim.job import Job, Segment
from crosschop.cosim.record import Decoder, Record, pack
from crosschop.cosim.scoreboard import COUNT_MASK
from crosschop.cosim.transfer.corners import CORNERS, LOOKED_AT, step_and_look
from crosschop.cosim.transfer.hdl import batch_reads, layout, longest_quiet
from crosschop.cosim.transfer.scoreboard import TransferScoreboard
from crosschop.cosim.transfer.stimulus import Prediction, RandomStimulus, Stimulus, TileStimulus
from crosschop.model.chipspec import beats, given, rtl_parameters
from crosschop.model.cycles import Timeline, cycle_config, finish_cycles, new_timeline, step_cycles, update_cycles
from crosschop.model.golden.state import HEAD_WRITE, ControllerState, Transfer, controller_config
from crosschop.model.jit import compiled
from crosschop.model.training import transfer as training

IntArray = NDArray[np.int64]

# Transfers that go on, uncompared, until the controller is in the phase in which it shall be reset.
GOING_ON = 40


@dataclass
class Reads:
    """Column reads of a segment.

    Attributes:
        stimulus: who answers them.
        segment: theirs.
        limit: reads of the segment.
        groups: groups of samples to release.
        in_advance: a group is released when the read before the last one begins, not when its transfer retires.
        count, released: reads begun and groups released so far.
        prediction: of the coming reads, where their codes are handed over in batches; None: read by read.
        answered_to: reads that have codes.
        answered: column and chop bits (cols,) of reads that are still to be compared with the golden model.
    """

    stimulus: Stimulus
    segment: Segment
    limit: int
    groups: int
    in_advance: bool
    prediction: Prediction | None = None
    count: int = 0
    answered_to: int = 0
    released: int = 0
    answered: deque[tuple[int, IntArray]] = field(default_factory=deque)


class TransferBench(Bench):
    """Runs the segments of a job on xc_controller."""

    corners = CORNERS
    injected = (("update", "updates"), ("read", "reads"), ("write", "writes"))
    measured = (("stall", "due_reg"), ("hold", "waiting_reg"))
    forbidden = MappingProxyType({"reads": "reads_started_reg", "writes": "written_reg", "records": "ret_count"})

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        super().__init__(dut, job, directory, Decoder(layout(job.spec), job.view.record_names))
        self._durations = cycle_config(self.spec)
        self.shortest = {"clear": self._durations.depth}
        self._longest = given(self.spec.driver).max_pulses
        self._code_bits = given(self.spec.converter.read_adc).bits
        # With codes that the controller has to ignore: those of the last beat's lanes past the last row.
        self._batch = batch_reads(self.spec)
        self._sent = np.full((self._batch, beats(self.spec) * self.spec.lanes), -1)
        self._sampler: TransferSampler | None = None

    async def run_segment(self, segment: Segment) -> None:
        """Transfers one by one; the next group of samples is offered when one has retired."""
        stimulus, scoreboard, timeline = self._prepare(segment)
        await self._reset(segment, scoreboard)
        # A reset under way shall find samples to work on.
        groups = segment.transfers + (0 if segment.abort is None else 2)
        # Random samples come a group in advance, so that ticks wait where none may be taken; none over a change.
        in_advance = isinstance(stimulus, RandomStimulus)
        changes = dict(segment.changes)
        until = [*changes, groups]
        self._reads = Reads(stimulus, segment, segment.transfers, until[0], in_advance)
        if in_advance and self.in_batches(segment):
            self._reads.prediction = Prediction(self._config)
        self._ticks = 0
        scoreboard.journal = self.journal
        for _ in range(1 + in_advance):
            self._release()
        self._hand_over()
        for index in range(segment.transfers):
            self.window(scoreboard.number + (index > 0))
            if index in changes:
                await self._retire(scoreboard, None)
                await self._configure(scoreboard, stimulus, changes[index])
                self._reads.groups = until[until.index(index) + 1]
                for _ in range(1 + in_advance):
                    self._release()
                self._hand_over()
            record = await self._read_event(scoreboard)
            column, chop = self._reads.answered.popleft()
            if index > 0 and index not in changes:
                if self._sampler is not None:
                    self._sampler.overlap(record["retired"] != scoreboard.retired & COUNT_MASK)
                await self._retire(scoreboard, record)
            scoreboard.check_read_state(column, chop)
            stimulus.write(scoreboard.transfer)
            if not in_advance:
                self._release()
                self._hand_over()
            self.report_progress()
        if segment.abort is not None:
            await self.until_reset(1 + segment.abort)
        elif segment.reset_in is not None:
            await self._retire(scoreboard, None)
            await self._reset_in(segment, scoreboard, segment.reset_in[0])
        else:
            await self._retire(scoreboard, None)
            totals = {
                "reads": ("reads_started_reg", segment.transfers & COUNT_MASK),
                "writes": ("written_reg", scoreboard.writes & COUNT_MASK),
                "records": ("ret_count", scoreboard.retired & COUNT_MASK),
            }
            await self.finish_segment(segment, scoreboard, finish_cycles(timeline), self._durations.write, totals)
        self.window(-1)
        if isinstance(stimulus, TileStimulus):
            training.finish(stimulus.session, scoreboard.transfer)

    async def _configure(
        self, scoreboard: TransferScoreboard, stimulus: Stimulus, configuration: dict[str, int]
    ) -> None:
        """Other cfg_* values; all samples offered have been read and have retired."""
        await self.until_idle("writes", scoreboard.writes)
        self._set_configuration(configuration)
        self._config = controller_config(rtl_parameters(self.spec), configuration)
        scoreboard.config = self._config
        if self._sampler is not None:
            self._sampler.configured(self._config)
        assert isinstance(stimulus, RandomStimulus)
        stimulus.samples = self._config.transfer_every
        self.result.corners["configuration changed"] += 1
        await ClockCycles(self.dut.clk, 1)

    def _set_configuration(self, configuration: dict[str, int]) -> None:
        for name, value in configuration.items():
            getattr(self.dut, name.replace("cfg_", "py_")).value = value

    async def _reset_in(self, segment: Segment, scoreboard: TransferScoreboard, phase: str) -> None:
        """A reset in a phase, which the array side brings about: it answers no read, takes no write, has no samples."""
        reads = self._reads
        if phase == "clear":
            self.dut.py_rst.value = 1
            await ClockCycles(self.dut.clk, 2)
            self.dut.py_rst.value = 0
        reads.limit += 0 if phase == "stall" else GOING_ON
        reads.groups += 0 if phase == "idle" else GOING_ON
        self.dut.py_hold_write.value = int(phase in ("hold", "write"))
        for _ in range(1 + reads.in_advance):
            self._release()
        self._hand_over()
        await self.reset_under_way(segment, scoreboard, lambda record: self._answer_read(scoreboard, record))

    def _prepare(self, segment: Segment) -> tuple[Stimulus, TransferScoreboard, Timeline]:
        """Stimulus, scoreboard and cycle model of a segment."""
        config = controller_config(rtl_parameters(self.spec), segment.configuration)
        self._config = config
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
                met = step_and_look(self._config, state, codes, self._code_bits, transfer)
                for place, name in enumerate(LOOKED_AT):
                    self.result.corners[name] += met >> place & 1
                step_cycles(durations, timeline, self._updating.popleft(), bool(transfer.head[HEAD_WRITE]))

        self._sampler = None
        if self.cover is not None:
            self._sampler = TransferSampler(self.cover.collector, self.spec, config)
            step = self._sampler.around(step)
        self._updating: deque[int] = deque()
        self._lengths = np.zeros((self._batch + 1) * self.spec.transfer.transfer_every, dtype=np.int64)
        scoreboard = TransferScoreboard(
            config, segment, self.result.transfers, step, timeline, self.job.view.own_timing
        )
        return stimulus, scoreboard, timeline

    async def _reset(self, segment: Segment, scoreboard: TransferScoreboard) -> None:
        self._set_configuration(segment.configuration)
        await self.reset(
            segment,
            scoreboard,
            self._durations.depth,  # a reset in the middle of the clear sweep, too
            longest_quiet(self.spec),
            {
                "py_arm": 0,
                "py_answered": 0,
                "py_batch": 0,
                "py_hold_write": 0,
            },
        )

    def _release(self) -> None:
        """Offers the samples of the next group, if there is one."""
        reads = self._reads
        if reads.released == reads.groups:
            return
        lengths = reads.stimulus.lengths()
        if self._sampler is not None:
            self._sampler.group(lengths)
        cycles, shortest, longest = _offer(self._durations.pulse, lengths, self._ticks, self._lengths)
        self._ticks += lengths.size
        reads.released += 1
        self.result.corners["group of empty trains"] += longest == 0
        self.result.corners["group of longest trains"] += shortest == self._longest
        self._updating.append(cycles)

    def _hand_over(self) -> None:
        """Hands the samples released to the bench."""
        self.dut.py_lengths.value = pack(self._lengths, LENGTH_BITS)
        self.dut.py_released.value = self._ticks

    async def _wake(self, scoreboard: TransferScoreboard) -> Record:
        """The next record; a read that has begun is answered at once, whatever the caller waits for."""
        record = await self.next_record(scoreboard)
        self._answer_read(scoreboard, record)
        self._latest = record
        return record

    def _answer_read(self, scoreboard: TransferScoreboard, record: Record) -> None:
        reads = self._reads
        if reads.count < reads.limit and record["reads"] == (reads.count + 1) & COUNT_MASK:
            column, chop = scoreboard.check_read(record)
            reads.answered.append((column, chop))
            if reads.count == reads.answered_to:
                self._answer(column, chop)
            reads.count += 1

    def _answer(self, column: int, chop: IntArray) -> None:
        """The codes of the read that has begun, and of those after it that can be predicted.

        The last read of a segment is no part of a batch, so that the bench wakes Python when it begins.
        """
        reads, dut = self._reads, self.dut
        first, stop = reads.count, reads.count + 1
        if reads.prediction is not None:
            stop = max(stop, min(first + self._batch, reads.limit - 1))
        batched = stop < reads.limit and reads.prediction is not None
        for number in range(first, stop):
            if number > first:
                assert reads.prediction is not None
                column, chop = reads.prediction.column, reads.prediction.chop
            codes = self.on_the_wire(reads.segment, "adc", number, reads.stimulus.read(column, chop))
            self._sent[number % self._batch if batched else 0, : codes.size] = codes
            if reads.prediction is not None:
                reads.prediction.step(codes)
            if reads.in_advance:
                self._release()
        reads.answered_to = stop
        if batched:
            dut.py_batch_codes.value = pack(self._sent.ravel(), self._code_bits)
        else:
            dut.py_codes.value = pack(self._sent[0], self._code_bits)
        if reads.prediction is not None:
            dut.py_batch.value = int(batched)
        dut.py_answered.value = stop & COUNT_MASK
        if reads.in_advance:
            self._hand_over()

    def _taken(self) -> list[str]:
        """All snapshots since the bench woke Python last."""
        latest = super()._taken()
        if self._reads.prediction is None or (count := int(self.dut.snapshots.value)) == 1:
            return latest
        text = str(self.dut.history.value)
        return [self._decoder.part(text, place) for place in range(count - 2, -1, -1)] + latest

    async def _read_event(self, scoreboard: TransferScoreboard) -> Record:
        """Waits until a read has been answered that nobody has looked at yet."""
        while not self._reads.answered:
            await self._wake(scoreboard)
        return self._latest

    async def _retire(self, scoreboard: TransferScoreboard, record: Record | None) -> None:
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

    async def _arm(self, scoreboard: TransferScoreboard, retired: int, written: int | None) -> Record:
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


@compiled
def _offer(pulse: int, lengths: IntArray, ticks: int, ring: IntArray) -> tuple[int, int, int]:
    """Puts the train lengths of a group of samples after so many ticks into the ring of the bench.

    Returns:
        The cycles of all the updates, the shortest and the longest train.
    """
    cycles, shortest, longest = 0, lengths[0], lengths[0]
    for sample in range(lengths.size):
        length = lengths[sample]
        ring[(ticks + sample) % ring.size] = length
        cycles += update_cycles(pulse, length)
        shortest, longest = min(shortest, length), max(longest, length)
    return cycles, shortest, longest
