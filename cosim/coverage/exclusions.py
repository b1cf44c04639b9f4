"""Places of the controller's sources that need not be reached, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crosschop.cosim.coverage.code import CodePoint, Place, places, source_lines
from crosschop.cosim.coverage.plan import Condition, holds
from crosschop.cosim.dut import Dut
from crosschop.model.chipspec import ChipSpec
from crosschop.model.chipspec.yaml_text import read_yaml
from crosschop.model.errors import InputError

EXCLUSIONS_FILE = Path(__file__).with_name("exclusions.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Exclusion(_Strict):
    """Branches that need not be taken, with the lines that run with them alone.

    Attributes:
        reason: why.
        branch: which one, in Verilator's words: if, else, cond_then, cond_else, case.
        places: source lines, without the blanks around them, by the name of their file.
        chips: conditions of the plan under which no chip takes them, "" for none: of a set of chips that all are
            such; what one of them takes all the same counts as reached.
    """

    reason: Annotated[str, Field(min_length=20)]
    chips: Condition = ""
    branch: Annotated[str, Field(min_length=2)]
    places: Annotated[dict[str, Annotated[list[str], Field(min_length=1)]], Field(min_length=1)]


class Exclusions(_Strict):
    """All of them."""

    exclusions: list[Exclusion]

    def of(self, specs: Sequence[ChipSpec]) -> Exclusions:
        """Those that hold for a set of chips."""
        return Exclusions(exclusions=[one for one in self.exclusions if all(holds(one.chips, spec) for spec in specs)])

    def each(self) -> Iterator[tuple[str, str, Exclusion]]:
        """File, source line, and what stands about it."""
        for exclusion in self.exclusions:
            for file, lines in exclusion.places.items():
                for line in lines:
                    yield file, line, exclusion


def load_exclusions(path: Path = EXCLUSIONS_FILE) -> Exclusions:
    """The exclusions of a file.

    Raises:
        InputError: the file cannot be read, or has something else in it.
    """
    try:
        return Exclusions.model_validate(read_yaml(path, "file of exclusions"))
    except ValidationError as error:
        raise InputError(
            *(f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from None


def exclusions_for(specs: Sequence[ChipSpec], duts: Iterable[Dut], path: Path | None = None) -> Exclusions:
    """What a set of chips need not reach.

    Args:
        specs: the chips.
        duts: their controllers; the shipped exclusions say nothing of a user's own.
        path: None: the shipped exclusions.

    Raises:
        InputError: as of load_exclusions.
    """
    if path is None and any(dut.own for dut in duts):
        return Exclusions(exclusions=[])
    return load_exclusions(path or EXCLUSIONS_FILE).of(specs)


def excluded_places(
    exclusions: Exclusions, counts: Mapping[CodePoint, int], texts: Mapping[str, Sequence[str]], whole: bool = False
) -> frozenset[Place]:
    """The places that exclusions take out of a measurement.

    Args:
        exclusions: those of a file; of a source that was not measured they say nothing.
        counts: what was counted.
        texts: lines of the measured sources by the name of their file.
        whole: the chips have every branch; a few of them may not have what another chip's parameters bring about.

    Raises:
        InputError: an excluded branch was taken after all, or the line does not exist, or has no such branch.
    """
    reached, measured = places(counts), {point.file for point in counts}
    found: set[Place] = set()
    wrong: list[str] = []
    for file, text, exclusion in exclusions.each():
        if file not in measured:
            continue  # no chip had this module
        where = f"exclusion of {file}: {exclusion.branch} of {text!r}"
        numbers = {number for number, line in enumerate(texts[file], 1) if line.strip() == text}
        matching = [
            point
            for point in counts
            if (point.file, point.kind, point.what) == (file, "branch", exclusion.branch) and point.line in numbers
        ]
        if not numbers:
            wrong.append(f"{where}: the source has no such line")
        elif not matching and whole:
            wrong.append(f"{where}: that line has no such branch")
        elif any(counts[point] for point in matching):
            if exclusion.chips:
                continue
            wrong.append(f"{where}: it was reached after all")
        for point in matching:
            found.add(Place(point.file, point.line, "branch", point.what, point.column))
            alone = (Place(point.file, line, "line", "", 0) for line in source_lines(point))
            found |= {place for place in alone if reached.get(place) == 0}
    if wrong:
        raise InputError(*wrong)
    return frozenset(found)
