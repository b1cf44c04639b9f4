"""What `crosschop inject` is asked for: bits by field, and analog faults, from the texts of --fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import InputError
from crosschop.model.faults.fields import Field, fields_of
from crosschop.model.resilience.analog import AnalogFault, all_analog, parse_analog

# The text that asks for every analog fault of the list; no field has this name.
ANALOG = "analog"


@dataclass(frozen=True)
class Asked:
    """A field and the bits of it."""

    field: Field
    bits: tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """What to inject into one chip.

    Attributes:
        spec: the chip.
        bits: fields with the bits to flip.
        analog: analog faults.
    """

    spec: ChipSpec
    bits: tuple[Asked, ...]
    analog: tuple[AnalogFault, ...]


def requests_of(specs: Sequence[ChipSpec], texts: Sequence[str], everything: bool) -> list[Request]:
    """What to inject into each chip.

    Without any text it is every bit of every field; `everything` adds the analog faults of the list, which the text
    `analog` asks for alone. With several chips a fault is left out where the chip has no such part, as long as one of
    them has it.

    Raises:
        InputError: a text names nothing that any of the chips has.
    """
    if everything and texts:
        raise InputError("--all and --fault: allowed is one of them")
    asked = [parse_analog(text) for text in texts if "=" in text]
    listed = all_analog() if everything or ANALOG in texts else []
    analog = [*asked, *(fault for fault in listed if fault not in asked)]
    named = [text for text in texts if "=" not in text and text != ANALOG]
    for fault in asked:
        if not any(fault.fits(spec) for spec in specs):
            raise InputError(f"--fault {fault.name}: {_names(specs)} has nothing that could fail so")
    for spec in specs:
        for fault in analog:
            if fault.fits(spec):
                fault.apply(spec, 1)  # the sentence about a wrong value comes before the work
    for text in named:
        _require_field(specs, text)
    found = []
    for spec in specs:
        fields = fields_of(spec)
        if named:
            bits = _bits(fields, named)
        elif texts:
            bits = ()
        else:
            bits = tuple(Asked(field, tuple(range(field.bits))) for field in fields.values())
        found.append(Request(spec, bits, tuple(fault for fault in analog if fault.fits(spec))))
    return found


def _names(specs: Sequence[ChipSpec]) -> str:
    return " and ".join(dict.fromkeys(spec.name for spec in specs))


def _require_field(specs: Sequence[ChipSpec], text: str) -> None:
    name, colon, bit = text.partition(":")
    fields = [fields_of(spec)[name] for spec in specs if name in fields_of(spec)]
    if not fields:
        known = dict.fromkeys(known for spec in specs for known in fields_of(spec))
        raise InputError(f"--fault {text}: {_names(specs)} has no field {name}, allowed: one of {', '.join(known)}")
    widest = max(field.bits for field in fields)
    if colon and not (bit.isdigit() and int(bit) < widest):
        raise InputError(f"--fault {text}: {name} has bits 0..{widest - 1}")


def _bits(fields: dict[str, Field], named: Sequence[str]) -> tuple[Asked, ...]:
    asked: dict[str, set[int]] = {}
    for text in named:
        name, _, bit = text.partition(":")
        if name in fields:
            bits = {int(bit)} if bit else set(range(fields[name].bits))
            asked.setdefault(name, set()).update(one for one in bits if one < fields[name].bits)
    return tuple(Asked(fields[name], tuple(sorted(bits))) for name, bits in asked.items() if bits)
