"""Retention (decay, drift), endurance (pulse counters, wear-out) and the refresh of pairs, against closed forms."""

from __future__ import annotations

from typing import Any

import device_array as da
import numpy as np
import pytest

from crosschop.model.analog.crossbar import DetailedCrossbar, PlainCrossbar
from crosschop.model.chipspec.schema import ReferenceArray


def held(model: str, start: float, shape: tuple[int, int] = (1, 1), **settings: Any) -> DetailedCrossbar:
    """An array with every first conductance at `start`."""
    return da.place(da.array(model, shape=shape, **settings), start)


# ---------------------------------------------------------------- retention


def check_decay(cells: DetailedCrossbar, start: float, lifetime: float, target: float, zero: float = 0.0) -> None:
    """After n samples: target + (start - target) (1 - 1 / lifetime)^n, seen relative to what stands for weight 0."""
    for n in (1, 10, 100, 1000):
        seen = da.wait(cells, n - int(cells.physics["samples"][0]))
        expected = target + (start - target) * (1 - 1 / lifetime) ** n - zero
        np.testing.assert_allclose(seen, expected, atol=1e-6)


@pytest.mark.parametrize("model", ["soft_bounds", "linear_step", "constant_step", "exp_step"])
@pytest.mark.parametrize("target", [0.0, -0.2])
def test_decay(model: str, target: float) -> None:
    check_decay(held(model, 0.6, retention={"lifetime": 300.0, "target": target}), 0.6, 300.0, target)


def test_decay_is_that_of_the_conductance() -> None:
    """With an array R at an offset the visible weight decays to target - r, not to 0."""
    reference = ReferenceArray(target="zero", mean=0.25)
    cells = held("soft_bounds", 0.6, reference=reference, retention={"lifetime": 300.0})
    check_decay(cells, 0.6, 300.0, 0.0, zero=0.25)


def test_decay_check_can_fail() -> None:
    for wrong in ({"lifetime": 330.0}, {"lifetime": 300.0, "target": 0.1}):
        with pytest.raises(AssertionError):
            check_decay(held("soft_bounds", 0.6, retention=wrong), 0.6, 300.0, 0.0)


def test_a_long_lifetime_is_resolved() -> None:
    """1e8 samples of lifetime: a change per sample below the resolution of a float32 adds up all the same."""
    cells = held("soft_bounds", 0.6, retention={"lifetime": 1e8})
    da.wait(cells, 5000)
    loss = 0.6 - cells.devices["conductance"][0, 0, 0]
    assert loss == pytest.approx(0.6 * 5000 / 1e8, rel=1e-3)


def test_lifetime_and_target_vary() -> None:
    shape, lifetime = da.SHAPE, 200.0
    retention = {"lifetime": lifetime, "sigma_lifetime": 0.2, "target": 0.1, "sigma_target": 0.05}
    cells = held("soft_bounds", 0.6, shape=shape, retention=retention)
    kept, target = cells.devices["keep"], cells.devices["target"]
    spread = 1 / (1 - kept) / lifetime
    assert spread.mean() == pytest.approx(1, abs=5 * 0.2 / np.sqrt(da.COUNT))
    assert spread.std() == pytest.approx(0.2, rel=5 / np.sqrt(2 * da.COUNT))
    assert target.mean() == pytest.approx(0.1, abs=5 * 0.05 / np.sqrt(da.COUNT))
    assert target.std() == pytest.approx(0.05, rel=5 / np.sqrt(2 * da.COUNT))
    expected = target + (0.6 - target) * kept**7
    np.testing.assert_allclose(da.wait(cells, 7), expected[..., 0], atol=1e-6)


def test_both_devices_of_a_pair_decay() -> None:
    cells = da.place(da.array("pcm_pair", retention={"lifetime": 50.0}), 1.5, 0.6)
    da.wait(cells, 20)
    np.testing.assert_allclose(cells.devices["conductance"][0, 0], np.array([1.5, 0.6]) * 0.98**20)
    np.testing.assert_allclose(cells.weight[0, 0], 0.9 * 0.98**20, atol=1e-6)


def check_drift(cells: DetailedCrossbar, start: float, nu: float, t0: float, ages: tuple[int, ...]) -> None:
    """t samples after the last pulse: start (t / t0)^-nu from t0 on."""
    passed = 0
    for t in ages:
        seen = da.wait(cells, t - passed)
        passed = t
        np.testing.assert_allclose(seen, start * max(t / t0, 1.0) ** -nu, atol=1e-6)


