"""Points of an experiment: one simulation each, named by everything that decides its outcome, kept once it is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from crosschop.model.cache import sources_digest
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.results import RunResult, late_error
from crosschop.model.store import Store


@dataclass(frozen=True)
class Point:
    """One training run.

    Attributes:
        chip: name of a shipped chipspec.
        overrides: `KEY.PATH=VALUE` texts laid over it.
        seed: seed of everything random.
        engine: what the controller is, golden, icarus or native.
    """

    chip: str
    overrides: tuple[str, ...]
    seed: int
    engine: str = "golden"

    @property
    def key(self) -> str:
        """Digest of the point, of the resolved chip and of the program: equal keys have equal outcomes."""
        spec = load_chipspec(self.chip, self.overrides).model_dump_json()
        text = json.dumps([asdict(self), spec, sources_digest()])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def about(self) -> dict[str, object]:
        """The fields, for the file of outcomes."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What is kept of a run.

    Attributes:
        error: weight error in percent, mean over the last tenth of the run.
        samples: samples run.
        pulses_a, pulses_w: most pulses on one device of A (None without A) and of W, per sample.
        digest: digest of the sequence of events.
    """

    error: float
    samples: int
    pulses_a: float | None
    pulses_w: float
    digest: str


def outcome_of(result: RunResult) -> Outcome:
    """The part of a result that experiments compare."""
    return Outcome(
        error=late_error(result),
        samples=result.samples,
        pulses_a=result.pulses_a,
        pulses_w=result.pulses_w,
        digest=result.digest,
    )


def simulate_golden(point: Point) -> Outcome:
    """Runs a point on the golden controller."""
    spec = load_chipspec(point.chip, point.overrides)
    return outcome_of(run_golden(spec, point.seed, transfers_in(spec, spec.task.samples), lambda done: None))


def new_store(path: Path) -> Store[Point, Outcome]:
    """The outcomes kept in a file."""
    return Store(path, Outcome)


Outcomes = Mapping[Point, Outcome]
