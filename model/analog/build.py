"""From the section of a chipspec to an array of devices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crosschop.model.analog.crossbar import Crossbar
from crosschop.model.analog.detailed import new_detailed_crossbar
from crosschop.model.analog.devices.exponential import draw_exponential
from crosschop.model.analog.devices.linear import LinearDevices, draw_linear
from crosschop.model.analog.devices.pair import draw_pair
from crosschop.model.analog.devices.population import DevicePopulation, Draw, draw_reference, new_draw
from crosschop.model.analog.devices.state import new_state
from crosschop.model.analog.faults import DrawnFaults, faulty_reference, with_faults
from crosschop.model.analog.plain import new_crossbar
from crosschop.model.chipspec.devices import (
    AnyDevice,
    ConstantStepDevice,
    ExpStepDevice,
    LinearDevice,
    PcmPair,
    TwoSided,
)
from crosschop.model.chipspec.schema import ReferenceArray


def _draw(device: AnyDevice, draw: Draw) -> DevicePopulation:
    if isinstance(device, LinearDevice):
        return draw_linear(device, draw)
    if isinstance(device, ExpStepDevice):
        return draw_exponential(device, draw)
    if isinstance(device, PcmPair):
        return draw_pair(device, draw)
    raise TypeError(f"no devices of the model {device.model}")


def _with_reference(
    population: DevicePopulation, device: AnyDevice, reference: ReferenceArray | None, draw: Draw
) -> DevicePopulation:
    at_symmetry_point, sigma_zero = False, 0.0
    if isinstance(device, TwoSided):
        at_symmetry_point, sigma_zero = device.zero_at_symmetry_point, device.sigma_zero
    return replace(population, reference=draw_reference(population, at_symmetry_point, sigma_zero, reference, draw))


def draw_population(
    device: AnyDevice, reference: ReferenceArray | None, shape: tuple[int, int], generator: np.random.Generator
) -> DevicePopulation:
    """Devices with their variations (Eqs 4-6, 9).

    Args:
        device: nominal device and spreads.
        reference: what R holds, or None where the array is read without one.
        shape: (cols, rows).
        generator: source of the variations.
    """
    draw = new_draw(generator, shape)
    return _with_reference(_draw(device, draw), device, reference, draw)


@dataclass(frozen=True)
class Defects:
    """Faults of an array, and of R where it belongs to this array; None where there are none."""

    array: DrawnFaults | None = None
    reference: DrawnFaults | None = None


def _with_defects(population: DevicePopulation, device: AnyDevice, defects: Defects) -> DevicePopulation:
    if defects.reference is not None and isinstance(device, TwoSided | PcmPair):
        low = device.w_min if isinstance(device, TwoSided) else -device.w_max
        faulty = faulty_reference(population.reference, defects.reference, low, device.w_max)
        population = replace(population, reference=faulty)
    return population if defects.array is None else with_faults(population, defects.array)


def build_array(
    device: AnyDevice,
    reference: ReferenceArray | None,
    shape: tuple[int, int],
    generator: np.random.Generator,
    defects: Defects = Defects(),
) -> Crossbar:
    """A fresh array; arguments as `draw_population`, and its faults."""
    draw = new_draw(generator, shape)
    population = _with_defects(_with_reference(_draw(device, draw), device, reference, draw), device, defects)
    if isinstance(population, LinearDevices) and not _needs_state(device):
        return new_crossbar(population, device.sigma_c2c)
    return new_detailed_crossbar(population.records(), device.sigma_c2c, *new_state(device, population, draw))


def _needs_state(device: AnyDevice) -> bool:
    """Whether an array of linear devices has more to it than visible weights; see devices/state.py."""
    # Noise that scales with the step is the same as additive noise where all steps are equal.
    scaled = device.noise == "multiplicative" and not isinstance(device, ConstantStepDevice) and device.sigma_c2c > 0
    return scaled or device.write_noise > 0 or device.retention is not None or device.endurance is not None
