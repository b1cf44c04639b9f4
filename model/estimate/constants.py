"""The constants of the estimates: constants.yaml, a user's file laid over it, one sentence for each thing wrong.

A figure without a source cannot be read in, nor one out of order, so every line of an estimate can be traced.
"""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from crosschop.model.chipspec.keys import keys_of, show
from crosschop.model.chipspec.section import Section
from crosschop.model.chipspec.yaml_text import parse_yaml, read_yaml
from crosschop.model.errors import InputError
from crosschop.model.estimate.quantity import Range, exactly

FILE = "constants.yaml"
_KINDS = ("sources", "constants", "tables", "formulas")
# What the equations rely on; another file may change figures and their provenance, not these.
_FIXED = ("unit",)
_NODE_PATTERN = r"^[1-9]\d{0,3}nm$"

Scaling = Literal["none", "linear", "quadratic", "logic"]
Positive = Annotated[float, Field(gt=0)]
NodeName = Annotated[str, Field(pattern=_NODE_PATTERN)]


# Larger figures are typing errors, and would overflow in powers and exponentials.
LARGEST = 1e15
# What a constant has to be for the formulas to mean anything, besides being positive: least, most
LIMITS = {
    "overhead": (1.001, math.inf),
    "logic_utilisation": (0.0, 1.0),
    "logic_clock_tree": (1.0, math.inf),
    "logic_wires": (1.0, math.inf),
    "sram_two_ports": (1.0, math.inf),
    "sram_wide_word": (1.0, math.inf),
    "sram_fixed": (0.0, 65_535.0),  # the part per bit of a macro of 64 kb would be negative
}


class ConstantsError(InputError, ValueError):
    """A file of constants is wrong; `messages` holds one sentence for each error."""


class Source(Section):
    """Where figures come from."""

    citation: str = Field(min_length=1, description="authors, title, place, year")
    url: str | None = Field(description="DOI or other address; null = none")
    note: str | None = Field(default=None, description="how the figures were taken from it, what is not verified")


class Constant(Section):
    """One figure with its range."""

    low: float = Field(gt=0, le=LARGEST, description="lower end")
    nominal: float = Field(gt=0, le=LARGEST, description="middle value")
    high: float = Field(gt=0, le=LARGEST, description="upper end")
    unit: str = Field(description="unit")
    node_nm: int | None = Field(default=None, gt=0, description="node that it was taken at, nm; null = of none")
    scaling: Scaling = Field(default="none", description="how it is carried to another node")
    source: str = Field(description="id of a source")
    meaning: str = Field(min_length=1, description="what it is")

    @model_validator(mode="after")
    def _in_order(self) -> Constant:
        if not self.low <= self.nominal <= self.high:
            raise ValueError(f"low = {self.low}, nominal = {self.nominal}, high = {self.high} are not in order")
        if self.scaling != "none" and self.node_nm is None:
            raise ValueError(f"scaling = {self.scaling} needs node_nm, the node that it was taken at")
        return self

    @property
    def value(self) -> Range:
        """The range, in `unit`, at `node_nm`."""
        return Range(self.low, self.nominal, self.high)


class Table(Section):
    """Figures at several nodes, in between on straight lines of log over log."""

    unit: str = Field(description="unit")
    meaning: str = Field(min_length=1, description="what it is")
    source: str = Field(description="id of a source")
    points: dict[NodeName, Positive] = Field(min_length=2, description="value at each node")

    @property
    def nodes(self) -> dict[float, float]:
        """Value by node in nm."""
        return {float(name.removesuffix("nm")): value for name, value in self.points.items()}

    def at(self, node_nm: float, what: str = "table") -> float:
        """The value at a node, in `unit`: a power law between the neighbouring nodes.

        Raises:
            InputError: the node lies outside of the table.
        """
        points = sorted(self.nodes.items())
        if not points[0][0] <= node_nm <= points[-1][0]:
            raise InputError(
                f"node_nm = {node_nm:g} lies outside of {what}, which reaches from {points[0][0]:g} to "
                f"{points[-1][0]:g} nm"
            )
        return interpolate(points, node_nm)


