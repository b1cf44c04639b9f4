"""The cocotb side of hdl/xc_bench_in_memory_sgd.v: one Python call per update, or batch of them."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from cocotb.triggers import ValueChange
from numpy.typing import NDArray

from crosschop.cosim.bench import LENGTH_BITS, Bench
from crosschop.cosim.coverage.sample_common import length_met
from crosschop.cosim.in_memory_sgd.batch import compare, places_of
from crosschop.cosim.in_memory_sgd.corners import CORNERS
from crosschop.cosim.in_memory_sgd.hdl import AHEAD, FEW, GROUP, layout, longest_quiet
from crosschop.cosim.in_memory_sgd.scoreboard import Known, UpdateScoreboard, retired_event
from crosschop.cosim.in_memory_sgd.stimulus import RandomStimulus, Stimulus, TileStimulus
from crosschop.cosim.job import Job, Segment
from crosschop.cosim.record import Decoder, pack
from crosschop.cosim.scoreboard import EVENTS_KEPT
from crosschop.model.chipspec import given
from crosschop.model.cycles_in_memory_sgd import finish_cycles
from crosschop.model.golden.in_memory_sgd import NUMBER_MASK
from crosschop.model.training import in_memory_sgd as training

IntArray = NDArray[np.int64]

# A first reset comes within so many cycles.
FIRST_CYCLES = 8


class UpdateBench(Bench):
    """Runs the segments of a job on a controller of in-memory SGD."""

    corners = CORNERS
    injected = (("update", "updates"),)
    forbidden = MappingProxyType({"updates": "updates", "records": "retired_reg"})

    def __init__(self, dut: Any, job: Job, directory: Path) -> None:
        super().__init__(dut, job, directory, Decoder(layout(job.spec), job.view.record_names))
        self._released = 0

    async def run_segment(self, segment: Segment) -> None:
        """Updates one by one, or many at a time where nobody wants to look at each."""
        # A reset under way shall find samples to work on.
        going_on = segment.reset_in is not None and segment.reset_in[0] == "update"
        offered = segment.transfers + (AHEAD if segment.abort is not None or going_on else 0)
        stimulus = self._stimulus(segment, offered)
        batched = stimulus if isinstance(stimulus, RandomStimulus) and self.in_batches(segment) else None
        scoreboard = UpdateScoreboard(
            segment,
            self.result.transfers,
            stimulus.step if batched is None else batched.number,
            stimulus.timeline,
            self.job.view.own_timing,
        )
        longest = longest_quiet(self.spec)
        await self.reset(segment, scoreboard, FIRST_CYCLES, longest, {"py_batch": 0})
        self._released = 0
        self._lengths = np.zeros(FEW if batched is None else GROUP, dtype=np.int64)
        if batched is None:
            await self._compare_each(segment, stimulus, scoreboard, offered)
        else:
            await self._compare_batches(segment, batched, scoreboard)
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

    async def _compare_each(
        self, segment: Segment, stimulus: Stimulus, scoreboard: UpdateScoreboard, offered: int
    ) -> None:
        """The next sample is offered when an update has retired."""
        ahead = AHEAD if isinstance(stimulus, RandomStimulus) else 1
        self._release(stimulus, min(ahead, offered))
        for _ in range(segment.compared):
            self.window(scoreboard.number)
            scoreboard.check_retire(await self.next_record(scoreboard))
            self._count(1)
            if self._released < offered:
                self._release(stimulus, 1)
            self.report_progress()

    async def _compare_batches(self, segment: Segment, stimulus: RandomStimulus, scoreboard: UpdateScoreboard) -> None:
        """The next samples are offered when a batch of updates has retired: as many as the bench has room for."""
        dut, golden, places = self.dut, stimulus.golden, places_of(self._decoder)
        known = Known(
            contract=int(not scoreboard.own_timing),
            predicted=int(scoreboard.predicts_cycles),
            unseen=self.job.view.mask(self.spec.kind),
        )
        dut.py_batch.value = 1
        self._release(stimulus, min(GROUP, segment.transfers))
        while scoreboard.retired < segment.transfers:
            await ValueChange(dut.wake)
            text, count = str(dut.history.value), int(dut.snapshots.value)
            values, undefined = self._decoder.values(text, count)
            record = -1
            while record + 1 < count:
                first = record + 1
                record = compare(golden, known, places, values, undefined, first, scoreboard.retired)
                fine = record - first
                self._count(fine)
                numbers = (scoreboard.retired + np.arange(fine)) & NUMBER_MASK  # as every segment begins with 0
                events = _events(scoreboard.number, values[first:record, places.begin], numbers)
                scoreboard.go_on_from(scoreboard.retired + fine, events)
                if record < count:
                    found = self._decoder(self._decoder.part(text, record))
                    scoreboard.check_health(found)
                    scoreboard.check_retire(found)
                    assert undefined[record]  # in a field that nobody wants
                    self._count(1)
            more = min(scoreboard.retired + GROUP, segment.transfers) - self._released
            if more > 0:
                self._release(stimulus, more)
            self.report_progress()

    def _count(self, updates: int) -> None:
        self.result.transfers += updates
        self.result.samples += updates

    def _stimulus(self, segment: Segment, samples: int) -> Stimulus:
        """Stimulus of a segment, so many samples of it."""
        if segment.lengths == "tile":
            session = training.new_session(self.spec, segment.seed, segment.transfers)
            self.session = session
            return TileStimulus(session)
        return RandomStimulus(self.spec, segment.lengths, samples, segment.seed)

    def _release(self, stimulus: Stimulus, samples: int) -> None:
        """Offers so many samples more."""
        lengths, longest = stimulus.offer(samples), given(self.spec.driver).max_pulses
        if self.cover is not None:
            for length in lengths:
                self.cover.collector.sample("sgd.trains.length", length_met([length], longest))
        self._lengths[(self._released + np.arange(samples)) % self._lengths.size] = lengths
        self.result.corners["empty train"] += int(np.count_nonzero(lengths == 0))
        self.result.corners["longest train"] += int(np.count_nonzero(lengths == longest))
        self._released += samples
        register = self.dut.py_lengths if self._lengths.size == FEW else self.dut.py_batch_lengths
        register.value = pack(self._lengths, LENGTH_BITS)
        self.dut.py_released.value = self._released


def _events(first: int, begins: IntArray, numbers: IntArray) -> list[str]:
    """What the report of a divergence says of the latest of these updates, the first of which is this one."""
    latest = range(max(0, begins.size - EVENTS_KEPT), begins.size)
    return [retired_event(first + update, begins[update], numbers[update]) for update in latest]
