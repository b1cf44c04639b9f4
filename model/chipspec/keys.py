"""The keys of a chipspec as data, read from the schema: for the error sentences and for the reference."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from crosschop.model.chipspec.schema import ChipSpec
from crosschop.model.chipspec.section import Section

_TYPE_NAMES = {int: "integer", float: "number", bool: "true or false", str: "text"}


def show(value: object) -> str:
    """A value as it stands in YAML, short enough for a sentence."""
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:
        return "a number of thousands of digits"  # Python does not write them out
    return shortened(text)


def shortened(text: str) -> str:
    """A text of the user, short enough for a sentence."""
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class Key:
    """One key of a section."""

    name: str
    field: FieldInfo

    @property
    def _alternatives(self) -> tuple[Any, ...]:
        return tuple(_flatten(self.field.annotation))

    @property
    def _plain(self) -> Any:
        return next(alternative for alternative in self._alternatives if alternative is not types.NoneType)

    @property
    def nullable(self) -> bool:
        """Whether null is a value."""
        return types.NoneType in self._alternatives

    @property
    def sections(self) -> dict[str, type[Section]]:
        """The sections that may stand below this key, by the name that selects one ('' where there is one only)."""
        found = [each for each in self._alternatives if isinstance(each, type) and issubclass(each, Section)]
        if len(found) == 1:
            return {"": found[0]}
        return {get_args(section.model_fields[self.selector].annotation)[0]: section for section in found}

    @property
    def selector(self) -> str:
        """The key below this one that selects among several sections; '' where there is nothing to select."""
        for item in (self.field, *self.field.metadata, *_annotations(self.field.annotation)):
            if getattr(item, "discriminator", None):
                return str(item.discriminator)
        return ""

    @property
    def required(self) -> bool:
        """Whether a chipspec must give the key."""
        return self.field.is_required()

    @property
    def default(self) -> str:
        """The default as it stands in YAML."""
        # A section that may be left out as a whole has all the defaults of its keys.
        return show({} if isinstance(self.field.default, Section) else self.field.default)

    @property
    def type_name(self) -> str:
        """Kind of value, without null."""
        if self.sections:
            return "section"
        return _type_name(self._plain)

    @property
    def _choices(self) -> tuple[Any, ...]:
        """The words allowed, of a list for each of its items."""
        plain = get_args(self._plain)[0] if get_origin(self._plain) is list else self._plain
        return get_args(plain) if get_origin(plain) is Literal else ()

    @property
    def limits(self) -> str:
        """Range, choices or pattern; empty when the type says it all."""
        if self._choices:
            return ", ".join(str(choice) for choice in self._choices)
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
        if self.selector:
            text = f"a section with {self.selector} one of {', '.join(self.sections)}"
        elif self.sections:
            text = "a section with the keys " + ", ".join(self.sections[""].model_fields)
        elif self._choices and self.type_name != "choice":
            text = f"list of words out of {self.limits}"
        elif self.type_name == "choice":
            text = f"one of {self.limits}" if ", " in self.limits else self.limits
        else:
            text = " ".join(word for word in (self.type_name, self.limits) if word)
        return f"{text}, or null" if self.nullable else text


def _type_name(plain: Any) -> str:
    """Kind of value, of lists and mappings with that of what is in them."""
    origin, inside = get_origin(plain), get_args(plain)
    if origin is Literal:
        return "choice"
    if origin is list and get_origin(inside[0]) is Literal:
        return "list of words"
    if origin is list:
        return f"list of {_type_name(next(_flatten(inside[0])))}"
    if origin is dict:
        return f"mapping of names to {' or '.join(_type_name(each) for each in _flatten(inside[1]))}"
    return _TYPE_NAMES[plain]


def keys_of(section: type[Section]) -> dict[str, Key]:
    """The keys of a section in the order of the schema."""
    return {name: Key(name, field) for name, field in section.model_fields.items()}


@dataclass(frozen=True)
class Place:
    """Where a key path leads.

    Attributes:
        path: the path without the names that select among several sections.
        key: the last key, None for an unknown one.
        section: the section that the last key stands in, None below an unknown one.
        holder: the key of that section, None for the chip itself.
    """

    path: tuple[str, ...]
    key: Key | None
    section: type[Section] | None
    holder: Key | None = None


def locate(location: Sequence[str]) -> Place:
    """Follows a path as pydantic gives it: after the key of several sections, the name of the one selected."""
    section: type[Section] | None = ChipSpec
    key: Key | None = None
    holder: Key | None = None
    path: list[str] = []
    below: dict[str, type[Section]] = {"": ChipSpec}
    for name in location:
        if name in below and name:
            below = {"": below[name]}
            continue
        if key is not None and not key.sections:
            continue  # an item of a list or a mapping: its key is the place
        section, holder = below.get(""), key
        key = keys_of(section).get(name) if section else None
        below = key.sections if key else {}
        path.append(name)
    return Place(tuple(path), key, section, holder)


def all_paths(section: type[Section] = ChipSpec, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key path of a chipspec once, sections before their keys."""
    seen: set[tuple[str, ...]] = set()
    for name, key in keys_of(section).items():
        path = (*prefix, name)
        below = (other for member in key.sections.values() for other in all_paths(member, path))
        for found in (path, *below):
            if found not in seen:
                seen.add(found)
                yield found


def _flatten(annotation: Any) -> Iterator[Any]:
    """The members of a union, however they are nested."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _flatten(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _flatten(member)
    else:
        yield annotation


def _annotations(annotation: Any) -> Iterator[Any]:
    """What is noted with the members of a union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from get_args(annotation)[1:]
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _annotations(member)
