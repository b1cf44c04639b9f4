"""Crossbars and the tile around them: products, reads, updates and writes against numpy and Eqs 2, 3 in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from device_array import show

from crosschop.model.analog import crossbar, tile
from crosschop.model.analog.crossbar import Crossbar
from crosschop.model.analog.devices.linear import LinearDevices, soft_bounds
from crosschop.model.analog.plain import new_crossbar
from crosschop.model.analog.pulse_driver import Plan, draw_trains, new_trains
from crosschop.model.analog.random import Stream, new_streams
from crosschop.model.analog.tile import Tile, new_tile
from crosschop.model.chipspec import load_chipspec

COLS, ROWS = 7, 5
# Noise off, converters ideal; each test turns on what it is about.
IDEAL = (
    f"array={{rows: {ROWS}, cols: {COLS}}}",
    "converter.dac.bits=null",
    "converter.adc.bits=null",
    "converter.adc.full_scale=1000",
    "converter.adc.noise=0",
    "converter.read_adc.noise=0",
    "device.a.sigma_c2c=0",
    "device.w.sigma_c2c=0",
)


def make_population(seed: int = 1) -> LinearDevices:
    draw = np.random.default_rng(seed).uniform
    shape = (COLS, ROWS)
    return soft_bounds(
        draw(0.6, 1.2, shape), draw(-1.2, -0.6, shape), draw(0.05, 0.1, shape), draw(0.05, 0.1, shape),
        draw(-0.2, 0.2, shape),
    )  # fmt: skip


def make_array(sigma: float = 0.0) -> tuple[Crossbar, LinearDevices]:
    """An array with its devices somewhere in their ranges."""
    population = make_population()
    array = new_crossbar(population, sigma)
    show(array, array.weight + np.random.default_rng(2).uniform(-0.4, 0.4, array.weight.shape))
    return array, population


def make_tile(*overrides: str, seed: int = 3) -> Tile:
    spec = load_chipspec("agad_20", (*IDEAL, *overrides))
    made = new_tile(spec, np.random.default_rng(seed), new_streams(np.random.SeedSequence(seed)))
    draw = np.random.default_rng(seed).uniform
    for array in (made.a, made.w):
        show(array, draw(-0.9, 0.9, array.weight.shape))
    return made


def stream(seed: int = 5) -> Stream:
    return np.array([seed], dtype=np.uint64)


def vector(size: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def pulsed(weight: Any, population: LinearDevices, index: tuple[int, ...], up: bool, noise: float = 0.0) -> float:
    """A visible weight after one pulse: Eq 2 or 3 on the conductance, in float64."""
    w_max, w_min = population.w_max[index], population.w_min[index]
    w = weight + population.reference[index]
    if up:
        w += population.a_up[index] * ((w_max - w) / w_max + noise)
    else:
        w -= population.a_down[index] * ((w_min - w) / w_min + noise)
    return float(min(max(w, w_min), w_max) - population.reference[index])


def test_new_array_stands_at_conductance_zero() -> None:
    population = make_population()
    array = new_crossbar(population, 0.3)
    np.testing.assert_allclose(array.weight + population.reference, 0, atol=1e-7)
    assert not array.pulses.any()


def test_products() -> None:
    array, _ = make_array()
    x, d = vector(COLS), vector(ROWS)
    y, z = np.ones(ROWS, dtype=np.float32), np.ones(COLS, dtype=np.float32)
    crossbar.mvm(array, x, y)
    crossbar.mvm_transposed(array, d, z)
    matrix = array.weight.T.astype(np.float64)  # rows x cols, as in y = W x
    np.testing.assert_allclose(y, matrix @ x, atol=2e-6)
    np.testing.assert_allclose(z, matrix.T @ d, atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 13), (7, 16), (5, 65), (70, 70), (129, 200)])
def test_squared_distance(shape: tuple[int, int]) -> None:
    """Against numpy in float64; each sum of float32 has 256 terms, and each may be half an ulp off."""
    generator = np.random.default_rng(3)
    weights, target = generator.normal(0, 0.3, (2, *shape)).astype(np.float32)
    # What stands behind an array must not count
    arrays = [np.append(array.ravel(), np.float32(100.0))[:-1].reshape(shape) for array in (weights, target)]
    expected = np.sum((weights.astype(np.float64) - target) ** 2)
    assert crossbar.squared_distance(*arrays) == pytest.approx(expected, rel=256 * 2.0**-24)
    for place in (0, weights.size // 2, weights.size - 1):
        arrays[0].ravel()[place] += np.float32(4.0)
        changed = np.sum((arrays[0].astype(np.float64) - target) ** 2)
        assert crossbar.squared_distance(*arrays) == pytest.approx(changed, rel=256 * 2.0**-24)


def test_update_is_one_pulse_per_coincidence() -> None:
    """Which lines fire decides alone: every coincidence is one pulse of Eq 2 or 3, in the order of the slots."""
    array, population = make_array()
    x, d = vector(COLS), vector(ROWS)
    chop = np.array([0, 1, 0, 1, 1, 0, 0], dtype=np.int64)
    trains = new_trains(ROWS, COLS)
    draw_trains(Plan(5, 0.5, 0.5), x, d, trains, stream())
    expected, counts = array.weight.astype(np.float64), np.zeros((COLS, ROWS), dtype=np.int64)
    for slot in range(5):
        for col, row in np.ndindex(COLS, ROWS):
            if trains.column_slots[col] >> slot & 1 and trains.row_slots[row] >> slot & 1:
                up = bool((x[col] > 0) ^ (d[row] > 0) ^ (not chop[col]))
                expected[col, row] = pulsed(expected[col, row], population, (col, row), up)
                counts[col, row] += 1
    assert counts.max() > 1
    crossbar.update(array, trains, chop, stream())
    np.testing.assert_array_equal(array.pulses, counts)
    np.testing.assert_allclose(array.weight, expected, atol=2e-6)


def test_update_noise() -> None:
    """One pulse on each of many devices: the spread of the change is a_up sigma_c2c (Eq 2)."""
    shape, sigma, a = (100, 100), 0.3, 0.05
    ones = np.ones(shape)
    array = new_crossbar(soft_bounds(ones, -ones, a * ones, a * ones, 0 * ones), sigma)
    trains = new_trains(*shape)
    line = np.ones(100, dtype=np.float32)
    draw_trains(Plan(1, 1.0, 1.0), line, line, trains, stream())
    crossbar.update(array, trains, np.zeros(100, dtype=np.int64), stream())
    assert (array.pulses == 1).all()
    assert array.weight.mean() == pytest.approx(a, abs=5 * a * sigma / 100)
    assert array.weight.std() == pytest.approx(a * sigma, rel=5 / np.sqrt(2 * 100**2))


@pytest.mark.parametrize("steps", [[1, 0, -1, 3, -15], [0, 0, 0, 0, 0], [-2, 2, 1, 1, 1]])
def test_write_column(steps: list[int]) -> None:
    array, population = make_array()
    before, column = array.weight.copy(), 4
    crossbar.write_column(array, column, np.array(steps, dtype=np.int64), stream())
    for row, count in enumerate(steps):
        weight = float(before[column, row])
        for _ in range(abs(count)):
            weight = pulsed(weight, population, (column, row), count > 0)
        assert array.weight[column, row] == pytest.approx(weight, abs=3e-6)
    assert array.pulses[column].tolist() == [abs(count) for count in steps]
    others = np.arange(COLS) != column
    np.testing.assert_array_equal(array.weight[others], before[others])
    assert not array.pulses[others].any()


def test_pulse_reference_sees_a_wrong_direction() -> None:
    """Up and down differ far beyond the tolerances above, so do the two sides of the chopper."""
    _, population = make_array()
    assert abs(pulsed(0.1, population, (0, 0), True) - pulsed(0.1, population, (0, 0), False)) > 0.05


def quantise(values: np.ndarray, bits: int, full_scale: float) -> np.ndarray:
    """Section D of the paper's periphery: round to the LSB, clip; the LSB is full_scale / (2^(bits - 1) - 1)."""
    largest = 2 ** (bits - 1) - 1
    codes = np.clip(np.floor(values * largest / full_scale + 0.5), -largest, largest)
    return np.asarray(codes * full_scale / largest)


