"""Updates that wait and are worked out sixteen rows at a time, against the rules told slot by slot.

What an update does follows from its trains alone, and its noise from places in the random stream: the first tests
compute that again in numpy, with the same roundings, and ask for equality. The others compare distributions with the
reference (detailed.py: one device and slot after the other, in float64) and with the binomial law.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from crosschop.model.analog import backlog, crossbar, plain
from crosschop.model.analog.crossbar import Crossbar
from crosschop.model.analog.detailed import new_detailed_crossbar
from crosschop.model.analog.devices.linear import LinearDevices, soft_bounds
from crosschop.model.analog.devices.population import new_draw
from crosschop.model.analog.devices.state import new_state
from crosschop.model.analog.pulse_driver import Plan, Trains, draw_trains, new_trains
from crosschop.model.analog.random import NORMAL_BITS, NORMAL_TABLE, WINDOW, Stream, mix, normal_windows
from crosschop.model.chipspec.devices import SoftBoundsDevice

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
SIGMA = 0.3


def devices(cols: int, rows: int, seed: int = 1) -> LinearDevices:
    draw, shape = np.random.default_rng(seed).uniform, (cols, rows)
    return soft_bounds(
        draw(0.6, 1.2, shape), draw(-1.2, -0.6, shape), draw(0.05, 0.2, shape), draw(0.05, 0.2, shape),
        draw(-0.2, 0.2, shape),
    )  # fmt: skip


def vectors(cols: int, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x, d = (generator.standard_normal(size).astype(np.float32) for size in (cols, rows))
    return x, d, generator.integers(0, 2, cols)


def stream(seed: int) -> Stream:
    return np.array([seed], dtype=np.uint64)


def trains_of(cols: int, rows: int, seed: int, length: int = 5) -> tuple[Trains, np.ndarray]:
    x, d, chop = vectors(cols, rows, seed)
    trains = new_trains(rows, cols)
    draw_trains(Plan(length, 0.5, 0.5), x, d, trains, stream(seed))
    return trains, chop


def expected_update(array: Any, trains: Trains, chop: np.ndarray, word: int) -> int:
    """Works an update out cell by cell, in float32, on copies of weights and counts; the stream's state after it."""
    cols, rows = array.weight.shape
    words = math.ceil(math.ceil(rows / WINDOW) / 4)
    for slot in range(int(trains.length[0])):
        for column in np.flatnonzero(trains.column_slots >> slot & 1):
            for row in np.flatnonzero(trains.row_slots >> slot & 1):
                block, lane = divmod(int(row), WINDOW)
                draw = (slot * cols + int(column)) * words + block // 4
                bits = int(mix(np.uint64((word + GAMMA * (draw + 1)) & MASK)))
                gain = array.gain[((bits >> 16 * (block % 4)) & (2**NORMAL_BITS - 1)) + lane]
                up = int(trains.column_negative[column] ^ chop[column] ^ trains.row_negative[row] ^ 1)
                cell = array.cell[column, :, row]
                moved = array.held[column, row] * cell[2 + up] + cell[up] * gain
                array.held[column, row] = min(max(moved, cell[5]), cell[6])
                array.weight[column, row] = array.held[column, row] - cell[4]
                array.pulses[column, row] += 1
    return (word + GAMMA * int(trains.length[0]) * cols * words) & MASK


SHAPES = [(3, 5), (4, 20), (2, 33), (3, 64), (2, 100), (2, 300)]


@pytest.mark.parametrize(("cols", "rows"), SHAPES)
def test_equal_to_cell_by_cell(cols: int, rows: int) -> None:
    """Every rounding, every place of noise: rows fill blocks, vectors and words, or do not."""
    array, expected = (plain.new_crossbar(devices(cols, rows), SIGMA) for _ in range(2))
    noise, word = stream(9), 9
    for seed in range(6):
        trains, chop = trains_of(cols, rows, seed, 1 + 3 * seed)
        crossbar.postpone(array, trains, chop, noise)
        word = expected_update(expected, trains, chop, word)
        assert int(noise[0]) == word
    assert not array.pulses.any()
    crossbar.settle(array)
    np.testing.assert_array_equal(array.weight, expected.weight)
    np.testing.assert_array_equal(array.pulses, expected.pulses)
    assert expected.pulses.max() > 5


