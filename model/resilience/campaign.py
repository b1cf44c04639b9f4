"""How the training error reacts: runs with upsets beside runs without, seed by seed."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from crosschop.model.cache import sources_digest
from crosschop.model.chipspec import ChipSpec, samples_in
from crosschop.model.engines import run_golden, whole_transfers
from crosschop.model.faults.draw import Strikes, draw_upsets
from crosschop.model.faults.fields import Field, field_of
from crosschop.model.results import late_error


@dataclass(frozen=True)
class Run:
    """A training run on the golden engine, with or without upsets in one field.

    Attributes:
        spec: the resolved chip as JSON: a worker need not have the user's files.
        seed: seed of everything random, places and times of the upsets included.
        samples: samples of the run; None: those of the chip.
        field: where bits are flipped; empty for none.
        bit: which bit of the entries; None: any.
        count: upsets in the run.
        at: moment of all of them, as a share of the run; None: any.
        rate: in place of a count, upsets per bit and sample.
    """

    spec: str
    seed: int
    samples: int | None
    field: str = ""
    bit: int | None = None
    count: int = 0
    at: float | None = None
    rate: float = 0.0

    @functools.cached_property
    def key(self) -> str:
        """Digest of the run and of the sources that compute it: equal keys have equal outcomes."""
        return hashlib.sha256(json.dumps([asdict(self), sources_digest()]).encode()).hexdigest()[:24]

    def about(self) -> dict[str, object]:
        """Chip, seed and what is flipped."""
        content = {**asdict(self), "chip": json.loads(self.spec)["name"]}
        del content["spec"]
        return content


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        error: weight error in percent, mean over the last tenth of the run.
        upsets: bits flipped.
        digest: of all events.
    """

    error: float
    upsets: int
    digest: str


def evaluate(run: Run) -> Outcome:
    """The outcome of a run; importable by name, as worker processes call it."""
    spec = ChipSpec.model_validate_json(run.spec)
    transfers = whole_transfers(spec, run.samples)
    strikes = Strikes(run.field, run.bit, run.count, run.at, run.rate)
    upsets = draw_upsets(spec, strikes, run.seed, transfers)
    result = run_golden(spec, run.seed, transfers, lambda done: None, upsets=upsets)
    return Outcome(late_error(result), len(upsets), result.digest)


@dataclass(frozen=True)
class Spread:
    """A mean over seeds.

    Attributes:
        mean: of the runs.
        error: standard error of the mean; 0 with one seed, where nothing is known of it.
        deviation: standard deviation of one run.
    """

    mean: float
    error: float
    deviation: float


def spread_of(values: Sequence[float]) -> Spread:
    """Mean, its standard error, and the deviation of one run."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return Spread(statistics.fmean(values), deviation / math.sqrt(len(values)), deviation)


@dataclass(frozen=True)
class Effect:
    """What upsets do to the weight error, in percent of the weight range's half.

    Attributes:
        field: where.
        bit: which bit; None: any, by rate.
        rate: upsets per bit and sample.
        upsets: mean number in a run.
        increase: of the error of a run over the run without, seed by seed.
    """

    field: Field
    bit: int | None
    rate: float
    upsets: float
    increase: Spread

    @property
    def per_upset(self) -> float:
        """Mean increase for one upset."""
        return self.increase.mean / max(1.0, self.upsets)

    @property
    def per_upset_error(self) -> float:
        """Its standard error."""
        return self.increase.error / max(1.0, self.upsets)


def effect_of(spec: ChipSpec, runs: Sequence[Run], outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> Effect:
    """The effect of runs that differ in the seed alone, against those without upsets, in the same order."""
    first = runs[0]
    field = field_of(spec, first.field)
    increases = [struck.error - clean.error for struck, clean in zip(outcomes, baseline, strict=True)]
    upsets = statistics.fmean(outcome.upsets for outcome in outcomes)
    samples = samples_in(spec, whole_transfers(spec, first.samples))
    bits = field.places * (field.bits if first.bit is None else 1)
    return Effect(field, first.bit, first.rate or upsets / (bits * samples), upsets, spread_of(increases))


def runs_of_bits(
    spec: ChipSpec,
    seeds: Sequence[int],
    samples: int | None,
    field: Field,
    bits: Sequence[int],
    most: int,
    at: float | None,
) -> list[list[Run]]:
    """Runs for each bit of a field, a list per bit with a run per seed.

    Upsets of a run do not meet: there are no more of them than entries, so one in a counter.
    """
    text = spec.model_dump_json()
    count = min(most, field.places)
    return [[Run(text, seed, samples, field.name, bit, count, at) for seed in seeds] for bit in bits]


def runs_of_rate(spec: ChipSpec, seeds: Sequence[int], samples: int | None, field: Field, rate: float) -> list[Run]:
    """Runs in which every bit of a field flips at a rate, one per seed."""
    return [Run(spec.model_dump_json(), seed, samples, field.name, rate=rate) for seed in seeds]


def baseline_runs(spec: ChipSpec, seeds: Sequence[int], samples: int | None) -> list[Run]:
    """The runs without upsets."""
    return [Run(spec.model_dump_json(), seed, samples) for seed in seeds]
