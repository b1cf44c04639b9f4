"""What all sections of a chipspec have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

S = TypeVar("S")  # a section, or a union of sections


class Section(BaseModel):
    """Base of all sections: unknown keys, wrong types and non-finite numbers are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Variant(Section):
    """Base of a family of sections of which one key selects the member (algorithm.name, device.*.model)."""

    @model_validator(mode="before")
    @classmethod
    def _forget_foreign_nulls(cls, data: Any) -> Any:
        """`beta: null` in a chip that has no beta takes back the beta of the chip that it extends."""
        if not isinstance(data, dict):
            return data
        family = next(base for base in reversed(cls.__mro__) if issubclass(base, Variant) and base is not Variant)
        foreign = {name for member in _members(family) for name in member.model_fields} - set(cls.model_fields)
        return {key: value for key, value in data.items() if value is not None or key not in foreign}


def _members(family: type[Section]) -> Iterator[type[Section]]:
    yield family
    for member in family.__subclasses__():
        yield from _members(member)


def given(section: S | None) -> S:
    """A section that this kind of chip always has: the schema refuses the chip without it."""
    if section is None:
        raise TypeError("this chip's algorithm has no such section")
    return section
