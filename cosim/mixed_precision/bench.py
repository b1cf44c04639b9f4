"""The cocotb side of hdl/xc_bench_mixed_precision.v: one Python call per request, one per group of columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.bench import Bench
from crosschop.cosim.coverage.sample_mixed import ColumnSampler
from crosschop.cosim.job import Job, Segment
from crosschop.cosim.mixed_precision.hdl import group_columns, layout
from crosschop.cosim.mixed_precision.scoreboard import COUNT_MASK, ColumnScoreboard
from crosschop.cosim.mixed_precision.stimulus import RandomStimulus, Stimulus, TileStimulus
from crosschop.cosim.record import Decoder, pack
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

Step = Callable[[MixedState, int, IntArray, Transfer], None]


class ColumnBench(Bench):
    """Runs the segments of a job on a controller of mixed precision.

    A segment's transfers are the columns of whole passes; with a reset one more, the pass that it ends.
    """

    # A delayed write and a gap between operand beats make the chip wait as long.
    injected = (("read", "requests"), ("write", "writes"), ("stall", "writes"), ("stall", "gaps"))
    measured = (("hold", "waiting_reg"),)

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        super().__init__(dut, job, directory, Decoder(layout(job.spec), job.view.record_names))
        self._durations = mixed_durations(self.spec)
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
        requests = segment.compared // self.spec.array.cols + (segment.abort is not None)
        # A reset under way shall find a sample to work on
        self.dut.py_released.value = requests + (segment.abort is not None)
        self._answered = 0
        while scoreboard.retired < segment.compared or self._answered < requests:
            self.window(scoreboard.number)
            record = await self.next_record(scoreboard)
            if record["groups"] != scoreboard.groups & COUNT_MASK:
                retired, writes = scoreboard.retired, scoreboard.writes
                scoreboard.check_group(record)
                self.result.transfers += scoreboard.retired - retired
                self.result.writes += scoreboard.writes - writes
                self.result.samples += scoreboard.retired % self.spec.array.cols == 0
            if record["requests"] != self._answered & COUNT_MASK:
                self._answer(segment, stimulus, scoreboard)
            self.report_progress()
        if segment.abort is not None:
            await self.until_reset(1 + segment.abort)
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

    def _prepare(self, segment: Segment) -> tuple[Stimulus, ColumnScoreboard, MixedTimeline]:
        """Stimulus, scoreboard and cycle model of a segment."""
        config = mixed_config(rtl_parameters(self.spec), segment.configuration)
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
                step_column(config, state, x, d, transfer)
                writes[0] += int(transfer.head[HEAD_WRITE])
                if transfer.head[HEAD_COLUMN] == config.cols - 1:
                    step_cycles(self._durations, timeline, bool(transfer.head[HEAD_BATCH_END]), writes[0])
                    writes[0] = 0

        if self.cover is not None:
            step = ColumnSampler(self.cover.collector, self.spec, config).around(step)
        group = group_columns(self.spec)
        first, own_timing = self.result.transfers, self.job.view.own_timing
        return stimulus, ColumnScoreboard(config, segment, first, group, step, timeline, own_timing), timeline

    async def _reset(self, segment: Segment, scoreboard: ColumnScoreboard) -> None:
        durations, configuration = self._durations, segment.configuration
        await self.reset(
            segment,
            scoreboard,
            durations.depth,  # a reset in the middle of the clear sweep, too
            durations.depth + 4 * (durations.request + durations.write),
            {"requests": "requests_started_reg", "writes": "writes", "records": "retired"},
            {
                "py_answered": 0,
                "py_batch": configuration["cfg_batch"],
                "py_lr": configuration["cfg_lr"],
            },
        )

    def _answer(self, segment: Segment, stimulus: Stimulus, scoreboard: ColumnScoreboard) -> None:
        """The operands of a request: d in front."""
        x, d = stimulus.operands()
        first = self._answered * self.spec.array.cols
        x, d = self.on_the_wire(segment, "stream_x", first, x), self.on_the_wire(segment, "stream_d", first, d)
        if self.journal is not None:
            self.journal.append((x, d))
        beyond_d, beyond_x = self._ignored
        codes = np.concatenate([d, beyond_d, x, beyond_x])
        self._answered += 1
        self.dut.py_codes.value = pack(codes, mixed_section(self.spec).operand_bits)
        self.dut.py_answered.value = self._answered & COUNT_MASK
        scoreboard.note_request(x, d)
