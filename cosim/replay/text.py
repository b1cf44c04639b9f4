"""Traces as text: JSON lines and CSV, gzipped or not. One sentence for each way in which a file can be wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from crosschop.cosim.kinds import kind_of
from crosschop.cosim.record import Field
from crosschop.cosim.replay.header import configured, quoted, read_header
from crosschop.cosim.replay.trace import Beat, Begin, Event, IntArray, Violation, record_beats
from crosschop.model.chipspec import ChipSpec, rtl_configuration
from crosschop.model.errors import InputError

TextFormat = Literal["jsonl", "csv"]
GZIP = b"\x1f\x8b"
# Longer lines are no trace: a line of 65,536 lanes is about 3 MB.
LINE_BYTES = 1 << 24
UNDEFINED = frozenset("xXzZ")
# A file may have a new unknown key on every line
MOST_NOTES = 50
MAX_COUNT = (1 << 63) - 1
# Of a beat, beside the fields of the kind
_EVENT, _CYCLE, _BEAT, _LAST, _SIGNAL = "event", "cycle", "beat", "last", "signal"
_PLAIN = re.compile(r"-?[0-9]{1,19}(?: +-?[0-9]{1,19})*")
_UNDEFINED_LINE = re.compile(r"undefined (\w+)")


class TextTrace:
    """A trace as text (`Trace`).

    Raises:
        InputError: it cannot be read, or its head is wrong.
    """

    def __init__(self, path: Path, text_format: TextFormat, spec: ChipSpec) -> None:
        self.source = str(path)
        self.notes: dict[str, None] = {}
        self.configuration: dict[str, int] = {}
        self.spec = spec
        try:
            self._raw = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        self._number = 0
        self._events = (self._json_lines if text_format == "jsonl" else self._csv)(self._lines())
        self._fields: dict[str, Field] = {}
        self._settle()

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return min(self._raw.tell(), self.size)

    def events(self) -> Iterator[Event]:
        """The trace in its order; once."""
        with self._raw:
            yield from self._events

    @property
    def _where(self) -> str:
        return f"{self.source} {self._place}"

    @property
    def _place(self) -> str:
        return f"line {self._number}"

    def _settle(self) -> None:
        """What follows from the number of lanes."""
        self._fields = {field.name: field for field in kind_of(self.spec).hdl.trace_fields(self.spec)}
        self._configurable = rtl_configuration(self.spec)
        self._lanes = self.spec.controller.lanes or 1
        self._control = {
            _BEAT: Field(_BEAT, max(1, (record_beats(self.spec) - 1).bit_length())),
            _LAST: Field(_LAST, 1),
        }
        self._known = {_EVENT, _CYCLE, *self._control, *self._configurable, *self._fields}

    def _lines(self) -> Iterator[str]:
        """The lines of the file without their ends; empty ones are left out."""
        zipped = self._raw.read(len(GZIP)) == GZIP
        self._raw.seek(0)
        stream = gzip.GzipFile(fileobj=self._raw) if zipped else self._raw
        while True:
            self._number += 1
            try:
                line = stream.readline(LINE_BYTES)
            except (EOFError, zlib.error, OSError) as error:
                reason = "damaged gzip file" if zipped else str(error)
                raise InputError(f"{self._where}: {reason}") from None
            if not line:
                return
            if len(line) == LINE_BYTES:
                raise InputError(f"{self._where}: longer than {LINE_BYTES >> 20} MB, this is no trace")
            self._ended = line.endswith(b"\n")
            try:
                text = line.decode("utf-8-sig" if self._number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise InputError(f"{self._where}: not UTF-8 text") from None
            if text.strip():
                yield text

    def _json_lines(self, lines: Iterator[str]) -> Iterator[Event]:
        first = True
        for line in lines:
            record = self._object(line)
            event = record.get(_EVENT, "retire")
            if event == "header":
                self._header(record, first)
            else:
                yield self._event(event, record)
            first = False

    def _object(self, line: str) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{self._where}: not a JSON object, or only a part of one") from None
        if not isinstance(record, dict):
            raise InputError(f"{self._where}: {quoted(record)} is not a JSON object")
        return record

    def _header(self, record: Mapping[str, Any], first: bool) -> None:
        if not first:
            raise InputError(f"{self._where}: a header may only be the first line")
        self.spec, self.configuration = read_header(record, self.spec, self._where, self.notes)
        self._settle()

    def _csv(self, lines: Iterator[str]) -> Iterator[Event]:
        columns: list[str] = []
        for line in lines:
            if not columns and line.startswith("#"):
                self._header(self._object(line[1:]), self._number == 1)
            elif not columns:
                columns = self._columns(self._cells(line))
            elif (undefined := _UNDEFINED_LINE.fullmatch(line)) is not None:
                yield self._event("undefined", {_SIGNAL: undefined[1]})
            else:
                yield self._row(columns, self._cells(line))

    def _cells(self, line: str) -> list[str]:
        if not self._ended:
            raise InputError(f"{self._where}: has no line end, the recording was cut off")
        try:
            (cells,) = csv.reader(io.StringIO(line), strict=True)
        except (csv.Error, ValueError):
            raise InputError(f"{self._where}: not a line of CSV") from None
        return [cell.strip() for cell in cells]

    def _columns(self, names: list[str]) -> list[str]:
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"{self._where}: two columns are called {quoted(name)}")
        if not {*names} & {*self._fields}:
            raise InputError(f"{self._where}: no column of a trace, expected some of {', '.join(self._fields)}")
        return names

    def _row(self, columns: list[str], cells: list[str]) -> Event:
        if len(cells) != len(columns):
            raise InputError(f"{self._where}: {len(cells)} cells, expected {len(columns)}")
        record: dict[str, Any] = {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
        event = record.pop(_EVENT, "retire")
        return self._event(event, {name: self._parsed(name, cell) for name, cell in record.items()})

    def _parsed(self, name: str, cell: str) -> object:
        """What JSON would have in place of a cell."""
        if _PLAIN.fullmatch(cell):
            numbers: list[int | str] = [*map(int, cell.split())]
        else:
            numbers = [int(token) if _PLAIN.fullmatch(token) else token for token in cell.split()]
        return numbers if self._is_vector(name) or len(numbers) != 1 else numbers[0]

    def _is_vector(self, name: str) -> bool:
        return name in self._fields and self._fields[name].per_row

    def _event(self, event: object, record: Mapping[str, Any]) -> Event:
        if event == "retire":
            return self._retire(record)
        if event == "reset":
            return self._reset(record)
        if event == "undefined":
            signal = quoted(record.get(_SIGNAL, "?")).strip("'")
            return Violation(self._place, self._cycle(record), signal, "a defined value", "x")
        raise InputError(f"{self._where}: event {quoted(event)}, allowed: header, reset, retire, undefined")

    def _reset(self, record: Mapping[str, Any]) -> Event:
        self._ignore(record, {_EVENT, _CYCLE, *self._configurable})
        values = {name: record[name] for name in self._configurable if name in record}
        for name, value in values.items():
            if isinstance(value, str) and value in UNDEFINED:
                return Violation(self._place, self._cycle(record), name, "a defined value", "x")
        return Begin(
            self._place, {name: configured(self.spec, name, value, self._where) for name, value in values.items()}
        )

    def _retire(self, record: Mapping[str, Any]) -> Event:
        self._ignore(record, self._known)
        values: dict[str, IntArray] = {}
        undefined: dict[str, int] = {}
        whole = _BEAT not in record
        for name, field in self._fields.items():
            if name in record:
                values[name] = self._numbers(record[name], field, whole, undefined)
        control: dict[str, int | None] = {_BEAT: None, _LAST: None}
        for name in control:
            if name in record:
                control[name] = int(self._list([record[name]], self._control[name], undefined)[0])
        return Beat(self._place, self._cycle(record), control[_BEAT], control[_LAST], values, undefined)

    def _ignore(self, record: Mapping[str, Any], known: set[str]) -> None:
        for name in record.keys() - known if len(self.notes) < MOST_NOTES else ():
            self.notes[f"ignored: {quoted(name)}"] = None

    def _cycle(self, record: Mapping[str, Any]) -> int | None:
        value = record.get(_CYCLE)
        if value is not None and (type(value) is not int or not 0 <= value <= MAX_COUNT):
            raise InputError(f"{self._where}: cycle = {quoted(value)}, expected an integer that is not negative")
        return value

    def _numbers(self, value: object, field: Field, whole: bool, undefined: dict[str, int]) -> IntArray:
        if not field.per_row:
            return self._list([value], field, undefined)
        count = field.keep if whole else self._lanes
        if not isinstance(value, list):
            raise InputError(f"{self._where}: {field.name} is {quoted(value)}, expected a list of {count} integers")
        if len(value) != count:
            unit = "one for each row" if whole else "one for each lane"
            raise InputError(f"{self._where}: {field.name} has {len(value)} numbers, expected {count}, {unit}")
        return self._list(value, field, undefined)

    def _list(self, value: list[Any], field: Field, undefined: dict[str, int]) -> IntArray:
        low, high = number_range(field)
        if {*map(type, value)} != {int}:
            value = self._defined(value, field, undefined)
        if min(value) < low or max(value) > high:
            index = next(index for index, number in enumerate(value) if not low <= number <= high)
            self._refuse(value, index, field)
        return np.array(value, dtype=np.int64)

    def _defined(self, value: list[Any], field: Field, undefined: dict[str, int]) -> list[int]:
        """The numbers, 0 in the place of x."""
        numbers = []
        for index, number in enumerate(value):
            if isinstance(number, str) and number in UNDEFINED:
                undefined.setdefault(field.name, index)
                number = 0
            elif type(number) is not int:
                self._refuse(value, index, field)
            numbers.append(number)
        return numbers

    def _refuse(self, value: list[Any], index: int, field: Field) -> None:
        low, high = number_range(field)
        name = field.name if len(value) == 1 else f"{field.name}[{index}]"
        raise InputError(f"{self._where}: {name} = {quoted(value[index])}, allowed: {low}..{high} or x")


def number_range(field: Field) -> tuple[int, int]:
    """Smallest and largest number of a field."""
    if field.signed:
        return -(1 << field.width - 1), (1 << field.width - 1) - 1
    return 0, (1 << field.width) - 1