@pytest.mark.parametrize("forward", [True, False])
def test_ideal_passes(forward: bool) -> None:
    made = make_tile()
    x = 30 * vector(COLS if forward else ROWS)
    y = np.zeros(ROWS if forward else COLS, dtype=np.float32)
    (tile.forward if forward else tile.backward)(made, x, y)
    matrix = made.w.weight.T.astype(np.float64)
    np.testing.assert_allclose(y, (matrix if forward else matrix.T) @ x, rtol=1e-5, atol=3e-5)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("scale", [1.0, 37.0])
def test_converted_passes(forward: bool, scale: float) -> None:
    """Noise management: alpha = max|x|, DAC of x / alpha, product, ADC, times alpha; equal within one LSB of the ADC.

    Halfway values may go either way; all but those few equal the reference to rounding errors.
    """
    made = make_tile("converter.dac.bits=7", "converter.adc={bits: 9, full_scale: 2, noise: 0}")
    matrix = made.w.weight.T.astype(np.float64)
    matrix = matrix if forward else matrix.T
    exact = 0
    for seed in range(20):
        x = np.float32(scale) * vector(matrix.shape[1], seed)
        y = np.zeros(matrix.shape[0], dtype=np.float32)
        (tile.forward if forward else tile.backward)(made, x, y)
        alpha = np.abs(x.astype(np.float64)).max()
        expected = quantise(matrix @ quantise(x / alpha, 7, 1.0), 9, 2.0) * alpha
        np.testing.assert_allclose(y, expected, atol=alpha * 2 / 255 * 1.001)
        exact += np.isclose(y, expected, rtol=1e-5, atol=1e-5 * alpha).sum()
    assert exact >= 0.98 * 20 * matrix.shape[0]
    # The clipping of the outputs took part.
    assert np.abs(matrix).sum(axis=1).max() > 2


