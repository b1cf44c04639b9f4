"""Analog faults as a campaign asks for them: a name and a value in place of a section of the chipspec."""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import InputError

_ARRAYS = {"a": "A", "w": "W", "r": "R"}
_ADCS = {"read_adc": "read ADC", "adc": "forward ADC"}


@dataclass(frozen=True)
class Kind:
    """A kind of analog fault.

    Attributes:
        name: as `--fault NAME=VALUE` names it.
        title: for tables, with {} for the value.
        section, key: where it stands below `faults` in the chipspec.
        values: those that `--all` runs.
        whole: the value is a count.
    """

    name: str
    title: str
    section: str
    key: str
    values: tuple[float, ...]
    whole: bool


def _kinds() -> dict[str, Kind]:
    found = []
    for key, array in _ARRAYS.items():
        stuck = f"devices of {array} stuck at a bound, share {{}}"
        found += [
            Kind(f"stuck_{key}", stuck, key, "stuck", (0.01, 0.05), False),
            Kind(f"dead_rows_{key}", f"open rows of {array}: {{}}", key, "dead_rows", (1,), True),
            Kind(f"dead_columns_{key}", f"open columns of {array}: {{}}", key, "dead_columns", (1,), True),
        ]
    for key, adc in _ADCS.items():
        clip = f"{adc} saturates at {{}} of full scale"
        found += [
            Kind(f"{key}_clip", clip, key, "clip", (0.5, 0.25, 0.1), False),
            Kind(f"{key}_missing", f"{adc} misses one code in {{}}", key, "missing_every", (8, 2), True),
        ]
    return {kind.name: kind for kind in found}


KINDS = _kinds()


@dataclass(frozen=True)
class AnalogFault:
    """A kind of fault at a value."""

    kind: Kind
    value: float

    @property
    def name(self) -> str:
        """As `--fault` names it."""
        return f"{self.kind.name}={self.value:g}"

    @property
    def title(self) -> str:
        """For tables."""
        return self.kind.title.format(f"{self.value:g}")

    def fits(self, spec: ChipSpec) -> bool:
        """Whether this chip has what is to fail."""
        parts = {
            "a": spec.device.a,
            "w": spec.device.w,
            "r": spec.array_r,
            "adc": spec.converter.adc,
            "read_adc": spec.converter.read_adc,
        }
        return parts[self.kind.section] is not None

    def apply(self, spec: ChipSpec, seed: int) -> ChipSpec:
        """The chip with this fault, its places from `seed`, beside the faults that it has.

        Raises:
            InputError: the value is outside its range.
        """
        data = spec.model_dump()
        faults = data["faults"] or {}
        section = faults.get(self.kind.section) or {}
        section[self.kind.key] = int(self.value) if self.kind.whole else self.value
        data["faults"] = {**faults, "seed": seed, self.kind.section: section}
        try:
            return ChipSpec.model_validate(data)
        except ValueError as error:
            reason = str(error).splitlines()
            raise InputError(f"--fault {self.name}: {reason[2].strip() if len(reason) > 2 else reason[0]}") from None


def parse_analog(text: str) -> AnalogFault:
    """A fault from NAME=VALUE.

    Raises:
        InputError: no such kind, or no number.
    """
    name, _, value = text.partition("=")
    if name not in KINDS:
        raise InputError(f"--fault {text}: no such analog fault, allowed: one of {', '.join(KINDS)}")
    kind = KINDS[name]
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"--fault {text}: {value!r} is no number") from None
    if kind.whole and not number.is_integer():
        raise InputError(f"--fault {text}: a whole number is needed")
    return AnalogFault(kind, number)


def all_analog() -> list[AnalogFault]:
    """The faults that `--all` runs."""
    return [AnalogFault(kind, value) for kind in KINDS.values() for value in kind.values]
