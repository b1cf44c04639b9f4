"""Replays a trace of aihwkit with the float algorithms, and compares every matrix after every update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.aihwkit.compatibility import AihwkitCompatibility
from crosschop.model.aihwkit.trace import Settings, Trace, load_trace
from crosschop.model.algorithms import Agad, ChoppedTtv2, TransferAlgorithm, Ttv2

Matrix = NDArray[np.floating[Any]]
# Largest deviation from a recorded value, relative to it or to one pulse, whichever is larger. aihwkit computes in 32
# bits: values far below one pulse (dw_min in A, W, P and P^ref, 1 in H) are differences of larger ones, and their last
# digits are rounding.
RTOL = 1e-4


@dataclass(frozen=True)
class Divergence:
    """The first recorded value that was not reached.

    Attributes:
        step: update, from 1.
        matrix: which one (trace.NAMES).
        row, column: place in it, from 0.
        expected: as recorded.
        got: as computed.
    """

    step: int
    matrix: str
    row: int
    column: int
    expected: float
    got: float


@dataclass(frozen=True)
class Replay:
    """Outcome of a check.

    Attributes:
        trace: what was checked.
        steps: updates compared, up to the first divergence.
        transfers: column transfers among them.
        compared: matrices compared.
        deviation: largest relative deviation by matrix (see RTOL).
        divergence: the first one; None if there is none.
    """

    trace: Trace
    steps: int
    transfers: int
    compared: int
    deviation: Mapping[str, float]
    divergence: Divergence | None

    @property
    def passed(self) -> bool:
        """Whether every matrix was reached at every step."""
        return self.divergence is None


@dataclass
class SoftBounds:
    """An array of equal soft-bounds devices without noise (Eqs 2, 3), in aihwkit's order of operations.

    Attributes:
        weight: conductance minus reference, (cols, rows); begins at 0.
        step: step of a pulse at conductance 0.
        reference: conductance that stands for weight 0.
        w_max, w_min: bounds of the conductance.
    """

    weight: Matrix
    step: float
    reference: float
    w_max: float
    w_min: float

    def pulse(self, column: slice, direction: NDArray[np.int64]) -> None:
        """Pulses some columns: direction (columns, rows), above 0 up, below 0 down, 0 none."""
        conductance = self.weight[column] + self.reference
        up = conductance + self.step * (1 - conductance / self.w_max)
        down = conductance - self.step * (1 - conductance / self.w_min)
        moved = np.clip(np.where(direction > 0, up, down), self.w_min, self.w_max) - self.reference
        # Only pulsed cells: adding and taking away the reference may change the last digit.
        self.weight[column] = np.where(direction != 0, moved, self.weight[column])


class Chip:
    """A, W and the algorithm between them.

    Attributes:
        a, w: the arrays.
        algorithm: the float algorithm.
        shown_pref: P^ref as aihwkit shows it, (cols, rows).
    """

    def __init__(self, settings: Settings, compatibility: AihwkitCompatibility) -> None:
        self.settings = settings
        self.compatibility = compatibility
        self.algorithm = _algorithm(settings, compatibility)
        self.algorithm.column = compatibility.first_column % settings.in_size
        self.shown_pref = self.algorithm.new_matrix()
        # The reference belongs to A alone.
        self.a, self.w = self._array(settings.reference), self._array(0.0)

    def _array(self, reference: float) -> SoftBounds:
        constants = (self.settings.dw_min, reference, self.settings.w_max, self.settings.w_min)
        numbers = [float(self.compatibility.number(value)) for value in constants]
        return SoftBounds(self.algorithm.new_matrix(), *numbers)

    def update(self, x: NDArray[np.float64], d: NDArray[np.float64]) -> None:
        """One pulse on A wherever both x (cols,) and d (rows,) are not 0; under the chop signs."""
        direction = np.outer(self.algorithm.chop * np.sign(x).astype(np.int64), np.sign(d).astype(np.int64))
        self.a.pulse(np.s_[:], -direction if self.compatibility.against_gradient else direction)

    def transfer(self) -> None:
        """Reads a column and writes W."""
        algorithm = self.algorithm
        column = slice(algorithm.column, algorithm.column + 1)
        if isinstance(algorithm, Agad):
            self.shown_pref[column] = algorithm.pref[column]
        if self.settings.no_buffer:
            algorithm.h[column] = 0
        _, pulses = algorithm.transfer(self.a.weight[algorithm.column].copy())
        for sent in range(int(np.abs(pulses).max())):
            self.w.pulse(column, np.where(np.abs(pulses) > sent, pulses, 0)[np.newaxis])

    def matrices(self) -> dict[str, Matrix]:
        """What a trace records, each (rows, cols)."""
        found = {"A": self.a.weight, "H": self.algorithm.h, "W device": self.w.weight, "W": self.w.weight}
        if isinstance(self.algorithm, Agad):
            lazy = self.compatibility.lazy_reference
            found |= {"P": self.algorithm.p, "P^ref": self.shown_pref if lazy else self.algorithm.pref}
        return {name: matrix.T for name, matrix in found.items()}


def _algorithm(settings: Settings, compatibility: AihwkitCompatibility) -> TransferAlgorithm:
    options = compatibility.options(settings)
    generator = np.random.default_rng(0)  # a trace with anything random is refused, nothing is drawn from it
    if settings.algorithm == "ttv2":
        return Ttv2(options, generator)
    if settings.algorithm == "c_ttv2":
        return ChoppedTtv2(options, generator)
    return Agad(options, compatibility.beta(settings), generator)


def check_trace(path: Path, compatibility: AihwkitCompatibility | None = None, rtol: float = RTOL) -> Replay:
    """Reads a trace and replays it; see `load_trace` and `replay`."""
    return replay(load_trace(path), compatibility, rtol)


def replay(trace: Trace, compatibility: AihwkitCompatibility | None = None, rtol: float = RTOL) -> Replay:
    """Computes A, H, P, P^ref and W from x and d alone, and compares them with the trace after every update.

    Stops at the first divergence: all later ones may follow from it.

    Args:
        trace: what aihwkit recorded.
        compatibility: which of aihwkit's ways to take; all of them when None.
        rtol: largest deviation, relative to the recorded value or to one pulse, whichever is larger.
    """
    settings = trace.settings
    chip = Chip(settings, compatibility or AihwkitCompatibility())
    deviation = dict.fromkeys(trace.matrices, 0.0)
    divergence: Divergence | None = None
    compared = step = 0
    while divergence is None and step < len(trace.x):
        chip.update(trace.x[step], trace.d[step])
        if (step + 1) % settings.transfer_every == 0:
            chip.transfer()
        got = chip.matrices()
        for name, recorded in trace.matrices.items():
            one_pulse = 1.0 if name == "H" else settings.dw_min
            apart = np.abs(got[name] - recorded[step]) / np.maximum(np.abs(recorded[step]), one_pulse)
            deviation[name] = max(deviation[name], float(apart.max()))
            compared += 1
            if divergence is None and not (apart <= rtol).all():
                row, column = (int(index) for index in np.argwhere(~(apart <= rtol))[0])
                expected, reached = recorded[step, row, column], got[name][row, column]
                divergence = Divergence(step + 1, name, row, column, float(expected), float(reached))
        step += 1
    return Replay(trace, step, step // settings.transfer_every, compared, deviation, divergence)
