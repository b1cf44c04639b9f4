"""What the training sessions of all controller kinds have in common."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosschop.model import recording as rec
from crosschop.model import tasks
from crosschop.model.analog.random import new_streams
from crosschop.model.analog.tile import Tile, new_tile
from crosschop.model.chipspec import ChipSpec
from crosschop.model.recording import Recording
from crosschop.model.tasks import Task, new_task

IntArray = NDArray[np.int64]


class Session(Protocol):
    """The analog side of a training run of any kind."""

    @property
    def tile(self) -> Tile:
        """Arrays and periphery."""

    @property
    def task(self) -> Task:
        """What is learnt."""

    @property
    def sample(self) -> IntArray:
        """(1,) samples whose updates have been applied so far."""

    @property
    def train_lengths(self) -> IntArray:
        """(max_pulses + 1,) those updates by the length of their pulse trains; (1,) zero without pulse trains."""

    @property
    def recording(self) -> Recording:
        """What the report needs."""


def new_tile_and_task(spec: ChipSpec, seed: int, device_seed: int | None) -> tuple[Tile, Task]:
    """A fresh tile and its task. The same seeds give the same ones, bit for bit.

    Args:
        spec: the chip.
        seed: seed of everything random.
        device_seed: seed of devices and target alone; the run's seed when None.
    """
    # Spawned children: devices, target and noise do not depend on how many numbers the others draw.
    device_seeds = np.random.SeedSequence(seed if device_seed is None else device_seed).spawn(3)
    stream_seed = np.random.SeedSequence(seed).spawn(3)[2]
    tile = new_tile(spec, np.random.default_rng(device_seeds[0]), new_streams(stream_seed))
    shape = (spec.array.cols, spec.array.rows)
    return tile, new_task(spec.task, shape, np.random.default_rng(device_seeds[1]))


def note_error(session: Session) -> None:
    """Notes the weight error as it is now."""
    error = tasks.weight_error(session.task, session.tile.w)
    rec.note_error(session.recording, int(session.sample[0]), error)
