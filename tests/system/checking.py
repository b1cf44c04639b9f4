"""Runs a changed controller on the bench, and gives the first difference found."""

from __future__ import annotations

from pathlib import Path

from mutants import Mutant, apply

from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Job, Mismatch, Segment
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.verify import parts, plan
from crosschop.model.chipspec import load_chipspec

TRANSFERS = 200


def segments(chip: str) -> tuple[Segment, ...]:
    """What `crosschop verify` applies to the chip as it is, only shorter."""
    spec, scenarios = parts(load_chipspec(chip))["chip"]
    return plan(spec, scenarios, 1, TRANSFERS, "chip")


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
