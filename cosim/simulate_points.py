"""Simulates a point of a reproduction on the engine that it names."""

from __future__ import annotations

import shlex

from crosschop.cosim.engines import MismatchError, run_rtl
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.errors import CrosschopError
from crosschop.model.reproduce.points import Outcome, Point, outcome_of, simulate_golden


def simulate(point: Point) -> Outcome:
    """The outcome of a point; importable by name, as worker processes call it.

    Raises:
        CrosschopError: the RTL differs from the golden model (engine icarus).
    """
    if point.engine == "golden":
        return simulate_golden(point)
    spec = load_chipspec(point.chip, point.overrides)
    transfers = transfers_in(spec, spec.task.samples)
    with work_directory() as directory:
        try:
            return outcome_of(run_rtl(spec, point.seed, transfers, lambda done: None, directory))
        except MismatchError as error:
            options = [word for override in point.overrides for word in ("--set", override)]
            command = shlex.join(["crosschop", "run", point.chip, "--seed", str(point.seed), *options])
            raise CrosschopError(f"the RTL differs from the golden model at {error}; {command} shows where") from None
