"""Simulates a point of a reproduction on the engine that it names."""

from __future__ import annotations

from crosschop.cosim.engines import run_icarus
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.reproduce.points import Outcome, Point, outcome_of, simulate_golden


def simulate(point: Point) -> Outcome:
    """The outcome of a point; importable by name, as worker processes call it.

    Raises:
        MismatchError: the RTL differs from the golden model (engine icarus).
    """
    if point.engine == "golden":
        return simulate_golden(point)
    spec = load_chipspec(point.chip, point.overrides)
    transfers = transfers_in(spec, spec.task.samples)
    with work_directory() as directory:
        return outcome_of(run_icarus(spec, point.seed, transfers, lambda done: None, directory))
