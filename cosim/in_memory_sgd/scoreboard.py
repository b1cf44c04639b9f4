"""Compares xc_in_memory_sgd with the golden model, update by update."""

from __future__ import annotations

from collections.abc import Callable

from crosschop.cosim.in_memory_sgd.hdl import ERROR_NAMES
from crosschop.cosim.job import Segment
from crosschop.cosim.record import Record
from crosschop.cosim.scoreboard import Scoreboard
from crosschop.model.cycles_in_memory_sgd import BEGIN, UpdateTimeline


class UpdateScoreboard(Scoreboard):
    """Golden model of one segment beside what the monitors saw.

    Args:
        segment: the stimulus segment, for the report.
        first_update: number of the segment's first update in the whole simulation.
        step: one golden update, moves the cycle model on as well; returns the number that it retires with.
        timeline: that cycle model; its update times are compared where nothing random delays the streams.
    """

    def __init__(self, segment: Segment, first_update: int, step: Callable[[], int], timeline: UpdateTimeline) -> None:
        super().__init__(segment, first_update, ERROR_NAMES)
        self._step = step
        self._timeline = timeline

    def check_retire(self, record: Record) -> None:
        """One retired update: golden step, then every field.

        Raises:
            DivergenceError: a field differs or is undefined, or the number of updates is wrong.
        """
        self._record = record
        number = self._step()
        # An update retires in the cycle after its handshake, before another one can have been done.
        self._expect("updates done when one retires", self.retired + 1, self._scalar("updates"))
        self._expect("updates retired", self.retired + 1, self._scalar("retired"))
        self._expect("number of the update", number, self._scalar("sample"))
        begin = self._scalar("begin")
        if self.segment.nominal:
            self._expect("cycle of the update", int(self._timeline.marks[BEGIN]), begin)
        self._events.append(f"update {self.number} retired: began in cycle {begin}, number {number}")
        self.retired += 1
