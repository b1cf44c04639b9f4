"""The result of a training run in the units of the paper: what the command prints, draws and writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, has_reference, p_frac, read_lsb
from crosschop.model.recording import PREF, H, P

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RunResult:
    """A finished training run.

    Attributes:
        spec: the chip.
        engine: golden, float or icarus.
        seed: seed of everything random.
        samples, transfers: how many were run.
        compared: transfers whose every field was compared between RTL and golden model; 0 without RTL.
        weight_error: root mean square of W - W*, percent.
        digest: digest of the sequence of events; equal seeds give equal digests on every exact engine.
        train_length: mean length of the pulse trains, slots (l_avg of the paper).
        train_lengths: (max_pulses + 1,) samples by the length of their pulse train; (1,) zero without pulse trains.
        pulses_a, pulses_w: most pulses on one device of A (None where there is no A) and of W, per sample.
        counts: what happened how often: the counts of recording.py, and pulses_a and pulses_w, pulses on all devices of
            A (absent where there is no A) and of W together, refresh included.
        cycles: cycles by phase.
        cycles_modelled: the same from the cycle model; where `cycles` were measured, both have been found equal.
        cycles_measured: True where the RTL's counters gave them, False where the cycle model did.
        cycles_elapsed: clock cycles of the controller from its reset to the last retirement; None without RTL.
        errors: (n, 2) sample, weight error in percent.
        trace: (n, TRACE_FIELDS) one element at each read of its column, or at its first updates (recording.py); a, w,
            p, p^ref in weight units, h in pulses; what the chip does not have is 0.
        element: (2,) row and column of that element.
        target: what W shall hold there.
    """

    spec: ChipSpec
    engine: str
    seed: int
    samples: int
    transfers: int
    compared: int
    weight_error: float
    digest: str
    train_length: float
    train_lengths: NDArray[np.int64]
    pulses_a: float | None
    pulses_w: float
    counts: dict[str, int]
    cycles: dict[str, int]
    cycles_modelled: dict[str, int]
    cycles_measured: bool
    cycles_elapsed: int | None
    errors: FloatArray
    trace: FloatArray
    element: NDArray[np.int64]
    target: float


# The error of a run is its mean over this share of the run's end: a single moment has the noise of the last writes.
TAIL = 0.1


def late_error(result: RunResult) -> float:
    """Weight error in percent, mean over the last tenth of the run."""
    late = result.errors[:, 0] > (1 - TAIL) * result.samples
    return float(np.mean(result.errors[late, 1]))


def in_units(spec: ChipSpec, trace: FloatArray) -> FloatArray:
    """An element's trace with the integer stores scaled: H to pulses, P and P^ref to weight units."""
    scaled = trace.copy()
    if spec.hidden is not None:
        scaled[:, H] /= 1 << spec.hidden.frac_bits
    if has_reference(spec):
        scaled[:, [P, PREF]] *= read_lsb(spec) / (1 << p_frac(spec))
    return scaled


def summary(result: RunResult) -> dict[str, object]:
    """The result as one JSON object."""
    return {
        "status": "pass",
        "chip": result.spec.name,
        "engine": result.engine,
        "seed": result.seed,
        "samples": result.samples,
        "transfers": result.transfers,
        "compared": result.compared,
        "mismatches": 0,
        "first_mismatch": None,
        "weight_error": result.weight_error,
        "cycles": result.cycles,
        "cycles_source": "measured" if result.cycles_measured else "modelled",
        "cycles_elapsed": result.cycles_elapsed,
        "events": result.digest,
        "train_length": result.train_length,
        "train_lengths": result.train_lengths.tolist(),
        "pulses_per_sample": {"a": result.pulses_a, "w": result.pulses_w},
    }


_ARRAYS = ("train_lengths", "errors", "trace", "element")
_NUMBERS_FILE, _ARRAYS_FILE = "run.json", "run.npz"


def save_run(result: RunResult, directory: Path) -> None:
    """Writes a result for `load_run`."""
    names = [field.name for field in fields(result) if field.name not in (*_ARRAYS, "spec")]
    numbers = {name: getattr(result, name) for name in names}
    (directory / _NUMBERS_FILE).write_text(json.dumps(numbers))
    np.savez_compressed(directory / _ARRAYS_FILE, **{name: getattr(result, name) for name in _ARRAYS})


def load_run(spec: ChipSpec, directory: Path) -> RunResult:
    """Reads a result that `save_run` wrote for the same chip."""
    numbers = json.loads((directory / _NUMBERS_FILE).read_text())
    with np.load(directory / _ARRAYS_FILE) as arrays:
        return RunResult(spec=spec, **numbers, **{name: arrays[name] for name in _ARRAYS})
