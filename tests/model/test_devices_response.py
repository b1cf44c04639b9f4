"""Device models: mean response over many pulses, bounds, symmetry point and noise, against closed forms.

Soft bounds have tests of their own in test_device.py. Statistical bounds are five standard deviations of the estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import device_array as da
import numpy as np
import pytest
from scipy.optimize import brentq

from crosschop.model.analog.crossbar import Crossbar, PlainCrossbar
from crosschop.model.chipspec.schema import ReferenceArray

STEP = 2 / 100  # of da.EVEN on a range of -1..1
N = np.arange(1, 201)
Curve = Callable[[np.ndarray], np.ndarray]


def check_train(of: Crossbar, expected: np.ndarray, tolerance: float = 1e-5) -> None:
    """The first cell follows a curve, pulse by pulse, upwards."""
    np.testing.assert_allclose(da.train(of, len(expected)), expected, atol=tolerance, rtol=0)


def linear(slope: float, step: float = STEP) -> np.ndarray:
    """w_n of w -> w + step (1 - slope w) from 0, up to the bound 1: (1 - (1 - step slope)^n) / slope."""
    unbounded = N * step if slope == 0 else (1 - (1 - step * slope) ** N) / slope
    return np.minimum(unbounded, 1.0)


@pytest.mark.parametrize("gamma", [0.0, 0.05, 0.5, 1.0])
def test_linear_step_approaches_its_fixed_point_geometrically(gamma: float) -> None:
    up = da.array("linear_step", gamma_up=gamma, gamma_down=0.3)
    down = da.array("linear_step", gamma_up=0.3, gamma_down=gamma)
    check_train(up, linear(gamma))
    np.testing.assert_allclose(da.train(down, -200), -linear(gamma), atol=1e-5)


def test_soft_and_constant_steps_are_linear_steps() -> None:
    check_train(da.array("soft_bounds"), linear(1.0))
    check_train(da.array("constant_step"), linear(0.0))
    assert isinstance(da.array("linear_step"), PlainCrossbar), "the compiled formula of soft bounds serves them"


def test_slopes_refer_to_the_nominal_bound() -> None:
    """The bound of the device limits alone: w_max = 0.5 w_nominal cuts the curve, but does not bend it."""
    drawn = da.population("linear_step", sigma_b=0.3)
    cells = da.array("linear_step", shape=da.SHAPE, sigma_b=0.3)
    ends = da.pulses(cells, 60)
    np.testing.assert_allclose(ends, np.minimum(linear(0.4)[59], drawn.w_max), atol=1e-5)
    assert (ends < linear(0.4)[59] - 0.01).mean() > 0.1


def map_exponential(a: float, amplitude: float, rate: float, start: float, count: int, bound: float) -> np.ndarray:
    """w_n of w -> w + a max(0, 1 - amplitude exp(rate w)), clamped, in float64."""
    values, w = [], start
    for _ in range(count):
        w = min(max(w + a * max(0.0, 1 - amplitude * np.exp(rate * w)), -bound), bound)
        values.append(w)
    return np.array(values)


def nominal(direction: int, **changes: float) -> tuple[float, float]:
    """Amplitude and rate in w of y = 1 - A exp(+-gamma z), z = a w + b (range of 2), up (1) or down (0)."""
    k = {**da.EXPONENTIAL, **changes}
    sign, name = (1, "up") if direction else (-1, "down")
    gamma = sign * k[f"gamma_{name}"]
    return k[f"A_{name}"] * np.exp(gamma * k["b"]), gamma * k["a"]


def test_exponential_step_follows_the_map() -> None:
    check_train(da.array("exp_step"), map_exponential(STEP, *nominal(1), 0.0, 200, 1.0))
    amplitude, rate = nominal(0)
    downwards = -map_exponential(STEP, amplitude, -rate, 0.0, 200, 1.0)  # with w = -v
    np.testing.assert_allclose(da.train(da.array("exp_step"), -200), downwards, atol=1e-5)


def test_exponential_step_follows_the_differential_equation() -> None:
    """dw/dn = a (1 - A e^(k w)) has the solution w = -ln(A + (1 - A) e^(-k a n)) / k from 0; the map is off by O(a)."""
    amplitude, rate = nominal(1)
    step = 2 / 20000
    cells = da.array("exp_step", n_states=20000.0)
    n = np.arange(500, 8001, 500)
    values = np.array([da.pulses(cells, 500)[0, 0] for _ in n])
    exact = -np.log(amplitude + (1 - amplitude) * np.exp(-rate * step * n)) / rate
    np.testing.assert_allclose(values, exact, atol=5 * step)
    assert np.abs(values - step * n).max() > 0.05, "it is not a constant step"


def test_a_pair_raises_one_device_per_direction() -> None:
    """g_plus goes up by the map of its own, then g_minus; the weight is the difference and comes to rest when full."""
    step, amplitude, rate = 0.02, da.PAIR["A_up"], da.PAIR["gamma_up"] * da.PAIR["a"] * 2 / da.PAIR["w_max"]
    cells = da.array("pcm_pair")
    rise = map_exponential(step, amplitude, rate, 0.0, 200, 2.0)
    np.testing.assert_allclose(da.train(cells, 50), rise[:50], atol=1e-5)
    np.testing.assert_allclose(da.train(cells, -200), rise[49] - rise, atol=1e-5)
    np.testing.assert_allclose(da.pulses(cells, 500), 0.0, atol=1e-5)
    assert cells.pulses[0, 0] == 750


@pytest.mark.parametrize("wrong", ["soft_bounds", "linear_step", "exp_step"])
def test_the_check_of_trains_sees_another_model(wrong: str) -> None:
    with pytest.raises(AssertionError):
        check_train(da.array(wrong), linear(0.0))


@pytest.mark.parametrize("model", da.MODELS)
def test_bounds_hold(model: str) -> None:
    """Whatever is sent, conductances stay within the bounds of their device, and reach them."""
    spread = {"sigma_b": 0.3, "sigma_d2d": 0.5, "sigma_pm": 0.2, "sigma_c2c": 1.0}
    drawn = da.population(model, shape=(20, 20), **spread)
    cells = da.array(model, shape=(20, 20), **spread)
    noise = da.stream()
    for count in (400, -800, 300, -20):
        ends = da.pulses(cells, count, noise)
        assert (ends <= drawn.w_max + 1e-6).all() and (ends >= drawn.w_min - 1e-6).all()
    if model in ("linear_step", "constant_step"):
        assert np.isclose(da.pulses(cells, 2000, noise), drawn.w_max, atol=1e-6).mean() > 0.5


@pytest.mark.parametrize("model", da.MODELS)
@pytest.mark.parametrize("n_states", [10.0, 1250.0])
def test_number_of_states_is_range_over_step(model: str, n_states: float) -> None:
    device = da.section(model, n_states=n_states)
    span = 2.0  # -1..1, or 0..2 of one device of the pair
    assert device.step == pytest.approx(span / n_states)
    drawn = da.population(model, shape=(1, 1), n_states=n_states)
    assert drawn.a_up.item() == pytest.approx(span / n_states)
    ranged = {} if model == "pcm_pair" else {"w_min": -0.5}
    assert da.section(model, n_states=n_states, w_max=2.5, **ranged).step == pytest.approx(
        (3.0 if ranged else 2.5) / n_states
    )


def test_granularity_is_the_mean_pulse_at_weight_0() -> None:
    """delta, from which the gain into H follows: half an up-down pair's path, measured on the device."""
    for model in ("soft_bounds", "linear_step", "constant_step", "exp_step"):
        up, down = (abs(da.train(da.array(model, up_down=0.3), count)[0]) for count in (1, -1))
        # up_down takes 0.3 of the down step away; where steps do not depend on the weight delta stays the nominal step.
        mean = (up + down) / 2 if model == "exp_step" else up
        assert da.section(model, up_down=0.3).delta == pytest.approx(mean, rel=1e-5)
    full = map_exponential(0.02, -20.0, -2.5, 1.0, 1, 2.0)[0] - 1.0
    assert da.section("pcm_pair").delta == pytest.approx(full)


