"""Faults of arrays and converters: stuck devices, open lines, saturating codes, missing codes.

A faulty device is one without a step and without a range, so pulses on it need no case of their own. An open line reads
zero: of A and W together with the reference that is subtracted on the same line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.devices.pair import PairDevices
from crosschop.model.analog.devices.population import DevicePopulation, DoubleArray
from crosschop.model.chipspec.faults import ArrayFaults, ConverterFaults

Mask = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnFaults:
    """Which devices of an array are hit.

    Attributes:
        stuck: never move, (cols, rows).
        upper: stand at their upper bound, where no conductance is given, (cols, rows).
        conductance: that they hold, weight units; None: a bound.
        dead: on an open line, (cols, rows).
    """

    stuck: Mask
    upper: Mask
    conductance: float | None
    dead: Mask

    def held(self, low: DoubleArray, high: DoubleArray) -> DoubleArray:
        """What faulty devices with these bounds hold; 0 on an open line."""
        bound = np.where(self.upper, high, low)
        value = bound if self.conductance is None else np.clip(self.conductance, low, high)
        return np.where(self.dead, 0.0, value)

    @property
    def faulty(self) -> Mask:
        """Stuck or on an open line, (cols, rows)."""
        return self.stuck | self.dead


def draw_faults(faults: ArrayFaults, shape: tuple[int, int], generator: np.random.Generator) -> DrawnFaults:
    """The places of an array's faults, shape (cols, rows): more faults hit the places of fewer, too."""
    stuck = generator.random(shape) < faults.stuck
    upper = generator.random(shape) < 0.5
    dead = np.zeros(shape, dtype=np.bool_)
    dead[generator.permutation(shape[0])[: faults.dead_columns], :] = True
    dead[:, generator.permutation(shape[1])[: faults.dead_rows]] = True
    return DrawnFaults(stuck, upper, faults.stuck_conductance, dead)


def with_faults(population: DevicePopulation, drawn: DrawnFaults) -> DevicePopulation:
    """Devices of which those hit have no step, and no range but what they hold."""
    faulty = drawn.faulty
    held = drawn.held(population.w_min, population.w_max)
    common = {
        "a_up": np.where(faulty, 0.0, population.a_up),
        "a_down": np.where(faulty, 0.0, population.a_down),
        "reference": np.where(drawn.dead, 0.0, population.reference),
        "fixed": faulty,
    }
    if isinstance(population, PairDevices):
        pair = np.stack((np.maximum(held, 0.0), np.maximum(-held, 0.0)), axis=-1)
        return replace(population, rest=np.where(faulty[..., np.newaxis], pair, population.rest), **common)
    return replace(
        population,
        w_max=np.where(faulty, held, population.w_max),
        w_min=np.where(faulty, held, population.w_min),
        **common,
    )


def faulty_reference(reference: DoubleArray, drawn: DrawnFaults, low: float, high: float) -> DoubleArray:
    """Conductances of R (cols, rows), those hit between the bounds `low` and `high` of its devices."""
    held = drawn.held(np.full_like(reference, low), np.full_like(reference, high))
    return np.where(drawn.faulty, held, reference)


def largest_code(codes: int, faults: ConverterFaults | None) -> int:
    """The code at which a converter of so many codes of each sign saturates."""
    return codes if faults is None else int(codes * faults.clip)


def replacements(codes: int, faults: ConverterFaults | None) -> IntArray:
    """What appears for each code -codes..codes, (2 codes + 1,); empty where every code appears as it is."""
    if faults is None or faults.missing_every is None:
        return np.zeros(0, dtype=np.int64)
    table = np.arange(-codes, codes + 1)
    present = (table - faults.missing_first) % faults.missing_every != 0
    lowest = int(np.flatnonzero(present)[0])
    below = np.maximum.accumulate(np.where(present, np.arange(table.size), lowest))
    return np.asarray(table[below], dtype=np.int64)
