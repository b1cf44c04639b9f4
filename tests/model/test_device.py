"""Soft-bounds devices: their construction and one pulse, against Eqs 2-9 of Rasch et al., Nat. Commun. 15:7133 (2024).

Statistical bounds are five standard deviations of the estimate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import kstest, norm

from crosschop.model.analog.build import draw_population
from crosschop.model.analog.crossbar import write_column
from crosschop.model.analog.devices.linear import LinearDevices, soft_bounds
from crosschop.model.analog.devices.visible import HIGH, LOW, REFERENCE, pulse
from crosschop.model.analog.plain import new_crossbar
from crosschop.model.chipspec.devices import SoftBoundsDevice
from crosschop.model.chipspec.schema import ReferenceArray

SHAPE = (200, 150)
COUNT = SHAPE[0] * SHAPE[1]
SIGMA_5 = 5 / np.sqrt(COUNT)

Pulse = Any


def device(**settings: float | bool) -> SoftBoundsDevice:
    values = {"n_states": 20.0, "sigma_b": 0.0, "sigma_pm": 0.0, "sigma_d2d": 0.0, "sigma_c2c": 0.0}
    return SoftBoundsDevice.model_validate({"model": "soft_bounds", **values, **settings})


def population(
    reference: ReferenceArray | None = None, shape: tuple[int, int] = SHAPE, **settings: float | bool
) -> LinearDevices:
    drawn = draw_population(device(**settings), reference, shape, np.random.default_rng(1))
    assert isinstance(drawn, LinearDevices)
    return drawn


def one(w_max: float, w_min: float, a_up: float, a_down: float, reference: float = 0.0) -> LinearDevices:
    """A population of a single device."""
    return soft_bounds(*(np.array([[value]]) for value in (w_max, w_min, a_up, a_down, reference)))


def equation(w: float, devices: LinearDevices, direction: int, noise: float) -> float:
    """Conductance after one pulse in float64: Eq 2 (up), Eq 3 (down), then the bounds."""
    w_max, w_min = devices.w_max.item(), devices.w_min.item()
    if direction:
        w += devices.a_up.item() * ((w_max - w) / w_max + noise)
    else:
        w -= devices.a_down.item() * ((w_min - w) / w_min + noise)
    return min(max(w, w_min), w_max)


def run(cell: np.ndarray, start: float, directions: list[int], respond: Pulse = pulse) -> list[float]:
    """Conductances after each of a train of noiseless pulses."""
    weights, w = [], np.float32(start)
    for direction in directions:
        w = np.float32(respond(w, cell, direction, np.float32(1)))
        weights.append(float(w))
    return weights


def test_bounds() -> None:
    """Eqs 4, 5: 1 + sigma_b xi clipped at 0, a rectified normal; sigma_b = 1 clips a share Phi(-1) of the devices."""
    drawn = population(sigma_b=1.0)
    for bound in (drawn.w_max, -drawn.w_min):
        share = norm.cdf(-1.0)
        assert (bound == 0).mean() == pytest.approx(share, abs=SIGMA_5 * np.sqrt(share * (1 - share)))
        assert (bound >= 0).all()
        assert bound.mean() == pytest.approx(norm.cdf(1.0) + norm.pdf(1.0), abs=SIGMA_5)
    unclipped = population(sigma_b=0.2)
    assert kstest(unclipped.w_max.ravel(), norm(1, 0.2).cdf).pvalue > 1e-4
    assert kstest(unclipped.w_min.ravel(), norm(-1, 0.2).cdf).pvalue > 1e-4


def test_step_and_asymmetry() -> None:
    """Eq 6: a+- = delta (g +- r) with log g ~ N(0, sigma_d2d), r ~ N(0, sigma_pm), delta = 2 / n_states."""
    drawn = population(n_states=40, sigma_d2d=0.4, sigma_pm=0.2)
    gain = (drawn.a_up + drawn.a_down) / 2 / (2 / 40)
    asymmetry = (drawn.a_up - drawn.a_down) / 2 / (2 / 40)
    assert kstest(np.log(gain).ravel(), norm(0, 0.4).cdf).pvalue > 1e-4
    assert kstest(asymmetry.ravel(), norm(0, 0.2).cdf).pvalue > 1e-4
    assert kstest(gain.ravel(), norm(1, 0.4).cdf).pvalue < 1e-4  # log-normal, not normal


def test_variations_are_independent() -> None:
    drawn = population(ReferenceArray(std=0.1, target="zero"), sigma_b=0.2, sigma_d2d=0.3, sigma_pm=0.1)
    gain, asymmetry = np.log(drawn.a_up + drawn.a_down), drawn.a_up - drawn.a_down
    values = np.array([v.ravel() for v in (drawn.w_max, drawn.w_min, gain, asymmetry, drawn.reference)])
    assert np.abs(np.corrcoef(values) - np.eye(5)).max() < SIGMA_5


def test_one_spread_leaves_the_other_variations_alone() -> None:
    first, second = population(sigma_b=0.2, sigma_pm=0.1), population(sigma_b=0.2, sigma_pm=0.3)
    np.testing.assert_array_equal(first.w_max, second.w_max)
    np.testing.assert_allclose(second.a_up - second.a_down, 3 * (first.a_up - first.a_down), atol=1e-12)


@pytest.mark.parametrize("n_states", [4, 20, 400])
def test_number_of_states(n_states: float) -> None:
    """n_states = (w_max - w_min) / delta for the nominal device."""
    drawn = population(n_states=n_states, shape=(1, 1))
    assert (drawn.w_max - drawn.w_min).item() / drawn.a_up.item() == pytest.approx(n_states)
    assert drawn.a_up == drawn.a_down


def test_symmetry_point_balances_the_steps() -> None:
    """Eq 8 against a root search on Eqs 2, 3: an up and a down pulse are equally large there."""
    drawn = population(shape=(10, 10), sigma_b=0.2, sigma_pm=0.2, sigma_d2d=0.3)
    for index in np.ndindex(10, 10):
        cell = one(*(getattr(drawn, name)[index] for name in ("w_max", "w_min", "a_up", "a_down")))

        def imbalance(w: float, cell: LinearDevices = cell) -> float:
            up = cell.a_up.item() * (cell.w_max.item() - w) / cell.w_max.item()
            return up - cell.a_down.item() * (cell.w_min.item() - w) / cell.w_min.item()

        root = brentq(imbalance, -9, 9)
        assert cell.symmetry_point.item() == pytest.approx(root, abs=1e-9)
        assert drawn.symmetry_point[index] == cell.symmetry_point.item()


def check_pulse(respond: Pulse, w: float, devices: LinearDevices, direction: int, noise: float) -> None:
    """One pulse equals Eq 2 or 3 to a few roundings of float32, numbers being at most about 1 / bound + noise."""
    bound = devices.w_max.item() if direction else -devices.w_min.item()
    cell = devices.visible_records()[0, 0]
    held = respond(np.float32(w), cell, direction, np.float32(1 + noise))
    size = 1 + (1 + abs(w)) / bound + abs(noise)
    assert held == pytest.approx(equation(w, devices, direction, noise), abs=8 * 2.0**-24 * size)
    assert cell[LOW] <= held <= cell[HIGH]


UNIT = st.floats(0, 1)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.floats(0.05, 2), st.floats(0.05, 2), st.floats(-0.1, 0.5), st.floats(-0.1, 0.5), st.floats(-2, 2), UNIT,
    st.integers(0, 1), st.floats(-20, 20),
)  # fmt: skip
def test_pulse_follows_equations_2_and_3(
    high: float, low: float, up: float, down: float, reference: float, place: float, direction: int, noise: float
) -> None:
    """Any device, failed ones included (steps of the wrong sign), anywhere in its range, with any noise."""
    w = -low + place * (high + low)
    check_pulse(pulse, w, one(high, -low, up, down, reference), direction, noise)


def test_pulse_check_catches_wrong_formulas() -> None:
    devices = one(0.8, -1.2, 0.1, 0.12, 0.3)

    def unsigned_noise(w: float, cell: np.ndarray, direction: int, gain: float) -> float:
        return float(pulse(np.float32(w), cell, direction, np.float32(gain if direction else 2 - gain)))

    def visible(w: float, cell: np.ndarray, direction: int, gain: float) -> float:
        return float(pulse(np.float32(w) - cell[REFERENCE], cell, direction, np.float32(gain)) + cell[REFERENCE])

    for wrong in (unsigned_noise, visible):
        with pytest.raises(AssertionError):
            check_pulse(wrong, 0.2, devices, 0, 0.5)


def test_approach_to_the_bound() -> None:
    """Without noise n pulses from 0 reach w_max (1 - (1 - a / w_max)^n), the solution of Eq 2's recursion."""
    cell = one(0.7, -1.0, 0.05, 0.05).visible_records()[0, 0]
    n = np.arange(1, 101)
    np.testing.assert_allclose(run(cell, 0.0, [1] * 100), 0.7 * (1 - (1 - 0.05 / 0.7) ** n), atol=2e-6)


