"""Mixed precision: gradients accumulate digitally in chi, W is programmed once per batch.

Nandakumar et al., Front. Neurosci. 14 (2020), as Rasch et al., Nat. Commun. 15:7133 (2024) compare with it:

    chi += lambda * d x^T / delta_W        per sample
    s    = trunc(chi), W += s pulses, chi -= s        per batch
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, chi_gain, given, mixed_section

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class MixedOptions:
    """Constants of a run.

    Attributes:
        rows, cols: size of the array (outputs, inputs).
        gain: lambda / delta_W, pulses per unit of d x^T.
        batch: samples between two programmings of W.
        max_steps: most pulses per element and programming; None for no limit.
    """

    rows: int
    cols: int
    gain: float
    batch: int
    max_steps: int | None = 1


def mixed_options(spec: ChipSpec) -> MixedOptions:
    """The constants that a chip asks for."""
    return MixedOptions(
        rows=spec.array.rows,
        cols=spec.array.cols,
        gain=chi_gain(spec),
        batch=mixed_section(spec).batch,
        max_steps=given(spec.hidden).max_steps,
    )


class MixedPrecision:
    """State between columns.

    Attributes:
        options: the constants.
        chi: accumulated gradients, (cols, rows), pulses.
        column: the column that comes next.
        samples: samples done.
    """

    def __init__(self, options: MixedOptions) -> None:
        self.options = options
        self.chi: FloatArray = np.zeros((options.cols, options.rows))
        self.column = 0
        self.samples = 0

    @property
    def batch_ends(self) -> bool:
        """Whether the current sample is the last one of its batch."""
        return self.samples % self.options.batch == self.options.batch - 1

    def step_column(self, x: float, d: FloatArray) -> tuple[int, IntArray]:
        """The current column with the sample's input x at it and its error d (rows,).

        Returns:
            The column and the pulses (rows,) for it in W, zeros but for the last sample of a batch.
        """
        k, options = self.column, self.options
        self.chi[k] += options.gain * x * d
        steps = np.zeros(options.rows)
        if self.batch_ends:
            steps = np.trunc(self.chi[k])
            if options.max_steps is not None:
                steps = np.clip(steps, -options.max_steps, options.max_steps)
        self.chi[k] -= steps
        self.column = (k + 1) % options.cols
        if self.column == 0:
            self.samples += 1
        return k, steps.astype(np.int64)
