"""Simulates a point of a reproduction, or of a sweep, on the engine that it names."""

from __future__ import annotations

import shlex

from crosschop.cosim.engines import MismatchError, run_rtl
from crosschop.cosim.native.engine import run_native
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.sweep.evaluate import Figures, Task, evaluate
from crosschop.model.reproduce.points import Outcome, Point, outcome_of, simulate_golden


def simulate(point: Point) -> Outcome:
    """The outcome of a point; importable by name, as worker processes call it.

    Raises:
        CrosschopError: the RTL differs from the golden model (engines icarus, native).
    """
    if point.engine == "golden":
        return simulate_golden(point)
    spec = load_chipspec(point.chip, point.overrides)
    transfers = transfers_in(spec, spec.task.samples)
    try:
        if point.engine == "native":
            return outcome_of(run_native(spec, point.seed, transfers, _ignore))
        with work_directory() as directory:
            return outcome_of(run_rtl(spec, point.seed, transfers, _ignore, directory))
    except MismatchError as error:
        options = [word for override in point.overrides for word in ("--set", override)]
        command = shlex.join(["crosschop", "run", point.chip, "--seed", str(point.seed), *options])
        raise CrosschopError(f"the RTL differs from the golden model at {error}; {command} shows where") from None


def evaluate_task(task: Task) -> Figures:
    """The figures of a task of a sweep on the engine that it names; importable by name.

    Raises:
        CrosschopError: the RTL differs from the golden model (engine native).
    """
    try:
        return evaluate(task, run_native if task.engine == "native" else run_golden)
    except MismatchError as error:
        chip, seed = task.about()["chip"], task.seed
        raise CrosschopError(
            f"{chip}, seed {seed}: the RTL differs from the golden model at {error}; crosschop run shows where"
        ) from None


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress of a point."""
