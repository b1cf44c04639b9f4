"""Compares xc_in_memory_sgd with the golden model, update by update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from crosschop.cosim.in_memory_sgd.hdl import ERROR_NAMES
from crosschop.cosim.job import Segment
from crosschop.cosim.record import Observation
from crosschop.cosim.scoreboard import Scoreboard
from crosschop.model.chipspec import ChipSpec
from crosschop.model.cycles_in_memory_sgd import BEGIN, UpdateTimeline
from crosschop.model.golden.in_memory_sgd import reset_state, step_update
from crosschop.model.jit import compiled

# What the field `sample` of the trace is.
NUMBER = "number of the update"
DONE = "updates done when one retires"


def retired_event(update: int, begin: int, number: int) -> str:
    """What the report of a divergence says of an update."""
    return f"update {update} retired: began in cycle {begin}, number {number}"


class RetireScoreboard(Scoreboard):
    """Golden model of one segment beside its retire trace.

    Args:
        segment: the segment, for the report.
        first_update: number of the segment's first update over all segments.
        step: one golden update; returns the number that it retires with.
        error_names, own_timing: as in Scoreboard.
    """

    def __init__(
        self,
        segment: Segment,
        first_update: int,
        step: Callable[[], int],
        error_names: Sequence[str] = (),
        own_timing: bool = False,
    ) -> None:
        super().__init__(segment, first_update, error_names, own_timing)
        self._step = step

    def check_record(self, record: Observation) -> None:
        """One retired update of a trace.

        Raises:
            DivergenceError: its number differs or is undefined.
        """
        self._record = record
        number = self._step()
        self._check(NUMBER, "sample", number)
        self._events.append(f"update {self.number} retired: number {number}")
        self.retired += 1


def retire_scoreboard(spec: ChipSpec, segment: Segment, first_update: int) -> RetireScoreboard:
    """A scoreboard for a retire trace alone."""
    state = reset_state()
    return RetireScoreboard(segment, first_update, lambda: step_update(state))


class Known(NamedTuple):
    """What is known of a controller, for compiled code.

    Attributes:
        contract: 1 where its cycles are those of rtl/README.md: it retires an update before another one can be done.
        predicted: 1 where the cycle model says in which cycle every update begins.
        unseen: fields that it does not show, a bit each, see `View.mask`.
    """

    contract: int
    predicted: int
    unseen: int


class Seen(NamedTuple):
    """What the pins showed of an update that has retired: the fields of the record that are compared."""

    retired: int
    number: int
    updates: int
    begin: int


@compiled
def as_due(known: Known, seen: Seen, retired: int, number: int, begin: int) -> bool:
    """Whether an update has retired as `UpdateScoreboard.check_retire` wants it, for compiled code.

    Args:
        known: what is compared.
        seen: what the pins showed.
        retired: updates that have to have retired with this one.
        number, begin: of golden model and cycle model.
    """
    right = (seen.retired == retired) & (seen.updates >= retired)
    right &= (known.contract == 0) | (seen.updates == retired)
    right &= (known.unseen & 1 != 0) | (seen.number == number)
    right &= (known.predicted == 0) | (seen.begin == begin)
    return bool(right)


class UpdateScoreboard(RetireScoreboard):
    """Golden model of one segment beside what the monitors saw.

    Args:
        segment, first_update, own_timing: as in RetireScoreboard.
        step: moves the cycle model on as well.
        timeline: that cycle model; its update times are compared where nothing random delays the streams.
    """

    def __init__(
        self,
        segment: Segment,
        first_update: int,
        step: Callable[[], int],
        timeline: UpdateTimeline,
        own_timing: bool = False,
    ) -> None:
        super().__init__(segment, first_update, step, ERROR_NAMES, own_timing)
        self._timeline = timeline

    def go_on_from(self, retired: int, events: Sequence[str]) -> None:
        """Stands where compiled code has come to, which compares as this does: updates compared, latest events."""
        self.retired = retired
        self._events.extend(events)

    def check_retire(self, record: Observation) -> None:
        """One retired update: golden step, then every field.

        Raises:
            DivergenceError: a field differs or is undefined, or the number of updates is wrong.
        """
        self._record = record
        number = self._step()
        done = self._scalar("updates")
        if not self.own_timing:
            # An update retires in the cycle after its handshake, before another one can have been done.
            self._expect(DONE, self.retired + 1, done)
        elif done < self.retired + 1:
            self._fail(DONE, f"{self.retired + 1} or more", done)
        self._expect("updates retired", self.retired + 1, self._scalar("retired"))
        self._check(NUMBER, "sample", number)
        begin = self._scalar("begin")
        if self.predicts_cycles:
            self._expect("cycle of the update", int(self._timeline.marks[BEGIN]), begin)
        self._events.append(retired_event(self.number, begin, number))
        self.retired += 1
