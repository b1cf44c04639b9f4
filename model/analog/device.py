"""Soft-bounds devices: construction with device-to-device variation (Eqs 2-9) and the response to one pulse.

A pulse up moves the conductance by `a_up * ((w_max - w) / w_max + sigma_c2c * xi)`, a pulse down by
`-a_down * ((w_min - w) / w_min + sigma_c2c * xi)`, clamped to w_min..w_max. The visible weight is w - r, where r is
the conductance that stands for weight 0 (a reference device, the symmetry point, or 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crosschop.model.chipspec import delta
from crosschop.model.chipspec.schema import ReferenceArray, SoftBoundsDevice

FloatArray = NDArray[np.float32]

# Layout of one cell record: two directions (0 down, 1 up) of step, 1 / bound and 1 - r / bound, then the limits
# of the visible weight. Together they fill half a cache line, and a pulse touches no other parameter.
STEP, INVERSE_BOUND, OFFSET = 0, 2, 4
LOW, HIGH = 6, 7
CELL_FIELDS = 8


@dataclass(frozen=True)
class DevicePopulation:
    """Devices of one array; every field has the shape (cols, rows) that the arrays are stored in.

    Attributes:
        w_max, w_min: bounds of the conductance.
        a_up, a_down: step of a pulse at w = 0.
        reference: conductance r that stands for weight 0.
    """

    w_max: NDArray[np.float64]
    w_min: NDArray[np.float64]
    a_up: NDArray[np.float64]
    a_down: NDArray[np.float64]
    reference: NDArray[np.float64]

    @property
    def symmetry_point(self) -> NDArray[np.float64]:
        """Conductance w* at which up and down steps are equal (Eq 8); nan where a device cannot move both ways."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.a_up - self.a_down) / (self.a_up / self.w_max - self.a_down / self.w_min)


def draw_population(
    device: SoftBoundsDevice,
    reference: ReferenceArray | None,
    shape: tuple[int, int],
    generator: np.random.Generator,
) -> DevicePopulation:
    """Devices with their variations (Eqs 2-6, 9).

    Args:
        device: nominal device and spreads.
        reference: what R holds, or None where the array is read without one.
        shape: (cols, rows).
        generator: source of the variations. The same numbers are drawn whatever the settings are, so that a
            change of one spread leaves the other variations alone.
    """
    xi_max, xi_min, xi_step, xi_pm, xi_r = generator.standard_normal((5, *shape))
    w_max = np.maximum(1.0 + device.sigma_b * xi_max, 0.0)
    w_min = np.minimum(-1.0 + device.sigma_b * xi_min, 0.0)
    gain = np.exp(device.sigma_d2d * xi_step)
    asymmetry = device.sigma_pm * xi_pm
    a_up = delta(device.n_states) * (gain + asymmetry)
    a_down = delta(device.n_states) * (gain - asymmetry)
    # A device without range in one direction cannot be pulsed that way.
    a_up[w_max == 0] = 0.0
    a_down[w_min == 0] = 0.0
    population = DevicePopulation(w_max, w_min, a_up, a_down, np.zeros(shape))
    # Failed devices (a step of the wrong sign) may have their symmetry point outside the bounds, where it cannot
    # be reached and so not be programmed either.
    symmetry_point = np.clip(np.nan_to_num(population.symmetry_point), w_min, w_max)
    zero = symmetry_point if device.zero_at_symmetry_point else np.zeros(shape)
    if reference is not None:
        zero = symmetry_point if reference.target == "symmetry_point" else np.zeros(shape)
        zero = zero + reference.mean + reference.std * xi_r
    return DevicePopulation(w_max, w_min, a_up, a_down, zero)


def cell_records(population: DevicePopulation) -> FloatArray:
    """Parameters of all cells in the layout that `pulse` reads, (cols, rows, CELL_FIELDS)."""
    cells = np.zeros((*population.w_max.shape, CELL_FIELDS))
    directions = ((population.w_min, -population.a_down), (population.w_max, population.a_up))
    for direction, (bound, step) in enumerate(directions):
        inverse = np.divide(1.0, bound, out=np.zeros_like(bound), where=bound != 0)
        cells[..., STEP + direction] = step
        cells[..., INVERSE_BOUND + direction] = inverse
        cells[..., OFFSET + direction] = 1.0 - population.reference * inverse
    cells[..., LOW] = population.w_min - population.reference
    cells[..., HIGH] = population.w_max - population.reference
    return cells.astype(np.float32)


@njit(cache=True, inline="always")
def pulse(weight: np.float32, cell: FloatArray, direction: int, noise: np.float32) -> np.float32:
    """Visible weight after one pulse (Eqs 2, 3).

    Args:
        weight: visible weight before it.
        cell: record of the device, (CELL_FIELDS,).
        direction: 1 up, 0 down.
        noise: sigma_c2c * xi.
    """
    response = cell[OFFSET + direction] - weight * cell[INVERSE_BOUND + direction] + noise
    weight += cell[STEP + direction] * response
    return min(max(weight, cell[LOW]), cell[HIGH])
