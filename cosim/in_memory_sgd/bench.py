"""The cocotb side of hdl/xc_bench_in_memory_sgd.v: one Python call per update."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from crosschop.cosim.bench import LENGTH_BITS, Bench
from crosschop.cosim.coverage.sample_common import length_met
from crosschop.cosim.in_memory_sgd.corners import CORNERS
from crosschop.cosim.in_memory_sgd.hdl import AHEAD, GROUP, layout, longest_quiet
from crosschop.cosim.in_memory_sgd.scoreboard import UpdateScoreboard
from crosschop.cosim.in_memory_sgd.stimulus import RandomStimulus, Stimulus, TileStimulus
from crosschop.cosim.job import Job, Segment
from crosschop.cosim.record import Decoder, pack
from crosschop.model.chipspec import given
from crosschop.model.cycles_in_memory_sgd import finish_cycles
from crosschop.model.training import in_memory_sgd as training

# A first reset comes within so many cycles.
FIRST_CYCLES = 8


class UpdateBench(Bench):
    """Runs the segments of a job on a controller of in-memory SGD."""

    corners = CORNERS
    injected = (("update", "updates"),)
    forbidden = MappingProxyType({"updates": "updates", "records": "retired_reg"})

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        super().__init__(dut, job, directory, Decoder(layout(job.spec), job.view.record_names))
        self._lengths = np.zeros(GROUP, dtype=np.int64)
        self._released = 0

    async def run_segment(self, segment: Segment) -> None:
        """Updates one by one; the next sample is offered when one has retired."""
        # A reset under way shall find samples to work on.
        going_on = segment.reset_in is not None and segment.reset_in[0] == "update"
        offered = segment.transfers + (AHEAD if segment.abort is not None or going_on else 0)
        stimulus, ahead = self._stimulus(segment, offered)
        scoreboard = UpdateScoreboard(
            segment, self.result.transfers, stimulus.step, stimulus.timeline, self.job.view.own_timing
        )
        longest = longest_quiet(self.spec)
        await self.reset(segment, scoreboard, FIRST_CYCLES, longest, {})
        self._released = 0
        for _ in range(min(ahead, offered)):
            self._release(stimulus)
        for _ in range(segment.compared):
            self.window(scoreboard.number)
            scoreboard.check_retire(await self.next_record(scoreboard))
            self.result.transfers += 1
            self.result.samples += 1
            if self._released < offered:
                self._release(stimulus)
            self.report_progress()
        if segment.abort is not None:
            await self.until_reset(1 + segment.abort)
        elif segment.reset_in is not None:
            await self.reset_under_way(segment, scoreboard, lambda record: None)
        else:
            totals = {"updates": ("updates", segment.transfers), "records": ("retired_reg", segment.transfers)}
            await self.finish_segment(segment, scoreboard, finish_cycles(stimulus.timeline), longest, totals)
        self.window(-1)
        if isinstance(stimulus, TileStimulus):
            training.finish(stimulus.session)

    def _stimulus(self, segment: Segment, samples: int) -> tuple[Stimulus, int]:
        """Stimulus of a segment, and how many samples it offers in advance."""
        if segment.lengths == "tile":
            session = training.new_session(self.spec, segment.seed, segment.transfers)
            self.session = session
            return TileStimulus(session), 1
        return RandomStimulus(self.spec, segment.lengths, samples, segment.seed), AHEAD

    def _release(self, stimulus: Stimulus) -> None:
        """Offers the next sample."""
        length = stimulus.length()
        if self.cover is not None:
            longest = given(self.spec.driver).max_pulses
            self.cover.collector.sample("sgd.trains.length", length_met([length], longest))
        self._lengths[self._released % GROUP] = length
        self.result.corners["empty train"] += length == 0
        self.result.corners["longest train"] += length == given(self.spec.driver).max_pulses
        self._released += 1
        self.dut.py_lengths.value = pack(self._lengths, LENGTH_BITS)
        self.dut.py_released.value = self._released
