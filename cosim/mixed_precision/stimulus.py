"""Where operands come from: the analog tile of a training run, or constrained-random values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, mixed_section
from crosschop.model.training import mixed_precision as training

IntArray = NDArray[np.int64]

CODE_STYLES = ("uniform", "small", "extreme", "push")


class Stimulus(Protocol):
    """The array side of the bench."""

    def operands(self) -> tuple[IntArray, IntArray]:
        """Codes of x (cols,) and d (rows,) of the next sample."""


class TileStimulus:
    """The analog tile of a training session answers; pulses reach it in the session's `retire_column`."""

    def __init__(self, session: training.Session) -> None:
        self.session = session

    def operands(self) -> tuple[IntArray, IntArray]:
        """Codes of x (cols,) and d (rows,) of the next sample."""
        training.request_sample(self.session)
        operands = self.session.operands
        return operands.x_codes.copy(), operands.d_codes.copy()


class RandomStimulus:
    """Constrained-random operands.

    Code styles: `uniform` over the whole range; `small` too small for many pulses; `extreme` the ends of the range,
    zero and their neighbours; `push` towards one sign per element, so that chi runs to its limits.
    """

    def __init__(self, spec: ChipSpec, codes: str, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._limit = 1 << (mixed_section(spec).operand_bits - 1)
        self._codes = codes
        self._drives = [self._generator.choice([-1, 1], size) for size in (spec.array.cols, spec.array.rows)]

    def operands(self) -> tuple[IntArray, IntArray]:
        """Codes of x (cols,) and d (rows,) of the next sample."""
        if self._codes == "push" and self._generator.random() < 0.04:
            self._drives[0] *= -1  # turn around, through zero to the other limit
        x, d = (self._draw(drive) for drive in self._drives)
        return x, d

    def _draw(self, drive: IntArray) -> IntArray:
        draw, limit, size = self._generator, self._limit, drive.size
        if self._codes == "small":
            codes = draw.integers(-3, 4, size)
        elif self._codes == "extreme":
            codes = draw.choice(np.array([-limit, -limit + 1, -1, 0, 1, limit - 1]), size)
        elif self._codes == "push":
            codes = drive * draw.integers(limit // 2, limit + 1, size)
        else:
            codes = draw.integers(-limit, limit, size)
        return np.asarray(np.clip(codes, -limit, limit - 1), dtype=np.int64)
