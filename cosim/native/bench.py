"""What the native benches of all controller kinds have in common: their arrays, the record, the end of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.cycle_check import HANG, compare_cycles
from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import MismatchError
from crosschop.cosim.job import Segment
from crosschop.cosim.native.call import call, unowned
from crosschop.cosim.native.library import Library, open_library
from crosschop.cosim.native.places import CALLS, IO_SIZE, PLACE, STATUS
from crosschop.cosim.scoreboard import COUNT_MASK, EVENTS_KEPT, DivergenceError, Scoreboard
from crosschop.cosim.simulator import VERILATOR
from crosschop.model.chipspec import ChipSpec
from crosschop.model.cycles import PHASES
from crosschop.model.errors import ToolError
from crosschop.model.golden.state import Transfer
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]

# What a compiled loop ends with: all is well; the bench has to be looked at; the controller has ended; or which check
# of the scoreboard has found something.
FINE, LOOK, ENDED, AT_READ, AT_STATE, AT_RETIRE, AT_WRITE = range(7)
# As long as the longest reset of a verification.
RESET_CYCLES = 3


class Native(NamedTuple):
    """A running controller, for compiled code.

    Attributes:
        function: address of `xc_advance`.
        bench: address of the bench.
        unseen: fields that the controller does not show, a bit each, see `View.mask`.
        timed: 1 where the cycle model predicts every request.
        io: see `Place`.
        done: (2,) transfers begun so far, and of them those that have retired.
        writes: (1,) writes of W that were expected so far.
        cycles: (2,) cycle of the request of a transfer, by its number modulo 2.
        events: (EVENTS_KEPT, 6) what happened last, in a ring; (1,) how many there were.
        event_count: see `events`.
        arrays: what the bench reads and writes, in the order that its C++ has.
    """

    function: int
    bench: int
    unseen: int
    timed: int
    io: IntArray
    done: IntArray
    writes: IntArray
    cycles: IntArray
    events: IntArray
    event_count: IntArray
    arrays: Any


BEGUN, RETIRED = range(2)


@compiled
def borrowed(native: Native, arrays: Any) -> Native:
    """The same controller in arrays without an owner, `arrays` among them: what a compiled loop works with."""
    return Native(
        native.function,
        native.bench,
        native.unseen,
        native.timed,
        unowned(native.io),
        unowned(native.done),
        unowned(native.writes),
        unowned(native.cycles),
        unowned(native.events),
        unowned(native.event_count),
        arrays,
    )


@compiled
def borrowed_transfer(transfer: Transfer) -> Transfer:
    """The same record without an owner."""
    return Transfer(unowned(transfer.head), unowned(transfer.pulses))


@compiled
def advance(native: Native, until: int, expected: int) -> int:
    """Lets the controller go on up to an event; how that ended."""
    native.io[PLACE.expected] = expected
    status = call(native.function, native.bench, until)
    if status == STATUS.fine:
        return FINE
    return LOOK if status == STATUS.look else ENDED


@compiled
def note_event(native: Native, kind: int, number: int, first: int, second: int, third: int, fourth: int) -> None:
    """Remembers an event for the report of a divergence."""
    event = native.events[native.event_count[0] % native.events.shape[0]]
    event[0], event[1], event[2], event[3], event[4], event[5] = kind, number, first, second, third, fourth
    native.event_count[0] += 1


@compiled
def differ(expected: IntArray, got: IntArray) -> bool:
    """Whether the rows of a field differ, or what lies past the last of them is not zero."""
    rows = expected.size
    bits = 0
    for row in range(rows):
        bits |= expected[row] ^ got[row]
    for row in range(rows, got.size):
        bits |= got[row]
    return bits != 0


@compiled
def count_pulses(pulses: IntArray) -> int:
    """How many elements get any."""
    count = 0
    for row in range(pulses.size):
        count += pulses[row] != 0
    return count


class Fields:
    """What the bench saw, as a scoreboard takes it.

    Args:
        io: of the bench.
        vectors: fields of several numbers, with how many of them are rows or columns.
        errors: monitors that can find an error.
        counts: counters, of which the scoreboards look at 16 bits.
        unseen: fields that the controller does not show.
    """

    def __init__(
        self,
        io: IntArray,
        vectors: Mapping[str, tuple[IntArray, int]],
        errors: int,
        counts: frozenset[str],
        unseen: frozenset[str],
    ) -> None:
        self._io = io
        self._vectors = vectors
        self._errors = errors
        self._counts = counts
        self._unseen = unseen

    @property
    def cycle(self) -> int:
        """Clock cycle since the reset."""
        return int(self._io[PLACE.cycle])

    def has(self, name: str) -> bool:
        """Whether the field was seen at all."""
        return name.rstrip("0123456789") not in self._unseen

    def vector(self, name: str) -> IntArray:
        """The field's numbers; there is nothing undefined."""
        if name == "errors":
            return int(self._io[PLACE.errors]) >> np.arange(self._errors) & 1
        if name in self._vectors:
            values, keep = self._vectors[name]
            return values[:keep]
        return np.array([self[name]])

    def beyond(self, name: str) -> bool:
        """Whether anything past the last row is not 0."""
        values, keep = self._vectors[name]
        return bool(values[keep:].any())

    def __getitem__(self, name: str) -> int:
        """A field of one number."""
        value = int(self._io[getattr(PLACE, name)])
        return value & COUNT_MASK if name in self._counts else value


