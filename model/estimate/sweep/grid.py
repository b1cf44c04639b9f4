"""The variants of a sweep: the product of the values that `--set KEY=VALUE,VALUE` lists.

A comma separates values unless it stands within brackets, braces or quotes, so a value may be a section or a list:
`--set "reference={p_bits: 9, beta_bits: 4},{p_bits: 13}"` varies two keys together. A key with one value is fixed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, SpecError, find_chipspec, load_chipspec
from crosschop.model.engines import whole_transfers
from crosschop.model.errors import InputError

MOST_POINTS = 10_000
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True)
class Axis:
    """A key and its values, as texts."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A point of the grid that is a chip.

    Attributes:
        values: by key, what the point sets; of the keys that vary alone.
        chip: the resolved chip as JSON, a third of what it takes as an object.
        samples: of its task.
    """

    values: dict[str, str]
    chip: str
    samples: int

    @property
    def spec(self) -> ChipSpec:
        """The chip."""
        return ChipSpec.model_validate_json(self.chip)


@dataclass(frozen=True)
class Skipped:
    """A point of the grid that is no chip.

    Attributes:
        values: as above.
        reason: sentence that names the key.
    """

    values: dict[str, str]
    reason: str


def split_values(text: str) -> list[str]:
    """The values in a text: split at the commas outside brackets, braces and quotes.

    Raises:
        ValueError: a bracket or a quote is left open, or one closes that is not open.
    """
    values, open_brackets, quote = [""], list[str](), ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _CLOSING:
            open_brackets.append(_CLOSING[letter])
        elif letter in _CLOSING.values():
            if not open_brackets or open_brackets.pop() != letter:
                raise ValueError(f"{letter} closes nothing")
        elif letter == "," and not open_brackets:
            values.append("")
            continue
        values[-1] += letter
    if quote or open_brackets:
        raise ValueError(f"{quote or open_brackets[-1]} is missing")
    return [value.strip() for value in values]


def parse_axes(settings: Sequence[str]) -> list[Axis]:
    """The axes of `KEY=VALUE,VALUE` texts, in their order.

    Raises:
        InputError: a text is malformed, a key or a value is given twice, or there are too many points.
    """
    axes: dict[str, Axis] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(f"--set {setting}: is not KEY=VALUE or KEY=VALUE,VALUE, e.g. reference.p_bits=9,11,13")
        if key in axes:
            raise InputError(f"--set {setting}: {key} is given twice, list its values in one --set")
        try:
            values = split_values(text)
        except ValueError as error:
            raise InputError(f"--set {setting}: {error}") from None
        if len(values) > 1 and "" in values:
            raise InputError(f"--set {setting}: a value is missing beside a comma")
        if twice := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
            raise InputError(f"--set {setting}: the value {twice[0]} is given twice")
        axes[key] = Axis(key, tuple(values))
    points = math.prod(len(axis.values) for axis in axes.values())
    if points > MOST_POINTS:
        raise InputError(f"--set: the values make {points:,} points, allowed: {MOST_POINTS:,} or fewer")
    return list(axes.values())


def named(values: dict[str, str]) -> str:
    """A point in words."""
    return " ".join(f"{key}={value}" for key, value in values.items()) or "without --set"


def variants_of(
    chip: str, axes: Sequence[Axis], samples: int | None, progress: Callable[[int], None] = lambda points: None
) -> tuple[list[Variant], list[Skipped]]:
    """All points of the grid, checked: those that are chips, and the others with the reason.

    Args:
        chip: a file, or the name of a shipped chipspec.
        axes: what varies.
        samples: of every run; None for those of each chip.
        progress: called with the number of points checked so far.

    Raises:
        SpecError: the chip without any --set cannot be read.
    """
    file = find_chipspec(chip)
    load_chipspec(file)  # what is wrong already there is no fault of a point
    legal: list[Variant] = []
    illegal: list[Skipped] = []
    for number, chosen in enumerate(itertools.product(*(axis.values for axis in axes)), 1):
        overrides = [f"{axis.key}={value}" for axis, value in zip(axes, chosen, strict=True)]
        point = {axis.key: value for axis, value in zip(axes, chosen, strict=True) if len(axis.values) > 1}
        try:
            spec = load_chipspec(file, overrides)
            whole_transfers(spec, samples)
        except (SpecError, InputError) as error:
            illegal.append(Skipped(point, error.messages[0]))
        else:
            legal.append(Variant(point, spec.model_dump_json(), spec.task.samples))
        progress(number)
    return legal, illegal


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The shortest ends of dotted keys that tell them apart, with the section, as `bits` alone says little."""
    names: dict[str, str] = {}
    for key in keys:
        parts = key.split(".")
        ends = [".".join(parts[-count:]) for count in range(min(2, len(parts)), len(parts) + 1)]
        names[key] = next(
            (end for end in ends if not any(o != key and (o == end or o.endswith("." + end)) for o in keys)), key
        )
    return names
