"""AGAD in floats: Eqs 12 and 13 of Rasch et al., Nat. Commun. 15:7133 (2024).

Deviation from the printed text: Eq 13 is typeset with `- beta omega`, which does not learn; the leaky mean needs
`+ beta omega`, as in IBM's aihwkit.
"""

from __future__ import annotations

import numpy as np

from crosschop.model.algorithms.transfer import FloatArray, TransferAlgorithm, TransferOptions


class Agad(TransferAlgorithm):
    """Reads A and subtracts a reference that it learns; no array R.

    Attributes:
        beta: leaky-mean constant, 0 < beta <= 1; 1 makes P the last read.
        p, pref: leaky mean P and dynamic reference P^ref, (cols, rows), weight units.
    """

    def __init__(self, options: TransferOptions, beta: float, generator: np.random.Generator) -> None:
        super().__init__(options, generator)
        self.beta = beta
        self.p = self.new_matrix()
        self.pref = self.new_matrix()

    def increment(self, column: int, omega: FloatArray) -> FloatArray:
        """z = c (omega - p^ref) (Eq 12)."""
        difference: FloatArray = omega - self.pref[column]
        return int(self.chop[column]) * difference

    def after_read(self, column: int, omega: FloatArray) -> None:
        """P follows the reads, over flips too (Eq 13, with the sign of a leaky mean)."""
        self.p[column] = (1 - self.beta) * self.p[column] + self.beta * omega

    def after_flip(self, column: int) -> None:
        """P^ref takes P, which includes the read that flipped (Eq 13)."""
        self.pref[column] = self.p[column]
