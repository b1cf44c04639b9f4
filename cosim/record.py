"""The record that a bench's monitors hand over: decoding; its layout is the matter of each kind's hdl.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
BitArray = NDArray[np.uint8]

ZERO = ord("0")


@dataclass(frozen=True)
class Field:
    """A field of the record: `count` numbers of `width` bits; `keep` of them are rows of the array, if `per_row`."""

    name: str
    width: int
    count: int = 1
    keep: int = 1
    signed: bool = False
    per_row: bool = False


class Observation(Protocol):
    """What was seen of a transfer: by the monitors of a bench, or in a trace recorded elsewhere."""

    @property
    def cycle(self) -> int | None:
        """Clock cycle since the last reset, None where that is not known."""

    def has(self, name: str) -> bool:
        """Whether the field was seen at all."""

    def vector(self, name: str) -> IntArray:
        """The field's numbers, (keep,); a scalar is a vector of one.

        Raises:
            UndefinedError: a bit of it is x or z.
        """

    def beyond(self, name: str) -> bool:
        """Whether any bit of the field past its rows is not 0."""


class Record:
    """One snapshot of the monitors.

    A scalar is an int, a vector an int64 array. A field with an undefined bit raises `UndefinedError` when it is asked
    for.

    Args:
        places: of the fields, see `Decoder`.
        numbers: (all,) of all fields; (all,) whether one of a number's bits is undefined; (fields,) whether a bit of a
            field past its rows is not 0.
        unseen: names of fields that mean nothing.
    """

    def __init__(
        self, places: dict[str, _Place], numbers: tuple[IntArray, BoolArray, BoolArray], unseen: frozenset[str]
    ) -> None:
        self._places = places
        self._values, self._undefined, self._beyond = numbers
        self._any_undefined = bool(self._undefined.any())
        self._unseen = unseen

    @property
    def cycle(self) -> int:
        """Clock cycle since the last reset."""
        return self["cycle"]

    def has(self, name: str) -> bool:
        """Whether the record has this field, and it is one that the controller shows."""
        return name in self._places and name not in self._unseen

    def vector(self, name: str) -> IntArray:
        """The field's numbers, (keep,)."""
        kept = self._places[name].kept
        if self._any_undefined and self._undefined[kept].any():
            raise UndefinedError(name, int(self._undefined[kept].argmax()))
        return self._values[kept]

    def beyond(self, name: str) -> bool:
        """Whether any bit of the field past its rows is not 0."""
        return bool(self._beyond[self._places[name].number])

    def __getitem__(self, name: str) -> int:
        """The field's first or only number."""
        return int(self.vector(name)[0])


class UndefinedError(Exception):
    """A checked output carries x or z."""

    def __init__(self, field: str, index: int) -> None:
        super().__init__(f"{field}[{index}] is undefined (x or z)")
        self.field = field
        self.index = index


class _Place(NamedTuple):
    """Where a field is: its number among the fields, its numbers that are kept among those of all fields."""

    number: int
    kept: slice


class Decoder:
    """Makes records of fields, the first of them in the least significant bits.

    Args:
        layout: the fields.
        unseen: names of fields that mean nothing, without the number of their place in the record.
    """

    def __init__(self, layout: Sequence[Field], unseen: Collection[str] = ()) -> None:
        self._unseen = frozenset(field.name for field in layout if field.name.rstrip("0123456789") in unseen)
        self._places: dict[str, _Place] = {}
        first = 0
        for number, field in enumerate(layout):
            self._places[field.name] = _Place(number, slice(first, first + field.keep))
            first += field.keep
        self._kept = first
        shapes = [(field.width, field.count, field.keep, field.signed) for field in layout]
        self._shapes = np.array(shapes, dtype=np.int64)
        self.bits = sum(field.width * field.count for field in layout)

    def __call__(self, text: str) -> Record:
        """Decodes the binary string of the bench's `record`.

        Raises:
            ValueError: the string has another length than the fields together.
        """
        if len(text) != self.bits:
            raise ValueError(f"record of {len(text)} bits, expected {self.bits}: layout and bench differ")
        numbers = (
            np.zeros(self._kept, dtype=np.int64),
            np.zeros(self._kept, dtype=np.bool_),
            np.zeros(len(self._shapes), dtype=np.bool_),
        )
        _decode(np.frombuffer(text.encode("ascii"), dtype=np.uint8), self._shapes, *numbers)
        return Record(self._places, numbers, self._unseen)

    def column(self, name: str) -> int:
        """Where `values` has the field's first number."""
        return int(self._places[name].kept.start)

    def values(self, text: str, count: int) -> tuple[IntArray, BoolArray]:
        """The numbers of records one behind the other, the first in the low bits: where compiled code looks at them.

        Args:
            text: binary string of that many records or more.
            count: how many of them.

        Returns:
            (count, numbers) of all fields, and (count,) whether a bit of them is undefined.
        """
        values = np.zeros((count, self._kept), dtype=np.int64)
        undefined = np.zeros((count, self._kept), dtype=np.bool_)
        beyond = np.zeros(len(self._shapes), dtype=np.bool_)
        bits = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
        _decode_all(bits, self.bits, self._shapes, values, undefined, beyond)
        some: BoolArray = np.logical_or.reduce(undefined, axis=1)
        return values, some

    def part(self, text: str, place: int) -> str:
        """The text of one of these records."""
        end = len(text) - place * self.bits
        return text[end - self.bits : end]


@compiled
def _decode(text: BitArray, shapes: IntArray, values: IntArray, undefined: BoolArray, beyond: BoolArray) -> None:
    """The numbers of a record.

    Args:
        text: ASCII of its bits, the most significant one first.
        shapes: (fields, 4) width, count, numbers that are kept, whether they are signed.
        values, undefined, beyond: as `Record` takes them; all 0, filled in.
    """
    place, end = 0, text.size - 1
    for field in range(shapes.shape[0]):
        width, count, keep, signed = shapes[field]
        for _ in range(keep):
            value = np.int64(0)
            for bit in range(width):
                digit = np.int64(text[end - bit]) - ZERO
                undefined[place] |= digit >> 1 != 0
                value |= (digit & 1) << bit
            if signed and value >> (width - 1):
                value -= np.int64(1) << width
            values[place] = value
            place += 1
            end -= width
        for _ in range((count - keep) * width):
            beyond[field] |= text[end] != ZERO
            end -= 1


@compiled
def _decode_all(
    text: BitArray, bits: int, shapes: IntArray, values: IntArray, undefined: BoolArray, beyond: BoolArray
) -> None:
    """`_decode` of each record in a text of several."""
    for place in range(values.shape[0]):
        end = text.size - place * bits
        _decode(text[end - bits : end], shapes, values[place], undefined[place], beyond)


def pack(values: IntArray, width: int) -> int:
    """Packs signed numbers of `width` bits into one integer, element 0 in the low bits."""
    packed = np.zeros((values.size * width + 7) // 8, dtype=np.uint8)
    _pack(values, width, packed)
    return int.from_bytes(packed.tobytes(), "little")


@compiled
def _pack(values: IntArray, width: int, packed: BitArray) -> None:
    place = 0
    for value in values:
        for bit in range(width):
            packed[place >> 3] |= (value >> bit & 1) << (place & 7)
            place += 1
