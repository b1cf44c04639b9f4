"""Compares xc_controller with the golden model, transfer by transfer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.job import Segment
from crosschop.cosim.record import Record
from crosschop.cosim.scoreboard import Scoreboard
from crosschop.cosim.transfer.hdl import ERROR_NAMES, PADDED_FIELDS
from crosschop.model.cycles import READ_BEGIN, Timeline
from crosschop.model.golden.scheduler import step_sample
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_CHOP,
    HEAD_COLUMN,
    HEAD_FLIP,
    HEAD_WRITE,
    ControllerConfig,
    ControllerState,
    Transfer,
    new_transfer,
    reset_state,
)

IntArray = NDArray[np.int64]

# 16-bit counters of the bench.
COUNT_MASK = 0xFFFF


class TransferScoreboard(Scoreboard):
    """Golden model of one segment beside what the monitors saw.

    Args:
        config: golden configuration.
        segment: the stimulus segment, for the report.
        first_transfer: number of the segment's first transfer in the whole simulation.
        step: one golden transfer: (state, codes, transfer), moves the cycle model on as well.
        timeline: that cycle model; its read times are compared where nothing random delays the streams.
    """

    def __init__(
        self,
        config: ControllerConfig,
        segment: Segment,
        first_transfer: int,
        step: Callable[[ControllerState, IntArray, Transfer], None],
        timeline: Timeline,
    ) -> None:
        super().__init__(segment, first_transfer, ERROR_NAMES)
        self.config = config
        self.state = reset_state(config)
        self.transfer = new_transfer(config)
        self.writes = 0
        self._step = step
        self._timeline = timeline
        self._read_cycles: deque[int] = deque()  # of the reads whose transfers have not retired

    def check_read(self, record: Record) -> tuple[int, IntArray]:
        """The read request and the updates before it; returns column and chop bits (cols,) that the pins showed.

        Only what does not depend on the previous transfer is compared here, see `check_read_state`.

        Raises:
            DivergenceError: the column does not exist, or the signs changed within the group of samples.
        """
        self._record = record
        column, chop = self._scalar("read_col"), self._vector("read_chop")
        self._read_cycles.append(self._scalar("cycle") - 1)  # the bench sees a request at the end of its first cycle
        if column >= self.config.cols:
            self._fail("read column", f"0..{self.config.cols - 1}", column)
        self._expect("updates before the read", self._updates_due(), self._scalar("read_updates"), column)
        self._expect("chop signs changed between two reads", 0, self._scalar("read_changed"), column)
        return column, chop

    def _updates_due(self) -> int:
        """Updates that the golden model counts up to its next read."""
        updates = 1
        while not step_sample(self.config, self.state):
            updates += 1
        return updates

    def check_read_state(self, column: int, chop: IntArray) -> None:
        """Column and chop signs of a read against the golden model, whose earlier transfers have all retired.

        Raises:
            DivergenceError: they differ.
        """
        self._expect("read column", int(self.state.counters[COUNTER.column]), column)
        self._compare("chop sign of the updates", self.state.chop, chop, None)
        self._events.append(
            f"transfer {self.number} read: cycle {self._read_cycles[-1]}, column {column}, chop {int(chop[column])}"
        )

    def check_retire(self, record: Record) -> None:
        """One retired transfer: golden step on the codes that the controller took, then every field.

        Raises:
            DivergenceError: a field differs or is undefined, or the number of transfers is wrong.
        """
        self._record = record
        self._expect("transfers retired", (self.retired + 1) & COUNT_MASK, self._scalar("retired"))
        codes = self._vector("codes")
        column = int(self.state.counters[COUNTER.column])
        self._step(self.state, codes, self.transfer)
        head = self.transfer.head
        self._expect("column", column, self._scalar("col"))
        self._expect("chop", int(head[HEAD_CHOP]), self._scalar("chop"), column)
        self._expect("flip", int(head[HEAD_FLIP]), self._scalar("flip"), column)
        self._compare("codes", codes, self._vector("trc_codes"), column)
        self._compare("H", self.state.h[column], self._vector("h"), column)
        self._compare("P", self.state.p[column], self._vector("p"), column)
        self._compare("PREF", self.state.pref[column], self._vector("pref"), column)
        self._compare("pulses", self.transfer.pulses, self._vector("pulses"), column)
        for field in PADDED_FIELDS:
            if record.beyond(field):
                self._fail(f"{field} past the last row", 0, "not 0", column)
        read_cycle = self._read_cycles.popleft()
        if self.segment.nominal:
            self._expect("cycle of the read", int(self._timeline.marks[READ_BEGIN]), read_cycle, column)
        self._events.append(
            f"transfer {self.number} retired: column {column}, chop {int(head[HEAD_CHOP])}, "
            f"flip {int(head[HEAD_FLIP])}, {int(np.count_nonzero(self.transfer.pulses))} pulses"
        )

    def check_write(self, record: Record) -> None:
        """The pulse vector on its way to W, or that there is none; ends the transfer.

        Raises:
            DivergenceError: a write is missing, superfluous, or differs.
        """
        self._record = record
        column = int(self.transfer.head[HEAD_COLUMN])
        expected = self.writes + int(self.transfer.head[HEAD_WRITE])
        self._expect("writes of W", expected & COUNT_MASK, self._scalar("written"), column)
        if self.transfer.head[HEAD_WRITE]:
            self._expect("write column", column, self._scalar("write_col"), column)
            self._compare("write pulses", self.transfer.pulses, self._vector("write_pulses"), column)
        self.writes = expected
        self.retired += 1
