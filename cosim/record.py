"""The record that the bench's monitors hand over (hdl/xc_bench.v), its layout and its decoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, beats, given, p_bits, step_bits

IntArray = NDArray[np.int64]

ERROR_NAMES = ("update request", "read request", "write request", "retire trace", "ready outputs")
# Have lanes past the last row, which are zero.
PADDED_FIELDS = ("trc_codes", "h", "p", "pref", "pulses")


@dataclass(frozen=True)
class Field:
    """A field of the record: `count` numbers of `width` bits; `keep` of them are rows of the array."""

    name: str
    width: int
    count: int = 1
    keep: int = 1
    signed: bool = False


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    """The fields from the least significant bit up, the order of `record` in hdl/xc_bench.v."""
    rows, cols, lanes = spec.array.rows, spec.array.cols, spec.controller.lanes
    padded = beats(spec) * lanes
    column = max(1, (cols - 1).bit_length())
    code, p_width, steps = given(spec.converter.read_adc).bits, p_bits(spec), step_bits(spec)

    def per_row(name: str, width: int) -> Field:
        return Field(name, width, count=padded, keep=rows, signed=True)

    return (
        Field("errors", 1, count=len(ERROR_NAMES), keep=len(ERROR_NAMES)),
        Field("hang", 1),
        Field("cycle", 32),
        Field("reads", 16),
        Field("read_col", column),
        Field("read_chop", 1, count=cols, keep=cols),
        Field("read_changed", 1),
        Field("read_updates", 32),
        per_row("codes", code),
        Field("retired", 16),
        Field("col", column),
        Field("chop", 1),
        Field("flip", 1),
        per_row("trc_codes", code),
        per_row("h", given(spec.hidden).bits),
        per_row("p", p_width),
        per_row("pref", p_width),
        per_row("pulses", steps),
        Field("written", 16),
        Field("write_col", column),
        Field("write_pulses", steps, count=rows, keep=rows, signed=True),
    )


class Record:
    """One snapshot of the monitors.

    Fields decode on demand: a scalar as int, a vector as int64 array. A field with an undefined bit raises
    `UndefinedError` when it is read.
    """

    def __init__(self, slices: dict[str, tuple[Field, slice]], text: str) -> None:
        self._slices = slices
        # Most significant bit first in text; reversed so that bit 0 comes first.
        self._bits = np.frombuffer(text.encode("ascii"), dtype=np.uint8)[::-1] - ord("0")

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
    """Makes records for one chip."""

    def __init__(self, spec: ChipSpec) -> None:
        self._slices: dict[str, tuple[Field, slice]] = {}
        start = 0
        for field in layout(spec):
            stop = start + field.width * field.count
            self._slices[field.name] = (field, slice(start, stop))
            start = stop
        self.bits = start

    def __call__(self, text: str) -> Record:
        """Decodes the binary string of the bench's `record`.

        Raises:
            ValueError: the string has another length than this chip's record.
        """
        if len(text) != self.bits:
            raise ValueError(f"record of {len(text)} bits, expected {self.bits}: layout and xc_bench.v differ")
        return Record(self._slices, text)


def pack(values: IntArray, width: int) -> int:
    """Packs signed numbers of `width` bits into one integer, element 0 in the low bits."""
    bits = (values[:, np.newaxis] >> np.arange(width)) & 1
    return int.from_bytes(np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes(), "little")
