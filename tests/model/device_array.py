"""What the tests of the devices share: arrays of one section of a chipspec, and pulses on all of their cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from crosschop.model.analog import crossbar, detailed
from crosschop.model.analog.build import build_array, draw_population
from crosschop.model.analog.crossbar import Crossbar, DetailedCrossbar
from crosschop.model.analog.devices.population import DevicePopulation
from crosschop.model.analog.devices.visible import REFERENCE
from crosschop.model.analog.plain import PlainCrossbar
from crosschop.model.analog.random import Stream
from crosschop.model.chipspec.devices import AnyDevice, Device
from crosschop.model.chipspec.schema import ReferenceArray

SHAPE = (100, 150)
COUNT = SHAPE[0] * SHAPE[1]
# No variation but what a test asks for.
EVEN = {"n_states": 100.0, "sigma_b": 0.0, "sigma_pm": 0.0, "sigma_d2d": 0.0, "sigma_c2c": 0.0}
# Exponents that make both directions bend visibly.
EXPONENTIAL = {"A_up": 0.1, "A_down": 0.2, "gamma_up": 2.0, "gamma_down": 1.5, "a": 0.8, "b": 0.1}
PAIR = {"w_max": 2.0, "A_up": -20.0, "gamma_up": 2.5, "a": -1.0, "b": 0.0}
MODELS: dict[str, dict[str, float]] = {
    "soft_bounds": {},
    "linear_step": {"gamma_up": 0.4, "gamma_down": 0.7},
    "constant_step": {},
    "exp_step": EXPONENTIAL,
    "pcm_pair": PAIR,
}


def section(model: str, **settings: Any) -> AnyDevice:
    """A section `device.*` without variations."""
    adapter: TypeAdapter[AnyDevice] = TypeAdapter(Device)
    return adapter.validate_python({"model": model, **EVEN, **MODELS[model], **settings})


def population(
    model: str,
    shape: tuple[int, int] = SHAPE,
    reference: ReferenceArray | None = None,
    seed: int = 1,
    **settings: Any,
) -> DevicePopulation:
    """The devices of such a section."""
    return draw_population(section(model, **settings), reference, shape, np.random.default_rng(seed))


def array(
    model: str,
    shape: tuple[int, int] = (1, 1),
    reference: ReferenceArray | None = None,
    seed: int = 1,
    **settings: Any,
) -> Crossbar:
    """An array of the same devices."""
    return build_array(section(model, **settings), reference, shape, np.random.default_rng(seed))


def stream(seed: int = 5) -> Stream:
    """A stream of noise."""
    return np.array([seed], dtype=np.uint64)


def place(of: Crossbar, *conductances: float) -> DetailedCrossbar:
    """Sets w, or g_plus and g_minus, of every cell; only arrays with conductances of their own allow it."""
    assert isinstance(of, DetailedCrossbar)
    for index, value in enumerate(conductances):
        of.devices["conductance"][..., index] = value
    for column, row in np.ndindex(*of.weight.shape):
        detailed.see(of, column, row)
    return of


def show(of: PlainCrossbar, weights: Any) -> PlainCrossbar:
    """Sets conductances so that these weights are visible, (cols, rows) or a number for all."""
    reference = of.cell[:, REFERENCE, : of.weight.shape[1]]
    of.held[:] = weights + reference
    of.weight[:] = of.held - reference
    return of


def pulses(of: Crossbar, count: int, noise: Stream | None = None) -> np.ndarray:
    """`count` pulses (down where negative) on every cell; the visible weights after them, a copy."""
    noise = stream() if noise is None else noise
    steps = np.full(of.weight.shape[1], count, dtype=np.int64)
    for column in range(of.weight.shape[0]):
        crossbar.write_column(of, column, steps, noise)
    return of.weight.copy()


def train(of: Crossbar, count: int) -> np.ndarray:
    """Visible weight of the first cell after each of a train of pulses (down where negative)."""
    sign = 1 if count > 0 else -1
    return np.array([pulses(of, sign)[0, 0] for _ in range(abs(count))], dtype=np.float64)


def wait(of: Crossbar, samples: int) -> np.ndarray:
    """Lets samples pass; the visible weights after them, a copy."""
    for _ in range(samples):
        crossbar.age(of, stream())
    return of.weight.copy()
