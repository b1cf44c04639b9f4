"""The cocotb side of hdl/xc_bench_mixed_precision.v: one Python call per request, one per group of columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from cocotb.triggers import ClockCycles
from numpy.typing import NDArray

from crosschop.cosim.bench import Bench
from crosschop.cosim.coverage.sample_mixed import ColumnSampler
from crosschop.cosim.job import Job, Segment
from crosschop.cosim.mixed_precision.corners import CORNERS, count_column, count_operands
from crosschop.cosim.mixed_precision.hdl import group_columns, layout, longest_quiet
from crosschop.cosim.mixed_precision.scoreboard import ColumnScoreboard
from crosschop.cosim.mixed_precision.stimulus import RandomStimulus, Stimulus, TileStimulus
from crosschop.cosim.record import Decoder, Record, pack
from crosschop.cosim.scoreboard import COUNT_MASK
from crosschop.model.chipspec import beats, mixed_section, rtl_parameters, x_beats
from crosschop.model.cycles_mixed_precision import (
    MixedTimeline,
    finish_cycles,
    mixed_durations,
    new_timeline,
    step_cycles,
)
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END, MixedState, mixed_config, step_column
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer
from crosschop.model.training import mixed_precision as training

IntArray = NDArray[np.int64]

# Samples that go on, uncompared, until the controller is in the phase in which it shall be reset.
GOING_ON = 40

Step = Callable[[MixedState, int, IntArray, Transfer], None]


class ColumnBench(Bench):
    """Runs the segments of a job on a controller of mixed precision.

    A segment's transfers are the columns of whole passes; with a reset one more, the pass that it ends.
    """

    # A delayed write and a gap between operand beats make the chip wait as long.
    corners = CORNERS
    injected = (("read", "requests"), ("write", "writes"), ("stall", "writes"), ("stall", "gaps"))
    measured = (("hold", "waiting_reg"),)
    forbidden = MappingProxyType({"requests": "requests_started_reg", "writes": "writes", "records": "retired"})

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        super().__init__(dut, job, directory, Decoder(layout(job.spec), job.view.record_names))
        self._durations = mixed_durations(self.spec)
        self.shortest = {"clear": self._durations.depth, "pass": self._durations.depth}
        self._sampler: ColumnSampler | None = None
        self._answered = 0
        lanes, array = self.spec.lanes, self.spec.array
        # Codes that the controller has to ignore: those of the last beats' lanes past the last row and column
        self._ignored = (
            np.full(beats(self.spec) * lanes - array.rows, -1),
            np.full(x_beats(self.spec) * lanes - array.cols, -1),
        )

    async def run_segment(self, segment: Segment) -> None:
        """Requests and groups of columns as they come; all samples are offered in advance, they wait for their turn."""
        stimulus, scoreboard, timeline = self._prepare(segment)
        await self._reset(segment, scoreboard)
        cols = self.spec.array.cols
        requests = segment.compared // cols + (segment.abort is not None)
        # A reset under way shall find a sample to work on; none is offered over a change of the configuration
        changes = dict(segment.changes)
        until = iter([*(first // cols for first in changes), requests + (segment.abort is not None)])
        self.dut.py_released.value = next(until)
        self._answered = 0
        while scoreboard.retired < segment.compared or self._answered < requests:
            self.window(scoreboard.number)
            if scoreboard.retired in changes:
                await self._configure(scoreboard, changes.pop(scoreboard.retired))
                self.dut.py_released.value = next(until)
            record = await self.next_record(scoreboard)
            if record["groups"] != scoreboard.groups & COUNT_MASK:
                retired, writes = scoreboard.retired, scoreboard.writes
                scoreboard.check_group(record)
                self.result.transfers += scoreboard.retired - retired
                self.result.writes += scoreboard.writes - writes
                self.result.samples += scoreboard.retired % self.spec.array.cols == 0
            if record["requests"] != self._answered & COUNT_MASK:
                x, d = self._answer(segment, stimulus)
                scoreboard.note_request(x, d)
            self.report_progress()
        if segment.abort is not None:
            await self.until_reset(1 + segment.abort)
        elif segment.reset_in is not None:
            await self._reset_in(segment, scoreboard, stimulus, segment.reset_in[0])
        else:
            totals = {
                "requests": ("requests_started_reg", requests & COUNT_MASK),
                "writes": ("writes", scoreboard.writes),
                "records": ("retired", scoreboard.retired & COUNT_MASK),
            }
            await self.finish_segment(segment, scoreboard, finish_cycles(timeline), self._durations.write, totals)
        self.window(-1)
        if isinstance(stimulus, TileStimulus):
            training.finish(stimulus.session)

    async def _configure(self, scoreboard: ColumnScoreboard, configuration: dict[str, int]) -> None:
        """Other cfg_* values; all samples offered have retired."""
        await self.until_idle("writes", scoreboard.writes)
        self._set_configuration(configuration)
        self._config = mixed_config(rtl_parameters(self.spec), configuration)
        scoreboard.config = self._config
        if self._sampler is not None:
            self._sampler.configured(self._config)
        self.result.corners["configuration changed"] += 1
        await ClockCycles(self.dut.clk, 1)

    def _set_configuration(self, configuration: dict[str, int]) -> None:
        for name, value in configuration.items():
            getattr(self.dut, name.replace("cfg_", "py_")).value = value

    async def _reset_in(self, segment: Segment, scoreboard: ColumnScoreboard, stimulus: Stimulus, phase: str) -> None:
        """A reset in a phase, which the array side brings about: it has no samples, or keeps operands back."""
        if phase == "clear":
            self.dut.py_rst.value = 1
            await ClockCycles(self.dut.clk, 2)
            self.dut.py_rst.value = 0
        elif phase != "idle":
            self.dut.py_released.value = self._answered + GOING_ON

        def answer(record: Record) -> None:
            if record["requests"] != self._answered & COUNT_MASK and phase != "load":
                self._answer(segment, stimulus)

        await self.reset_under_way(segment, scoreboard, answer)

    def _prepare(self, segment: Segment) -> tuple[Stimulus, ColumnScoreboard, MixedTimeline]:
        """Stimulus, scoreboard and cycle model of a segment."""
        config = mixed_config(rtl_parameters(self.spec), segment.configuration)
        self._config = config
        stimulus: Stimulus
        step: Step
        if segment.codes == "tile":
            session = training.new_session(self.spec, segment.seed, segment.transfers)
            stimulus, timeline, self.session = TileStimulus(session), session.timeline, session

            def step(state: MixedState, x: int, d: IntArray, transfer: Transfer) -> None:
                training.step_golden(session, config, state, x, d, transfer)
        else:
            stimulus = RandomStimulus(self.spec, segment.codes, segment.seed)
            timeline, writes = new_timeline(self._durations), [0]

            def step(state: MixedState, x: int, d: IntArray, transfer: Transfer) -> None:
                step_column(self._config, state, x, d, transfer)
                count_column(self.result.corners, self._config, state, transfer)
                writes[0] += int(transfer.head[HEAD_WRITE])
                if transfer.head[HEAD_COLUMN] == config.cols - 1:
                    step_cycles(self._durations, timeline, bool(transfer.head[HEAD_BATCH_END]), writes[0])
                    writes[0] = 0

        if self.cover is not None:
            self._sampler = ColumnSampler(self.cover.collector, self.spec, config)
            step = self._sampler.around(step)
        group = group_columns(self.spec)
        first, own_timing = self.result.transfers, self.job.view.own_timing
        return stimulus, ColumnScoreboard(config, segment, first, group, step, timeline, own_timing), timeline

    async def _reset(self, segment: Segment, scoreboard: ColumnScoreboard) -> None:
        self._set_configuration(segment.configuration)
        await self.reset(
            segment,
            scoreboard,
            self._durations.depth,  # a reset in the middle of the clear sweep, too
            longest_quiet(self.spec),
            {
                "py_answered": 0,
                "py_hold_write": 0,
            },
        )

    def _answer(self, segment: Segment, stimulus: Stimulus) -> tuple[IntArray, IntArray]:
        """Sends the operands of a request, d in front; returns x and d."""
        x, d = stimulus.operands()
        first = self._answered * self.spec.array.cols
        x, d = self.on_the_wire(segment, "stream_x", first, x), self.on_the_wire(segment, "stream_d", first, d)
        if self.journal is not None:
            self.journal.append((x, d))
        count_operands(self.result.corners, x, d, mixed_section(self.spec).operand_bits)
        beyond_d, beyond_x = self._ignored
        codes = np.concatenate([d, beyond_d, x, beyond_x])
        self._answered += 1
        self.dut.py_codes.value = pack(codes, mixed_section(self.spec).operand_bits)
        self.dut.py_answered.value = self._answered & COUNT_MASK
        return x, d