def check_symmetry_point(of: Crossbar, at: np.ndarray) -> None:
    """Up-down and down-up pairs end around the point, from either side."""
    for start in (40, -40):
        da.pulses(of, start)
        for _ in range(2000):
            high = da.pulses(of, 1)
            low = da.pulses(of, -1)
        assert (low <= at + 1e-4).all() and (at <= high + 1e-4).all()


SPREADS: dict[str, Any] = {"sigma_pm": 0.1, "sigma_d2d": 0.2}


@pytest.mark.parametrize("model", ["linear_step", "exp_step"])
def test_alternating_pulses_end_around_the_symmetry_point(model: str) -> None:
    drawn, cells = (make(model, shape=(8, 8), **SPREADS) for make in (da.population, da.array))
    inside = np.clip(drawn.symmetry_point, drawn.w_min, drawn.w_max)
    check_symmetry_point(cells, inside)
    with pytest.raises(AssertionError):
        check_symmetry_point(cells, inside + 0.2)


def test_symmetry_point_of_the_exponential_step() -> None:
    """Against a root search on steps written out here; a device with its root outside the range ends at a bound."""
    drawn = da.population("exp_step", shape=(8, 8), up_down=0.2, **SPREADS)
    for index in np.ndindex(8, 8):

        def imbalance(w: float, up: float = drawn.a_up[index], down: float = drawn.a_down[index]) -> float:
            sizes = []
            for direction, step in ((0, down), (1, up)):
                amplitude, rate = nominal(direction)
                sizes.append(step * max(0.0, 1 - amplitude * np.exp(rate * w)))
            return sizes[1] - sizes[0]

        # Up steps that are smaller, or larger, everywhere: the lower, or upper, bound.
        ends = imbalance(-1.0), imbalance(1.0)
        expected = brentq(imbalance, -1.0, 1.0) if ends[0] > 0 > ends[1] else np.sign(ends[0])
        assert drawn.symmetry_point[index] == pytest.approx(expected, abs=1e-9)
    assert (drawn.symmetry_point > 0.05).any()


