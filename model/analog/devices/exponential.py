"""Exponential step: the step is an exponential of the conductance (IBM's aihwkit, ExpStepDevice).

A pulse up moves the conductance by `a_up y_up (1 + sigma_c2c xi)` with y_up = max(0, 1 - A_up exp(gamma_up z)), a pulse
down by `-a_down y_down (1 + sigma_c2c xi)` with y_down = max(0, 1 - A_down exp(-gamma_down z)), where
z = 2 a w / (w_max - w_min) + b with the bounds of the device. With additive noise it is `a_up (y_up + sigma_c2c xi)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosschop.model.analog.devices.population import DevicePopulation, DoubleArray, Draw, draw_two_sided
from crosschop.model.analog.devices.records import (
    CELL_FIELDS,
    EXPONENTIAL,
    HIGH,
    LEVEL,
    LOW,
    RATE,
    STEP,
    FloatArray,
)
from crosschop.model.chipspec.devices import ExpStepDevice

# Halvings of the range that reach the resolution of a float64.
_BISECTIONS = 60


@dataclass(frozen=True)
class ExponentialDevices(DevicePopulation):
    """Devices with an exponential response.

    Attributes:
        rate: (2,) + shape; exponent per conductance of down and up steps, (2, cols, rows).
        level: factor of the exponential at conductance 0, (2, cols, rows).
    """

    rate: DoubleArray
    level: DoubleArray

    @property
    def model(self) -> int:
        """What the records mean."""
        return EXPONENTIAL

    def steps(self, conductance: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Sizes of a mean down and a mean up pulse at these conductances, (cols, rows)."""
        response = np.maximum(1.0 - self.level * np.exp(self.rate * conductance), 0.0)
        return self.a_down * response[0], self.a_up * response[1]

    @property
    def symmetry_point(self) -> DoubleArray:
        """Conductance w* at which up and down steps are equal, by bisection; a bound where one is larger everywhere."""
        low, high = self.w_min.copy(), self.w_max.copy()
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            down, up = self.steps(middle)
            low, high = np.where(up > down, middle, low), np.where(up > down, high, middle)
        return (low + high) / 2

    def records(self) -> FloatArray:
        """Parameters of all cells for a formula that takes the conductance, (cols, rows, CELL_FIELDS)."""
        cells = np.zeros((*self.w_max.shape, CELL_FIELDS))
        for direction, step in enumerate((-self.a_down, self.a_up)):
            cells[..., STEP + direction] = step
            cells[..., RATE + direction] = self.rate[direction]
            cells[..., LEVEL + direction] = self.level[direction]
        cells[..., LOW], cells[..., HIGH] = self.w_min, self.w_max
        return cells.astype(np.float32)


def draw_exponential(device: ExpStepDevice, draw: Draw) -> ExponentialDevices:
    """Devices with their variations; weight 0 is conductance 0."""
    w_max, w_min, a_up, a_down = draw_two_sided(device, draw)
    span = w_max - w_min
    scale = np.divide(2 * device.a, span, out=np.zeros_like(span), where=span > 0)
    rate = np.array([-device.gamma_down * scale, device.gamma_up * scale])
    level = np.ones_like(rate)
    level[0] = device.A_down * np.exp(-device.gamma_down * device.b)
    level[1] = device.A_up * np.exp(device.gamma_up * device.b)
    return ExponentialDevices(w_max, w_min, a_up, a_down, np.zeros_like(w_max), rate, level)
