"""What training asks of the devices: pulses per sample, lifetime for a given endurance, how long each array must hold.

Pulses come from a simulation; the bounds and the retention are those of Rasch et al., Nat. Commun. 15:7133 (2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.chipspec.algorithms import Agad, ChoppedTtv2, InMemorySgd, MixedPrecision, TransferAlgorithm
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.counts.memory import flip_rate
from crosschop.model.estimate.quantity import Line, Range, exactly
from crosschop.model.results import RunResult

PAPER = "Rasch 2024, Discussion and Methods"

Array = Literal["a", "w"]

# Largest drift of R over the training that the algorithm bears, as a share of the weight range (twice sigma_R).
DRIFT_TTV2 = 0.05
DRIFT_C_TTV2 = 0.25

NS_PER_US = 1000.0
NS_PER_HOUR = 3.6e12


@dataclass(frozen=True)
class Wear:
    """Pulses that a sample puts on a device, both polarities.

    Attributes:
        array: a or w.
        mean: over all devices.
        most: on the device that got most of them.
    """

    array: Array
    mean: float
    most: float


def wear_of(result: RunResult) -> tuple[Wear, ...]:
    """Pulses per device and sample of a run; no entry for an array that the chip does not have."""
    devices = result.spec.array.rows * result.spec.array.cols
    found = []
    most: dict[Array, float | None] = {"a": result.pulses_a, "w": result.pulses_w}
    for array, highest in most.items():
        if highest is not None:
            found.append(Wear(array, result.counts[f"pulses_{array}"] / devices / result.samples, highest))
    return tuple(found)


def bounds(spec: ChipSpec, train_length: float | None = None) -> dict[Array, float]:
    """Most pulses per device and sample that the algorithm can give, over whole sweeps or batches.

    A: one per slot, l_avg <= l_max; in in-memory SGD so for W. W: one read in n_s N samples, each `max_steps` pulses or
    fewer; the paper has one pulse, so 1/(n_s N). Mixed precision: `max_steps` per batch. Where columns are drawn at
    random a device may be met at every read; the bound is then that of the mean over the columns.

    Args:
        spec: the chip.
        train_length: mean slots of a pulse train, l_avg; the longest train when None.
    """
    slots = train_length
    if slots is None and spec.driver is not None:
        slots = float(spec.driver.max_pulses)
    if isinstance(spec.algorithm, InMemorySgd):
        assert slots is not None
        return {"w": slots}
    steps = given(spec.hidden).max_steps
    if isinstance(spec.algorithm, MixedPrecision):
        return {"w": steps / spec.algorithm.batch}
    assert slots is not None
    return {"a": slots, "w": steps / (spec.transfer.transfer_every * spec.array.cols)}


def lifetime(pulses_per_sample: float, endurance: Range) -> Range:
    """Samples until a device has had as many pulses as it bears.

    Args:
        pulses_per_sample: on this device, both polarities.
        endurance: pulses until failure.

    Raises:
        CrosschopError: no pulse at all.
    """
    if not pulses_per_sample > 0:
        raise CrosschopError("a device without pulses has no lifetime: run more samples")
    return endurance * (1 / pulses_per_sample)


@dataclass(frozen=True)
class Retention:
    """How long something must hold.

    Attributes:
        store: array A, R or W, or the digital P^ref.
        samples: for how many samples.
        drift: share of the weight range that it may drift meanwhile; None where the paper gives none.
        source: why.
    """

    store: Literal["a", "r", "w", "pref"]
    samples: float
    drift: float | None
    source: str


def retention(spec: ChipSpec, training: int) -> tuple[Retention, ...]:
    """What each array, and P^ref, must hold for.

    AGAD: A from read to read, N n_s samples; P^ref for a chop period, N n_s / rho samples, or for the training where
    nothing flips. TTv2, c-TTv2: in principle the same of A, but A and R are one material and R must hold for the
    training. W always holds for the training; so does R in front of W in in-memory SGD.

    Args:
        spec: the chip.
        training: samples of the training.
    """
    found = []
    algorithm = spec.algorithm
    whole = float(training)
    if isinstance(algorithm, TransferAlgorithm):
        sweep = float(spec.array.cols * algorithm.transfer_every)
        if isinstance(algorithm, Agad):
            found.append(Retention("a", sweep, None, f"{PAPER}: from read to read, N n_s"))
            rate = flip_rate(spec)
            if rate:
                found.append(Retention("pref", sweep / rate, None, "a chop period, N n_s / rho; digital"))
            else:
                found.append(Retention("pref", whole, None, "nothing flips; digital"))
        else:
            found.append(Retention("a", whole, None, f"{PAPER}: A and R are one material"))
            drift = DRIFT_C_TTV2 if isinstance(algorithm, ChoppedTtv2) else DRIFT_TTV2
            found.append(Retention("r", whole, drift, f"{PAPER}: programmed once, the training long"))
    if spec.array_r is not None and not any(need.store == "r" for need in found):
        found.append(Retention("r", whole, None, "programmed once, the training long"))
    found.append(Retention("w", whole, None, f"{PAPER}: the training long"))
    return tuple(found)


def wear_lines(
    result: RunResult, endurance: dict[Array, Range] | None = None, time_ns: Range | None = None
) -> list[Line]:
    """Lines of pulses per sample, their bounds, and lifetimes; an array without a pulse in the run has its bound only.

    Args:
        result: a run.
        endurance: pulses until failure of the devices of A and W.
        time_ns: time per sample; lifetimes in samples alone when None.
    """
    lines = []
    run = f"run of {result.samples:,} samples, engine {result.engine}, seed {result.seed}"
    limits = bounds(result.spec, result.train_length)
    for wear in wear_of(result):
        name, unit = wear.array.upper(), "pulses per sample"
        if wear.most:
            lines.append(Line(f"pulses on {name}, mean", exactly(wear.mean), unit, "measured", run))
            lines.append(Line(f"pulses on {name}, most", exactly(wear.most), unit, "measured", run))
        limit = exactly(limits[wear.array])
        lines.append(Line(f"pulses on {name}, bound", limit, unit, "modelled", f"{PAPER}: {_bound(result.spec, wear)}"))
        if endurance is None or wear.array not in endurance or not wear.most:
            continue
        life = lifetime(wear.most, endurance[wear.array])
        source = f"endurance / most pulses; {run}"
        lines.append(Line(f"lifetime of {name}", life, "samples", "modelled", source))
        if time_ns is not None:
            hours = life * time_ns * (1 / NS_PER_HOUR)
            lines.append(Line(f"lifetime of {name}, training without a break", hours, "h", "modelled", source))
    return lines


def _bound(spec: ChipSpec, wear: Wear) -> str:
    if wear.array == "a" or isinstance(spec.algorithm, InMemorySgd):
        return "l_avg"
    return "max_steps / B" if isinstance(spec.algorithm, MixedPrecision) else "max_steps / (n_s N), over whole sweeps"


def retention_lines(spec: ChipSpec, training: int, time_ns: Range | None = None) -> list[Line]:
    """Lines of what must hold how long, in samples and, with a time per sample, in microseconds."""
    lines = []
    for need in retention(spec, training):
        name = f"retention of {'P^ref' if need.store == 'pref' else need.store.upper()}"
        drift = "" if need.drift is None else f", drift below {need.drift:.0%} of the weight range"
        source = need.source + drift
        lines.append(Line(name, exactly(need.samples), "samples", "modelled", source))
        if time_ns is not None:
            microseconds = time_ns * (need.samples / NS_PER_US)
            lines.append(Line(f"{name}, time", microseconds, "us", "modelled", source))
    return lines
