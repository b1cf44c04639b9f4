"""Compares xc_controller with the golden model, transfer by transfer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.job import Segment
from crosschop.cosim.record import Observation
from crosschop.cosim.scoreboard import COUNT_MASK, Scoreboard
from crosschop.cosim.transfer.hdl import ERROR_NAMES, PADDED_FIELDS
from crosschop.model.chipspec import ChipSpec, rtl_parameters
from crosschop.model.cycles import READ_BEGIN, Timeline
from crosschop.model.golden.controller import step_transfer
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
    controller_config,
    new_transfer,
    reset_state,
)
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]


Step = Callable[[ControllerState, IntArray, Transfer], None]


def read_event(number: int, cycle: int, column: int, chop: int) -> str:
    """What the report of a divergence says of a read."""
    return f"transfer {number} read: cycle {cycle}, column {column}, chop {chop}"


def retired_event(number: int, column: int, chop: int, flip: int, pulses: int) -> str:
    """What the report of a divergence says of a retirement."""
    return f"transfer {number} retired: column {column}, chop {chop}, flip {flip}, {pulses} pulses"


class RetireScoreboard(Scoreboard):
    """Golden model of one segment beside its retire trace.

    Args:
        config: golden configuration.
        segment: the segment, for the report.
        first_transfer: number of the segment's first transfer over all segments.
        step: one golden transfer: (state, codes, transfer).
        error_names, own_timing: as in Scoreboard.
    """

    def __init__(
        self,
        config: ControllerConfig,
        segment: Segment,
        first_transfer: int,
        step: Step,
        error_names: Sequence[str] = (),
        own_timing: bool = False,
    ) -> None:
        super().__init__(segment, first_transfer, error_names, own_timing)
        self.config = config
        self.state = reset_state(config)
        self.transfer = new_transfer(config)
        self._step = step

    def check_record(self, record: Observation) -> None:
        """One retired transfer of a trace: golden step on the codes taken, then every field.

        The codes are those that its input pins showed, where they have been recorded, else those that the trace gives.

        Raises:
            DivergenceError: a field differs or is undefined.
        """
        self._record = record
        self._compare_retired(self._vector("taken" if record.has("taken") else "codes"))
        self._note_retired()
        self.retired += 1

    def _compare_retired(self, codes: IntArray) -> None:
        """Golden step on the codes (rows,), then every field of the trace."""
        column = int(self.state.counters[COUNTER.column])
        self._step(self.state, codes, self.transfer)
        head = self.transfer.head
        self._check("column", "col", column)
        self._check("chop", "chop", int(head[HEAD_CHOP]), column)
        self._check("flip", "flip", int(head[HEAD_FLIP]), column)
        self._check("codes", "codes", codes, column)
        self._check("H", "h", self.state.h[column], column)
        self._check("P", "p", self.state.p[column], column)
        self._check("PREF", "pref", self.state.pref[column], column)
        self._check("pulses", "pulses", self.transfer.pulses, column)
        for name in PADDED_FIELDS:
            self._check_padding(name, column)

    def _note_retired(self) -> None:
        head = self.transfer.head
        pulses = int(np.count_nonzero(self.transfer.pulses))
        self._events.append(
            retired_event(self.number, int(head[HEAD_COLUMN]), int(head[HEAD_CHOP]), int(head[HEAD_FLIP]), pulses)
        )


def retire_scoreboard(spec: ChipSpec, segment: Segment, first_transfer: int) -> RetireScoreboard:
    """A scoreboard for a retire trace alone, under the configuration of the segment."""
    config = controller_config(rtl_parameters(spec), segment.configuration)

    def step(state: ControllerState, codes: IntArray, transfer: Transfer) -> None:
        step_transfer(config, state, codes, transfer)

    return RetireScoreboard(config, segment, first_transfer, step)


class TransferScoreboard(RetireScoreboard):
    """Golden model of one segment beside what the monitors saw.

    Args:
        config, segment, first_transfer, own_timing: as in RetireScoreboard.
        step: moves the cycle model on as well.
        timeline: that cycle model; its read times are compared where nothing random delays the streams.
    """

    def __init__(
        self,
        config: ControllerConfig,
        segment: Segment,
        first_transfer: int,
        step: Step,
        timeline: Timeline,
        own_timing: bool = False,
    ) -> None:
        super().__init__(config, segment, first_transfer, step, ERROR_NAMES, own_timing)
        self.writes = 0
        self.journal: list[IntArray] | None = None  # codes of every transfer, where somebody wants them
        self._timeline = timeline
        self._read_cycles: deque[int] = deque()  # of the reads whose transfers have not retired

    def go_on_from(
        self,
        state: ControllerState,
        transfer: Transfer,
        retired: int,
        writes: int,
        read_cycles: deque[int],
        events: Sequence[str],
    ) -> None:
        """Stands where compiled code has come to, which compares as this does.

        Args:
            state, transfer: golden model of that code, in place of one of its own.
            retired, writes: transfers compared and writes of W seen so far.
            read_cycles: of the reads whose transfers have not retired.
            events: the latest events, oldest first.
        """
        self.state, self.transfer = state, transfer
        self.retired, self.writes = retired, writes
        self._read_cycles = read_cycles
        self._events.extend(events)

    def check_read(self, record: Observation) -> tuple[int, IntArray]:
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
        self._expect(
            "updates before the read", _updates_due(self.config, self.state), self._scalar("read_updates"), column
        )
        self._expect("chop signs changed between two reads", 0, self._scalar("read_changed"), column)
        return column, chop

    def check_read_state(self, column: int, chop: IntArray) -> None:
        """Column and chop signs of a read against the golden model, whose earlier transfers have all retired.

        Raises:
            DivergenceError: they differ.
        """
        self._expect("read column", int(self.state.counters[COUNTER.column]), column)
        self._compare("chop sign of the updates", self.state.chop, chop, None)
        self._events.append(read_event(self.number, self._read_cycles[-1], column, int(chop[column])))

    def check_retire(self, record: Observation) -> None:
        """One retired transfer: golden step on the codes that the controller took, then every field.

        Raises:
            DivergenceError: a field differs or is undefined, or the number of transfers is wrong.
        """
        self._record = record
        self._expect("transfers retired", (self.retired + 1) & COUNT_MASK, self._scalar("retired"))
        codes = self._vector("taken")
        if self.journal is not None:
            self.journal.append(codes)
        self._compare_retired(codes)
        read_cycle = self._read_cycles.popleft()
        if self.predicts_cycles:
            column = int(self.transfer.head[HEAD_COLUMN])
            self._expect("cycle of the read", int(self._timeline.marks[READ_BEGIN]), read_cycle, column)
        self._note_retired()

    def check_write(self, record: Observation) -> None:
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


@compiled
def _updates_due(config: ControllerConfig, state: ControllerState) -> int:
    """Updates that the golden model counts up to its next read."""
    updates = 1
    while not step_sample(config, state):
        updates += 1
    return updates
