"""The keys of a chipspec as data, read from the schema: for the error sentences and for the reference."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from crosschop.model.chipspec.schema import ChipSpec, Section

_TYPE_NAMES = {int: "integer", float: "number", bool: "true or false", str: "text"}


def show(value: object) -> str:
    """A value as it stands in YAML, short enough for a sentence."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class Key:
    """One key of a section."""

    name: str
    field: FieldInfo

    @property
    def _alternatives(self) -> tuple[Any, ...]:
        annotation = self.field.annotation
        if get_origin(annotation) in (Union, types.UnionType):
            return get_args(annotation)
        return (annotation,)

    @property
    def _plain(self) -> Any:
        return next(alternative for alternative in self._alternatives if alternative is not types.NoneType)

    @property
    def nullable(self) -> bool:
        """Whether null is a value."""
        return types.NoneType in self._alternatives

    @property
    def section(self) -> type[Section] | None:
        """The section below this key, None for a plain value."""
        plain = self._plain
        return plain if isinstance(plain, type) and issubclass(plain, Section) else None

    @property
    def required(self) -> bool:
        """Whether a chipspec must give the key."""
        return self.field.is_required()

    @property
    def default(self) -> str:
        """The default as it stands in YAML."""
        return show(self.field.default)

    @property
    def type_name(self) -> str:
        """Kind of value, without null."""
        if self.section:
            return "section"
        if get_origin(self._plain) is Literal:
            return "choice"
        return _TYPE_NAMES[self._plain]

    @property
    def limits(self) -> str:
        """Range, choices or pattern; empty when the type says it all."""
        if get_origin(self._plain) is Literal:
            return ", ".join(str(choice) for choice in get_args(self._plain))
        found: dict[str, Any] = {}
        for item in self.field.metadata:
            for kind, name in (
                (annotated_types.Ge, "ge"),
                (annotated_types.Gt, "gt"),
                (annotated_types.Le, "le"),
                (annotated_types.Lt, "lt"),
            ):
                if isinstance(item, kind):
                    found[name] = getattr(item, name)
            if getattr(item, "pattern", None):
                return f"pattern {item.pattern}"
        if found.keys() == {"ge", "le"}:
            return f"{found['ge']:.10g}..{found['le']:.10g}"
        signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
        return " and ".join(f"{signs[name]} {found[name]:.10g}" for name in signs if name in found)

    @property
    def allowed(self) -> str:
        """What a sentence about a wrong value says is allowed."""
        section = self.section
        if section:
            text = "a section with the keys " + ", ".join(section.model_fields)
        elif self.type_name == "choice":
            text = f"one of {self.limits}" if ", " in self.limits else self.limits
        else:
            text = " ".join(word for word in (self.type_name, self.limits) if word)
        return f"{text}, or null" if self.nullable else text


def keys_of(section: type[Section]) -> dict[str, Key]:
    """The keys of a section in the order of the schema."""
    return {name: Key(name, field) for name, field in section.model_fields.items()}


def section_at(path: Sequence[str]) -> type[Section] | None:
    """The section at a key path, None where there is none."""
    section: type[Section] | None = ChipSpec
    for name in path:
        key = keys_of(section).get(name) if section else None
        section = key.section if key else None
    return section


def key_at(path: Sequence[str]) -> Key | None:
    """The key at a key path, None for an unknown one."""
    section = section_at(path[:-1])
    return keys_of(section).get(path[-1]) if section and path else None


def all_paths(section: type[Section] = ChipSpec, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key path of a chipspec, sections before their keys."""
    for name, key in keys_of(section).items():
        path = (*prefix, name)
        yield path
        if key.section:
            yield from all_paths(key.section, path)
