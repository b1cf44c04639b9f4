"""What the scoreboards of all controllers have in common: comparisons, and the report of a divergence."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.job import Mismatch, Segment
from crosschop.cosim.record import Observation, UndefinedError
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]

EVENTS_KEPT = 8
# 16-bit counters of the benches.
COUNT_MASK = 0xFFFF
# Stands for a cycle counter that carries x or z.
UNDEFINED_COUNT = -1


class DivergenceError(Exception):
    """The controller and the golden model differ."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(f"{mismatch.field}: expected {mismatch.expected}, got {mismatch.got}")
        self.mismatch = mismatch


class Scoreboard:
    """Golden model of one segment beside what the monitors saw.

    Args:
        segment: the stimulus segment, for the report.
        first_transfer: number of the segment's first transfer in the whole simulation.
        error_names: what the bits of the record's `errors` mean.
        own_timing: the controller's cycles are its own, so that none is compared.

    Attributes:
        retired: transfers compared.
        unseen: fields that the record does not have, in the order in which they were missed.
    """

    def __init__(
        self, segment: Segment, first_transfer: int, error_names: Sequence[str] = (), own_timing: bool = False
    ) -> None:
        self.segment = segment
        self.own_timing = own_timing
        self.retired = 0
        self.unseen: dict[str, None] = {}
        self._first = first_transfer
        self._error_names = error_names
        self._events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self._record: Observation | None = None

    @property
    def number(self) -> int:
        """Number of the transfer that retires next, over the whole simulation."""
        return self._first + self.retired

    def check_health(self, record: Observation) -> None:
        """Protocol errors and hangs.

        Raises:
            DivergenceError: a stream broke a rule, or nothing moves any more.
        """
        self._record = record
        errors = self._vector("errors")
        for name, error in zip(self._error_names, errors, strict=True):
            if error:
                self._fail(f"protocol of the {name}", "requests stand still until taken, records are whole", "violated")
        if self._scalar("hang"):
            self._fail("progress", "a handshake", "none within the patience of the bench (hang)")

    def check_quiet(self, what: str, count: int) -> None:
        """Nothing happens after a reset before the first sample.

        Raises:
            DivergenceError: a request or a record came all the same.
        """
        self._expect(f"{what} before the first sample", 0, count)

    @property
    def predicts_cycles(self) -> bool:
        """Whether every request comes in the cycle that the cycle model says."""
        return self.segment.nominal and not self.own_timing

    def check_end(self, what: str, expected: int, count: int) -> None:
        """What has happened when nothing is left to do.

        Raises:
            DivergenceError: something came beside what was expected, or did not come.
        """
        self._expect(f"{what} at the end of the segment", expected, count)

    def check_cycles(self, phase: str, expected: int, got: int) -> None:
        """A cycle counter.

        Raises:
            DivergenceError: it differs.
        """
        field = f"cycles in phase {phase}"
        if got == UNDEFINED_COUNT:
            self._fail(field, expected, "x")
        self._expect(field, expected, got)

    def _scalar(self, field: str) -> int:
        return int(self._vector(field)[0])

    def _vector(self, field: str) -> IntArray:
        assert self._record is not None
        try:
            return self._record.vector(field)
        except UndefinedError as error:
            self._fail(field, "a defined value", "x", row=error.index)

    def _check(self, field: str, name: str, expected: int | IntArray, column: int | None = None) -> None:
        """A field of the record against the golden model; one that was not seen is noted."""
        assert self._record is not None
        if not self._record.has(name):
            self.unseen[field] = None
        elif isinstance(expected, np.ndarray):
            self._compare(field, expected, self._vector(name), column)
        else:
            self._expect(field, expected, self._scalar(name), column)

    def _check_padding(self, name: str, column: int) -> None:
        """What lies past the last row is zero."""
        assert self._record is not None
        if self._record.has(name) and self._record.beyond(name):
            self._fail(f"{name} past the last row", 0, "not 0", column)

    def _expect(self, field: str, expected: int, got: int, column: int | None = None) -> None:
        if expected != got:
            self._fail(field, expected, got, column)

    def _compare(self, field: str, expected: IntArray, got: IntArray, column: int | None) -> None:
        index = _first_difference(expected, got)
        if index >= 0:
            if column is None:  # a vector over the columns
                self._fail(field, int(expected[index]), int(got[index]), column=index)
            self._fail(field, int(expected[index]), int(got[index]), column, row=index)

    def violation(self, field: str, expected: str, got: str) -> Mismatch:
        """A divergence before anything of the transfer could be compared."""
        return self._mismatch(field, expected, got, None, None)

    def _fail(
        self, field: str, expected: object, got: object, column: int | None = None, row: int | None = None
    ) -> NoReturn:
        raise DivergenceError(self._mismatch(field, expected, got, column, row))

    def _mismatch(self, field: str, expected: object, got: object, column: int | None, row: int | None) -> Mismatch:
        return Mismatch(
            transfer=self.number,
            cycle=self._record.cycle if self._record is not None else 0,
            segment=self.segment.name,
            column=column,
            row=row,
            field=field,
            expected=str(expected),
            got=str(got),
            events=tuple(self._events),
        )


@compiled
def _first_difference(expected: IntArray, got: IntArray) -> int:
    """Index of the first number that differs, -1 where none does."""
    for index in range(expected.size):
        if expected[index] != got[index]:
            return index
    return -1
