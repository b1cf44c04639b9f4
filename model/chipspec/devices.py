"""The sections `device.a` and `device.w`: one class per device model, and what all models have in common.

Conductances are in weight units, 0 in the middle of the nominal range of most devices. Symbols of the soft-bounds
device are those of Rasch et al., Nat. Commun. 15:7133 (2024), Eqs 2-9; the other models are those of IBM's aihwkit
(M. J. Rasch et al., AICAS 2021).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crosschop.model.chipspec.section import Section, Variant


class Retention(Section):
    """How devices lose what they hold. Time is counted in input samples (aihwkit counts mini-batches)."""

    lifetime: float | None = Field(
        default=None,
        ge=1,
        le=1e15,
        description="samples of decay: per sample w - target shrinks by the factor 1 - 1 / lifetime; null = no decay",
    )
    sigma_lifetime: float = Field(
        default=0.0, ge=0, le=1, description="device-to-device spread of the lifetime, relative"
    )
    target: float = Field(default=0.0, ge=-10, le=10, description="conductance that devices decay to, weight units")
    sigma_target: float = Field(
        default=0.0, ge=0, le=10, description="device-to-device spread of the target, weight units"
    )
    drift_nu: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="drift exponent nu: t samples after its last pulse a device holds w (t / t0)^-nu; null = no drift",
    )
    sigma_drift_nu: float = Field(default=0.0, ge=0, le=1, description="device-to-device spread of nu, relative")
    drift_t0: float = Field(
        default=1.0, gt=0, le=1e12, description="samples after a pulse from which on a device drifts, t0"
    )


class Endurance(Section):
    """Wear-out: n pulses into its life the step of a device is multiplied by max(0, 1 - max(0, n - budget) / fade)."""

    budget: float = Field(ge=0, le=1e18, description="pulses of both polarities with an undiminished step")
    sigma_budget: float = Field(
        default=0.0, ge=0, le=5, description="device-to-device spread of the budget (log-normal)"
    )
    fade: float = Field(gt=0, le=1e18, description="pulses beyond the budget after which the step has vanished")


class AnyDevice(Variant, ABC):
    """Base of all devices."""

    model: str
    preset: str | None = Field(
        default=None, description="name of the preset from which the keys not given here were taken; null = none"
    )
    n_states: float = Field(
        ge=2, le=1e6, description="number of states of the nominal device: its range divided by the step dw_min"
    )
    sigma_b: float = Field(default=0.3, ge=0, le=1, description="device-to-device spread of the bounds, relative")
    sigma_pm: float = Field(default=0.1, ge=0, le=1, description="device-to-device spread of the up-down asymmetry")
    sigma_d2d: float = Field(default=0.3, ge=0, le=2, description="device-to-device spread of the step")
    step_distribution: Literal["log_normal", "normal"] = Field(
        default="log_normal", description="distribution of the step's spread: exp(sigma_d2d xi) or 1 + sigma_d2d xi"
    )
    sigma_c2c: float = Field(default=0.3, ge=0, le=10, description="cycle-to-cycle noise of one pulse, in steps")
    noise: Literal["additive", "multiplicative"] = Field(
        default="additive",
        description="what sigma_c2c multiplies: the device's step at weight 0, or the step it makes where it stands",
    )
    write_noise: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="deviation of the visible weight from the conductance, in steps dw_min, redrawn at every pulse",
    )
    retention: Retention | None = Field(default=None, description="loss over time; null = ideal")
    endurance: Endurance | None = Field(default=None, description="wear-out; null = ideal")
    source: str | None = Field(default=None, description="where the numbers come from")

    @property
    @abstractmethod
    def span(self) -> float:
        """Range of the nominal device, weight units."""

    @property
    def step(self) -> float:
        """Step parameter dw_min of the nominal device, weight units."""
        return self.span / self.n_states

    @property
    def delta(self) -> float:
        """Granularity: mean size of an up and a down pulse on the nominal device at weight 0, weight units."""
        return self.step


class TwoSided(AnyDevice):
    """Base of the devices that one conductance makes a weight."""

    w_max: float = Field(default=1.0, gt=0, le=1000, description="upper bound of the nominal device, weight units")
    w_min: float = Field(default=-1.0, lt=0, ge=-1000, description="lower bound of the nominal device, weight units")
    sigma_b_min: float | None = Field(
        default=None, ge=0, le=1, description="spread of the lower bound where it differs; null = sigma_b"
    )
    up_down: float = Field(
        default=0.0,
        gt=-1,
        lt=1,
        description="mean asymmetry: > 0 makes down steps smaller by this share of dw_min, < 0 up steps",
    )
    zero_at_symmetry_point: bool = Field(
        default=False,
        description="true: the symmetry point of each device represents weight 0; false: conductance 0 does",
    )
    sigma_zero: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="spread of the error with which zero_at_symmetry_point finds it, weight units",
    )
    stuck: float = Field(
        default=0.0, ge=0, le=1, description="share of devices that are stuck at a value and answer no pulse"
    )
    stuck_range: float = Field(
        default=0.01, ge=0, le=10, description="stuck devices lie within +-stuck_range, weight units"
    )

    @property
    def span(self) -> float:
        """Range of the nominal device, weight units."""
        return self.w_max - self.w_min

    @property
    def bias_up(self) -> float:
        """What up_down adds to the up step, in steps dw_min."""
        return min(self.up_down, 0.0)

    @property
    def bias_down(self) -> float:
        """What up_down adds to the down step, in steps dw_min."""
        return min(-self.up_down, 0.0)


class SoftBoundsDevice(TwoSided):
    """Soft-bounds device, Eqs 2-9 of the paper: the step shrinks linearly to zero towards the bound."""

    model: Literal["soft_bounds"] = Field(description="device model")


class LinearStepDevice(TwoSided):
    """Linear-step device: the step shrinks linearly with the weight, bounds are hard.

    Up: a_up (1 - gamma_up w / w_max), down: a_down (1 - gamma_down w / w_min), with the nominal bounds.
    """

    model: Literal["linear_step"] = Field(description="device model")
    gamma_up: float = Field(ge=0, le=2, description="share of the up step at w = 0 that is lost at w_max")
    gamma_down: float = Field(ge=0, le=2, description="share of the down step at w = 0 that is lost at w_min")
    sigma_gamma: float = Field(
        default=0.0, ge=0, le=1, description="device-to-device spread of both gammas, absolute; signs are dropped"
    )


class ConstantStepDevice(TwoSided):
    """Constant-step device: the same step everywhere between hard bounds."""

    model: Literal["constant_step"] = Field(description="device model")


class ExpStepDevice(TwoSided):
    """Exponential-step device: a step is a_up max(0, 1 - A_up exp(gamma_up z)), z = 2 a w / (w_max - w_min) + b.

    Down: a_down max(0, 1 - A_down exp(-gamma_down z)). z is taken with the bounds of each device.
    """

    model: Literal["exp_step"] = Field(description="device model")
    A_up: float = Field(ge=-1000, le=1000, description="amplitude of the exponential of up steps")
    A_down: float = Field(ge=-1000, le=1000, description="amplitude of the exponential of down steps")
    gamma_up: float = Field(ge=0, le=100, description="exponent of up steps")
    gamma_down: float = Field(ge=0, le=100, description="exponent of down steps")
    a: float = Field(ge=-10, le=10, description="slope of z")
    b: float = Field(ge=-10, le=10, description="offset of z")

    @property
    def delta(self) -> float:
        """Granularity: mean size of an up and a down pulse on the nominal device at weight 0, weight units."""
        up = (1 + self.bias_up) * max(0.0, 1 - self.A_up * math.exp(self.gamma_up * self.b))
        down = (1 + self.bias_down) * max(0.0, 1 - self.A_down * math.exp(-self.gamma_down * self.b))
        return self.step * (up + down) / 2

    @model_validator(mode="after")
    def _moves_at_zero(self) -> ExpStepDevice:
        if self.delta <= 0:
            raise ValueError("the nominal device does not move at weight 0 (A_up, A_down, gamma_up, gamma_down, b)")
        return self


class PcmPair(AnyDevice):
    """Pair of one-sided exponential-step devices, w = g_plus - g_minus: up pulses raise g_plus, down pulses g_minus.

    Both start at, and are reset to, a small conductance; 0 <= g <= w_max. The mean step of a pulse is
    a max(0, 1 - A_up exp(gamma_up z)), z = 2 a g / w_max + b, its noise
    sigma_c2c (|step| + noise_floor + noise_slope g) where `noise` is multiplicative.
    """

    model: Literal["pcm_pair"] = Field(description="device model")
    w_max: float = Field(gt=0, le=1000, description="upper bound of g of the nominal device, weight units")
    A_up: float = Field(ge=-1000, le=1000, description="amplitude of the exponential")
    gamma_up: float = Field(ge=0, le=100, description="exponent")
    a: float = Field(ge=-10, le=10, description="slope of z")
    b: float = Field(ge=-10, le=10, description="offset of z")
    noise_floor: float = Field(
        default=0.0, ge=0, le=10, description="noise of a pulse beside that of its step, weight units times sigma_c2c"
    )
    noise_slope: float = Field(default=0.0, ge=0, le=10, description="noise of a pulse that grows with g")
    reset: float = Field(default=0.0, ge=0, le=10, description="conductance after a reset, weight units")
    sigma_reset: float = Field(
        default=0.0, ge=0, le=10, description="device-to-device spread of the reset conductance, weight units"
    )
    refresh_every: int | None = Field(
        default=None,
        ge=1,
        le=10**9,
        description="samples between two refreshes of the array: pairs whose larger g exceeds refresh_upper w_max and "
        "whose smaller g exceeds refresh_lower w_max are reset and written anew, pulse by pulse; null = never",
    )
    refresh_upper: float = Field(default=0.75, ge=0, le=1, description="threshold of the larger g, in w_max")
    refresh_lower: float = Field(default=0.25, ge=0, le=1, description="threshold of the smaller g, in w_max")
    refresh_pulses: int = Field(default=100, ge=1, le=10**6, description="most pulses to write a refreshed pair")

    @property
    def span(self) -> float:
        """Range of one nominal device, weight units."""
        return self.w_max

    @property
    def delta(self) -> float:
        """Granularity: step of the nominal device half way to its bound, where pairs spend their time, weight units."""
        return self.step * max(0.0, 1 - self.A_up * math.exp(self.gamma_up * (self.a + self.b)))

    @model_validator(mode="after")
    def _moves(self) -> PcmPair:
        if self.delta <= 0:
            raise ValueError("the nominal device does not move half way to its bound (A_up, gamma_up, a, b)")
        return self


LinearDevice = SoftBoundsDevice | LinearStepDevice | ConstantStepDevice
Device = Annotated[LinearDevice | ExpStepDevice | PcmPair, Field(discriminator="model")]
