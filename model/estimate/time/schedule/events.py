"""What a schedule is made of: intervals on the resources of a chip, in clock cycles."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, has_reference, keeps_p
from crosschop.model.cycles import PHASES
from crosschop.model.errors import CrosschopError

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# The scheduler of the controller: its intervals are the phases of rtl/README.md and leave no cycle out.
CONTROLLER = "controller"
A, W = "A", "W"
DRIVER = "pulse driver"
READ_ADC = "read ADC"
W_ADC = "ADC of W"
LANES = "lanes"

READ_PORT, WRITE_PORT, ONLY_PORT = "read port", "write port", "port"


def port(store: str, direction: str) -> str:
    """The resource that a port of a memory is: store H, P, P^ref, chi, x or d; direction as `directions` gives it."""
    return f"{store} {direction}"


def is_port(resource: str) -> bool:
    """Whether a resource is a port of a memory."""
    return resource.endswith(f" {ONLY_PORT}")


def directions(interval: int) -> tuple[str, str]:
    """The ports that a memory is read and written by; beats come every other cycle where they are one."""
    return (READ_PORT, WRITE_PORT) if interval == 1 else (ONLY_PORT, ONLY_PORT)


class Interval(NamedTuple):
    """A resource at work in the cycles begin .. end-1.

    `sample` and `transfer` count from 0 since reset, None where it belongs to none; in mixed precision a transfer is a
    batch, in in-memory SGD an update.
    """

    resource: str
    begin: int
    end: int
    what: str
    sample: int | None = None
    transfer: int | None = None


@dataclass(frozen=True)
class Workload:
    """What decides how long a run takes.

    Attributes:
        lengths: (samples,) length of each sample's pulse train, slots; in mixed precision only their number counts.
        wrote: whether W got pulses; (transfers,) with an array A, (batches, cols) in mixed precision, (0,) in in-memory
            SGD. Samples behind the last whole transfer are left out.
        flips: (transfers,) whether a transfer copies P to P^ref; (0,): none does.
    """

    lengths: IntArray
    wrote: BoolArray
    flips: BoolArray


@dataclass(frozen=True)
class Passes:
    """Clock cycles of the passes of a sample on W.

    Attributes:
        forward, backward: each from its first to its last cycle; W is not written meanwhile.
        conversion: cycles at the end of each that the ADC of W is at work, 0 where that is not known apart.
    """

    forward: int
    backward: int
    conversion: tuple[int, int] = (0, 0)


def whole_cycles(spec: ChipSpec, nanoseconds: float) -> int:
    """Clock cycles of a duration, rounded up, at least one."""
    return max(1, math.ceil(round(nanoseconds / spec.timing.clock_ns, 9)))


def pass_durations(spec: ChipSpec) -> Passes:
    """Durations of forward and backward pass: `timing.forward_ns`, `timing.backward_ns`, or product and conversions."""
    timing = spec.timing
    product = whole_cycles(spec, timing.mvm_ns)
    converting = timing.conversion_ns * spec.converter.adc.lines_per_adc
    conversion = whole_cycles(spec, converting) if converting else 0
    durations, conversions = [], []
    for nanoseconds in (timing.forward_ns, timing.backward_ns):
        durations.append(product + conversion if nanoseconds is None else whole_cycles(spec, nanoseconds))
        conversions.append(conversion if nanoseconds is None else 0)
    return Passes(durations[0], durations[1], (conversions[0], conversions[1]))


def stores(spec: ChipSpec) -> tuple[str, ...]:
    """The stores that the lanes read and write: H, P and P^ref, or chi."""
    if spec.hidden is None:
        return ()
    if spec.device.a is None:
        return ("chi",)
    return ("H", *(["P"] if keeps_p(spec) else []), *(["P^ref"] if has_reference(spec) else []))


@dataclass(frozen=True)
class Schedule:
    """The schedule of a run.

    Attributes:
        intervals: in the order of their resources' events; those of one resource do not overlap.
        starts: first cycle of each column read of A, in in-memory SGD of each update, in mixed precision of each
            batch's first operand request.
        end: cycles since reset, up to where the cycle models count.
    """

    intervals: tuple[Interval, ...]
    starts: tuple[int, ...]
    end: int

    def resources(self) -> tuple[str, ...]:
        """Resources that are used at all, in the order of `ORDER`, ports last."""
        used = {interval.resource for interval in self.intervals}
        return (*(name for name in ORDER if name in used), *sorted(name for name in used if is_port(name)))

    def on(self, resource: str) -> list[Interval]:
        """The intervals of a resource, in time."""
        return sorted((one for one in self.intervals if one.resource == resource), key=_in_time)

    def total(self, resource: str, what: str) -> int:
        """Cycles that a resource spends on something."""
        return sum(one.end - one.begin for one in self.intervals if (one.resource, one.what) == (resource, what))

    def counts(self) -> dict[str, int]:
        """Cycles by phase, as the counters of the RTL and the cycle models have them."""
        counts = dict.fromkeys(PHASES, 0)
        for one in self.intervals:
            phase = _PHASE_OF.get((one.resource, one.what))
            if phase is not None:
                counts[phase] += one.end - one.begin
        return counts

    def busy(self, begin: int, end: int) -> dict[str, int]:
        """Busy cycles by resource within the cycles begin .. end-1; waiting is not work."""
        found = dict.fromkeys(self.resources(), 0)
        for one in self.intervals:
            if one.what != "hold":
                found[one.resource] += max(0, min(one.end, end) - max(one.begin, begin))
        return found

    def phases(self, begin: int, end: int) -> dict[tuple[str, str], int]:
        """Cycles by resource and what it does within the cycles begin .. end-1."""
        found: dict[tuple[str, str], int] = {}
        for one in self.intervals:
            inside = min(one.end, end) - max(one.begin, begin)
            if inside > 0:
                found[one.resource, one.what] = found.get((one.resource, one.what), 0) + inside
        return found

    def steady(self, units: int) -> tuple[int, int]:
        """A window without the beginning: first and end cycle of `units` transfers, updates or batches behind as many.

        Raises:
            CrosschopError: the schedule is too short.
        """
        if len(self.starts) <= 2 * units:
            raise CrosschopError(
                f"{len(self.starts)} transfers, updates or batches do not show {units} in steady state"
            )
        return self.starts[units], self.starts[2 * units]

    def window(self, begin: int, end: int) -> list[Interval]:
        """The intervals that touch the cycles begin .. end-1, in time."""
        return sorted((one for one in self.intervals if one.end > begin and one.begin < end), key=lambda one: one.begin)


_PHASE_OF = {
    (CONTROLLER, "clear"): "clear",
    (CONTROLLER, "idle"): "idle",
    (CONTROLLER, "update"): "update",
    (CONTROLLER, "stall"): "stall",
    (CONTROLLER, "load"): "stall",
    (CONTROLLER, "pass"): "stall",
    (CONTROLLER, "read"): "read",
    (CONTROLLER, "request"): "read",
    (LANES, "digital"): "digital",
    **{(port(store, by), "write"): "digital" for store in ("d", "x") for by in (WRITE_PORT, ONLY_PORT)},
    (READ_ADC, "hold"): "hold",
    (W, "write"): "write",
}
ORDER = (CONTROLLER, A, READ_ADC, LANES, W, W_ADC, DRIVER)


def _in_time(interval: Interval) -> tuple[str, int, int]:
    return interval.resource, interval.begin, interval.end


def check_exclusive(intervals: Iterable[Interval]) -> None:
    """Nothing does two things at once.

    Raises:
        CrosschopError: two intervals of a resource overlap, or one is empty.
    """
    last: dict[str, Interval] = {}
    for one in sorted(intervals, key=_in_time):
        before = last.get(one.resource)
        if one.end <= one.begin or (before is not None and before.end > one.begin):
            raise CrosschopError(f"the schedule has {one.resource} at two things at once: {before} and {one}")
        last[one.resource] = one


class Plan:
    """Collects the intervals of a schedule; empty ones are left out."""

    def __init__(self) -> None:
        self.intervals: list[Interval] = []

    def put(
        self,
        resource: str,
        begin: int,
        cycles: int,
        what: str,
        sample: int | None = None,
        transfer: int | None = None,
    ) -> int:
        """Adds an interval of so many cycles; returns its end."""
        if cycles > 0:
            self.intervals.append(Interval(resource, begin, begin + cycles, what, sample, transfer))
        return begin + cycles

    def beats(
        self,
        resource: str,
        begin: int,
        count: int,
        interval: int,
        what: str,
        sample: int | None = None,
        transfer: int | None = None,
    ) -> int:
        """Adds so many beats, one every `interval` cycles; returns the cycle after the last one."""
        if interval == 1:
            return self.put(resource, begin, count, what, sample, transfer)
        for beat in range(count):
            self.put(resource, begin + beat * interval, 1, what, sample, transfer)
        return begin + (count - 1) * interval + 1

    def clear(self, depth: int, of: Iterable[str], by: str) -> int:
        """The clear sweep after reset, by that port: a word of every store in each cycle."""
        self.put(CONTROLLER, 0, depth, "clear")
        for store in of:
            self.put(port(store, by), 0, depth, "clear")
        return depth

    def passes(self, begin: int, passes: Passes, sample: int, transfer: int | None) -> int:
        """Forward, then backward pass of a sample on W; returns the end of the latter."""
        middle = self.put(W, begin, passes.forward, "forward", sample, transfer)
        end = self.put(W, middle, passes.backward, "backward", sample, transfer)
        for stop, cycles in zip((middle, end), passes.conversion, strict=True):
            self.put(W_ADC, stop - cycles, cycles, "conversion", sample, transfer)
        return end

    def schedule(self, starts: Iterable[int], end: int) -> Schedule:
        """The finished schedule, checked."""
        check_exclusive(self.intervals)
        return Schedule(tuple(self.intervals), tuple(starts), end)
