"""Traces as waves: the trc_* signals of a VCD or FST file of any simulator, sampled before every rising clock edge."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.kinds import kind_of
from crosschop.cosim.record import Field
from crosschop.cosim.replay.header import configuration_range, with_lanes
from crosschop.cosim.replay.trace import TAKEN, Beat, Begin, Event, IntArray, Violation, record_beats
from crosschop.model.chipspec import ChipSpec, rtl_configuration
from crosschop.model.errors import InputError, MissingToolError

PREFIX = "trc_"
CLOCK, RESET, VALID, LAST, BEAT = "clk", "rst", "trc_valid", "trc_last", "trc_beat"
# Beats that are decoded at a time
CHUNK = 1024
MAX_BEAT_BITS = 32
UNKNOWN = 2  # in place of 0 or 1
GZIP = b"\x1f\x8b"


# By signal: numbers (beats, lanes), and by beat the first undefined one
Columns = dict[str, tuple[IntArray, dict[int, int]]]


@contextmanager
def _diverted() -> Iterator[IO[bytes]]:
    """What pywellen prints past Python, on stdout and stderr, goes to a file."""
    with tempfile.TemporaryFile() as said:
        kept = {number: os.dup(number) for number in (1, 2)}
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            for number in kept:
                os.dup2(said.fileno(), number)
            yield said
        finally:
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what pywellen makes of a damaged file into a sentence: exceptions, panics, warnings about time."""
    try:
        with _diverted() as said:
            yield
            said.seek(0)
            backwards = b"time decreased" in said.read()
    except InputError:
        raise
    except (RuntimeError, ValueError, OverflowError) as error:  # other exceptions are ours
        reason = str(error).strip().splitlines() or ["cannot be read"]
        raise InputError(f"{path}: damaged, or not a VCD or FST file ({reason[-1]})") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{path}: damaged VCD or FST file") from None
    if backwards:
        raise InputError(f"{path}: damaged VCD file, time runs backwards in it")


