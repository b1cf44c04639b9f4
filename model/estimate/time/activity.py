"""What a run does per sample and transfer: pulse trains and writes of W, measured in a run or assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import (
    ChipSpec,
    beats,
    controller_kind,
    cycles,
    mixed_section,
    samples_per_transfer,
    x_beats,
)
from crosschop.model.cycles import PHASES
from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.estimate.counts.memory import flip_rate
from crosschop.model.estimate.quantity import Origin
from crosschop.model.estimate.time.schedule import Workload
from crosschop.model.results import RunResult

IntArray = NDArray[np.int64]

# Samples whose train lengths stand for the histogram of a run; batches in mixed precision.
_SAMPLES, _BATCHES = 2000, 1
_BEHIND = 3  # transfers, updates or batches behind those: a sample's passes on W run well before its read
_SEED = 1  # of the order of the lengths


@dataclass(frozen=True)
class Activity:
    """What a run did, or is assumed to do.

    Attributes:
        lengths: (max_pulses + 1,) samples by the length of their pulse train; (1,) without pulse trains.
        writes: fraction of the transfers that wrote W, in mixed precision of the columns at the ends of batches; 0 in
            in-memory SGD.
        flips: fraction of the transfers that flip a sign.
        counts: the run's cycles by phase, None where lengths and writes are assumed.
        samples: samples of that run.
        origin: measured where an RTL's counters gave `counts`.
        source: which run, or what is assumed.
    """

    lengths: IntArray
    writes: float
    flips: float
    counts: dict[str, int] | None
    samples: int
    origin: Origin
    source: str

    @property
    def mean_length(self) -> float:
        """Mean length of the pulse trains, slots."""
        return float(self.lengths @ np.arange(self.lengths.size) / max(1, int(self.lengths.sum())))

    def update_cycles(self, pulse: int) -> float:
        """Mean cycles of an update; an empty train takes its request's cycle."""
        return float(self.lengths @ np.maximum(1, np.arange(self.lengths.size) * pulse) / max(1, self.lengths.sum()))


def activity_of(result: RunResult) -> Activity:
    """The activity of a finished run.

    Raises:
        CrosschopError: the run's cycles are not those of the cycle model, or not those of its trains.
        InputError: the run is too short to have a rate.
    """
    spec, counts = result.spec, result.cycles
    for phase in PHASES:
        if counts[phase] != result.cycles_modelled[phase]:
            raise CrosschopError(
                f"{spec.name}: the RTL counted {counts[phase]} cycles {phase}, the cycle model "
                f"{result.cycles_modelled[phase]}"
            )
    for phase, cycles_expected in _closed_forms(result).items():
        if counts[phase] != cycles_expected:
            raise CrosschopError(
                f"{spec.name}: {counts[phase]} cycles {phase} were counted, the {result.samples} samples of the run "
                f"take {cycles_expected}"
            )
    origin: Origin = "measured" if result.cycles_measured else "modelled"
    source = f"{result.samples} samples on the engine {result.engine}, seed {result.seed}"
    chances = _chances(spec, result.samples)
    if result.samples < 2 or (chances == 0 and controller_kind(spec) != "in_memory_sgd"):
        raise InputError(
            f"{spec.name}: {result.samples} samples are too few for an estimate of time; at least one batch is needed"
            if controller_kind(spec) == "mixed_precision"
            else f"{spec.name}: {result.samples} samples are too few for an estimate of time"
        )
    writes = counts["write"] / (cycles(spec).write * chances) if chances else 0.0
    return Activity(result.train_lengths, writes, _flips(result), counts, result.samples, origin, source)


