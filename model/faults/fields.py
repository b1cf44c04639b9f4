"""The digital state of a controller, field by field: what an upset can flip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosschop.model.chipspec import ChipSpec, beats, controller_kind, given, mixed_section
from crosschop.model.chipspec.derive import COUNT_BITS, count_bits
from crosschop.model.errors import InputError
from crosschop.model.estimate.counts.memory import TITLES, stores

Kind = Literal["memory", "signs", "counter", "stream"]

COUNTER_BITS = 16  # of samples, sweeps
LFSR_BITS = 32
NUMBER_BITS = 32

# Fields whose store has another name in the estimates.
_NAMES = {"count": "reads"}


@dataclass(frozen=True)
class Field:
    """A field of the state.

    Attributes:
        name: as `--fault` names it.
        title: for tables.
        kind: memory, signs of the columns in flip-flops, counter, or a stream: codes on their way into the controller.
        places: entries.
        bits: bits of an entry.
        words: words of the memory, what a parity bit each would guard; 1 for what stands in flip-flops, 0 for a stream.
        word_bits: bits of such a word as built.
    """

    name: str
    title: str
    kind: Kind
    places: int
    bits: int
    words: int
    word_bits: int


def fields_of(spec: ChipSpec) -> dict[str, Field]:
    """The fields that the controller of this chip has, by name."""
    kind = controller_kind(spec)
    found = {"transfer": _transfer, "mixed_precision": _mixed, "in_memory_sgd": _sgd}[kind](spec)
    return {field.name: field for field in found}


def field_of(spec: ChipSpec, name: str) -> Field:
    """The field of that name.

    Raises:
        InputError: the controller of this chip has no such field.
    """
    fields = fields_of(spec)
    if name not in fields:
        raise InputError(f"{spec.name} has no field {name}, allowed: one of {', '.join(fields)}")
    return fields[name]


def _stores(spec: ChipSpec) -> list[Field]:
    """Memories, and the signs that stand in flip-flops."""
    return [
        Field(
            _NAMES.get(store.name, store.name),
            TITLES[store.name],
            "memory" if store.memory else "signs",
            store.entries,
            store.width,
            store.words,
            store.word_bits,
        )
        for store in stores(spec)
    ]


def _counter(name: str, title: str, bits: int) -> Field:
    return Field(name, title, "counter", 1, bits, 1, bits)


def _stream(name: str, title: str, entries: int, bits: int) -> Field:
    return Field(name, title, "stream", entries, bits, 0, 0)


def _number_bits(count: int) -> int:
    """Bits that number so many things, at least one."""
    return max(1, (count - 1).bit_length())


def _transfer(spec: ChipSpec) -> list[Field]:
    rows, cols = spec.array.rows, spec.array.cols
    random_order, chop = spec.transfer.column_order == "random", spec.transfer.chopper.mode
    found = _stores(spec)
    found.append(_counter("column", "column counter", _number_bits(cols)))
    if random_order:
        found.append(_counter("position", "position in the sweep", _number_bits(cols)))
    else:
        found.append(_counter("address", "memory word counter", _number_bits(cols * beats(spec))))
    found.append(_counter("samples", "sample counter", COUNTER_BITS))
    found.append(_counter("sweep", "sweep counter (warm-up)", COUNTER_BITS))
    if chop == "regular" and not count_bits(spec):
        found.append(_counter("reads", TITLES["count"], COUNT_BITS))
    if chop == "random":
        found.append(_counter("lfsr", "LFSR of the chopper", LFSR_BITS))
    if random_order:
        found.append(_counter("column_lfsr", "LFSR of the column order", LFSR_BITS))
    found.append(_stream("adc", "ADC codes (stream)", rows, given(spec.converter.read_adc).bits))
    return found


def _mixed(spec: ChipSpec) -> list[Field]:
    operand = mixed_section(spec).operand_bits
    return [
        *_stores(spec),
        _counter("column", "column counter", _number_bits(spec.array.cols)),
        _counter("samples", "sample counter (batch)", COUNTER_BITS),
        _stream("stream_d", "codes of d (stream)", spec.array.rows, operand),
        _stream("stream_x", "codes of x (stream)", spec.array.cols, operand),
    ]


def _sgd(spec: ChipSpec) -> list[Field]:
    return [_counter("number", "number of the update (trace)", NUMBER_BITS)]
