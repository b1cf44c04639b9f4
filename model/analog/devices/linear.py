"""Soft bounds, linear step and constant step: the step is a linear function of the conductance.

A pulse up moves the conductance by `a_up (1 - slope_up w + sigma_c2c xi)`, a pulse down by
`-a_down (1 - slope_down w + sigma_c2c xi)`, clamped to w_min..w_max. Soft bounds (Eqs 2, 3 of Rasch et al., Nat.
Commun. 15:7133 (2024)): slope = 1 / bound of the device. Linear step (capacitors, ECRAM; IBM's aihwkit,
LinearStepDevice with mean_bound_reference): slope = gamma / nominal bound. Constant step: slope = 0. With
multiplicative noise the last term is multiplied by the response before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosschop.model.analog.devices import visible
from crosschop.model.analog.devices.population import DevicePopulation, DoubleArray, Draw, draw_two_sided
from crosschop.model.analog.devices.records import (
    CELL_FIELDS,
    HIGH,
    LEVEL,
    LINEAR,
    LOW,
    RATE,
    STEP,
    FloatArray,
)
from crosschop.model.chipspec.devices import LinearDevice, LinearStepDevice, SoftBoundsDevice


@dataclass(frozen=True)
class LinearDevices(DevicePopulation):
    """Devices with a linear response.

    Attributes:
        slope_up, slope_down: relative change of the step per conductance, (cols, rows).
    """

    slope_up: DoubleArray
    slope_down: DoubleArray

    @property
    def model(self) -> int:
        """What the records mean."""
        return LINEAR

    @property
    def symmetry_point(self) -> DoubleArray:
        """Conductance w* at which up and down steps are equal (Eq 8); not finite where a device has none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.a_up - self.a_down) / (self.a_up * self.slope_up - self.a_down * self.slope_down)

    @property
    def _directions(self) -> tuple[tuple[DoubleArray, DoubleArray], tuple[DoubleArray, DoubleArray]]:
        """Signed step and slope, down and up."""
        return (-self.a_down, self.slope_down), (self.a_up, self.slope_up)

    def records(self) -> FloatArray:
        """Parameters of all cells, (cols, rows, CELL_FIELDS)."""
        cells = np.zeros((*self.w_max.shape, CELL_FIELDS))
        for direction, (step, slope) in enumerate(self._directions):
            cells[..., STEP + direction] = step
            cells[..., RATE + direction] = slope
            cells[..., LEVEL + direction] = 1.0
        cells[..., LOW], cells[..., HIGH] = self.w_min, self.w_max
        return cells.astype(np.float32)

    def visible_records(self) -> FloatArray:
        """The same for arrays that keep visible weights, (cols, rows, VISIBLE_FIELDS)."""
        cells = np.zeros((*self.w_max.shape, visible.VISIBLE_FIELDS))
        for direction, (step, slope) in enumerate(self._directions):
            cells[..., visible.STEP + direction] = step
            cells[..., visible.KEEP + direction] = 1.0 - step * slope
        cells[..., visible.REFERENCE] = self.reference
        cells[..., visible.LOW], cells[..., visible.HIGH] = self.w_min, self.w_max
        return cells.astype(np.float32)


def soft_bounds(
    w_max: DoubleArray, w_min: DoubleArray, a_up: DoubleArray, a_down: DoubleArray, reference: DoubleArray
) -> LinearDevices:
    """Soft-bounds devices of these bounds and steps; arguments as DevicePopulation."""
    slope_up, slope_down = (np.divide(1.0, b, out=np.zeros_like(b), where=b != 0) for b in (w_max, w_min))
    return LinearDevices(w_max, w_min, a_up, a_down, reference, slope_up, slope_down)


def draw_linear(device: LinearDevice, draw: Draw) -> LinearDevices:
    """Devices with their variations; weight 0 is conductance 0."""
    w_max, w_min, a_up, a_down = draw_two_sided(device, draw)
    zero = np.zeros_like(w_max)
    if isinstance(device, SoftBoundsDevice):
        return soft_bounds(w_max, w_min, a_up, a_down, zero)
    slope_up, slope_down = zero, zero
    if isinstance(device, LinearStepDevice):
        xi_up, xi_down = draw.extra.model.standard_normal((2, *w_max.shape))
        slope_up = np.abs(device.gamma_up + device.sigma_gamma * xi_up) / device.w_max
        slope_down = np.abs(device.gamma_down + device.sigma_gamma * xi_down) / device.w_min
    return LinearDevices(w_max, w_min, a_up, a_down, zero, slope_up, slope_down)
