"""Code coverage as Verilator counts it: lines, branches and bits of the controller's sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from crosschop.model.errors import ToolError

Kind = Literal["line", "branch", "toggle"]
KINDS: tuple[Kind, ...] = ("line", "branch", "toggle")
# Of a point in Verilator's data: key and value follow these bytes.
_KEY, _VALUE = "\x01", "\x02"
_ENTRY = re.compile(r"^C '(.*)' (\d+)$")
_RANGES = re.compile(r"(\d+)(?:-(\d+))?")


class CodePoint(NamedTuple):
    """A place that Verilator counts.

    Attributes:
        file: name of the source; one module per file.
        line: where it begins, from 1.
        column: column of the source that tells points of a line apart.
        kind: line, branch or toggle.
        what: which branch (if, else, cond_then, ...), or which bit and edge.
        lines: source lines that run with it, as Verilator writes them (`65-66,70`); "" for a toggle.
    """

    file: str
    line: int
    column: int
    kind: Kind
    what: str
    lines: str


Counts = dict[CodePoint, int]


def read_counts(path: Path) -> Counts:
    """What a run counted; instances of a module and its parametrisations are one.

    Raises:
        ToolError: there is no such file, or it is not Verilator's.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}, Verilator has left no coverage data") from None
    counts: Counts = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        entry = _ENTRY.match(line)
        fields = dict(pair.split(_VALUE, 1) for pair in entry.group(1).split(_KEY) if _VALUE in pair) if entry else {}
        if entry is None or fields.get("t") not in KINDS:
            raise ToolError(f"{path}: not the coverage data of Verilator: {line[:60]!r}")
        kind: Kind = fields["t"]  # type: ignore[assignment]  # checked above
        point = CodePoint(
            Path(fields["f"]).name, int(fields["l"]), int(fields.get("n", 0)), kind, fields.get("o", ""),
            fields.get("S", "") if kind != "toggle" else "",
        )  # fmt: skip
        counts[point] = counts.get(point, 0) + int(entry.group(2))
    return counts


def merge_counts(runs: Iterable[Mapping[CodePoint, int]]) -> Counts:
    """The sum over runs, which has the points of all of them."""
    total: Counts = {}
    for run in runs:
        for point, count in run.items():
            total[point] = total.get(point, 0) + count
    return total


def source_lines(point: CodePoint) -> list[int]:
    """Numbers of the lines that run with a point."""
    found: list[int] = []
    for first, last in _RANGES.findall(point.lines):
        found += range(int(first), int(last or first) + 1)
    return found or [point.line]


@dataclass(frozen=True)
class Hole:
    """A place that no run has reached.

    Attributes:
        file, line: where.
        kind: line, branch or toggle.
        what: which branch, or which bits and edges.
        text: of that source line.
    """

    file: str
    line: int
    kind: Kind
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind} {self.what}: {self.text}"


@dataclass
class Share:
    """How many of so many places were reached."""

    hit: int = 0
    total: int = 0

    @property
    def percent(self) -> float:
        """Of the total; all of nothing is 100."""
        return 100.0 if self.total == 0 else 100.0 * self.hit / self.total

    def __str__(self) -> str:
        return f"{self.hit}/{self.total}"


@dataclass
class ModuleCoverage:
    """One module.

    Attributes:
        name: of the module.
        shares: reached places by kind, exclusions left out.
        holes: what was not reached and is not excluded, in the order of the source.
        excluded: places left out.
    """

    name: str
    shares: dict[str, Share] = field(default_factory=lambda: {kind: Share() for kind in KINDS})
    holes: list[Hole] = field(default_factory=list)
    excluded: int = 0


class Place(NamedTuple):
    """What is counted as one in a report: a source line, a branch, or an edge of a bit."""

    file: str
    line: int
    kind: Kind
    what: str
    column: int


def places(counts: Mapping[CodePoint, int]) -> dict[Place, int]:
    """Every place and how often it was reached; a line as often as the point of it that ran most often."""
    found: dict[Place, int] = {}
    for point, count in counts.items():
        if point.kind != "line":
            place = Place(point.file, point.line, point.kind, point.what, point.column)
            found[place] = found.get(place, 0) + count
        if point.kind != "toggle":
            for line in source_lines(point):
                place = Place(point.file, line, "line", "", 0)
                found[place] = max(found.get(place, 0), count)
    return found


def by_module(
    found: Mapping[Place, int], texts: Mapping[str, Sequence[str]], excluded: frozenset[Place] = frozenset()
) -> list[ModuleCoverage]:
    """Coverage module by module, by name.

    Args:
        found: every place and its count.
        texts: lines of the sources by the name of their file.
        excluded: places that are not asked for.
    """
    modules: dict[str, ModuleCoverage] = {}
    for place in sorted(found):
        module = modules.setdefault(place.file, ModuleCoverage(Path(place.file).stem))
        if place in excluded:
            module.excluded += 1
            continue
        share = module.shares[place.kind]
        share.total += 1
        if found[place]:
            share.hit += 1
        else:
            lines = texts.get(place.file, ())
            text = lines[place.line - 1].strip() if place.line <= len(lines) else ""
            module.holes.append(Hole(place.file, place.line, place.kind, place.what, text))
    return list(modules.values())
