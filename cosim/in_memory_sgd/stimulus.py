"""Where train lengths come from: the analog tile of a training run, or constrained-random values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.lengths import draw_lengths
from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.cycles_in_memory_sgd import UpdateTimeline, new_timeline, step_cycles, update_durations
from crosschop.model.golden.in_memory_sgd import reset_state, step_update
from crosschop.model.training import in_memory_sgd as training
from crosschop.model.training.in_memory_sgd import Session

IntArray = NDArray[np.int64]


class Stimulus(Protocol):
    """The array side of the bench, and the golden model of the updates that it makes."""

    @property
    def timeline(self) -> UpdateTimeline:
        """Cycle model."""

    def length(self) -> int:
        """Train length of the next sample."""

    def step(self) -> int:
        """One update that has retired; returns the golden number of it."""


class TileStimulus:
    """The analog tile of a training session answers: a sample exists when the update before it is done."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.timeline = session.timeline
        self._state = reset_state()

    def length(self) -> int:
        """Train length of the sample that has been computed."""
        return int(self.session.length[0])

    def step(self) -> int:
        """Updates W, computes the next sample."""
        return training.step_golden(self.session, self._state)


class RandomStimulus:
    """Constrained-random train lengths, drawn in advance."""

    def __init__(self, spec: ChipSpec, style: str, samples: int, seed: int) -> None:
        lengths = draw_lengths(np.random.default_rng(seed), style, given(spec.driver).max_pulses, samples)
        self.timeline = new_timeline()
        self._durations = update_durations(spec)._replace(samples_wait=False)
        self._state = reset_state()
        self._offered = iter(lengths.tolist())
        self._updated = iter(lengths.tolist())

    def length(self) -> int:
        """Train length of the next sample to offer."""
        return int(next(self._offered))

    def step(self) -> int:
        """Only time passes: there is no W behind random lengths."""
        step_cycles(self._durations, self.timeline, next(self._updated))
        return step_update(self._state)
