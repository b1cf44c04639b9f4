"""Runs a changed controller on the bench, and gives the first difference found."""

from __future__ import annotations

from pathlib import Path

from mutants import Mutant, apply

from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Job, Mismatch, Segment
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.verify import parts, plan
from crosschop.model.chipspec import ChipSpec, load_chipspec

TRANSFERS = 200
# Of a verification of a whole chip.
VERIFIED = 2000
# From so many rows on Icarus takes 20 to 40 ms for a transfer.
LARGE = 512


def segments(chip: str) -> tuple[Segment, ...]:
    """What `crosschop verify` applies to the chip as it is, only shorter."""
    spec, scenarios = parts(load_chipspec(chip))["chip"]
    return plan(spec, scenarios, 1, TRANSFERS, "chip")


def transfers_due(spec: ChipSpec, seed: int) -> int:
    """Transfers of a verification of a whole chip; of a large one under all seeds together as many as of others."""
    if spec.array.rows < LARGE:
        return VERIFIED
    return VERIFIED // 2 if seed == 1 else VERIFIED // 4


def mutate(bug: Mutant, directory: Path) -> Path:
    """A copy of the shipped controller with the bug in it."""
    apply(bug, shipped_rtl(), directory / "rtl")
    return directory / "rtl"


def first_mismatch(rtl: Path, directory: Path, chip: str = "agad_tiny") -> Mismatch | None:
    """The first difference that a short verification of the chip finds."""
    job = directory / "job"
    job.mkdir()
    spec = load_chipspec(chip)
    (result,) = run_jobs([Task(Job(spec, segments(chip)), job)], dut=dut_of(spec, rtl))
    return result.mismatch


def by_configuration(segment: Segment) -> list[tuple[int, dict[str, int]]]:
    """Transfers that a segment compares under each of its configurations."""
    firsts = [0, *(first for first, _ in segment.changes), segment.compared]
    every = [segment.configuration, *(configuration for _, configuration in segment.changes)]
    return [(end - first, found) for first, end, found in zip(firsts, firsts[1:], every, strict=False)]


def ends_by_itself(segment: Segment) -> bool:
    """No reset ends it, which would take the counters with it."""
    return segment.abort is None and segment.reset_in is None