@pytest.mark.parametrize("model", ["soft_bounds", "linear_step", "exp_step"])
def test_array_r_at_the_symmetry_point(model: str) -> None:
    """R at the symmetry point: with A - R = 0 an up and a down pulse are equally large (inside the bounds)."""
    drawn = da.population(model, shape=(10, 10), **SPREADS)
    inside = (drawn.symmetry_point > -0.9) & (drawn.symmetry_point < 0.9)
    assert inside.mean() > 0.5
    cells = da.array(model, shape=(10, 10), reference=ReferenceArray(), endurance={"budget": 1e9, "fade": 1}, **SPREADS)
    assert not isinstance(cells, PlainCrossbar)
    steps = []
    for count in (1, -1):
        cells.devices["conductance"] = cells.devices["reference"]
        steps.append(da.pulses(cells, count))
    np.testing.assert_allclose(steps[0][inside], -steps[1][inside], atol=1e-6)
    assert np.abs(steps[0]).min() > 1e-3


@pytest.mark.parametrize("model", ["constant_step", "pcm_pair"])
def test_models_without_a_symmetry_point(model: str) -> None:
    """Conductance 0 stands for weight 0 then, as it does where every conductance is one."""
    for spread in (0.0, 0.1):
        drawn = da.population(model, reference=ReferenceArray(), sigma_pm=spread)
        np.testing.assert_array_equal(drawn.reference, 0)
    offset = da.population(model, reference=ReferenceArray(mean=0.3))
    np.testing.assert_allclose(offset.reference, 0.3)


@pytest.mark.parametrize(("gamma", "rate"), [(1.0, 2.0), (0.5, 1.0), (0.0, 0.0)])
def test_decay_of_a_pulse_pair(gamma: float, rate: float) -> None:
    """An up-down pair takes 2 gamma delta of the weight away: 2 delta for soft bounds, nothing for a constant step."""
    cells = da.array("linear_step", n_states=2000.0, gamma_up=gamma, gamma_down=gamma)
    start = da.pulses(cells, 600)[0, 0]
    pairs = 200
    for _ in range(pairs):
        da.pulses(cells, 1)
        end = da.pulses(cells, -1)[0, 0]
    assert np.log(start / end) / (pairs * 2 / 2000) == pytest.approx(rate, abs=0.01)


# ---------------------------------------------------------------- noise


