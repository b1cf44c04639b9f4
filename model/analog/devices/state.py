"""Conductances of the arrays whose visible weights do not say everything.

An array needs them where the response is not linear, noise is multiplicative, a pair makes the weight, the visible
weight deviates from the conductance (write noise), devices wear out, or lose what they hold. They are float64: a
decay over 1e7 samples moves a weight by less than a float32 resolves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.devices.pair import PairDevices
from crosschop.model.analog.devices.population import DevicePopulation, Draw
from crosschop.model.analog.devices.records import LEVEL, RATE, STEP, FloatArray, response
from crosschop.model.analog.random import advance, mix, normal_of
from crosschop.model.chipspec.devices import AnyDevice, Endurance, PcmPair, Retention
from crosschop.model.jit import inlined

# One device; a cell has one, or g_plus and g_minus.
DEVICE = np.dtype(
    [
        ("conductance", "f8"),  # w, or g_plus, g_minus, weight units
        ("low", "f8"),  # bounds of the conductance
        ("high", "f8"),
        ("reference", "f8"),  # conductance r that stands for weight 0
        ("written", "f8"),  # current deviation of the visible weight (write noise); of a pair in g_plus
        ("rest", "f8"),  # conductance after a reset
        ("pulses", "i8"),  # pulses received
        ("budget", "f8"),  # pulses with an undiminished step
        ("keep", "f8"),  # decay: 1 - 1 / lifetime
        ("target", "f8"),  # conductance that the device decays to
        ("nu", "f8"),  # drift exponent
        ("age", "i8"),  # samples since the last pulse
    ]
)

# What all devices of an array have in common, an array of one element.
PHYSICS = np.dtype(
    [
        ("model", "i8"),  # meaning of the records
        ("multiplicative", "i8"),  # 1: noise of a pulse scales with the step made, not with the step at weight 0
        ("noise_floor", "f8"),  # noise beside that of the step, weight units times sigma_c2c
        ("noise_slope", "f8"),  # the same per conductance
        ("write_noise", "f8"),  # deviation of the visible weight, weight units
        ("fade", "f8"),  # pulses beyond the budget after which the step has vanished
        ("decays", "i8"),  # 1: there is a lifetime
        ("drifts", "i8"),  # 1: there is a drift exponent
        ("drift_t0", "f8"),  # samples after a pulse from which on a device drifts
        ("refresh_every", "i8"),  # samples between two refreshes of pairs, 0 for none
        ("refresh_upper", "f8"),  # thresholds of the larger and the smaller conductance, weight units
        ("refresh_lower", "f8"),
        ("refresh_pulses", "i8"),  # most pulses to write a pair
        ("samples", "i8"),  # samples passed
    ]
)

Devices = NDArray[np.void]  # (cols, rows, 1 or 2) of DEVICE
Physics = NDArray[np.void]  # (1,) of PHYSICS
Record = Any  # one element of either, a reference in compiled code


def new_state(device: AnyDevice, population: DevicePopulation, draw: Draw) -> tuple[Devices, Physics]:
    """Fresh devices: conductance 0 (a stuck device at its value), pairs after a reset."""
    physics = np.zeros(1, PHYSICS)
    physics["model"] = population.model
    physics["multiplicative"] = device.noise == "multiplicative"
    physics["write_noise"] = device.write_noise * device.step
    if isinstance(population, PairDevices):
        low, high = np.zeros_like(population.rest), np.stack((population.w_max, -population.w_min), axis=-1)
        rest = population.rest
    else:
        low, high = population.w_min[..., np.newaxis], population.w_max[..., np.newaxis]
        rest = np.clip(0.0, low, high)
    if isinstance(device, PcmPair):
        physics["noise_floor"], physics["noise_slope"] = device.noise_floor, device.noise_slope
        physics["refresh_every"] = device.refresh_every or 0
        physics["refresh_upper"] = device.refresh_upper * device.w_max
        physics["refresh_lower"] = device.refresh_lower * device.w_max
        physics["refresh_pulses"] = device.refresh_pulses
    if population.fixed is not None:
        low, high = (np.where(population.fixed[..., np.newaxis], rest, bound) for bound in (low, high))
    devices = np.zeros(rest.shape, DEVICE)
    devices["low"], devices["high"] = low, high
    devices["conductance"] = devices["rest"] = rest
    devices["reference"] = population.reference[..., np.newaxis]
    _set_endurance(device.endurance, devices, physics, draw.extra.wear)
    _set_retention(device.retention, devices, physics, draw.extra.loss)
    return devices, physics


def _set_endurance(
    endurance: Endurance | None, devices: Devices, physics: Physics, generator: np.random.Generator
) -> None:
    devices["budget"] = np.inf
    if endurance:
        xi = generator.standard_normal(devices.shape)
        devices["budget"] = endurance.budget * np.exp(endurance.sigma_budget * xi)
        physics["fade"] = endurance.fade


def _set_retention(
    retention: Retention | None, devices: Devices, physics: Physics, generator: np.random.Generator
) -> None:
    if not retention:
        return
    xi_lifetime, xi_target, xi_nu = generator.standard_normal((3, *devices.shape))
    if retention.lifetime is not None:
        lifetime = retention.lifetime * (1.0 + retention.sigma_lifetime * xi_lifetime)
        # A lifetime of a sample or less keeps nothing.
        devices["keep"] = 1.0 - 1.0 / np.maximum(lifetime, 1.0)
        devices["target"] = retention.target + retention.sigma_target * xi_target
        physics["decays"] = 1
    if retention.drift_nu is not None:
        devices["nu"] = retention.drift_nu * (1.0 + retention.sigma_drift_nu * xi_nu)
        physics["drifts"], physics["drift_t0"] = 1, retention.drift_t0


@inlined
def pulse_device(
    device: Record,
    written: Record,
    common: Record,
    cell: FloatArray,
    noise: np.float32,
    direction: int,
    word: np.uint64,
) -> np.uint64:
    """One pulse on a device, whose conductance, counter and write noise move on.

    Args:
        device: the device that the pulse reaches; of a pair g_plus for an up, g_minus for a down pulse.
        written: the device of the cell that keeps the write noise, its first.
        common: physics of the array.
        cell: record of the cell, (CELL_FIELDS,), not shifted.
        noise: sigma_c2c * xi.
        direction: 1 up, 0 down.
        word: state of the noise's stream.

    Returns:
        The stream's next state.
    """
    held, step = device.conductance, cell[STEP + direction]
    change = step * response(common.model, held, cell[RATE + direction], cell[LEVEL + direction])
    if common.multiplicative:
        other = common.noise_floor + common.noise_slope * abs(held)
        change += noise * (change + math.copysign(other, change))
    else:
        change += noise * step
    beyond = device.pulses - device.budget
    if beyond > 0:
        change *= max(0.0, 1.0 - beyond / common.fade)
    device.conductance = min(max(held + change, device.low), device.high)
    device.pulses += 1
    device.age = 0
    if common.write_noise > 0:
        word = advance(word)
        if device.low < device.high:  # one that cannot move is not written either
            written.written = common.write_noise * normal_of(mix(word))
    return word


@inlined
def reset_device(device: Record) -> None:
    """Brings a device to its conductance after a reset, which counts as a pulse."""
    device.conductance = device.rest
    device.pulses += 1
    device.age = 0
