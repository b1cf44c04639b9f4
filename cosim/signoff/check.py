"""A line of the sign-off page: what is checked, what was found, and the evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Mismatch
from crosschop.model.chipspec import ChipSpec

Status = Literal["pass", "fail", "not run"]
# What stands behind a verdict is quoted, not copied whole.
EVIDENCE_LINES = 20


@dataclass(frozen=True)
class Effort:
    """How much work a sign-off takes.

    Attributes:
        name: what the user calls it.
        seeds: seeds 1..N of every verification.
        transfers: transfers of each of the two parts of a verification.
        sweeps: sweeps over the columns, or batches, of the training that engines are compared on.
        mutants: seeded bugs.
        specs: random chips of the same algorithm.
        upsets: bit flips in each field of the state.
        covered: transfers of each of the two parts of the verification whose coverage is measured.
    """

    name: str
    seeds: int
    transfers: int
    sweeps: int
    mutants: int
    specs: int
    upsets: int
    covered: int


EFFORTS = {
    effort.name: effort
    for effort in (
        Effort("quick", seeds=1, transfers=200, sweeps=2, mutants=20, specs=5, upsets=2, covered=2000),
        Effort("normal", seeds=3, transfers=2000, sweeps=20, mutants=100, specs=25, upsets=10, covered=2000),
        Effort("full", seeds=10, transfers=10000, sweeps=100, mutants=500, specs=200, upsets=50, covered=10000),
    )
}


@dataclass(frozen=True)
class Context:
    """What the checks work on.

    Attributes:
        spec: the chip.
        effort: how much.
        dut: the controller.
        source: of the chip as the user named it, for commands that reproduce a failure.
        kept: folder in which a long check keeps what it has done so far, so that it can go on; None: nowhere.
    """

    spec: ChipSpec
    effort: Effort
    dut: Dut
    source: str
    kept: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes:
        status: its verdict; "not run" where a tool is missing.
        found: the finding in one sentence.
        evidence: lines behind it, or what went wrong.
        figures: numbers of the finding, as JSON values.
        seconds: time it took.
    """

    status: Status
    found: str
    evidence: list[str]
    figures: dict[str, Any]
    seconds: float = 0.0


def passed(found: str, evidence: list[str] | None = None, **figures: Any) -> Outcome:
    """A check that found nothing wrong."""
    return Outcome("pass", found, (evidence or [])[:EVIDENCE_LINES], figures)


def failed(found: str, evidence: list[str] | None = None, **figures: Any) -> Outcome:
    """A check that found something wrong."""
    return Outcome("fail", found, (evidence or [])[:EVIDENCE_LINES], figures)


def whole_chip(context: Context) -> str:
    """Everything that the chipspec says."""
    return context.spec.model_dump_json()


def describe(mismatch: Mismatch) -> list[str]:
    """A divergence in lines."""
    place = f"transfer {mismatch.transfer}, cycle {mismatch.cycle}, column {mismatch.column}, row {mismatch.row}"
    found = f"{mismatch.field}: expected {mismatch.expected}, got {mismatch.got}"
    return [mismatch.segment, place, found, *mismatch.events]


@dataclass(frozen=True)
class Check:
    """A check of the list.

    Attributes:
        name: short, unique.
        title: what is demanded.
        run: does it.
        applies: whether this chip has what it checks.
        scope: what of the chip its outcome depends on; chips of equal scope share one.
    """

    name: str
    title: str
    run: Callable[[Context, Path], Outcome]
    applies: Callable[[Context], bool] = lambda context: True
    scope: Callable[[Context], str] = whole_chip


@dataclass(frozen=True)
class Line:
    """A check on a chip, as kept between calls."""

    check: Check
    context: Context
    versions: str

    @property
    def key(self) -> str:
        """Names what is checked of the chip, effort, sources of controller and package, versions of the tools."""
        digest = hashlib.sha256(self.check.scope(self.context).encode())
        digest.update(repr((self.context.effort, self.context.dut.digest(), self.versions)).encode())
        return f"{self.check.name} {digest.hexdigest()[:20]}"

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know."""
        return {"check": self.check.name, "chip": self.context.spec.name, "effort": self.context.effort.name}