@pytest.mark.parametrize("length", [1, 5, 31, 62])
def test_when_a_column_is_worked_out_makes_no_difference(length: int) -> None:
    """At once, when its turn comes, or when there is no room for more."""
    cols, rows = 6, 70
    at_once, waiting = (plain.new_crossbar(devices(cols, rows), SIGMA) for _ in range(2))
    noise = [stream(4), stream(4)]
    longest = 0
    for index in range(200):
        trains, chop = trains_of(cols, rows, index, length)
        crossbar.update(at_once, trains, chop, noise[0])
        crossbar.postpone(waiting, trains, chop, noise[1])
        longest = max(longest, int(waiting.backlog.filled[0]))
        if index % 3 == 0:
            column = index // 3 % cols
            crossbar.settle_column(waiting, column)
            np.testing.assert_array_equal(waiting.weight[column], at_once.weight[column])
    assert not np.array_equal(waiting.weight, at_once.weight)
    assert longest > backlog.CAPACITY - 2 * length or length == 1
    crossbar.settle(waiting)
    np.testing.assert_array_equal(waiting.weight, at_once.weight)
    np.testing.assert_array_equal(waiting.pulses, at_once.pulses)
    assert noise[0] == noise[1]


COLS, ROWS, REPEATS = 4, 18, 4000


def reference_array(population: LinearDevices) -> Crossbar:
    """The same devices as conductances, pulsed one by one."""
    device = SoftBoundsDevice.model_validate({"model": "soft_bounds", "n_states": 20, "sigma_c2c": SIGMA})
    state = new_state(device, population, new_draw(np.random.default_rng(0), population.w_max.shape))
    return new_detailed_crossbar(population.records(), SIGMA, *state)


def changes(array: Any, update: Callable[..., None] = crossbar.update) -> tuple[np.ndarray, np.ndarray]:
    """What many updates of the same x, d do to the same weights, and with how many pulses, (REPEATS, COLS, ROWS)."""
    x, d, chop = vectors(COLS, ROWS, 3)
    trains, draws, noise = new_trains(ROWS, COLS), stream(21), stream(22)
    moved, pulses = np.zeros((2, REPEATS, COLS, ROWS))
    begin, held = array.weight.copy(), array.devices if hasattr(array, "devices") else array.held
    conductance = held.copy()
    for index in range(REPEATS):
        held[:], array.weight[:], array.pulses[:] = conductance, begin, 0
        draw_trains(Plan(5, 0.5, 0.5), x, d, trains, draws)
        update(array, trains, chop, noise)
        moved[index], pulses[index] = array.weight - begin, array.pulses
    return moved, pulses


def assert_same_moments(found: np.ndarray, expected: np.ndarray) -> None:
    """Mean and variance of every device within five standard deviations of their estimates' difference."""
    mean, variance = expected.mean(axis=0), expected.var(axis=0)
    fourth = ((expected - mean) ** 4).mean(axis=0)
    spread = np.sqrt(2 * variance / REPEATS)
    assert (np.abs(found.mean(axis=0) - mean) <= 5 * spread + 1e-6).all()
    of_variance = np.sqrt(2 * (fourth - variance**2).clip(0) / REPEATS)
    assert (np.abs(found.var(axis=0) - variance) <= 5 * of_variance + 1e-6).all()


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    # Noise of its own, trains of its own: only the distributions can agree.
    moved, pulses = changes(reference_array(devices(COLS, ROWS)), reseeded)
    return np.stack((moved, pulses))


def reseeded(array: Crossbar, trains: Trains, chop: np.ndarray, noise: Stream) -> None:
    fresh = new_trains(ROWS, COLS)
    x, d, _ = vectors(COLS, ROWS, 3)
    draw_trains(Plan(int(trains.length[0]), 0.5, 0.5), x, d, fresh, noise)
    crossbar.update(array, fresh, chop, noise)


def test_updates_have_the_moments_of_the_reference(reference: np.ndarray) -> None:
    moved, pulses = changes(plain.new_crossbar(devices(COLS, ROWS), SIGMA))
    assert_same_moments(moved, reference[0])
    assert_same_moments(pulses, reference[1])
    # Noise does its part: without it the changes of a device would spread less than half as much.
    still, _ = changes(plain.new_crossbar(devices(COLS, ROWS), 0.0))
    assert still.var(axis=0).sum() < 0.95 * moved.var(axis=0).sum()