class WaveTrace:
    """A trace as waves (`Trace`).

    Args:
        path: the file.
        spec: the chip.
        scope: full name of the scope that has the signals; None: the only one.

    Raises:
        InputError: it cannot be read, or there is no scope with the signals, or several.
        MissingToolError: pywellen is not installed.
    """

    def __init__(self, path: Path, spec: ChipSpec, scope: str | None = None) -> None:
        try:
            from pywellen import Waveform
        except ImportError:
            raise MissingToolError(
                "reading VCD and FST needs the Python package pywellen: pip install 'crosschop[waves]'"
            ) from None
        self.source = str(path)
        self.notes: dict[str, None] = {}
        self.configuration: dict[str, int] = {}
        _require_whole(path)
        with _reading(path):
            wave = Waveform(str(path))
            self._unit = wave.timescale
            found = {
                each.full_name: {variable.name: variable for variable in each.vars()} for each in wave.all_scopes()
            }
            inputs = [PREFIX + name for name in kind_of(spec).hdl.TRACE_INPUTS]
            needed = [CLOCK, RESET, VALID, *inputs]
            self.scope = _choose(found, needed, scope, self.source)
            self._variables: dict[str, Any] = found[self.scope]
            self.spec = self._with_lanes(spec)
            self._fields = self._present()
            controls = [name for name in (LAST, BEAT) if name in self._variables]
            names = [CLOCK, RESET, VALID, *controls, *(PREFIX + field.name for field in self._fields)]
            names += [name for name in rtl_configuration(spec) if name in self._variables]
            self._pins = self._input_pins()
            names += self._pins
            self._signals = {name: self._variables[name].signal for name in names}
            self._sample()
        self._done = 0

    @property
    def position(self) -> int:
        """Beats decoded."""
        return self._done

    def _with_lanes(self, spec: ChipSpec) -> ChipSpec:
        """The chip with as many lanes as the vectors have."""
        for field in kind_of(spec).hdl.trace_fields(spec):
            name = PREFIX + field.name
            if field.per_row and name in self._variables:
                bits = self._width(name)
                if bits % field.width:
                    raise InputError(
                        f"{self._named(name)} has {bits} bits, expected a multiple of {field.width}, the bits of a lane"
                    )
                return with_lanes(spec, bits // field.width)
        return spec

    def _present(self) -> list[Field]:
        """The fields of the trace that there are, with the right number of bits."""
        fields = []
        for field in kind_of(self.spec).hdl.trace_fields(self.spec):
            name = PREFIX + field.name
            if name not in self._variables:
                continue
            lanes = self.spec.lanes if field.per_row else 1
            if self._width(name) != lanes * field.width:
                expected = f"{lanes} lanes of {field.width}" if field.per_row else f"{field.width}"
                raise InputError(f"{self._named(name)} has {self._width(name)} bits, expected {expected}")
            fields.append(field)
        single = [CLOCK, RESET, VALID, *([LAST] if LAST in self._variables else [])]
        for name in single:
            if self._width(name) != 1:
                raise InputError(f"{self._named(name)} has {self._width(name)} bits, expected 1")
        if BEAT in self._variables and self._width(BEAT) > MAX_BEAT_BITS:
            raise InputError(f"{self._named(BEAT)} has {self._width(BEAT)} bits, at most {MAX_BEAT_BITS} are read")
        if record_beats(self.spec) > 1 and BEAT not in self._variables:
            raise InputError(f"{self._named(BEAT)} is missing: a record has {record_beats(self.spec)} beats")
        return fields

    def _input_pins(self) -> list[str]:
        """Valid, ready and codes of the stream that the codes come by, where the scope has them; else nothing."""
        stream = kind_of(self.spec).hdl.INPUT_PINS
        pins = [] if stream is None else [f"{stream}_{end}" for end in ("valid", "ready", "codes")]
        if not pins or not all(pin in self._variables for pin in pins):
            return []
        codes = PREFIX + "codes"
        return pins if [self._width(pin) for pin in pins] == [1, 1, self._width(codes)] else []

    def _named(self, name: str) -> str:
        return f"{self.source}: {self.scope}.{name}"

    def _width(self, name: str) -> int:
        bits = self._variables[name].bitwidth
        if not isinstance(bits, int):
            raise InputError(f"{self._named(name)} is no bit or vector of bits")
        return bits

    def _sample(self) -> None:
        """Reset and validity before every rising edge; where something happens."""
        times, levels = _changes(self._signals[CLOCK])
        rising = (levels[1:] == 1) & (levels[:-1] != 1)
        self._edges = times[1:][rising]
        reset, valid = (self._before(name) for name in (RESET, VALID))
        running = reset == 0
        begins = running & ~np.concatenate([[False], running[:-1]])
        started = np.maximum.accumulate(begins) if begins.size else begins
        self._reset, self._valid, self._begins = reset, valid, begins
        # A reset that is not defined counts once, where it ends a segment
        broken = started & (reset == UNKNOWN) & np.concatenate([[False], running[:-1]])
        self._events = np.flatnonzero(begins | broken | (running & (valid != 0)))
        self.size = self._events.size
        self._accepted = np.zeros(0, dtype=np.int64)
        if self._pins:
            valid, ready = (self._before(name) for name in self._pins[:2])
            self._accepted = np.flatnonzero(running & (valid == 1) & (ready == 1))
        if running.size and running[0]:
            self.notes["no reset before the first edge of the clock: taken as the first one after a reset"] = None

    def _before(self, name: str) -> NDArray[np.uint8]:
        """A single bit before every rising edge: the value that the edge finds, not what it makes of it."""
        times, levels = _changes(self._signals[name])
        index = np.searchsorted(times, self._edges, side="left") - 1
        return np.where(index >= 0, levels[np.maximum(index, 0)] if levels.size else UNKNOWN, UNKNOWN).astype(np.uint8)

    def events(self) -> Iterator[Event]:
        """The trace in its order."""
        begin, taken = 0, 0
        for start in range(0, self._events.size, CHUNK):
            chunk = self._events[start : start + CHUNK]
            retired = chunk[(self._valid[chunk] == 1) & (self._reset[chunk] == 0)]
            columns = self._decode(retired)
            codes = self._decode_taken(taken, retired.size)
            first = taken
            row = 0
            for edge in chunk:
                place, cycle = self._place(edge), int(edge - begin)
                if self._reset[edge] == UNKNOWN:
                    yield Violation(place, cycle, RESET, "a defined value", "x")
                    continue
                if self._begins[edge]:
                    begin, cycle = int(edge), 0
                    # Of the beats that an earlier segment took some have not retired
                    start_taken = int(np.searchsorted(self._accepted, edge))
                    if start_taken != taken:
                        taken = first = start_taken
                        codes = self._decode_taken(taken, retired.size - row)
                    yield self._begin(edge, place)
                if self._valid[edge] == UNKNOWN:
                    yield Violation(place, cycle, VALID, "a defined value", "x")
                elif self._valid[edge] == 1:
                    if self._pins and not (taken < self._accepted.size and self._accepted[taken] < edge):
                        yield Violation(place, cycle, "codes", "taken at the pins before they retire", "not taken")
                    yield self._beat(columns, row, place, cycle, codes, taken - first)
                    row += 1
                    taken += 1
            self._done = start + chunk.size

    def _place(self, edge: int) -> str:
        time = int(self._edges[edge])
        return f"time {time}" if self._unit is None else f"time {time * self._unit.factor} {self._unit.unit}"

    def _begin(self, edge: int, place: str) -> Event:
        configuration = {}
        for name in rtl_configuration(self.spec):
            if name in self._signals:
                value = self._value(name, edge)
                if not isinstance(value, int):
                    return Violation(place, 0, name, "a defined value", "x")
                low, high = configuration_range(self.spec, name)
                if not low <= value <= high:
                    raise InputError(f"{self._named(name)} = {value} at {place}, allowed: {low}..{high}")
                configuration[name] = value
        return Begin(place, configuration)

    def _value(self, name: str, edge: int) -> int | str:
        value = self._signals[name].value_at(int(self._edges[edge]) - 1)
        return "x" if value is None else value

    def _decode(self, edges: NDArray[np.int64]) -> Columns:
        """Fields of the beats at these edges: numbers (beats, lanes), and the first undefined one of a beat."""
        fields = [(PREFIX + field.name, field, self.spec.lanes if field.per_row else 1) for field in self._fields]
        for name in (BEAT, LAST):
            if name in self._signals:
                fields.append((name, Field(name, self._width(name)), 1))
        return {
            name: decode([self._value(name, edge) for edge in edges], lanes, field.width, field.signed)
            for name, field, lanes in fields
        }

    def _decode_taken(self, first: int, count: int) -> Columns:
        """The codes of so many beats that the controller took, from one of them on."""
        if not self._pins:
            return {}
        (codes,) = (field for field in self._fields if field.name == "codes")
        edges = self._accepted[first : first + count]
        values = [self._value(self._pins[2], edge) for edge in edges]
        return {TAKEN: decode(values, self.spec.lanes, codes.width, codes.signed)}

    def _beat(self, columns: Columns, row: int, place: str, cycle: int, codes: Columns, taken: int) -> Beat:
        control = {}
        for name in (BEAT, LAST):
            control[name] = int(columns[name][0][row, 0]) if name in columns else None
        values = {field.name: columns[PREFIX + field.name][0][row] for field in self._fields}
        undefined = {name.removeprefix(PREFIX): lanes[row] for name, (_, lanes) in columns.items() if row in lanes}
        for name, (numbers, lanes) in codes.items():
            values[name] = numbers[taken]
            if taken in lanes:
                undefined[name] = lanes[taken]
        return Beat(place, cycle, control[BEAT], control[LAST], values, undefined)


def _require_whole(path: Path) -> None:
    """A VCD file ends with a line end, and nothing is zipped.

    Raises:
        InputError: it does not, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(len(GZIP))
            stream.seek(0, os.SEEK_END)
            end = b""
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                end = stream.read(1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if not end:
        raise InputError(f"{path}: empty file")
    if head == GZIP:
        raise InputError(f"{path}: gzipped waves cannot be read, gunzip them first")
    if head.lstrip().startswith(b"$") and end != b"\n":
        raise InputError(f"{path}: ends within a line, the recording was cut off")


def _choose(found: dict[str, dict[str, Any]], needed: list[str], scope: str | None, source: str) -> str:
    """The scope to read.

    Raises:
        InputError: there is none, or several, or not the one asked for.
    """
    fitting = [name for name, variables in found.items() if all(signal in variables for signal in needed)]
    if scope is not None:
        if scope not in found:
            raise InputError(f"--scope {scope}: {source} has no such scope{_those(fitting)}")
        missing = [signal for signal in needed if signal not in found[scope]]
        if missing:
            raise InputError(f"--scope {scope}: {source} has no {', '.join(missing)} there{_those(fitting)}")
        return scope
    if not fitting:
        partly = [name for name, variables in found.items() if VALID in variables]
        if not partly:
            raise InputError(f"{source}: no scope has a signal {VALID}: dump the ports of the controller")
        missing = [signal for signal in needed if signal not in found[partly[0]]]
        raise InputError(f"{source}: {partly[0]} has {VALID}, but not {', '.join(missing)}")
    # What lies within a scope that fits, or shows the very same signals, is the same trace once more
    outer = [name for name in fitting if not any(name.startswith(f"{other}.") for other in fitting)]
    different = {str(found[name][VALID].signal_ref): name for name in reversed(outer)}
    if len(different) > 1:
        raise InputError(f"{source}: several scopes have a retire trace, choose one by --scope{_those(outer)}")
    return outer[0]


def _those(scopes: list[str]) -> str:
    return f": {', '.join(scopes[:8])}{', ...' if len(scopes) > 8 else ''}" if scopes else ""


def _changes(signal: Any) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Times and levels (0, 1, UNKNOWN) of a single bit."""
    pairs = np.fromiter(
        ((time << 2) | (value if value in (0, 1) else UNKNOWN) for time, value in signal), dtype=np.int64
    )
    return pairs >> 2, (pairs & 3).astype(np.uint8)


def decode(values: list[int | str], lanes: int, width: int, signed: bool) -> tuple[IntArray, dict[int, int]]:
    """Vectors of `lanes` numbers of `width` bits, element 0 in the low bits.

    Args:
        values: each as an integer, or as text with the most significant bit first where a bit is not 0 or 1.
        lanes: numbers of a vector.
        width: bits of a number.
        signed: whether numbers are two's complement.

    Returns:
        Numbers (len(values), lanes), 0 where undefined; and by index of a vector its first undefined number.
    """
    size = (lanes * width + 7) // 8
    undefined: dict[int, int] = {}
    packed = bytearray()
    for index, value in enumerate(values):
        if not isinstance(value, int):
            text = value.rjust(lanes * width, value[0] if value[0] not in "01" else "0")[::-1]
            text = "".join(
                number if {*number} <= {"0", "1"} else "x" * width
                for number in (text[at : at + width] for at in range(0, lanes * width, width))
            )
            undefined[index] = text.index("x") // width
            value = int(text.replace("x", "0")[::-1], 2)
        packed += value.to_bytes(size, "little")
    rows = np.frombuffer(bytes(packed), dtype=np.uint8).reshape(len(values), size)
    bits = np.unpackbits(rows, axis=1, bitorder="little")
    weights = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    if signed:
        weights[-1] = -weights[-1]
    numbers = bits[:, : lanes * width].reshape(len(values), lanes, width) @ weights
    return np.asarray(numbers, dtype=np.int64), undefined