def test_drift() -> None:
    settings = {"drift_nu": 0.06, "drift_t0": 8.5}
    check_drift(held("soft_bounds", 0.7, retention=settings), 0.7, 0.06, 8.5, (1, 8, 9, 50, 1000))
    check_drift(held("exp_step", -0.7, retention={"drift_nu": 0.1}), -0.7, 0.1, 1.0, (1, 2, 64))


@pytest.mark.parametrize(("nu", "t0"), [(0.05, 8.5), (0.06, 10.0)])
def test_drift_check_can_fail(nu: float, t0: float) -> None:
    with pytest.raises(AssertionError):
        check_drift(held("soft_bounds", 0.7, retention={"drift_nu": 0.06, "drift_t0": 8.5}), 0.7, nu, t0, (50,))


def test_a_pulse_restarts_the_drift() -> None:
    cells = held("constant_step", 0.5, retention={"drift_nu": 0.1, "drift_t0": 4.0})
    da.wait(cells, 100)
    check_drift(cells, float(da.pulses(cells, 1)[0, 0]), 0.1, 4.0, (3, 4, 40))


def test_devices_of_a_pair_drift_apart() -> None:
    """A pulse up restarts g_plus alone."""
    cells = da.place(da.array("pcm_pair", retention={"drift_nu": 0.1}), 1.0, 1.0)
    da.wait(cells, 9)
    da.pulses(cells, 1)
    raised = cells.devices["conductance"][0, 0, 0]
    da.wait(cells, 9)
    np.testing.assert_allclose(cells.devices["conductance"][0, 0], [raised * 9**-0.1, 18**-0.1])


def test_nu_varies() -> None:
    cells = held("soft_bounds", 0.5, shape=da.SHAPE, retention={"drift_nu": 0.05, "sigma_drift_nu": 0.3})
    nu = -np.log(da.wait(cells, 100) / 0.5) / np.log(100)
    assert nu.mean() == pytest.approx(0.05, abs=5 * 0.015 / np.sqrt(da.COUNT) + 1e-6)
    assert nu.std() == pytest.approx(0.015, rel=5 / np.sqrt(2 * da.COUNT))


def test_ideal_devices_do_not_age() -> None:
    plain = da.array("soft_bounds")
    assert isinstance(plain, PlainCrossbar), "no conductances, no loss: nothing that costs time"
    before = da.pulses(plain, 20)
    np.testing.assert_array_equal(da.wait(plain, 10), before)
    kept = held("soft_bounds", 0.6, retention={})
    np.testing.assert_allclose(da.wait(kept, 100), 0.6, atol=1e-7)


def test_write_noise_stays_while_time_passes() -> None:
    """Decay moves the conductance; what is seen beside it changes with the next pulse only."""
    cells = da.array("soft_bounds", write_noise=4.0, retention={"lifetime": 100.0})
    assert isinstance(cells, DetailedCrossbar)
    seen = da.pulses(cells, 20)[0, 0]
    before = cells.devices["conductance"][0, 0, 0]
    assert abs(seen - before) > 1e-4
    after = da.wait(cells, 10)[0, 0]
    assert seen - after == pytest.approx(before * (1 - 0.99**10), abs=1e-6)


# ---------------------------------------------------------------- endurance


def check_wear(steps: np.ndarray, budget: int, fade: float) -> None:
    """Pulse n (from 0) of a constant-step device is max(0, 1 - max(0, n - budget) / fade) of the step."""
    n = np.arange(len(steps))
    share = np.maximum(0.0, 1 - np.maximum(0, n - budget) / fade)
    np.testing.assert_allclose(steps, 2e-4 * share, atol=2e-7)


def worn_steps(model: str = "constant_step", **endurance: float) -> np.ndarray:
    cells = da.array(model, n_states=10000.0, endurance=endurance)
    return np.diff(da.train(cells, 60), prepend=0.0)


def test_wear_out() -> None:
    check_wear(worn_steps(budget=20, fade=25.0), 20, 25.0)
    check_wear(worn_steps(budget=0, fade=100.0), 0, 100.0)


@pytest.mark.parametrize(("budget", "fade"), [(21, 25.0), (20, 27.0)])
def test_wear_check_can_fail(budget: int, fade: float) -> None:
    with pytest.raises(AssertionError):
        check_wear(worn_steps(budget=20, fade=25.0), budget, fade)