def test_noise_leaves_the_mean_response() -> None:
    """The recursion is linear in w and xi: the mean follows the closed form, the variance is a geometric sum.

    The end, 0.63 of the range, is ten standard deviations from the bound, so clipping has no part in it.
    """
    a, sigma, pulses, devices = 0.02, 0.3, 50, 2000
    cell = one(1.0, -1.0, a, a).visible_records()[0, 0]
    noise = np.random.default_rng(2).standard_normal((devices, pulses)).astype(np.float32)
    ends = np.zeros(devices)
    for index in range(devices):
        w = np.float32(0)
        for xi in noise[index]:
            w = np.float32(pulse(w, cell, 1, np.float32(1) + np.float32(sigma) * xi))
        ends[index] = w
    q = 1 - a
    variance = (a * sigma) ** 2 * (1 - q ** (2 * pulses)) / (1 - q**2)
    assert ends.mean() == pytest.approx(1 - q**pulses, abs=5 * np.sqrt(variance / devices))
    assert ends.var() == pytest.approx(variance, abs=5 * variance * np.sqrt(2 / devices))


@pytest.mark.parametrize("a", [0.1, 0.02, 0.005])
def test_decay_of_a_pulse_pair(a: float) -> None:
    """An up-down pair maps w to w (1 - a)^2 - a^2: a decay of 2 a w in first order, exactly (2 - a) a (w - w_inf)."""
    cell = one(1.0, -1.0, a, a).visible_records()[0, 0]
    for w in (-0.9, -0.3, 0.0, 0.4, 0.8):
        change = run(cell, w, [1, 0])[-1] - np.float32(w)
        assert change == pytest.approx(w * (1 - a) ** 2 - a**2 - w, abs=5e-7)
        assert change == pytest.approx(-2 * a * w, abs=2 * a**2 + 5e-7)