def assumed_activity(spec: ChipSpec, length: int | None = None, writes: float = 1.0) -> Activity:
    """Every train has `length` slots (None: the longest, l_max), and so many transfers write W.

    Raises:
        InputError: the length is beyond l_max, or `writes` is no fraction.
    """
    longest = 0 if spec.driver is None else spec.driver.max_pulses
    length = longest if length is None else length
    if not 0 <= length <= longest or not 0 <= writes <= 1:
        raise InputError(f"{spec.name}: trains of {length} slots and writes of {writes} do not go with l_max {longest}")
    lengths = np.zeros(longest + 1, dtype=np.int64)
    lengths[length] = 1
    kind = controller_kind(spec)
    writes = 0.0 if kind == "in_memory_sgd" else writes
    trains = "" if kind == "mixed_precision" else f"pulse trains of {length} slots"
    columns = {"transfer": "transfers", "mixed_precision": "columns of a batch", "in_memory_sgd": ""}[kind]
    source = ", ".join(part for part in (trains, f"{writes:.0%} of the {columns} write W" if columns else "") if part)
    return Activity(lengths, writes, flip_rate(spec), None, 0, "modelled", f"assumed: {source}")


def _chances(spec: ChipSpec, samples: int) -> int:
    """Transfers, or columns at the ends of batches, that may write W within so many samples."""
    kind = controller_kind(spec)
    if kind == "in_memory_sgd":
        return 0
    if kind == "mixed_precision":
        return samples // mixed_section(spec).batch * spec.array.cols
    return samples // samples_per_transfer(spec)


def _closed_forms(result: RunResult) -> dict[str, int]:
    """The phases that follow from the numbers of samples and the train lengths alone."""
    spec, samples = result.spec, result.samples
    kind, durations = controller_kind(spec), cycles(spec)
    lengths = result.train_lengths
    updating = int(lengths @ np.maximum(1, np.arange(lengths.size) * durations.pulse))
    if kind == "in_memory_sgd":
        return {"clear": 0, "update": updating}
    depth = spec.array.cols * beats(spec)
    if kind == "mixed_precision":
        return {"clear": depth, "digital": samples * (beats(spec) + x_beats(spec) + depth)}
    transfers = samples // samples_per_transfer(spec)
    return {
        "clear": depth,
        "update": updating,
        "read": transfers * durations.read,
        "digital": transfers * beats(spec),
    }


def _flips(result: RunResult) -> float:
    """Fraction of the transfers of a run that flipped a sign; 0 where nothing is transferred."""
    return result.counts["flips"] / result.transfers if result.spec.device.a is not None else 0.0


def representative_units(spec: ChipSpec) -> int:
    """Transfers, updates or batches that stand for a run in a schedule."""
    if controller_kind(spec) == "mixed_precision":
        return _BATCHES
    return -(-_SAMPLES // samples_per_transfer(spec))


def representative(spec: ChipSpec, activity: Activity) -> Workload:
    """A workload with the activity's train lengths, writes and flips in random order.

    It is 2 `representative_units` and `_BEHIND` long, each of them with the same lengths and writes in the same order:
    what `Schedule.steady` shows of it has the activity's means.
    """
    units, generator = representative_units(spec), np.random.default_rng(_SEED)
    if controller_kind(spec) == "mixed_precision":
        column = np.arange(spec.array.cols)
        written = np.floor((column + 1) * activity.writes + 1e-9) > np.floor(column * activity.writes + 1e-9)
        batches = 2 * units + _BEHIND
        samples = np.zeros(batches * mixed_section(spec).batch, dtype=np.int64)
        return Workload(samples, np.tile(written, (batches, 1)), np.zeros(0, dtype=bool))
    n_s = samples_per_transfer(spec)
    lengths = _spread(activity.lengths, units * n_s)
    generator.shuffle(lengths)
    repeated = np.concatenate((lengths, lengths, lengths[: _BEHIND * n_s]))
    if controller_kind(spec) == "in_memory_sgd":
        return Workload(repeated, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))

    def share(fraction: float) -> NDArray[np.bool_]:
        chosen = np.arange(units) < round(fraction * units)
        generator.shuffle(chosen)
        return np.concatenate((chosen, chosen, chosen[:_BEHIND]))

    return Workload(repeated, share(activity.writes), share(activity.flips))


def _spread(histogram: IntArray, samples: int) -> IntArray:
    """So many lengths in the proportions of a histogram, by largest remainder."""
    exact = histogram / histogram.sum() * samples
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: samples - int(counts.sum())]] += 1
    return np.repeat(np.arange(histogram.size), counts)
