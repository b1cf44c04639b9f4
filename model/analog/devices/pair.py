"""Pair of one-sided devices: w = g_plus - g_minus, an up pulse raises g_plus, a down pulse g_minus (PCM).

Each device steps as the up direction of an exponential-step device, between 0 and its own bound (IBM's aihwkit,
OneSidedUnitCell of two ExpStepDevice with w_min = 0). Neither comes down but by a reset, so a pair in training fills
up: `state.refresh_pair` resets the pairs that are nearly full and writes their difference anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosschop.model.analog.devices.population import (
    DevicePopulation,
    DoubleArray,
    Draw,
    spread_of_step,
)
from crosschop.model.analog.devices.records import (
    CELL_FIELDS,
    HIGH,
    LEVEL,
    LOW,
    PAIR,
    RATE,
    STEP,
    FloatArray,
)
from crosschop.model.chipspec.devices import PcmPair


@dataclass(frozen=True)
class PairDevices(DevicePopulation):
    """Pairs of devices with an exponential response.

    Attributes:
        rate, level: exponent per conductance and factor at 0 of g_minus and g_plus, (2, cols, rows).
        rest: conductances after a reset of g_plus and g_minus, (cols, rows, 2).
    """

    rate: DoubleArray
    level: DoubleArray
    rest: DoubleArray

    @property
    def model(self) -> int:
        """What the records mean."""
        return PAIR

    @property
    def symmetry_point(self) -> DoubleArray:
        """Not finite: what up and down pulses do does not depend on w but on how full the pair is."""
        return np.full_like(self.w_max, np.nan)

    def records(self) -> FloatArray:
        """Parameters of all cells for a formula that takes g_plus or g_minus, (cols, rows, CELL_FIELDS)."""
        cells = np.zeros((*self.w_max.shape, CELL_FIELDS))
        for direction, step in enumerate((self.a_down, self.a_up)):
            cells[..., STEP + direction] = step
            cells[..., RATE + direction] = self.rate[direction]
            cells[..., LEVEL + direction] = self.level[direction]
        cells[..., LOW], cells[..., HIGH] = self.w_min, self.w_max
        return cells.astype(np.float32)


def draw_pair(device: PcmPair, draw: Draw) -> PairDevices:
    """Pairs whose two devices vary independently; weight 0 is g_plus = g_minus."""
    xi_plus, xi_minus, xi_step, xi_pm, _ = draw.common
    bounds = [device.w_max * np.maximum(1.0 + device.sigma_b * xi, 0.0) for xi in (xi_plus, xi_minus)]
    xi_other_step, xi_other_pm = draw.extra.model.standard_normal((2, *xi_step.shape))
    steps = [
        device.step * (spread_of_step(device.step_distribution, device.sigma_d2d, xi) + device.sigma_pm * other)
        for xi, other in ((xi_step, xi_pm), (xi_other_step, xi_other_pm))
    ]
    xi_rest = draw.extra.model.standard_normal((*xi_step.shape, 2))
    plus, minus = bounds
    per_direction = np.array([minus, plus])
    scale = np.divide(2 * device.a, per_direction, out=np.zeros_like(per_direction), where=per_direction > 0)
    return PairDevices(
        w_max=plus,
        w_min=-minus,
        a_up=steps[0],
        a_down=steps[1],
        reference=np.zeros_like(plus),
        rate=device.gamma_up * scale,
        level=np.full_like(scale, device.A_up * np.exp(device.gamma_up * device.b)),
        rest=np.clip(device.reset + device.sigma_reset * xi_rest, 0.0, np.stack((plus, minus), axis=-1)),
    )
