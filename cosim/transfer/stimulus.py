"""Where train lengths and ADC codes come from: the analog tile of a training run, or constrained-random values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.lengths import draw_lengths
from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import (
    COUNTER,
    ControllerConfig,
    Transfer,
    new_transfer,
    reset_state,
)
from crosschop.model.training import transfer as training
from crosschop.model.training.transfer import Session

IntArray = NDArray[np.int64]

CODE_STYLES = ("uniform", "small", "extreme", "push", "ends")


class Stimulus(Protocol):
    """The array side of the bench."""

    def lengths(self) -> IntArray:
        """Train lengths of the coming group of samples, (n_s,)."""

    def read(self, column: int, chop: IntArray) -> IntArray:
        """Updates A with the group under the chop bits (cols,), then the codes of a column, (rows,)."""

    def write(self, transfer: Transfer) -> None:
        """Takes the previous transfer's pulses to W and prepares the next group."""


class TileStimulus:
    """The analog tile of a training session answers."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lengths(self) -> IntArray:
        """Train lengths of the coming group of samples, (n_s,)."""
        return self.session.group.length

    def read(self, column: int, chop: IntArray) -> IntArray:
        """Updates A and reads a column of it."""
        training.update_and_read(self.session, column, chop)
        return self.session.codes

    def write(self, transfer: Transfer) -> None:
        """Writes W, prepares the next group."""
        training.write_and_prepare(self.session, transfer)


class Prediction:
    """Column and signs of the coming reads, from the codes of those before: codes can be drawn in advance.

    A golden model of its own. Nothing is compared with it; where the controller does otherwise, the scoreboard says so
    before codes that were drawn for the wrong column are compared.
    """

    def __init__(self, config: ControllerConfig) -> None:
        self._config = config
        self._state = reset_state(config)
        self._transfer = new_transfer(config)

    @property
    def column(self) -> int:
        """Of the next read."""
        return int(self._state.counters[COUNTER.column])

    @property
    def chop(self) -> IntArray:
        """Chop bits (cols,) of the updates before it."""
        return self._state.chop

    def step(self, codes: IntArray) -> None:
        """Goes on to the read after it."""
        step_transfer(self._config, self._state, codes, self._transfer)


class RandomStimulus:
    """Constrained-random codes and train lengths.

    Code styles: `uniform` over the whole range; `small` around a level per element; `extreme` the ends of the range,
    zero and their neighbours; `push` towards one sign after the chopper, so that H runs to its limits; `ends` one end
    of the range for several reads of an element, so that P and P^ref come to theirs.
    """

    def __init__(self, spec: ChipSpec, samples: int, codes: str, lengths: str, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._shape = (spec.array.cols, spec.array.rows)
        self.samples = samples
        self._longest = given(spec.driver).max_pulses
        self._limit = 1 << (given(spec.converter.read_adc).bits - 1)
        self._codes, self._lengths = codes, lengths
        self._levels = self._generator.integers(-self._limit // 2, self._limit // 2, self._shape)
        self._drive = self._generator.choice([-1, 1], self._shape)

    def lengths(self) -> IntArray:
        """Train lengths of the coming group of samples, (n_s,)."""
        return draw_lengths(self._generator, self._lengths, self._longest, self.samples)

    def read(self, column: int, chop: IntArray) -> IntArray:
        """Codes of a column, (rows,)."""
        draw, limit, rows = self._generator, self._limit, self._shape[1]
        if self._codes == "small":
            codes = self._levels[column] + draw.integers(-3, 4, rows)
        elif self._codes == "extreme":
            codes = draw.choice(np.array([-limit, -limit + 1, -1, 0, 1, limit - 1]), rows)
        elif self._codes == "ends":
            codes = np.where(self._drive[column] > 0, limit - 1, -limit)
            if draw.random() < 0.05:
                self._drive[column] *= -1
        elif self._codes == "push":
            sign = -1 if chop[column] else 1
            codes = sign * self._drive[column] * draw.integers(limit // 2, limit + 1, rows)
            if draw.random() < 0.02:  # turn around, through zero to the other limit
                self._drive[column] *= -1
        else:
            codes = draw.integers(-limit, limit, rows)
        held: IntArray = np.minimum(np.maximum(codes, -limit), limit - 1)
        return held

    def write(self, transfer: Transfer) -> None:
        """Nothing to do: there is no W behind random codes."""