class NativeBench(ABC):
    """A controller in this process, with a segment of a training run or of other stimulus.

    Args:
        spec: the chip.
        dut: its controller.
        segment: name, transfers, configuration; nothing random happens on the streams.
        longest: cycles that nothing may happen in, at most.
        arrays: what the bench reads and writes beside `io`, in the order that its C++ has.

    Attributes:
        native: for compiled code.
        first: transfers compared in segments before this one, which reports count as well.
    """

    def __init__(self, spec: ChipSpec, dut: Dut, segment: Segment, longest: int, arrays: Any) -> None:
        self.spec = spec
        self.dut = dut
        self.segment = segment
        self.first = 0
        io = np.zeros(IO_SIZE, dtype=np.int64)
        io[PLACE.reset_cycles] = RESET_CYCLES
        io[PLACE.initial_seed] = VERILATOR.initial_seed
        io[PLACE.patience] = (longest + HANG) * dut.view.slowness
        for key, value in self.segment.configuration.items():
            io[getattr(PLACE, key)] = value
        self._library: Library = open_library(spec, dut)
        self.native = Native(
            function=self._library.advance,
            bench=self._library.new_bench([io, *arrays]),
            unseen=dut.view.mask(spec.kind),
            timed=int(not dut.view.own_timing),
            io=io,
            done=np.zeros(2, dtype=np.int64),
            writes=np.zeros(1, dtype=np.int64),
            cycles=np.zeros(2, dtype=np.int64),
            events=np.zeros((EVENTS_KEPT, 6), dtype=np.int64),
            event_count=np.zeros(1, dtype=np.int64),
            arrays=arrays,
        )

    def close(self) -> None:
        """Ends the controller."""
        self._library.delete(self.native.bench)

    @property
    def retired(self) -> int:
        """Transfers compared so far."""
        return int(self.native.done[RETIRED])

    @abstractmethod
    def explain(self, status: int) -> Scoreboard:
        """Lets the scoreboard repeat the check that has found something; raises DivergenceError."""

    @abstractmethod
    def finished(self) -> tuple[dict[str, int], int]:
        """The end of the segment: counters by phase, cycles up to the last retirement."""

    def require_fine(self, status: int) -> None:
        """Turns what compiled code has found into the error that it is.

        Args:
            status: what the compiled loop ended with.

        Raises:
            MismatchError: the controller and the golden model differ.
            ToolError: the controller has ended.
        """
        if status == FINE:
            return
        if status == ENDED:
            raise ToolError(f"the simulation ended without a result: the controller ended it: {self._said()}")
        try:
            self.explain(status)
        except DivergenceError as error:
            raise MismatchError(error.mismatch, self.retired) from None
        raise AssertionError(f"compiled check {status} found a difference at {self.retired} that no scoreboard sees")

    def _said(self) -> str:
        return self._library.last_words()

    def events(self, describe: Callable[[Sequence[int]], str]) -> list[str]:
        """The latest events, oldest first."""
        count, kept = int(self.native.event_count[0]), self.native.events
        latest = [kept[number % len(kept)].tolist() for number in range(max(0, count - len(kept)), count)]
        return [describe((kind, number + self.first, *what)) for kind, number, *what in latest]

    def finish(
        self,
        scoreboard: Scoreboard,
        record: Fields,
        predicted: dict[str, int],
        tail: int,
        totals: Mapping[str, tuple[str, int]],
        injected: Sequence[tuple[str, str]],
        measured: Sequence[tuple[str, str]],
    ) -> tuple[dict[str, int], int]:
        """Nothing more happens; every counter against the cycle model and the pins, as `Bench.finish_segment`.

        Args:
            scoreboard, predicted, tail, totals: as there; names are those of `Place`.
            record: what the bench saw.
            injected, measured: places of the bench's counters, each with its phase.

        Returns:
            The controller's counters by phase, and the cycles up to the last retirement.

        Raises:
            MismatchError: something came beside what was expected, or a counter differs.
        """
        io = self.native.io
        elapsed = int(io[PLACE.cycle])
        status = advance(self.native, CALLS.until_end, tail + 1)
        if status == ENDED:
            self.require_fine(status)
        try:
            scoreboard.check_health(record)
            for what, (name, expected) in totals.items():
                scoreboard.check_end(what, expected, int(io[getattr(PLACE, name)]))
            if not self.dut.view.compares_counters:
                return predicted, elapsed
            counts = io[PLACE.counters :].tolist()
            counters = compare_cycles(
                scoreboard,
                self.segment,
                predicted,
                dict(zip(PHASES, counts, strict=True)),
                [(phase, record[name]) for phase, name in injected],
                {phase: record[name] for phase, name in measured},
                record.cycle,
            )
        except DivergenceError as error:
            raise MismatchError(error.mismatch, self.retired) from None
        return counters, elapsed