def interpolate(points: Sequence[tuple[float, float]], x: float) -> float:
    """The value at x, a power law between the neighbours of x among at least two sorted points.

    Beyond the ends the last two points go on.
    """
    upper = next((index for index, point in enumerate(points[1:-1], 1) if x <= point[0]), len(points) - 1)
    (x0, y0), (x1, y1) = points[upper - 1], points[upper]
    if x == x1:
        return y1
    return y0 * math.exp(math.log(y1 / y0) * math.log(x / x0) / math.log(x1 / x0))


class Formula(Section):
    """Coefficients of a formula."""

    meaning: str = Field(min_length=1, description="the formula")
    source: str = Field(description="id of a source")
    coefficients: dict[str, float] = Field(description="value by name")


class Constants(Section):
    """All constants of the estimates."""

    sources: dict[str, Source] = Field(description="where figures come from, by id")
    constants: dict[str, Constant] = Field(description="figures with a range, by name")
    tables: dict[str, Table] = Field(description="figures by node, by name")
    formulas: dict[str, Formula] = Field(description="formulas, by name")

    def beyond_limits(self, file: str) -> list[str]:
        """A sentence for each constant that the formulas cannot be used with."""
        return [
            f"{file}: constants.{name}.{end} = {value:g}, allowed: {least:g}..{most:g}"
            for name, (least, most) in LIMITS.items()
            for end, value in zip(("low", "nominal", "high"), self.value(name).ends, strict=True)
            if not least <= value <= most
        ]

    def value(self, name: str) -> Range:
        """A constant at its own node."""
        return self.constants[name].value

    def number(self, name: str) -> float:
        """The nominal value of a constant at its own node."""
        return self.constants[name].nominal

    def at_node(self, name: str, node_nm: float) -> Range:
        """A constant carried to a node by its rule.

        Raises:
            InputError: the node lies outside of the rule's table.
        """
        constant = self.constants[name]
        return constant.value * exactly(self.scale(constant.scaling, constant.node_nm or node_nm, node_nm))

    def table(self, name: str, node_nm: float) -> float:
        """A table's value at a node.

        Raises:
            InputError: the node lies outside of the table.
        """
        return self.tables[name].at(node_nm, f"the table {name} ({self.tables[name].meaning})")

    def scale(self, rule: Scaling, from_nm: float, to_nm: float) -> float:
        """The factor of an area from one node to another.

        Raises:
            InputError: a node lies outside of the rule's table.
        """
        factors: dict[Scaling, Callable[[], float]] = {
            "none": lambda: 1.0,
            "linear": lambda: to_nm / from_nm,
            "quadratic": lambda: (to_nm / from_nm) ** 2,
            "logic": lambda: self.table("logic_area", to_nm) / self.table("logic_area", from_nm),
        }
        return factors[rule]()

    def cite(self, name: str) -> str:
        """What a line of an estimate says about one constant: its value, unit, node, rule and source."""
        constant = self.constants[name]
        value = f"{constant.nominal:g}"
        if constant.low != constant.high:
            value = f"{constant.low:g} .. {constant.nominal:g} .. {constant.high:g}"
        unit = "" if constant.unit == "1" else f" {constant.unit}"
        node = "" if constant.node_nm is None else f" at {constant.node_nm} nm"
        rule = "" if constant.scaling == "none" else f", scaled {constant.scaling}"
        return f"{name} {value}{unit}{node}{rule} [{constant.source}]"


_MODELS: dict[str, type[Section]] = {"sources": Source, "constants": Constant, "tables": Table, "formulas": Formula}


@functools.cache
def _shipped_text() -> str:
    return (importlib.resources.files("crosschop.model.estimate") / FILE).read_text(encoding="utf-8")


def _shipped() -> dict[str, Any]:
    data: dict[str, Any] = parse_yaml(_shipped_text(), FILE, "file of constants")
    return data


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "allowed: " + ", ".join(known)