def test_alternating_pulses_end_around_the_symmetry_point() -> None:
    """From above w* the down step is the larger one, from below the up step: the final cycle encloses w*."""
    drawn = population(shape=(6, 6), n_states=40, sigma_b=0.2, sigma_pm=0.15, sigma_d2d=0.3)
    cells = drawn.visible_records()
    for index in np.ndindex(6, 6):
        for start in (-0.5, 0.5):
            high, low = run(cells[index], start, [1, 0] * 400)[-2:]
            assert low < drawn.symmetry_point[index] < high
            assert high - low <= 2 * max(drawn.a_up[index], drawn.a_down[index])


def test_reference() -> None:
    """Eq 9: r = target + N(mean, std); weight 0 is conductance 0 or the symmetry point where there is no R."""
    spreads: dict[str, Any] = {"sigma_b": 0.2, "sigma_pm": 0.1, "sigma_d2d": 0.2}
    plain = population(**spreads)
    np.testing.assert_array_equal(plain.reference, 0)
    zeroed = population(zero_at_symmetry_point=True, **spreads)
    reachable = np.clip(plain.symmetry_point, plain.w_min, plain.w_max)
    np.testing.assert_array_equal(zeroed.reference, reachable)
    for target, base in (("symmetry_point", reachable), ("zero", np.zeros(SHAPE))):
        reference = ReferenceArray.model_validate({"target": target, "mean": -0.8, "std": 0.25})
        for at_symmetry_point in (False, True):
            offset = population(reference, zero_at_symmetry_point=at_symmetry_point, **spreads).reference - base
            assert kstest(offset.ravel(), norm(-0.8, 0.25).cdf).pvalue > 1e-4
    exact = population(ReferenceArray(), **spreads)
    np.testing.assert_array_equal(exact.reference, reachable)


def test_reference_shifts_what_is_seen_only() -> None:
    """The same pulses on the same device move the conductance alike, whatever stands for weight 0."""
    plain, shifted = (new_crossbar(one(0.9, -1.1, 0.1, 0.08, reference), 0.0) for reference in (0.0, 0.35))
    for steps in [1, 1, -1, 1, -1, -1, -2, 3] * 5:
        for array in (plain, shifted):
            write_column(array, 0, np.array([steps]), np.zeros(1, dtype=np.uint64))
        assert shifted.held == plain.held == plain.weight
        assert shifted.weight == pytest.approx(plain.weight - 0.35, abs=1e-7)


def test_devices_without_range() -> None:
    """A bound clipped to 0 (1 + sigma_b xi < 0): no step that way, no nan, no way out of the range."""
    drawn = population(shape=(20, 20), sigma_b=1.0, sigma_pm=0.3, sigma_d2d=0.3, zero_at_symmetry_point=True)
    stuck = (drawn.w_max == 0) | (drawn.w_min == 0)
    assert 0.2 < stuck.mean() < 0.4
    assert np.isfinite(drawn.reference).all()
    cells = drawn.visible_records()
    assert np.isfinite(cells).all()
    for index in np.argwhere(stuck)[:40]:
        cell = cells[tuple(index)]
        low, high = cell[LOW], cell[HIGH]
        for direction, bound in ((1, drawn.w_max), (0, drawn.w_min)):
            if bound[tuple(index)] == 0:
                assert run(cell, 0.5 * (low + high), [direction])[0] == np.float32(0.5 * (low + high))
        ends = np.array(run(cell, low, [1, 0, 0, 1] * 20))
        assert (ends >= low).all()
        assert (ends <= high).all()