def test_pulses_of_both_polarities_wear() -> None:
    cells = da.array("constant_step", endurance={"budget": 100, "fade": 100.0})
    for _ in range(50):
        da.pulses(cells, 1)
        da.pulses(cells, -1)
    assert cells.pulses[0, 0] == 100
    before = da.pulses(cells, 50)[0, 0]
    step = da.pulses(cells, 1)[0, 0] - before
    assert step == pytest.approx(0.02 * 0.5, abs=1e-6)
    dead = da.pulses(cells, 200)[0, 0]
    assert da.pulses(cells, -500)[0, 0] == dead


def test_each_device_of_a_pair_wears_by_its_own_pulses() -> None:
    cells = da.array("pcm_pair", endurance={"budget": 10, "fade": 1.0})
    assert isinstance(cells, DetailedCrossbar)
    da.pulses(cells, 40)
    full = cells.devices["conductance"][0, 0, 0]
    down = -np.diff(da.train(cells, -12))
    assert (down[:9] > 0.01).all() and down[-1] == pytest.approx(0, abs=1e-6)
    assert cells.devices["pulses"][0, 0].tolist() == [40, 12]
    assert cells.devices["conductance"][0, 0, 0] == full


def test_budgets_vary() -> None:
    cells = da.array("soft_bounds", shape=da.SHAPE, endurance={"budget": 1e6, "sigma_budget": 0.5, "fade": 1e5})
    assert isinstance(cells, DetailedCrossbar)
    spread = np.log(cells.devices["budget"] / 1e6)
    assert spread.mean() == pytest.approx(0, abs=5 * 0.5 / np.sqrt(da.COUNT))
    assert spread.std() == pytest.approx(0.5, rel=5 / np.sqrt(2 * da.COUNT))


# ---------------------------------------------------------------- pairs: reset and refresh


def full_pair(plus: float, minus: float, **settings: Any) -> DetailedCrossbar:
    values = {"refresh_every": 5, "reset": 0.02, "sigma_reset": 0.0, **settings}
    cells = da.array("pcm_pair", **values)
    assert isinstance(cells, DetailedCrossbar)
    assert cells.devices["conductance"].ravel().tolist() == [0.02, 0.02], "a fresh pair is a reset one"
    return da.place(cells, plus, minus)


@pytest.mark.parametrize("order", [1, -1])
def test_refresh_keeps_the_weight_and_empties_the_pair(order: int) -> None:
    cells = full_pair(*(1.8, 1.1)[::order])
    seen = da.wait(cells, 4)
    assert seen[0, 0] == pytest.approx(order * 0.7)
    seen = da.wait(cells, 1)[0, 0]
    plus, minus = cells.devices["conductance"][0, 0]
    assert min(plus, minus) == pytest.approx(0.02)
    step = 0.02 * (1 + 20 * np.exp(-2.5 * 0.6))  # the mean step at g = 0.6, about where writing ends
    assert abs(seen) == pytest.approx(0.7, abs=step / 2 + 0.01)
    assert np.sign(seen) == order
    assert cells.pulses[0, 0] == cells.devices["pulses"].sum() > 2, "two resets and the writing wear as pulses do"


@pytest.mark.parametrize("pair", [(1.4, 1.3), (1.8, 0.4), (0.4, 1.8)])
def test_pairs_with_room_are_left_alone(pair: tuple[float, float]) -> None:
    """The larger must exceed 0.75 w_max = 1.5 and the smaller 0.25 w_max = 0.5."""
    cells = full_pair(*pair)
    da.wait(cells, 20)
    assert cells.devices["conductance"][0, 0].tolist() == list(pair)
    assert cells.pulses[0, 0] == 0


def test_refresh_writes_with_a_limited_number_of_pulses() -> None:
    cells = full_pair(1.9, 0.6, refresh_pulses=2)
    da.wait(cells, 5)
    assert cells.pulses[0, 0] == 4
    assert 0 < cells.weight[0, 0] < 1.2


def test_pairs_without_refresh_fill_up() -> None:
    without, refreshed = (da.array("pcm_pair", shape=(5, 5), sigma_c2c=0.3, refresh_every=every) for every in (None, 4))
    for _ in range(300):
        for cells in (without, refreshed):
            da.pulses(cells, 1)
            da.pulses(cells, -1)
            da.wait(cells, 1)
    assert isinstance(without, DetailedCrossbar) and isinstance(refreshed, DetailedCrossbar)
    assert (without.devices["conductance"] > 1.9).all()
    assert (refreshed.devices["conductance"].min(axis=2) < 1.7).all()