def noisy_step(model: str, before: int, **settings: Any) -> tuple[float, float]:
    """Mean and standard deviation of one more pulse up, after `before` noiseless ones."""
    # Endurance that never bites makes every array one with conductances, which can be set.
    calm = da.array(model, endurance={"budget": 1e9, "fade": 1})
    start = da.pulses(calm, before)[0, 0] if before else 0.0
    cells = da.array(model, shape=da.SHAPE, endurance={"budget": 1e9, "fade": 1}, **settings)
    da.place(cells, start)
    change = da.pulses(cells, 1).astype(np.float64) - start
    return float(change.mean()), float(change.std())


@pytest.mark.parametrize("model", ["soft_bounds", "linear_step", "exp_step"])
def test_additive_and_multiplicative_noise(model: str) -> None:
    """The mean is the noiseless step; the spread is sigma_c2c of the step at weight 0, or of the step made."""
    sigma, before = 0.3, 40
    step = np.diff(da.train(da.array(model), before + 1))[-1]
    assert step < 0.9 * STEP
    for noise, size in (("additive", STEP), ("multiplicative", step)):
        mean, spread = noisy_step(model, before, sigma_c2c=sigma, noise=noise)
        assert mean == pytest.approx(step, abs=5 * sigma * size / np.sqrt(da.COUNT) + 1e-6)
        assert spread == pytest.approx(sigma * size, rel=5 / np.sqrt(2 * da.COUNT))


def test_the_two_kinds_of_noise_are_told_apart() -> None:
    spreads = [noisy_step("soft_bounds", 40, sigma_c2c=0.3, noise=noise)[1] for noise in ("additive", "multiplicative")]
    assert spreads[0] / spreads[1] > 1.5


def test_noise_of_a_pair_has_a_floor_and_grows_with_conductance() -> None:
    """sigma_c2c (|step| + floor + slope g), as PCM has it."""
    settings = {"sigma_c2c": 0.2, "noise": "multiplicative", "noise_floor": 0.03, "noise_slope": 0.1}
    steps = np.diff(da.train(da.array("pcm_pair"), 31))
    g = da.train(da.array("pcm_pair"), 30)[-1]
    mean, spread = noisy_step("pcm_pair", 30, **settings)
    expected = 0.2 * (steps[-1] + 0.03 + 0.1 * g)
    assert spread == pytest.approx(expected, rel=5 / np.sqrt(2 * da.COUNT))
    assert mean == pytest.approx(steps[-1], abs=5 * expected / np.sqrt(da.COUNT) + 1e-6)


def test_write_noise_is_seen_but_not_stored() -> None:
    """Visible = conductance + write_noise dw_min xi, drawn anew by each pulse; the conductance goes its way."""
    cells = da.array("soft_bounds", shape=da.SHAPE, write_noise=3.0)
    assert not isinstance(cells, PlainCrossbar)
    assert not cells.weight.any()
    previous = np.zeros(da.SHAPE)
    for n in (1, 2, 3):
        seen = da.pulses(cells, 1, da.stream(n)) - linear(1.0)[n - 1]
        assert seen.std() == pytest.approx(3.0 * STEP, rel=5 / np.sqrt(2 * da.COUNT))
        assert seen.mean() == pytest.approx(0, abs=5 * 3 * STEP / np.sqrt(da.COUNT))
        assert abs(np.corrcoef(seen.ravel(), previous.ravel())[0, 1]) < 5 / np.sqrt(da.COUNT) if n > 1 else True
        np.testing.assert_allclose(cells.devices["conductance"], linear(1.0)[n - 1], atol=1e-6)
        previous = seen


@pytest.mark.parametrize("model", ["soft_bounds", "linear_step", "constant_step"])
def test_arrays_with_conductances_answer_as_the_others(model: str) -> None:
    """The compiled formula of visible weights (float32) and that of conductances are the same devices and noise."""
    settings = {"sigma_b": 0.3, "sigma_pm": 0.1, "sigma_d2d": 0.3, "sigma_c2c": 0.3}
    reference = ReferenceArray(std=0.1)
    plain = da.array(model, shape=(10, 10), reference=reference, **settings)
    other = da.array(model, shape=(10, 10), reference=reference, endurance={"budget": 1e9, "fade": 1}, **settings)
    assert isinstance(plain, PlainCrossbar) and not isinstance(other, PlainCrossbar)
    for count in (30, -50, 7):
        np.testing.assert_allclose(da.pulses(plain, count), da.pulses(other, count), atol=2e-5)
    np.testing.assert_array_equal(plain.pulses, other.pulses)
