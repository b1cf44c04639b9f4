"""The stimulus of everything that has no arrays behind it: uniform codes and train lengths, a block again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, beats, controller_kind, given, mixed_section, x_beats

IntArray = NDArray[np.int64]

# Reads, updates or samples of a block; a prime, so that no column gets the same codes at every read of it: P^ref would
# come to equal them, and the lanes would have nothing to do.
BLOCK = 61


@dataclass(frozen=True)
class Stimulus:
    """A block of it.

    Attributes:
        spec: the chip.
        codes: (BLOCK, rows) of reads; in mixed precision (BLOCK, rows + cols) of samples, d in front.
        lengths: (BLOCK, n_s) train lengths.
        width: bits of a code.
    """

    spec: ChipSpec
    codes: IntArray
    lengths: IntArray
    width: int

    def repeated(self, count: int) -> tuple[IntArray, IntArray]:
        """Codes and lengths of so many."""
        which = np.arange(count) % BLOCK
        return self.codes[which], self.lengths[which]

    def padded(self, codes: IntArray) -> IntArray:
        """Codes with those of the lanes past the last row, and column, which have to be ignored."""
        rows, lanes = self.spec.array.rows, self.spec.lanes
        parts = [(codes[:, :rows], beats(self.spec) * lanes)]
        if codes.shape[1] > rows:
            parts.append((codes[:, rows:], x_beats(self.spec) * lanes))
        filled = [np.pad(part, ((0, 0), (0, size - part.shape[1])), constant_values=-1) for part, size in parts]
        return np.ascontiguousarray(np.concatenate(filled, axis=1))


def new_stimulus(spec: ChipSpec, seed: int) -> Stimulus:
    """Uniform over the range of the codes, and from an empty train to the longest one."""
    generator, kind = np.random.default_rng(seed), controller_kind(spec)
    rows, cols = spec.array.rows, spec.array.cols
    if kind == "mixed_precision":
        width, size = mixed_section(spec).operand_bits, rows + cols
    elif kind == "transfer":
        width, size = given(spec.converter.read_adc).bits, rows
    else:
        width, size = 2, 0
    codes = generator.integers(-(1 << (width - 1)), 1 << (width - 1), (BLOCK, size))
    group = spec.transfer.transfer_every if kind == "transfer" else 1
    longest = given(spec.driver).max_pulses if spec.driver is not None else 0
    return Stimulus(spec, codes, generator.integers(0, longest + 1, (BLOCK, group)), width)
