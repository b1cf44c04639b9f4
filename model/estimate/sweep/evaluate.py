"""What a sweep asks of each variant: runs of the golden engine, one per seed, and what the variant costs."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from crosschop.model.cache import estimates_digest, sources_digest
from crosschop.model.chipspec import ChipSpec, memory_bits
from crosschop.model.cycles import total_cycles
from crosschop.model.engines import Progress, run_golden, whole_transfers
from crosschop.model.estimate.chip import area_of
from crosschop.model.estimate.models import Models, models_of
from crosschop.model.estimate.quantity import UM2_PER_MM2
from crosschop.model.results import RunResult, late_error

Cost = Callable[[ChipSpec, Models], float]


class Run(Protocol):
    """An engine: chip, seed, transfers, what is called with the transfers done."""

    def __call__(self, spec: ChipSpec, seed: int, transfers: int, progress: Progress) -> RunResult:
        """Trains."""


@dataclass(frozen=True)
class Metric:
    """A figure of every variant; small is good.

    Attributes:
        label: for tables and axes.
        unit: its unit, empty for a count.
        cost: gives it from the chip alone; None where it comes from the runs.
    """

    label: str
    unit: str
    cost: Cost | None = None


# One line makes a new metric: it is computed for each variant, kept, tabulated, and --x and --y know it.
METRICS: dict[str, Metric] = {
    "error": Metric("weight error", "%"),
    "cycles": Metric("cycles per sample", ""),
    "ns": Metric("time per sample", "ns"),
    "bits": Metric("digital memory", "bits", lambda spec, models: memory_bits(spec).total),
    "area": Metric("area", "mm2", lambda spec, models: area_of(spec, models)[1].total.nominal / UM2_PER_MM2),
    "digital": Metric("memories and logic", "mm2", lambda spec, models: _digital(spec, models) / UM2_PER_MM2),
}
SPREAD = "error_spread"


def _digital(spec: ChipSpec, models: Models) -> float:
    """Area of memories and controller logic, um2."""
    area = area_of(spec, models)[1]
    return sum(part.nominal for part in (area.of("memory"), area.of("logic")) if part is not None)


def cost_of(spec: ChipSpec, models: Models) -> dict[str, float]:
    """What the chip costs, by metric: those that need no run."""
    return {name: metric.cost(spec, models) for name, metric in METRICS.items() if metric.cost is not None}


@dataclass(frozen=True)
class Task:
    """A run, or without a seed the costs, of one variant.

    Attributes:
        spec: the resolved chip as JSON: a worker need not have the user's files.
        seed: seed of everything random; None: the costs.
        samples: samples of the run; None: those of the chip.
        models: what costs are estimated with, as JSON; empty for a run.
        engine: what the controller of a run is, golden or native.
    """

    spec: str
    seed: int | None
    samples: int | None
    models: str = ""
    engine: str = "golden"

    @functools.cached_property
    def key(self) -> str:
        """Digest of the task and of what computes it: equal keys have equal figures."""
        sources = (estimates_digest(), _yosys(), *cost_names()) if self.seed is None else sources_digest()
        return hashlib.sha256(json.dumps([asdict(self), sources]).encode()).hexdigest()[:24]

    def about(self) -> dict[str, object]:
        """Chip, seed and samples."""
        return {"chip": json.loads(self.spec)["name"], "seed": self.seed, "samples": self.samples}


def _yosys() -> str:
    """Version of the Yosys that maps the controllers; empty where there is none."""
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        return ""


def cost_names() -> list[str]:
    """Metrics that need no run."""
    return [name for name, metric in METRICS.items() if metric.cost is not None]


@dataclass(frozen=True)
class Figures:
    """Metrics by name."""

    values: dict[str, float]


def tasks_of(chip: str, seeds: Sequence[int], samples: int | None, models: str, engine: str = "golden") -> list[Task]:
    """All that a variant needs, the costs first; arguments as the fields of `Task`."""
    return [Task(chip, None, None, models), *(Task(chip, seed, samples, engine=engine) for seed in seeds)]


def evaluate(task: Task, run: Run = run_golden) -> Figures:
    """The figures of a task, its runs by the engine that is given."""
    spec = ChipSpec.model_validate_json(task.spec)
    if task.seed is None:
        return Figures(cost_of(spec, models_of(task.models)))
    result = run(spec, task.seed, whole_transfers(spec, task.samples), lambda done: None)
    cycles = total_cycles(result.cycles) / result.samples
    return Figures({"error": late_error(result), "cycles": cycles, "ns": cycles * spec.timing.clock_ns})


def summarise(costs: Figures, runs: Sequence[Figures]) -> dict[str, float | None]:
    """The metrics of a variant: means over its runs, the standard deviation of the error, the costs.

    The deviation is that of a single run (n - 1), None with one run.
    """
    errors = [run.values["error"] for run in runs]
    found: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        found[name] = costs.values[name] if metric.cost else statistics.fmean(run.values[name] for run in runs)
        if name == "error":
            found[SPREAD] = statistics.stdev(errors) if len(errors) > 1 else None
    return found
