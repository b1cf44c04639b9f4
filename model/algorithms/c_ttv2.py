"""Chopped-TTv2 in floats: Eq 11 of Rasch et al., Nat. Commun. 15:7133 (2024)."""

from __future__ import annotations

from crosschop.model.algorithms.transfer import FloatArray, TransferAlgorithm


class ChoppedTtv2(TransferAlgorithm):
    """Reads A - R, which was updated under the chop signs."""

    def increment(self, column: int, omega: FloatArray) -> FloatArray:
        """z = c omega (Eq 11)."""
        return int(self.chop[column]) * omega
