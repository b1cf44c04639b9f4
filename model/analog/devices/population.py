"""Devices of one array: construction with device-to-device variation (Eqs 4-6, 9).

The paper's rules hold for every model: a bound that the spread carries past 0 is 0, and a step of the wrong sign stays
(a failed device). IBM's aihwkit takes absolute values instead by default, which differs for such devices only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.chipspec.devices import TwoSided
from crosschop.model.chipspec.schema import ReferenceArray

DoubleArray = NDArray[np.float64]


@dataclass(frozen=True)
class DevicePopulation(ABC):
    """Devices of one array; every array has the shape (cols, rows) that the arrays are stored in.

    Attributes:
        w_max, w_min: bounds of the conductance; of a pair those of g_plus and of -g_minus.
        a_up, a_down: step of a pulse where the response is 1; of a pair those of g_plus and of g_minus.
        reference: conductance r that stands for weight 0.
        fixed: devices that never move from where they begin, whatever happens to them; None where there are none.
    """

    w_max: DoubleArray
    w_min: DoubleArray
    a_up: DoubleArray
    a_down: DoubleArray
    reference: DoubleArray
    fixed: NDArray[np.bool_] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def model(self) -> int:
        """What the records mean: LINEAR, EXPONENTIAL or PAIR."""

    @property
    @abstractmethod
    def symmetry_point(self) -> DoubleArray:
        """Conductance w* at which up and down steps are equal (Eq 8); not finite where a device has none."""

    @abstractmethod
    def records(self) -> FloatArray:
        """Parameters of all cells for a formula that takes the conductance, (cols, rows, CELL_FIELDS)."""


class Sources(NamedTuple):
    """Generators of the variations that only some arrays have, one per purpose: none shifts the numbers of another."""

    model: np.random.Generator
    stuck: np.random.Generator
    zero: np.random.Generator
    wear: np.random.Generator
    loss: np.random.Generator


@dataclass(frozen=True)
class Draw:
    """Random numbers of one array's devices.

    Attributes:
        common: (5, cols, rows) N(0, 1) for the spreads of all models. They are drawn whatever the settings are, so
            that a change of one spread leaves the other variations alone.
        extra: sources of the other variations; spawned, so that they leave the next array's devices alone as well.
    """

    common: DoubleArray
    extra: Sources


def new_draw(generator: np.random.Generator, shape: tuple[int, int]) -> Draw:
    """The random numbers of an array's devices, shape (cols, rows)."""
    return Draw(generator.standard_normal((5, *shape)), Sources(*generator.spawn(len(Sources._fields))))


def spread_of_step(distribution: str, sigma: float, xi: DoubleArray) -> DoubleArray:
    """Factor on each device's step."""
    return np.exp(sigma * xi) if distribution == "log_normal" else 1.0 + sigma * xi


def draw_two_sided(device: TwoSided, draw: Draw) -> tuple[DoubleArray, DoubleArray, DoubleArray, DoubleArray]:
    """Bounds w_max, w_min and steps a_up, a_down of devices with one conductance (Eqs 4-6)."""
    xi_max, xi_min, xi_step, xi_pm, _ = draw.common
    sigma_min = device.sigma_b if device.sigma_b_min is None else device.sigma_b_min
    w_max = device.w_max * np.maximum(1.0 + device.sigma_b * xi_max, 0.0)
    w_min = device.w_min * np.maximum(1.0 - sigma_min * xi_min, 0.0)
    gain = spread_of_step(device.step_distribution, device.sigma_d2d, xi_step)
    asymmetry = device.sigma_pm * xi_pm
    a_up = device.step * (gain + device.bias_up + asymmetry)
    a_down = device.step * (gain + device.bias_down - asymmetry)
    # A device without range in one direction cannot be pulsed that way.
    a_up[w_max == 0] = 0.0
    a_down[w_min == 0] = 0.0
    if device.stuck > 0:
        stuck = draw.extra.stuck.random(w_max.shape) < device.stuck
        low = np.maximum(w_min, -device.stuck_range)[stuck]
        high = np.minimum(w_max, device.stuck_range)[stuck]
        w_max[stuck] = w_min[stuck] = draw.extra.stuck.uniform(low, high)
        a_up[stuck] = a_down[stuck] = 0.0
    return w_max, w_min, a_up, a_down


def draw_reference(
    population: DevicePopulation,
    at_symmetry_point: bool,
    sigma_zero: float,
    reference: ReferenceArray | None,
    draw: Draw,
) -> DoubleArray:
    """Conductances r that stand for weight 0 (Eq 9), (cols, rows).

    Args:
        population: the devices; its own reference is not looked at.
        at_symmetry_point: what represents weight 0 where there is no array R: the symmetry point, or conductance 0.
        sigma_zero: spread of the error with which the symmetry point is found then.
        reference: what R holds, or None where the array is read without one.
        draw: random numbers of this array.
    """
    if reference is not None:
        at_symmetry_point = reference.target == "symmetry_point"
    zero: DoubleArray = np.zeros(population.w_max.shape)
    if at_symmetry_point:
        # Some have none (constant steps). Failed devices (a step of the wrong sign) may have theirs outside the bounds,
        # where it cannot be reached and so not be programmed either.
        found = population.symmetry_point
        zero = np.clip(np.where(np.isfinite(found), found, 0.0), population.w_min, population.w_max)
    if reference is not None:
        zero = zero + reference.mean + reference.std * draw.common[4]
    elif at_symmetry_point and sigma_zero > 0:
        zero = zero + sigma_zero * draw.extra.zero.standard_normal(zero.shape)
    return zero
