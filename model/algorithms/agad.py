"""AGAD in floats: Eqs 10-13 of Rasch et al., Nat. Commun. 15:7133 (2024), in order.

Where the pulse driver computes lambda_A (Eq 15, with the running averages), see model/analog/pulse_driver.py; lambda_H
(Eq 14) is model/chipspec/derive.py:lambda_h. Deviations from the printed text: Eq 13 is typeset with `- beta omega`,
which does not learn; the leaky mean needs `+ beta omega`, as in IBM's aihwkit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, given, lambda_h
from crosschop.model.chipspec.algorithms import Agad as AgadSection

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass
class Agad:
    """State of the algorithm between transfers.

    Attributes:
        lambda_h: gain of a read into H, pulses per weight unit.
        beta: leaky-mean constant.
        max_steps: most pulses per element and transfer.
        momentum: what a write leaves of H; None subtracts the pulses sent instead.
        warmup_sweeps: sweeps during which pulses are held back.
        chop_period, chop_probability: regular or random flips, None for the other or for no flips.
        h, p, pref: hidden matrix, leaky mean, dynamic reference, (cols, rows); h in pulses, p in weight units.
        chop: chop signs, (cols,), +1 or -1.
        column, sweep: the column read next, sweeps completed.
        reads: reads of each column, (cols,).
    """

    lambda_h: float
    beta: float
    max_steps: int
    momentum: float | None
    warmup_sweeps: int
    chop_period: int | None
    chop_probability: float | None
    generator: np.random.Generator
    h: FloatArray
    p: FloatArray
    pref: FloatArray
    chop: IntArray
    column: int = 0
    sweep: int = 0
    reads: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def transfer(self, omega: FloatArray) -> tuple[int, IntArray]:
        """One transfer of the current column.

        Args:
            omega: the column read, omega = A v_k, (rows,), weight units.

        Returns:
            The column and the pulses (rows,) for it in W.
        """
        k = self.column
        z = self.chop[k] * (omega - self.pref[k])  # Eq 12
        h = self.h[k] + self.lambda_h * z  # Eq 10
        steps = np.clip(np.trunc(h), -self.max_steps, self.max_steps)
        remains = h - steps if self.momentum is None else h * self.momentum
        self.h[k] = np.where(steps != 0, remains, h)
        self.p[k] = (1 - self.beta) * self.p[k] + self.beta * omega  # Eq 13, with the sign of the leaky mean
        self.reads[k] += 1
        if self._flips(k):
            self.chop[k] = -self.chop[k]
            self.pref[k] = self.p[k]
        held_back = self.sweep < self.warmup_sweeps
        self.column = (k + 1) % self.chop.size
        self.sweep += self.column == 0
        pulses = np.zeros(steps.size, dtype=np.int64) if held_back else steps.astype(np.int64)
        return k, pulses

    def _flips(self, column: int) -> bool:
        if self.chop_period is not None:
            return bool(self.reads[column] % self.chop_period == 0)
        if self.chop_probability is not None:
            return bool(self.generator.random() < self.chop_probability)
        return False


def new_agad(spec: ChipSpec, generator: np.random.Generator) -> Agad:
    """The algorithm at its start: H, P, P^ref zero, all chop signs +1."""
    shape = (spec.array.cols, spec.array.rows)
    algorithm, hidden = spec.algorithm, given(spec.hidden)
    if not isinstance(algorithm, AgadSection):
        raise TypeError(f"{algorithm.name} is not AGAD")
    decay = hidden.reset == "decay"
    momentum = 0.0 if hidden.momentum_shift is None else 2.0**-hidden.momentum_shift
    return Agad(
        lambda_h=lambda_h(spec),
        beta=algorithm.beta,
        max_steps=hidden.max_steps,
        momentum=momentum if decay else None,
        warmup_sweeps=algorithm.warmup_sweeps,
        chop_period=algorithm.chop.period,
        chop_probability=algorithm.chop.probability,
        generator=generator,
        h=np.zeros(shape),
        p=np.zeros(shape),
        pref=np.zeros(shape),
        chop=np.ones(shape[0], dtype=np.int64),
        reads=np.zeros(shape[0], dtype=np.int64),
    )