def _lay(old: dict[str, Any], new: dict[str, Any], file: Path) -> tuple[dict[str, Any], list[str]]:
    """The shipped constants with a user's entries; and the sentences about entries that are not among them."""
    problems: list[str] = []
    merged = {kind: dict(entries) for kind, entries in old.items()}
    for kind, entries in new.items():
        if kind not in _KINDS:
            problems.append(f"{file}: unknown key {kind}, {_nearest(kind, _KINDS)}")
            continue
        if not isinstance(entries, dict):
            problems.append(f"{file}: {kind} = {show(entries)}, allowed: a section with entries by name")
            continue
        for name, entry in entries.items():
            path = f"{kind}.{name}"
            if kind != "sources" and name not in merged[kind]:
                problems.append(f"{file}: unknown key {path}, {_nearest(name, list(merged[kind]))}")
            elif not isinstance(entry, dict):
                allowed = ", ".join(_MODELS[kind].model_fields)
                problems.append(f"{file}: {path} = {show(entry)}, allowed: a section with the keys {allowed}")
            else:
                before = merged[kind].get(name, {})
                problems += [
                    f"{file}: {path}.{key} = {show(entry[key])}, allowed: {before[key]}"
                    for key in _FIXED
                    if key in entry and key in before and entry[key] != before[key]
                ]
                merged[kind][name] = _merge(before, entry)
                problems += _unknown_coefficients(before, entry, f"{file}: unknown key {path}.coefficients")
    return merged, problems


def _merge(before: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """An entry key by key; the points of a table and the coefficients of a formula one by one."""
    merged = {**before, **entry}
    for key in ("points", "coefficients"):
        if isinstance(entry.get(key), dict) and isinstance(before.get(key), dict):
            merged[key] = {**before[key], **entry[key]}
    return merged


def _unknown_coefficients(before: dict[str, Any], entry: dict[str, Any], head: str) -> list[str]:
    given, known = entry.get("coefficients"), before.get("coefficients")
    if not isinstance(given, dict) or not isinstance(known, dict):
        return []
    return [f"{head}.{name}, {_nearest(name, list(known))}" for name in given if name not in known]


def _sentence(error: Any, file: str) -> str:
    """One pydantic error as a sentence: file, key, value, what is allowed."""
    location = [str(part) for part in error["loc"] if part != "[key]"]
    dotted, kind = ".".join(location), error["type"]
    keys = keys_of(_MODELS[location[0]])
    if kind == "value_error":  # a rule between several keys
        return f"{file}: {dotted}: {error['ctx']['error']}"
    if len(location) < 3:
        return f"{file}: {dotted} = {show(error['input'])}, allowed: a section with the keys {', '.join(keys)}"
    name = location[2]
    if kind == "extra_forbidden":
        return f"{file}: unknown key {dotted}, {_nearest(name, list(keys))}"
    if len(location) > 3:
        allowed = "number" if location[2] == "coefficients" else "number > 0"
        if "[key]" in error["loc"]:
            allowed = "a node such as 22nm"
    elif name in ("points", "coefficients"):
        allowed = "a section of two or more nodes" if name == "points" else "a section of numbers"
    else:
        allowed = keys[name].allowed if kind != "string_too_short" else "text, not empty"
    if kind == "missing":
        return f"{file}: missing key {dotted}, allowed: {allowed}"
    return f"{file}: {dotted} = {show(error['input'])}, allowed: {allowed}"


def _unknown_sources(constants: Constants, file: str) -> list[str]:
    return [
        f"{file}: {kind}.{name}.source = {show(entry.source)}, {_nearest(entry.source, list(constants.sources))}"
        for kind in ("constants", "tables", "formulas")
        for name, entry in getattr(constants, kind).items()
        if entry.source not in constants.sources
    ]


def load_constants(path: Path | None = None) -> Constants:
    """The shipped constants with the entries of a file laid over them.

    A file has the form of constants.yaml and gives only what it changes: keys of known entries, new sources.

    Args:
        path: the file; None for the shipped constants.

    Raises:
        ConstantsError: one sentence for each error; exit code 2.
    """
    data, place = _shipped(), FILE
    if path is not None:
        place = str(path)
        try:
            given = read_yaml(path, "file of constants")
        except InputError as error:
            raise ConstantsError(*error.messages) from None
        data, problems = _lay(data, given, path)
        if problems:
            raise ConstantsError(*problems)
    try:
        constants = Constants.model_validate(data)
    except ValidationError as error:
        raise ConstantsError(*(_sentence(item, place) for item in error.errors(include_url=False))) from None
    problems = [*_unknown_sources(constants, place), *constants.beyond_limits(place)]
    if problems:
        raise ConstantsError(*problems)
    return constants
