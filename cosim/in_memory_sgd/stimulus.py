"""Where train lengths come from: the analog tile of a training run, or constrained-random values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.in_memory_sgd.batch import Golden, step
from crosschop.cosim.lengths import draw_lengths
from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.cycles_in_memory_sgd import UpdateTimeline, new_timeline, update_durations
from crosschop.model.golden.in_memory_sgd import reset_state
from crosschop.model.training import in_memory_sgd as training
from crosschop.model.training.in_memory_sgd import Session

IntArray = NDArray[np.int64]


class Stimulus(Protocol):
    """The array side of the bench, and the golden model of the updates that it makes."""

    @property
    def timeline(self) -> UpdateTimeline:
        """Cycle model."""

    def offer(self, samples: int) -> IntArray:
        """Train lengths of the next samples, (samples,)."""

    def step(self) -> int:
        """One update that has retired; returns the golden number of it."""


class TileStimulus:
    """The analog tile of a training session answers: a sample exists when the update before it is done."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.timeline = session.timeline
        self._state = reset_state()

    def offer(self, samples: int) -> IntArray:
        """Train length of the one sample that has been computed."""
        return self.session.length

    def step(self) -> int:
        """Updates W, computes the next sample."""
        return training.step_golden(self.session, self._state)


class RandomStimulus:
    """Constrained-random train lengths, drawn in advance."""

    def __init__(self, spec: ChipSpec, style: str, samples: int, seed: int) -> None:
        self.timeline = new_timeline()
        self.golden = Golden(
            lengths=draw_lengths(np.random.default_rng(seed), style, given(spec.driver).max_pulses, samples),
            durations=update_durations(spec)._replace(samples_wait=False),
            timeline=self.timeline,
            state=reset_state(),
            number=np.zeros(1, dtype=np.int64),
        )
        self._offered = self._updated = 0

    def offer(self, samples: int) -> IntArray:
        """Train lengths of the next samples, (samples,)."""
        self._offered += samples
        return self.golden.lengths[self._offered - samples : self._offered]

    def step(self) -> int:
        """Only time passes: there is no W behind random lengths."""
        step(self.golden, self._updated)
        self._updated += 1
        return self.number()

    def number(self) -> int:
        """Golden number of the update stepped last."""
        return int(self.golden.number[0])
