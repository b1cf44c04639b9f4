"""What a recorded trace consists of, whatever file it comes from: beginnings of segments and beats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.record import Field, UndefinedError
from crosschop.model.chipspec import ChipSpec, beats

IntArray = NDArray[np.int64]

# Codes as the input pins showed them, beat by beat beside those of the trace.
TAKEN = "taken"


def record_beats(spec: ChipSpec) -> int:
    """Beats of a record of the chip's retire trace."""
    return 1 if spec.controller.lanes is None else beats(spec)


@dataclass(frozen=True)
class Begin:
    """A segment begins: the controller leaves its reset.

    Attributes:
        place: where in the file.
        configuration: cfg_* values that the trace has for it.
    """

    place: str
    configuration: Mapping[str, int]


@dataclass(frozen=True)
class Beat:
    """A beat of the retire trace; or a whole record, where `beat` is None.

    Attributes:
        place: where in the file.
        cycle: clock cycle since the reset, None where the trace does not tell.
        beat: its number within the record.
        last: whether it says that it is the last one; None where the trace does not tell.
        values: numbers by field: (1,) of a scalar, (lanes,) or (rows,) of a vector; 0 where undefined.
        undefined: first undefined number of each field that has one.
    """

    place: str
    cycle: int | None
    beat: int | None
    last: int | None
    values: Mapping[str, IntArray]
    undefined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """The trace itself is not what a controller may show: x where there must not be any, beats out of order."""

    place: str
    cycle: int | None
    field: str
    expected: str
    got: str


Event = Begin | Beat | Violation


class Trace(Protocol):
    """An open trace.

    Attributes:
        source: its name, for messages.
        spec: the chip, with the number of lanes of the trace.
        configuration: cfg_* values that hold where a segment does not have its own.
        notes: what the user should know beside the verdict, one sentence each; grows while it is read.
        size: what `position` will be at the end.
        position: how far it has been read.
    """

    source: str
    spec: ChipSpec
    configuration: dict[str, int]
    notes: dict[str, None]
    size: int

    @property
    def position(self) -> int:
        """How far it has been read."""

    def events(self) -> Iterator[Event]:
        """The trace in its order.

        Raises:
            InputError: it is damaged.
        """


class Retired:
    """A whole record as the scoreboards take it (`Observation`)."""

    def __init__(self, fields: Mapping[str, Field], beats: list[Beat]) -> None:
        self._fields = dict(fields)
        if TAKEN in beats[0].values:
            (twin,) = (field for field in fields.values() if field.name == "codes")
            self._fields[TAKEN] = replace(twin, name=TAKEN)
        self._beats = beats
        self._values = {name: self._gather(name) for name in beats[0].values}

    def _gather(self, name: str) -> IntArray:
        if len(self._beats) == 1 or not self._fields[name].per_row:
            return self._beats[0].values[name]
        return np.concatenate([beat.values[name] for beat in self._beats])

    @property
    def names(self) -> list[str]:
        """The fields that the trace has."""
        return list(self._values)

    @property
    def cycle(self) -> int | None:
        """Clock cycle of the last beat since the last reset."""
        return self._beats[-1].cycle

    def beat_of(self, row: int | None) -> Beat:
        """The beat that has a row; the last one where nothing is said of a row."""
        lanes = max(values.size for values in self._beats[0].values.values())
        return self._beats[-1 if row is None else min(row // lanes, len(self._beats) - 1)]

    def has(self, name: str) -> bool:
        """Whether the trace has this field."""
        return name in self._values

    def vector(self, name: str) -> IntArray:
        """The field's numbers, (keep,)."""
        keep = self._fields[name].keep
        for index in self._undefined(name):
            if index < keep:
                raise UndefinedError(name, index)
        return self._values[name][:keep]

    def beyond(self, name: str) -> bool:
        """Whether anything past the rows is not 0."""
        keep = self._fields[name].keep
        return bool(self._values[name][keep:].any()) or any(index >= keep for index in self._undefined(name))

    def _undefined(self, name: str) -> list[int]:
        start, found = 0, []
        for beat in self._beats if self._fields[name].per_row else self._beats[:1]:
            if name in beat.undefined:
                found.append(start + beat.undefined[name])
            start += beat.values[name].size
        return found
