"""Compares xc_mixed_precision with the golden model, column by column."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.job import Segment
from crosschop.cosim.mixed_precision.hdl import ERROR_NAMES
from crosschop.cosim.record import Observation
from crosschop.cosim.scoreboard import COUNT_MASK, Scoreboard
from crosschop.model.chipspec import ChipSpec, rtl_parameters
from crosschop.model.cycles_mixed_precision import MixedTimeline
from crosschop.model.golden.mixed_precision import (
    HEAD_BATCH_END,
    MIXED_COUNTER,
    MixedConfig,
    MixedState,
    mixed_config,
    reset_mixed,
    step_column,
)
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer

IntArray = NDArray[np.int64]


Step = Callable[[MixedState, int, IntArray, Transfer], None]

# The number of a field's place in the record, in front of what else is said of it.
_SLOT = re.compile(r"[0-9]+(?= |$)")


def _without_slot(field: str) -> str:
    """The name of a field without the number of its place in the record."""
    return _SLOT.sub("", field)


def request_event(cycle: int) -> str:
    """What the report of a divergence says of an operand request."""
    return f"operands requested: cycle {cycle}"


def retired_event(number: int, column: int, batch_end: bool, pulses: int) -> str:
    """What the report of a divergence says of a retirement."""
    ended = f", end of a batch, {pulses} pulses" if batch_end else ""
    return f"transfer {number} retired: column {column}{ended}"


class RetireScoreboard(Scoreboard):
    """Golden model of one segment beside its retire trace.

    Args:
        config: golden configuration.
        segment: the segment, for the report.
        first_transfer: number of the segment's first column over all segments.
        step: one golden column: (state, x, d, transfer).
        error_names, own_timing: as in Scoreboard.
    """

    def __init__(
        self,
        config: MixedConfig,
        segment: Segment,
        first_transfer: int,
        step: Step,
        error_names: Sequence[str] = (),
        own_timing: bool = False,
    ) -> None:
        super().__init__(segment, first_transfer, error_names, own_timing)
        self.config = config
        self.state = reset_mixed(config)
        self.transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(config.rows, dtype=np.int64))
        self._step = step
        self._pass_d: IntArray | None = None

    def check_record(self, record: Observation) -> None:
        """One column of a trace: golden step on the operands that the trace says were taken, then every field.

        Raises:
            DivergenceError: a field differs or is undefined; or d is not that of the first column of the pass.
        """
        self._record = record
        column = int(self.state.counters[MIXED_COUNTER.column])
        if column == 0 or self._pass_d is None:
            self._pass_d = self._vector("d")
        self._compare("d", self._pass_d, self._vector("d"), column)
        self._check_padding("d", column)
        self._compare_retired(self._scalar("x"), self._pass_d)
        self._note_retired()
        self.retired += 1

    def _compare_retired(self, x: int, d: IntArray, slot: str = "") -> None:
        """Golden step on x and d (rows,) of the column, then every field of the trace, at its place in the record."""
        column = int(self.state.counters[MIXED_COUNTER.column])
        self._step(self.state, x, d, self.transfer)
        self._check("column", f"col{slot}", column)
        self._check("x", f"x{slot}", x, column)
        self._check("chi", f"chi{slot}", self.state.chi[column], column)
        self._check("pulses", f"pulses{slot}", self.transfer.pulses, column)
        for name in ("chi", "pulses"):
            self._check_padding(f"{name}{slot}", column)

    def _note_retired(self) -> None:
        head, pulses = self.transfer.head, int(np.count_nonzero(self.transfer.pulses))
        self._events.append(retired_event(self.number, int(head[HEAD_COLUMN]), bool(head[HEAD_BATCH_END]), pulses))

    def _fail(
        self, field: str, expected: object, got: object, column: int | None = None, row: int | None = None
    ) -> NoReturn:
        super()._fail(_without_slot(field), expected, got, column, row)


def retire_scoreboard(spec: ChipSpec, segment: Segment, first_transfer: int) -> RetireScoreboard:
    """A scoreboard for a retire trace alone, under the configuration of the segment."""
    config = mixed_config(rtl_parameters(spec), segment.configuration)

    def step(state: MixedState, x: int, d: IntArray, transfer: Transfer) -> None:
        step_column(config, state, x, d, transfer)

    return RetireScoreboard(config, segment, first_transfer, step)


class ColumnScoreboard(RetireScoreboard):
    """Golden model of one segment beside what the monitors saw.

    Args:
        config, segment, first_transfer, own_timing: as in RetireScoreboard.
        group: columns of a record.
        step: moves the cycle model on as well.
        timeline: that cycle model; its request times are compared where nothing random delays the streams.
    """

    def __init__(
        self,
        config: MixedConfig,
        segment: Segment,
        first_transfer: int,
        group: int,
        step: Step,
        timeline: MixedTimeline,
        own_timing: bool = False,
    ) -> None:
        super().__init__(config, segment, first_transfer, step, ERROR_NAMES, own_timing)
        self.groups = 0
        self.writes = 0
        self._group = group
        self._timeline = timeline
        self._operands: deque[tuple[IntArray, IntArray]] = deque()  # of the passes that have not retired
        self._request_cycles: deque[int] = deque()
        self._predicted: deque[int] = deque([int(timeline.request[0])])

    def go_on_from(
        self,
        state: MixedState,
        transfer: Transfer,
        retired: int,
        writes: int,
        operands: deque[tuple[IntArray, IntArray]],
        request_cycles: deque[int],
        events: Sequence[str],
    ) -> None:
        """Stands where compiled code has come to, which compares as this does.

        Args:
            state, transfer: golden model of that code, in place of one of its own.
            retired, writes: columns compared and writes of W seen so far.
            operands: x (cols,) and d (rows,) of the passes that have not retired.
            request_cycles: of their requests.
            events: the latest events, oldest first.
        """
        self.state, self.transfer = state, transfer
        self.retired = self.groups = retired
        self.writes = writes
        self._operands, self._request_cycles = operands, request_cycles
        self._events.extend(events)

    def note_request(self, x: IntArray, d: IntArray) -> None:
        """A request that the bench has answered with these operands.

        Raises:
            DivergenceError: it came in another cycle than the cycle model says, or before W has what the batch before
                it ends with.
        """
        if self._operands and self._batch_ends(len(self._operands) - 1):
            self._fail("operands requested", "after the columns of the batch before", "before they have retired")
        cycle = self._scalar("cycle") - 1  # the bench sees a request at the end of its first cycle
        self._operands.append((x, d))
        self._request_cycles.append(cycle)
        self._events.append(request_event(cycle))
        self.check_request_cycles()

    def _batch_ends(self, passes: int) -> bool:
        """Whether the pass that comes so many after the one under way is the last of its batch."""
        samples = int(self.state.counters[MIXED_COUNTER.samples])
        return (samples + passes + 1) % self.config.batch == 0

    def check_request_cycles(self) -> None:
        """A request is predicted when the pass before it has retired, which may be later than the request.

        Raises:
            DivergenceError: one came in another cycle.
        """
        while self._request_cycles and self._predicted:
            expected, got = self._predicted.popleft(), self._request_cycles.popleft()
            if self.predicts_cycles:
                self._expect("cycle of the operand request", expected, got)

    def check_group(self, record: Observation) -> None:
        """The columns of a record, every field, and what W got of them.

        Raises:
            DivergenceError: a field differs or is undefined, or the number of columns is wrong.
        """
        self._record = record
        self._expect("groups of columns retired", (self.groups + 1) & COUNT_MASK, self._scalar("groups"))
        if not self._operands:
            self._fail("columns retired", "none before operands are requested", "a pass")
        self.groups += 1
        first = int(self.state.counters[MIXED_COUNTER.column])
        _, d = self._operands[0]
        self._check("d", "d", d, first)
        self._check_padding("d", first)
        sent = 0
        for slot in range(min(self._group, self.config.cols - first)):
            sent += self._check_column(slot, sent)
        self._expect("writes of W", sent, self._scalar("group_writes"), int(self.transfer.head[HEAD_COLUMN]))

    def _check_column(self, slot: int, sent: int) -> int:
        """One column, the `sent` writes before it in the record; returns how many it adds."""
        column = int(self.state.counters[MIXED_COUNTER.column])
        x, d = self._operands[0]
        self._compare_retired(int(x[column]), d, str(slot))
        written = int(self.transfer.head[HEAD_WRITE])
        # Of a write that has not begun the record has an older one, or nothing yet
        if written and sent < self._scalar("group_writes"):
            self._expect("write column", column, self._scalar(f"write_col{sent}"), column)
            self._compare("write pulses", self.transfer.pulses, self._vector(f"write_pulses{sent}"), column)
        self._note_retired()
        self.retired += 1
        self.writes += written
        if column == self.config.cols - 1:
            self._operands.popleft()
            self._predicted.append(int(self._timeline.request[0]))
            self.check_request_cycles()
        return written
