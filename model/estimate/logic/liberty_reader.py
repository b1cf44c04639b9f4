"""Reads a Liberty file: area, pins and delay tables of its cells, as far as logic estimates need them.

Units after reading: um2 as written, ns, pF. Not read: power, noise, current source models, state-dependent values
(of several tables for one arc the slowest counts), buses.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crosschop.model.errors import InputError
from crosschop.model.user_files import MIB, read_user_bytes

TOKEN = re.compile(r'"[^"]*"|[{}();:,]|[^\s{}();:,"]+')
# Comments and continued lines; a string stays as it is
NOISE = re.compile(r'("[^"]*")|/\*.*?\*/|//[^\n]*|\\\r?\n', re.DOTALL)
NANOSECONDS = {"1ps": 1e-3, "10ps": 1e-2, "100ps": 1e-1, "1ns": 1.0}
PICOFARADS = {"ff": 1e-3, "pf": 1.0}
SLEWS = ("input_net_transition", "input_transition_time", "related_pin_transition")
LAUNCHES = ("rising_edge", "falling_edge")
SETUPS = ("setup_rising", "setup_falling")
COMBINATIONAL = ("combinational", "combinational_rise", "combinational_fall")

# Libraries of foundries have hundreds of MiB.
MOST_BYTES = 1024 * MIB


@dataclass
class Group:
    """A Liberty group: `kind (arguments) { attributes; groups }`."""

    kind: str
    arguments: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[Group]:
        """Groups of one kind in it."""
        return (group for group in self.groups if group.kind == kind)


class MalformedError(Exception):
    """The text is no Liberty file."""


def _group(tokens: list[str], at: int, group: Group) -> int:
    """Reads the statements of a group up to its closing brace; gives the position behind it."""
    while tokens[at] != "}":
        name = tokens[at]
        if name == ";":
            at += 1
        elif tokens[at + 1] == ":":
            end = at + 2
            while tokens[end] not in (";", "}"):
                end += 1
            group.attributes[name] = " ".join(tokens[at + 2 : end]).strip('"')
            at = end
        elif tokens[at + 1] == "(":
            end = tokens.index(")", at)
            arguments = tuple(token.strip('"') for token in tokens[at + 2 : end] if token != ",")
            at = end + 1
            if tokens[at] == "{":
                inner = Group(name, arguments)
                at = _group(tokens, at + 1, inner)
                group.groups.append(inner)
            else:
                group.lists[name] = arguments
        else:
            raise MalformedError(f"unexpected {tokens[at + 1]!r} behind {name!r}")
    return at + 1


def _library(text: str) -> Group:
    tokens = TOKEN.findall(NOISE.sub(lambda found: found[1] or " ", text))
    if tokens[:2] != ["library", "("]:
        raise MalformedError("it does not begin with library (...)")
    top = Group("", ())
    try:
        _group([*tokens, "}"], 0, top)
    except (IndexError, ValueError):
        raise MalformedError("it ends within a group") from None
    return top.groups[0]


def _numbers(values: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(float(number) for value in values for number in re.split(r"[\s,\\]+", value) if number)


@dataclass(frozen=True)
class Table:
    """Delay or transition in ns over slew (ns) and load (pF); bilinear, beyond its ends along the last slope."""

    slews: tuple[float, ...]
    loads: tuple[float, ...]
    values: tuple[float, ...]  # row by row, a row per slew

    def __call__(self, slew: float, load: float) -> float:
        """The value at a slew and a load."""
        i, u = _place(self.slews, slew)
        j, v = _place(self.loads, load)
        width, values = len(self.loads), self.values
        j1 = min(j + 1, width - 1)
        low, high = i * width, min(i + 1, len(self.slews) - 1) * width
        left = values[low + j] + (values[low + j1] - values[low + j]) * v
        right = values[high + j] + (values[high + j1] - values[high + j]) * v
        return left + (right - left) * u


def _place(points: tuple[float, ...], value: float) -> tuple[int, float]:
    """Interval of an axis and the position in it, 0..1, outside of the axis less or more."""
    if len(points) < 2:
        return 0, 0.0
    i = min(max(bisect.bisect_right(points, value) - 1, 0), len(points) - 2)
    return i, (value - points[i]) / (points[i + 1] - points[i])


@dataclass(frozen=True)
class Arc:
    """Delay from a pin of a cell to an output, for each transition of the output.

    Attributes:
        related: the pin it starts at.
        inverting, following: whether a rising output comes from a falling input, from a rising one; for the clock of
            a flip-flop neither matters.
        rise, fall: delay and transition time of a rising and of a falling output.
    """

    related: str
    inverting: bool
    following: bool
    rise: tuple[Table, Table]
    fall: tuple[Table, Table]


@dataclass(frozen=True)
class Cell:
    """A cell of the library.

    Attributes:
        area: um2.
        sequential: whether it is a flip-flop.
        outputs: names of the output pins.
        function: of each output that has one.
        capacitance: pF of each input pin.
        max_load: pF that each output may drive, where the library says so.
        arcs: combinational delays, by output pin.
        launches: delays from the clock, by output pin.
        setup: ns of each data pin before the clock, at the slowest corner of its tables with a moderate transition.
        clocks: pins at which it is clocked.
    """

    name: str
    area: float
    sequential: bool
    outputs: tuple[str, ...]
    function: dict[str, str]
    capacitance: dict[str, float]
    max_load: dict[str, float]
    arcs: dict[str, tuple[Arc, ...]]
    launches: dict[str, tuple[Arc, ...]]
    setup: dict[str, float]
    clocks: frozenset[str]


@dataclass(frozen=True)
class Liberty:
    """A library of cells.

    Attributes:
        name: the library's own name.
        digest: of the file, 16 hexadecimal digits.
        cells: by name.
    """

    name: str
    digest: str
    cells: dict[str, Cell]

    @property
    def timed(self) -> bool:
        """Whether its combinational cells have delays."""
        return any(cell.arcs for cell in self.cells.values() if not cell.sequential)


class _Reader:
    """Makes cells of groups."""

    def __init__(self, library: Group) -> None:
        self.library = library
        self.ns = NANOSECONDS.get(library.attributes.get("time_unit", "1ns"), 0.0)
        scale, unit = (*library.lists.get("capacitive_load_unit", ("1", "pf")), "")[:2]
        self.pf = float(scale) * PICOFARADS.get(unit.lower(), 0.0)
        if not self.ns or not self.pf:
            raise MalformedError("its time_unit or its capacitive_load_unit is unknown")
        self.templates = {group.arguments[0]: group for group in library.of("lu_table_template")}

    def table(self, group: Group) -> Table:
        template = self.templates.get(group.arguments[0] if group.arguments else "", Group("", ()))
        axes: dict[str, tuple[float, ...]] = {}
        for number in ("1", "2"):
            points = _numbers(group.lists.get(f"index_{number}", template.lists.get(f"index_{number}", ())))
            if variable := template.attributes.get(f"variable_{number}"):
                axes["slew" if variable in SLEWS else "load"] = points
        values = [value * self.ns for value in _numbers(group.lists["values"])]
        slews = tuple(value * self.ns for value in axes.get("slew", ())) or (0.0,)
        # The second axis of a setup table is a transition as well, in ns
        unit = self.ns if template.attributes.get("variable_2") == "constrained_pin_transition" else self.pf
        unit = self.ns if template.attributes.get("variable_1") == "constrained_pin_transition" else unit
        loads = tuple(value * unit for value in axes.get("load", ())) or (0.0,)
        if len(values) != len(slews) * len(loads):
            raise MalformedError(f"a table of {len(values)} values has {len(slews)} x {len(loads)} indices")
        if axes and next(iter(axes)) == "load" and len(axes) == 2:
            values = [values[load * len(slews) + slew] for slew in range(len(slews)) for load in range(len(loads))]
        return Table(slews, loads, tuple(values))

    def arc(self, timing: Group, related: str) -> Arc | None:
        tables = {group.kind: group for group in timing.groups if "values" in group.lists}
        edges = []
        for edge, other in (("rise", "fall"), ("fall", "rise")):
            delay = tables.get(f"cell_{edge}", tables.get(f"cell_{other}"))
            slew = tables.get(f"{edge}_transition", tables.get(f"{other}_transition"))
            if delay is None or slew is None:
                return None
            edges.append((self.table(delay), self.table(slew)))
        sense = timing.attributes.get("timing_sense", "non_unate")
        return Arc(related, sense != "positive_unate", sense != "negative_unate", *edges)

    def cell(self, group: Group) -> Cell:
        name = group.arguments[0]
        if "area" not in group.attributes:
            raise MalformedError(f"its cell {name} has no area")
        pins = {pin_name: pin for pin in group.of("pin") for pin_name in pin.arguments}
        outputs = tuple(pin for pin, inner in pins.items() if inner.attributes.get("direction") == "output")
        arcs: dict[str, list[Arc]] = {}
        launches: dict[str, list[Arc]] = {}
        setup: dict[str, float] = {}
        for pin, inner in pins.items():
            for timing in inner.of("timing"):
                kind = timing.attributes.get("timing_type", "combinational")
                if kind in SETUPS:
                    tables = [self.table(one) for one in timing.groups if "values" in one.lists]
                    setup[pin] = max([setup.get(pin, 0.0), *(table(0.1, 0.1) for table in tables)])
                for related in timing.attributes.get("related_pin", "").split():
                    if kind in (*COMBINATIONAL, *LAUNCHES) and (arc := self.arc(timing, related)):
                        (launches if kind in LAUNCHES else arcs).setdefault(pin, []).append(arc)
        default = self.library.attributes.get("default_max_capacitance")
        limits = {pin: pins[pin].attributes.get("max_capacitance", default) for pin in outputs}
        flops = list(group.of("ff"))
        clocks = {
            word for flop in flops for word in re.findall(r"\w+", flop.attributes.get("clocked_on", "")) if word in pins
        }
        return Cell(
            name,
            float(group.attributes["area"]),
            bool(flops),
            outputs,
            {pin: pins[pin].attributes["function"] for pin in outputs if "function" in pins[pin].attributes},
            {
                pin: float(inner.attributes.get("capacitance", 0)) * self.pf
                for pin, inner in pins.items()
                if pin not in outputs
            },
            {pin: float(limit) * self.pf for pin, limit in limits.items() if limit is not None},
            {pin: tuple(found) for pin, found in arcs.items()},
            {pin: tuple(found) for pin, found in launches.items()},
            setup,
            frozenset(clocks),
        )


@functools.lru_cache(maxsize=4)
def _parsed(content: bytes) -> Liberty:
    library = _library(content.decode("utf-8", errors="replace"))
    reader = _Reader(library)
    cells = [reader.cell(group) for group in library.of("cell")]
    name = library.arguments[0] if library.arguments else ""
    return Liberty(name, hashlib.sha256(content).hexdigest()[:16], {cell.name: cell for cell in cells})


def read_liberty(path: Path) -> Liberty:
    """A Liberty file that logic can be mapped to.

    Raises:
        InputError: it cannot be read, is no Liberty file, or lacks cells, areas, a NAND or NOR, or a flip-flop.
    """
    content = read_user_bytes(path, MOST_BYTES)
    try:
        liberty = _parsed(content)
    except (MalformedError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path}: not a usable Liberty file: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: not a usable Liberty file: nested too deeply") from None
    cells = liberty.cells.values()
    if not cells:
        raise InputError(f"{path}: the Liberty file has no cell")
    if not any(cell.area > 0 for cell in cells):
        raise InputError(f"{path}: all cells of the Liberty file have the area 0, so it gives no area")
    if not any(cell.sequential for cell in cells):
        raise InputError(f"{path}: the Liberty file has no flip-flop (a cell with an ff group)")
    if not any(len(cell.capacitance) > 1 and cell.function for cell in cells if not cell.sequential):
        raise InputError(f"{path}: the Liberty file has no gate of two inputs")
    return liberty
