"""Points of an experiment: one simulation each, named by everything that decides its outcome, kept once it is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from crosschop.model.cache import sources_digest
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.results import RunResult

# The error of a run is its mean over this share of the run's end: a single moment has the noise of the last writes.
TAIL = 0.1


@dataclass(frozen=True)
class Point:
    """One training run.

    Attributes:
        chip: name of a shipped chipspec.
        overrides: `KEY.PATH=VALUE` texts laid over it.
        seed: seed of everything random.
        engine: what the controller is, golden or icarus.
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
    late = result.errors[:, 0] > (1 - TAIL) * result.samples
    return Outcome(
        error=float(np.mean(result.errors[late, 1])),
        samples=result.samples,
        pulses_a=result.pulses_a,
        pulses_w=result.pulses_w,
        digest=result.digest,
    )


def simulate_golden(point: Point) -> Outcome:
    """Runs a point on the golden controller."""
    spec = load_chipspec(point.chip, point.overrides)
    return outcome_of(run_golden(spec, point.seed, transfers_in(spec, spec.task.samples), lambda done: None))


class Store:
    """Outcomes in a file of JSON lines, one appended for each point as it ends; a torn last line is ignored.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, Outcome] = {}
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._outcomes[entry["key"]] = Outcome(**entry["outcome"])
                except (ValueError, TypeError, KeyError):
                    continue

    def get(self, point: Point) -> Outcome | None:
        """The outcome of a point that has been run."""
        return self._outcomes.get(point.key)

    def put(self, point: Point, outcome: Outcome) -> None:
        """Keeps an outcome."""
        self._outcomes[point.key] = outcome
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"key": point.key, "point": asdict(point), "outcome": asdict(outcome)})
        with self._path.open("a") as file:
            # Begins a line of its own even after one that was torn when the program was killed.
            file.write(f"\n{line}\n")


Outcomes = Mapping[Point, Outcome]
