"""Pulse trains: length and probabilities (B1 below), running averages, Eq 15, statistics of the coincidences.

B1 is the rule of aihwkit's update management, for a learning rate lr and a step delta:
    k   = lr x_max d_max / delta;  BL = min(ceil(k), l_max), or l_max without pulse-train-length management
    p_d = |d_i| A sqrt(x_max / d_v),  p_x = |x_j| A sqrt(d_v / x_max),  A = sqrt(lr / (delta BL)),
    d_v = d_max, times l_max / k where k exceeds l_max
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crosschop.model.analog import crossbar, plain
from crosschop.model.analog.devices.linear import soft_bounds
from crosschop.model.analog.pulse_driver import DriverConfig, Plan, Trains, draw_trains, follow, new_trains, plan_update
from crosschop.model.analog.random import Stream

Draw = Callable[[Plan, np.ndarray, np.ndarray, Trains, Stream], None]

X = np.array([1.0, -0.5, 0.25, 0.0], dtype=np.float32)
D = np.array([0.2, -0.8, 0.4], dtype=np.float32)


def config(eta0: float = 1.0, managed: bool = True, max_pulses: int = 5, momentum: float = 0.99) -> DriverConfig:
    return DriverConfig(max_pulses, managed, eta0, 0.0, momentum)


def plan_for(settings: DriverConfig, mu_x: float, mu_d: float, x: np.ndarray = X, d: np.ndarray = D) -> Plan:
    """The plan when the averages, after they have followed x and d, stand at mu_x and mu_d."""
    frozen = settings._replace(average_momentum=1.0)
    return plan_update(frozen, np.array([mu_x, mu_d]), x, d)


def rule_b1(settings: DriverConfig, lr: float, delta: float, x: np.ndarray, d: np.ndarray) -> tuple[int, list[float]]:
    """BL and the probabilities of x's, then d's lines."""
    x_max, d_max = float(np.abs(x).max()), float(np.abs(d).max())
    k = lr * x_max * d_max / delta
    length = min(math.ceil(k), settings.max_pulses) if settings.train_management else settings.max_pulses
    d_v = d_max * (settings.max_pulses / k if k > settings.max_pulses else 1)
    base = math.sqrt(lr / (delta * length))
    of_x = [base * abs(float(v)) * math.sqrt(d_v / x_max) for v in x]
    return length, of_x + [base * abs(float(v)) * math.sqrt(x_max / d_v) for v in d]


VECTOR = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=6)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(VECTOR, VECTOR, st.floats(0.05, 20), st.floats(0.05, 20), st.floats(0.01, 10), st.booleans(), st.integers(1, 62))
def test_plan_is_rule_b1_with_equation_15(
    x_list: list[float], d_list: list[float], mu_x: float, mu_d: float, eta0: float, managed: bool, max_pulses: int
) -> None:
    x, d = np.array(x_list, dtype=np.float32), np.array(d_list, dtype=np.float32)
    assume(np.abs(x).max() > 1e-3 and np.abs(d).max() > 1e-3)
    chosen = config(eta0, managed, max_pulses)
    delta = 0.07  # any: lambda_A of Eq 15 is proportional to it
    lambda_a = eta0 * max_pulses * delta / (mu_x * mu_d)
    k = lambda_a * float(np.abs(x).max()) * float(np.abs(d).max()) / delta
    assume(abs(k - round(k)) > 1e-9)  # which side of a whole number k falls on is up to rounding
    length, probabilities = rule_b1(chosen, lambda_a, delta, x, d)
    plan = plan_for(chosen, mu_x, mu_d, x, d)
    assert plan.length == length
    got = [plan.x_scale * abs(float(v)) for v in x] + [plan.d_scale * abs(float(v)) for v in d]
    assert got == pytest.approx(probabilities, rel=1e-9)
    # All clipping is put on d: no column needs more than one pulse per slot.
    assert max(got[: x.size]) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("eta0", "managed", "length"),
    [(0.01, True, 1), (0.3, True, 2), (0.7, True, 4), (3.0, True, 5), (0.01, False, 5), (3.0, False, 5)],
)
def test_train_length(eta0: float, managed: bool, length: int) -> None:
    """At mu = max, k = eta_0 l_max: 0.05, 1.5, 3.5 and 15 pulses for the largest element."""
    assert plan_for(config(eta0, managed), 1.0, float(np.float32(0.8))).length == length


@pytest.mark.parametrize("managed", [True, False])
def test_zero_vectors_send_nothing(managed: bool) -> None:
    zero_x, zero_d = np.zeros_like(X), np.zeros_like(D)
    for x, d in ((zero_x, D), (X, zero_d), (zero_x, zero_d)):
        averages = np.array([2.0, 3.0])
        assert plan_update(config(managed=managed), averages, x, d).length == 0
        # B3: a zero does not enter the running average.
        assert (averages == 2.0)[0] == (not x.any())
        assert (averages == 3.0)[1] == (not d.any())


def test_running_averages() -> None:
    """B3: the first positive value, then m <- momentum m + (1 - momentum) new; zeros are skipped."""
    rule: list[float] = []
    average = 0.0
    for value in (0.0, 3.0, 1.0, 0.0, 5.0):
        average = follow(average, value, 0.9)
        rule.append(average)
    assert rule == pytest.approx([0.0, 3.0, 0.9 * 3 + 0.1, 2.8, 0.9 * 2.8 + 0.5])


def test_averages_move_before_the_rate_is_set() -> None:
    """Eq 15 uses mu_x, mu_d with this sample in them (B3)."""
    averages = np.array([4.0, 2.0])
    plan = plan_update(config(0.3, momentum=0.5), averages, X, D)
    assert averages == pytest.approx([0.5 * 4 + 0.5 * 1.0, 0.5 * 2 + 0.5 * 0.8])
    moved = rule_b1(config(0.3), 0.3 * 5 / (averages[0] * averages[1]), 1.0, X, D)
    assert (plan.length, plan.x_scale) == pytest.approx((moved[0], moved[1][0]))
    first = plan_update(config(0.3), np.zeros(2), X, D)
    assert first == pytest.approx(plan_for(config(0.3), 1.0, float(np.float32(0.8))))


def coincidences(trains: Trains, slots: int) -> np.ndarray:
    """Pulses per device of one update, (cols, rows), from the lines that fire."""
    counts = np.zeros((trains.column_slots.size, trains.row_negative.size))
    for slot in range(slots):
        counts += np.outer(trains.column_slots >> slot & 1, trains.row_slots >> slot & 1)
    return counts


def sample_counts(plan: Plan, max_pulses: int, updates: int, draw: Draw = draw_trains) -> np.ndarray:
    trains = new_trains(D.size, X.size)
    stream: Stream = np.array([11], dtype=np.uint64)
    counts = np.zeros((updates, X.size, D.size))
    for index in range(updates):
        draw(plan, X, D, trains, stream)
        counts[index] = coincidences(trains, max_pulses)
    return counts


def check_statistics(settings: DriverConfig, draw: Draw = draw_trains) -> None:
    """Mean and variance of the pulses per device against a binomial law, five standard deviations wide.

    Slots and lines are independent, so a device gets Binomial(BL, p_x p_d) pulses, of mean lambda_A |x d| / delta_A
    where p_d < 1 (Eq 15). Probabilities are multiples of 2^-16.
    """
    updates, delta = 6000, 1.0
    mu_x, mu_d = 1.3, 0.9
    lambda_a = settings.eta0 * settings.max_pulses * delta / (mu_x * mu_d)
    length, lines = rule_b1(settings, lambda_a, delta, X, D)
    p_x, p_d = np.array(lines[: X.size]), np.array(lines[X.size :])
    p = np.outer(p_x, np.minimum(p_d, 1))
    counts = sample_counts(plan_for(settings, mu_x, mu_d), settings.max_pulses, updates, draw)
    mean, variance = length * p, length * p * (1 - p)
    grain = length * 2 * 2.0**-16
    assert (np.abs(counts.mean(axis=0) - mean) <= 5 * np.sqrt(variance / updates) + grain).all()
    fourth = variance * (1 + (3 * length - 6) * p * (1 - p))
    spread = np.sqrt((fourth - variance**2).clip(0) / updates)
    assert (np.abs(counts.var(axis=0) - variance) <= 5 * spread + 2 * grain).all()
    unclipped = np.outer(np.ones(X.size), p_d) <= 1
    expected = lambda_a * np.outer(np.abs(X), np.abs(D)) / delta
    np.testing.assert_allclose(mean[unclipped], expected[unclipped], rtol=1e-6)
    assert unclipped.all() == (settings.eta0 * 0.8 / (mu_x * mu_d) <= 1)


@pytest.mark.parametrize(
    ("eta0", "managed", "max_pulses"),
    [(0.5, True, 5), (0.5, False, 5), (1.0, True, 31), (4.0, True, 6), (0.02, True, 5)],
)
def test_pulses_per_device(eta0: float, managed: bool, max_pulses: int) -> None:
    check_statistics(config(eta0, managed, max_pulses))


def test_statistics_catch_wrong_trains() -> None:
    """Trains of the right mean but all pulses in one burst; trains of a rate 5 % too high."""

    def burst(plan: Plan, x: np.ndarray, d: np.ndarray, trains: Trains, stream: Stream) -> None:
        draw_trains(plan._replace(length=1), x, d, trains, stream)
        trains.column_slots[:] *= (1 << plan.length) - 1
        trains.row_slots[:] *= (1 << plan.length) - 1

    def eager(plan: Plan, x: np.ndarray, d: np.ndarray, trains: Trains, stream: Stream) -> None:
        draw_trains(plan._replace(x_scale=plan.x_scale * 1.05), x, d, trains, stream)

    for wrong in (burst, eager):
        with pytest.raises(AssertionError):
            check_statistics(config(0.5, False), wrong)


@pytest.mark.parametrize("probability", [0.003, 0.3, 0.5, 0.9])
def test_slots_use_bits_of_their_own(probability: float) -> None:
    """Four slots share a random word, 16 bits each, none twice: that makes them independent.

    The words come from SplitMix64 in plain integers. Shared bits would show in statistics at small p alone, and
    there only after millions of draws.
    """
    length, seed, mask = 62, 3, 2**64 - 1
    trains = new_trains(1, 1)
    stream: Stream = np.array([seed], dtype=np.uint64)
    one, none = np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.float32)
    state, fired = seed, 0
    for _ in range(100):
        draw_trains(Plan(length, probability, 0.0), one, none, trains, stream)
        fields: list[int] = []
        for line in range(2):  # the column, then the row, which draws as well
            for _ in range(16):
                state = word = (state + 0x9E3779B97F4A7C15) & mask
                word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & mask
                word = ((word ^ word >> 27) * 0x94D049BB133111EB) & mask
                word ^= word >> 31
                fields += [word >> 16 * place & 0xFFFF for place in range(4)] if line == 0 else []
        expected = sum(1 << slot for slot in range(length) if fields[slot] < math.floor(probability * 65536))
        assert trains.column_slots[0] == expected
        fired += expected.bit_count()
    assert fired > 0


def test_certain_and_impossible_lines() -> None:
    trains = new_trains(D.size, X.size)
    stream: Stream = np.array([3], dtype=np.uint64)
    for _ in range(200):
        draw_trains(Plan(5, 2.0, 10.0), X, D, trains, stream)
        # |x| 2 >= 1 for the first two columns, |d| 10 >= 1 for all rows; x = 0 never fires.
        assert trains.column_slots[[0, 1, 3]].tolist() == [31, 31, 0]
        assert trains.row_slots.tolist() == [31] * 3


@pytest.mark.parametrize("chop_bits", [(0, 0, 0, 0), (1, 0, 1, 1), (1, 1, 1, 1)])
def test_signs(chop_bits: tuple[int, ...]) -> None:
    """W += lambda d x^T: a pulse goes up where c x d > 0, c = -1 where the chop bit is 1; their number is untouched."""
    shape = (X.size, D.size)
    ones = np.ones(shape)
    devices = soft_bounds(ones, -ones, 0.01 * ones, 0.01 * ones, 0 * ones)
    trains = new_trains(D.size, X.size)
    stream: Stream = np.array([8], dtype=np.uint64)
    chop = np.array(chop_bits, dtype=np.int64)
    seen = np.zeros(shape, dtype=bool)
    for _ in range(50):
        array = plain.new_crossbar(devices, 0.0)
        draw_trains(plan_for(config(), 1.0, 0.8), X, D, trains, stream)
        crossbar.update(array, trains, chop, stream)
        expected = np.outer(np.where(chop, -1, 1) * np.sign(X), np.sign(D))
        pulsed = array.pulses > 0
        np.testing.assert_array_equal(array.pulses, coincidences(trains, 5))
        np.testing.assert_array_equal(np.sign(array.weight), expected * pulsed)
        seen |= pulsed
    assert seen.sum() == 9  # every device with x d != 0