def test_moments_catch_wrong_updates(reference: np.ndarray) -> None:
    """Pulses in the wrong direction, one slot lost, one row late, noise twice as strong."""

    def turned(array: Crossbar, trains: Trains, chop: np.ndarray, noise: Stream) -> None:
        crossbar.update(array, trains, 1 - chop, noise)

    def short(array: Crossbar, trains: Trains, chop: np.ndarray, noise: Stream) -> None:
        crossbar.update(array, trains._replace(length=trains.length - 1), chop, noise)

    def shifted(array: Crossbar, trains: Trains, chop: np.ndarray, noise: Stream) -> None:
        crossbar.update(array, trains._replace(row_slots=np.roll(trains.row_slots, 1)), chop, noise)

    for wrong in (turned, short, shifted):
        with pytest.raises(AssertionError):
            assert_same_moments(changes(plain.new_crossbar(devices(COLS, ROWS), SIGMA), wrong)[0], reference[0])
    with pytest.raises(AssertionError):
        assert_same_moments(changes(plain.new_crossbar(devices(COLS, ROWS), 2 * SIGMA))[0], reference[0])


def test_pulses_share_their_lines() -> None:
    """Devices of one row coincide more often than chance, as the row's pulse is common to them, and so do columns.

    With p_x, p_d the probabilities of lines in a slot, pulses n = Bernoulli(p_x) Bernoulli(p_d) summed over L slots:
    cov(n_ij, n_kj) = L p_xi p_xk p_dj (1 - p_dj) for a common row j, and so for a common column; 0 without either.
    """
    x, d, _ = vectors(COLS, ROWS, 3)
    p_x, p_d = (np.floor(np.minimum(0.5 * np.abs(line), 1) * 65536) / 65536 for line in (x, d))
    _, pulses = changes(plain.new_crossbar(devices(COLS, ROWS), SIGMA))
    flat = pulses.reshape(REPEATS, -1)
    found = np.cov(flat, rowvar=False)
    index = list(np.ndindex(COLS, ROWS))
    for (a, (i, j)), (b, (k, m)) in combinations(enumerate(index), 2):
        expected = 5 * p_x[i] * p_x[k] * p_d[j] * (1 - p_d[j]) if j == m else 0.0
        if i == k:
            expected = 5 * p_d[j] * p_d[m] * p_x[i] * (1 - p_x[i])
        bound = 5.5 * np.sqrt((found[a, a] * found[b, b] + expected**2) * 1.5 / REPEATS)
        assert abs(found[a, b] - expected) <= bound + 1e-9, (i, j, k, m)


def test_windows_of_noise() -> None:
    """Any element of a window at a random place has the table's distribution; neighbours are as good as independent."""
    noise = normal_windows(2.0)
    assert noise.size == NORMAL_TABLE.size + WINDOW
    for lane in (0, 1, WINDOW - 1):
        np.testing.assert_array_equal(np.sort(noise[lane : lane + NORMAL_TABLE.size]), np.sort(2 * NORMAL_TABLE))
    ring = noise[: NORMAL_TABLE.size] / 2
    for distance in range(1, WINDOW):
        shifted = np.roll(ring, distance)
        assert abs((ring * shifted).mean()) < 5 / np.sqrt(ring.size)
        assert abs((ring**2 * shifted**2).mean() - 1) < 5 * 2 / np.sqrt(ring.size)


@pytest.mark.parametrize(("cols", "rows"), [(7, 5), (3, 16), (5, 63), (4, 64), (6, 150)])
def test_product_sums_in_the_order_of_columns(cols: int, rows: int) -> None:
    """The same float32 sums as one after the other, and nothing beyond the end is touched."""
    generator = np.random.default_rng(5)
    weights = generator.standard_normal((cols, rows)).astype(np.float32)
    x, y = generator.standard_normal(cols).astype(np.float32), generator.standard_normal(rows + 40).astype(np.float32)
    expected = y.copy()
    for column in range(cols):
        expected[:rows] += weights[column] * x[column]
    crossbar.add_product(weights, x, y[:rows])
    np.testing.assert_array_equal(y, expected)
