"""What TTv2, c-TTv2 and AGAD have in common: a column of A is read, added to H, and whole pulses go to W.

Rasch et al., Nat. Commun. 15:7133 (2024), Eqs 10-13, in order. Where the pulse driver computes lambda_A (Eq 15, with
the running averages), see model/analog/pulse_driver.py; lambda_H (Eq 14) is model/chipspec/derive.py:lambda_h.

An algorithm is a subclass: it says what a read adds to H (`increment`), and what else it keeps (`after_read`,
`after_flip`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Floats of the width that TransferOptions.dtype names.
FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class TransferOptions:
    """Constants of a run, for all algorithms.

    Attributes:
        rows, cols: size of the arrays (outputs, inputs).
        lambda_h: gain of a read into H, pulses per weight unit.
        max_steps: most pulses per element and transfer; None for no limit.
        reset: what a write leaves of H: "subtract" takes (1 - momentum) times the pulses away, "decay" multiplies by
            momentum.
        momentum: see reset; 0 is the paper's.
        h_limit: a write by "subtract" leaves at most this of |H|; None for no limit.
        warmup_sweeps: sweeps over the array during which pulses are held back.
        chop_period: regular chopper: a column's sign flips with every so manyth read of it; None for none.
        chop_probability: random chopper: chance of a flip at a read of the column; None for none.
        column_order: "sequential" from column 0, or "random": drawn with replacement, the first read is of column 0.
        read_correction: divide lambda_h by y, the index of a read within the chop period of its column (since the
            last flip of the column or the start), where y is at most this number; None for no correction.
        dtype: arithmetic of H and of everything added to it.
    """

    rows: int
    cols: int
    lambda_h: float
    max_steps: int | None = 1
    reset: Literal["subtract", "decay"] = "subtract"
    momentum: float = 0.0
    h_limit: float | None = None
    warmup_sweeps: int = 0
    chop_period: int | None = None
    chop_probability: float | None = None
    column_order: Literal["sequential", "random"] = "sequential"
    read_correction: float | None = None
    dtype: type[np.floating[Any]] = np.float64


class TransferAlgorithm(ABC):
    """State between transfers; H and what subclasses add start at zero, all chop signs at +1.

    Attributes:
        options: the constants.
        h: hidden matrix, (cols, rows), pulses.
        chop: chop signs, (cols,), +1 or -1.
        column: the column read next.
        transfers: transfers done.
        reads: reads of each column since its last flip, or since the start, (cols,).
    """

    def __init__(self, options: TransferOptions, generator: np.random.Generator) -> None:
        self.options = options
        self.generator = generator
        self.h = self.new_matrix()
        self.chop: IntArray = np.ones(options.cols, dtype=np.int64)
        self.column = 0
        self.transfers = 0
        self.reads: IntArray = np.zeros(options.cols, dtype=np.int64)

    @property
    def sweep(self) -> int:
        """Sweeps completed; a sweep is as many reads as there are columns."""
        return self.transfers // self.options.cols

    @abstractmethod
    def increment(self, column: int, omega: FloatArray) -> FloatArray:
        """z, what a read omega of a column (rows,) adds to H before the gain, (rows,), weight units."""

    def after_read(self, column: int, omega: FloatArray) -> None:  # noqa: B027 - most algorithms keep nothing else
        """Called when H has been updated and before a flip."""

    def after_flip(self, column: int) -> None:  # noqa: B027 - most algorithms keep nothing else
        """Called when the chop sign of a column has flipped."""

    def transfer(self, omega: FloatArray) -> tuple[int, IntArray]:
        """One transfer of the current column.

        Args:
            omega: the column as read, (rows,), weight units: A v_k, or (A - R) v_k where there is an array R.

        Returns:
            The column and the pulses (rows,) for it in W.
        """
        k, options = self.column, self.options
        self.reads[k] += 1
        self.h[k] += self._gain(k) * self.increment(k, omega)  # Eq 10, z: Eqs 10-12
        steps = np.trunc(self.h[k])
        if options.max_steps is not None:
            steps = np.clip(steps, -options.max_steps, options.max_steps)
        self.h[k] = np.where(steps != 0, self._remainder(self.h[k], steps), self.h[k])
        self.after_read(k, omega)
        if self._flips(k):
            self.chop[k] = -self.chop[k]
            self.reads[k] = 0
            self.after_flip(k)
        held_back = self.sweep < options.warmup_sweeps
        self.transfers += 1
        self.column = self._next_column()
        return k, np.zeros(steps.size, dtype=np.int64) if held_back else steps.astype(np.int64)

    def new_matrix(self) -> FloatArray:
        """Zeros, (cols, rows)."""
        return np.zeros((self.options.cols, self.options.rows), dtype=self.options.dtype)

    def _gain(self, column: int) -> float:
        if self.options.read_correction is None:
            return self.options.lambda_h
        return self.options.lambda_h / min(int(self.reads[column]), self.options.read_correction)

    def _remainder(self, h: FloatArray, steps: FloatArray) -> FloatArray:
        """What a write of `steps` leaves of H."""
        if self.options.reset == "decay":
            return h * self.options.momentum
        rest = h - (1 - self.options.momentum) * steps
        return rest if self.options.h_limit is None else np.clip(rest, -self.options.h_limit, self.options.h_limit)

    def _flips(self, column: int) -> bool:
        if self.options.chop_period is not None:
            return bool(self.reads[column] == self.options.chop_period)
        if self.options.chop_probability is not None:
            return bool(self.generator.random() < self.options.chop_probability)
        return False

    def _next_column(self) -> int:
        if self.options.column_order == "random":
            return int(self.generator.integers(self.options.cols))
        return (self.column + 1) % self.options.cols