def test_a_zero_vector_gives_zero() -> None:
    made = make_tile("converter.adc.noise=0.5")
    y = np.ones(ROWS, dtype=np.float32)
    tile.forward(made, np.zeros(COLS, dtype=np.float32), y)
    assert not y.any()


def test_output_noise_is_scaled_with_the_input() -> None:
    """ADC noise of 0.06 stands for 0.06 alpha in units of y."""
    made = make_tile("converter.adc.noise=0.06")
    x = vector(COLS)
    y = np.zeros((3000, ROWS), dtype=np.float32)
    for row in y:
        tile.forward(made, x, row)
    deviation = y.std(axis=0) / np.abs(x).max()
    assert deviation == pytest.approx(np.full(ROWS, 0.06), rel=5 / np.sqrt(2 * 3000))


def test_read_column() -> None:
    """omega = A v_k: the codes of one column, on the scale of the read ADC."""
    made = make_tile("converter.read_adc={bits: 6, full_scale: 0.8, noise: 0}")
    codes = np.zeros(ROWS, dtype=np.int64)
    for column in range(COLS):
        tile.read_column(made, column, codes)
        expected = quantise(made.a.weight[column].astype(np.float64), 6, 0.8) * 31 / 0.8
        np.testing.assert_array_equal(codes, np.rint(expected))
    assert (np.abs(made.a.weight) > 0.8).any()


def test_accumulate_and_write_reach_their_arrays() -> None:
    made = make_tile()
    a, w = made.a.weight.copy(), made.w.weight.copy()
    x, d, chop = vector(COLS), vector(ROWS), np.zeros(COLS, dtype=np.int64)
    tile.accumulate(made, Plan(0, 0.0, 0.0), x, d, chop)
    np.testing.assert_array_equal(made.a.weight, a)
    tile.accumulate(made, tile.plan(made, x, d), x, d, chop)
    tile.settle(made)
    assert (made.a.weight != a).any()
    assert made.a.pulses.sum() > 0
    np.testing.assert_array_equal(made.w.weight, w)
    tile.write_column(made, 2, np.array([1, -1, 0, 2, 0], dtype=np.int64))
    assert (made.w.weight[2] > w[2]).tolist() == [True, False, False, True, False]
    assert made.w.pulses[2].tolist() == [1, 1, 0, 2, 0]
