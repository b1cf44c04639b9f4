"""The record that a bench's monitors hand over: decoding; its layout is the matter of each kind's hdl.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


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

    Fields decode on demand: a scalar as int, a vector as int64 array. A field with an undefined bit raises
    `UndefinedError` when it is read.
    """

    def __init__(self, slices: dict[str, tuple[Field, slice]], text: str, unseen: frozenset[str]) -> None:
        self._slices = slices
        self._unseen = unseen
        # Most significant bit first in text; reversed so that bit 0 comes first.
        self._bits = np.frombuffer(text.encode("ascii"), dtype=np.uint8)[::-1] - ord("0")

    @property
    def cycle(self) -> int:
        """Clock cycle since the last reset."""
        return self["cycle"]

    def has(self, name: str) -> bool:
        """Whether the record has this field, and it is one that the controller shows."""
        return name in self._slices and name not in self._unseen

    def vector(self, name: str) -> IntArray:
        """The field's numbers, (keep,)."""
        field, place = self._slices[name]
        bits = self._bits[place].reshape(field.count, field.width)[: field.keep]
        if bits.max() > 1:
            raise UndefinedError(name, int(np.argmax(bits.max(axis=1) > 1)))
        weights = np.left_shift(np.int64(1), np.arange(field.width, dtype=np.int64))
        if field.signed:
            weights[-1] = -weights[-1]
        return np.asarray(bits @ weights, dtype=np.int64)

    def beyond(self, name: str) -> bool:
        """Whether any bit of the field past its rows is not 0."""
        field, place = self._slices[name]
        return bool(self._bits[place][field.keep * field.width :].any())

    def __getitem__(self, name: str) -> int:
        """The field's first or only number."""
        return int(self.vector(name)[0])


class UndefinedError(Exception):
    """A checked output carries x or z."""

    def __init__(self, field: str, index: int) -> None:
        super().__init__(f"{field}[{index}] is undefined (x or z)")
        self.field = field
        self.index = index


class Decoder:
    """Makes records of fields, the first of them in the least significant bits.

    Args:
        layout: the fields.
        unseen: names of fields that mean nothing, without the number of their place in the record.
    """

    def __init__(self, layout: Sequence[Field], unseen: Collection[str] = ()) -> None:
        self._unseen = frozenset(field.name for field in layout if field.name.rstrip("0123456789") in unseen)
        self._slices: dict[str, tuple[Field, slice]] = {}
        start = 0
        for field in layout:
            stop = start + field.width * field.count
            self._slices[field.name] = (field, slice(start, stop))
            start = stop
        self.bits = start

    def __call__(self, text: str) -> Record:
        """Decodes the binary string of the bench's `record`.

        Raises:
            ValueError: the string has another length than the fields together.
        """
        if len(text) != self.bits:
            raise ValueError(f"record of {len(text)} bits, expected {self.bits}: layout and bench differ")
        return Record(self._slices, text, self._unseen)


def pack(values: IntArray, width: int) -> int:
    """Packs signed numbers of `width` bits into one integer, element 0 in the low bits."""
    bits = (values[:, np.newaxis] >> np.arange(width)) & 1
    return int.from_bytes(np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes(), "little")
