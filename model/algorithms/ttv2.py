"""TTv2 in floats: Gokmen, Front. Artif. Intell. 4 (2021); Eq 10 of Rasch et al., Nat. Commun. 15:7133 (2024)."""

from __future__ import annotations

import numpy as np

from crosschop.model.algorithms.transfer import FloatArray, TransferAlgorithm, TransferOptions


class Ttv2(TransferAlgorithm):
    """Reads A - R; no choppers."""

    def __init__(self, options: TransferOptions, generator: np.random.Generator) -> None:
        if options.chop_period is not None or options.chop_probability is not None:
            raise ValueError("TTv2 has no choppers")
        super().__init__(options, generator)

    def increment(self, column: int, omega: FloatArray) -> FloatArray:
        """z = omega."""
        return omega
