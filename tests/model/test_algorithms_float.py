"""The float algorithms against values worked out by hand from Eqs 10-13 of Rasch et al., Nat. Commun. 15:7133 (2024).

All numbers are short binary fractions: results are exact.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crosschop.model.algorithms import Agad, ChoppedTtv2, TransferAlgorithm, TransferOptions, Ttv2, new_algorithm
from crosschop.model.chipspec import lambda_h, load_chipspec

OPTIONS = TransferOptions(rows=2, cols=2, lambda_h=4.0)
CHOPPED = replace(OPTIONS, chop_period=2)


def options(**changes: Any) -> TransferOptions:
    return replace(OPTIONS, **changes)


def ttv2(**changes: Any) -> Ttv2:
    return Ttv2(options(**changes), np.random.default_rng(1))


def c_ttv2(**changes: Any) -> ChoppedTtv2:
    return ChoppedTtv2(options(**changes), np.random.default_rng(1))


def agad(beta: float = 0.5, **changes: Any) -> Agad:
    return Agad(options(**changes), beta, np.random.default_rng(1))


ALL = [ttv2, c_ttv2, agad]


def reads(algorithm: TransferAlgorithm, *omegas: list[float]) -> list[tuple[int, list[int]]]:
    """Columns and pulses of transfers, one per read."""
    return [(column, pulses.tolist()) for column, pulses in (algorithm.transfer(np.array(omega)) for omega in omegas)]


def test_ttv2_accumulates_and_writes() -> None:
    """H += 4 omega (Eq 10); whole pulses toward zero, at most one, taken from H."""
    algorithm = ttv2()
    assert reads(algorithm, [0.125, -0.25], [0.5, 0.0], [0.25, -0.125]) == [(0, [0, -1]), (1, [1, 0]), (0, [1, 0])]
    # Row 0: 0.5, then 0.5 + 1 - 1. Row 1: -1 + 1, then -0.5. Column 1: 2 - 1.
    assert algorithm.h.tolist() == [[0.5, -0.5], [1.0, 0.0]]
    assert (algorithm.sweep, algorithm.transfers, algorithm.column) == (1, 3, 1)
    assert algorithm.chop.tolist() == [1, 1]


def test_ttv2_refuses_choppers() -> None:
    for change in ({"chop_period": 2}, {"chop_probability": 0.5}):
        with pytest.raises(ValueError, match="no choppers"):
            ttv2(**change)


def test_c_ttv2_takes_the_sign_out() -> None:
    """z = c omega (Eq 11): column 0 flips after its second read, so the same omega first adds and then subtracts."""
    algorithm = c_ttv2(chop_period=2)
    seen = []
    for _ in range(8):
        chop = int(algorithm.chop[0])
        column, pulses = algorithm.transfer(np.array([0.0625, -0.0625]))
        if column == 0:
            seen.append((chop, algorithm.h[0].tolist(), pulses.tolist()))
    assert seen == [
        (1, [0.25, -0.25], [0, 0]),
        (1, [0.5, -0.5], [0, 0]),
        (-1, [0.25, -0.25], [0, 0]),
        (-1, [0.0, 0.0], [0, 0]),
    ]


def test_agad_learns_its_reference() -> None:
    """z = c (omega - p^ref) (Eq 12), p <- p / 2 + omega / 2, p^ref <- p at the flip (Eq 13); chop period 2."""
    algorithm = agad(chop_period=2)
    algorithm.options = replace(algorithm.options, rows=2, cols=1)
    rows = []
    for omega in ([0.25, 0.0], [0.125, 0.25], [0.0625, 0.25], [0.0625, 0.5]):
        algorithm.column = 0
        _, pulses = algorithm.transfer(np.array(omega))
        state = (algorithm.h, algorithm.p, algorithm.pref)
        rows.append((int(algorithm.chop[0]), *(matrix[0].tolist() for matrix in state), pulses.tolist()))
    assert rows == [
        (1, [0.0, 0.0], [0.125, 0.0], [0.0, 0.0], [1, 0]),  # 4 * 0.25 = 1, one pulse
        (-1, [0.5, 0.0], [0.125, 0.125], [0.125, 0.125], [0, 1]),  # p includes the read that flips
        (-1, [0.75, -0.5], [0.09375, 0.1875], [0.125, 0.125], [0, 0]),  # -4 * (0.0625 - 0.125), -4 * (0.25 - 0.125)
        (1, [0.0, -1.0], [0.078125, 0.34375], [0.078125, 0.34375], [1, -1]),  # 0.75 + 0.25; -0.5 - 1.5 = -2, + 1
    ]


def test_agad_with_beta_1_keeps_the_last_read() -> None:
    algorithm = agad(beta=1.0, chop_period=1)
    reads(algorithm, [0.25, 0.5], [0.125, 0.125], [0.375, 0.0625])
    assert algorithm.p.tolist() == algorithm.pref.tolist() == [[0.375, 0.0625], [0.125, 0.125]]


@pytest.mark.parametrize("new", ALL)
@pytest.mark.parametrize(
    ("change", "left", "pulses"),
    [
        ({}, 2.5, 1),
        ({"max_steps": 2}, 1.5, 2),
        ({"max_steps": 15}, 0.5, 3),
        ({"max_steps": None}, 0.5, 3),
        ({"reset": "decay"}, 0.0, 1),
        ({"reset": "decay", "momentum": 0.25}, 0.875, 1),
        ({"reset": "decay", "momentum": 0.25, "max_steps": 2}, 0.875, 2),
        ({"momentum": 0.25}, 2.75, 1),  # 3.5 - 0.75 * 1
        ({"h_limit": 2.0}, 2.0, 1),
        ({"h_limit": 2.0, "max_steps": 3}, 0.5, 3),
        ({"reset": "decay", "momentum": 0.75, "h_limit": 2.0}, 2.625, 1),
    ],
)
def test_what_a_write_leaves(new: Any, change: dict[str, Any], left: float, pulses: int) -> None:
    """H of +-3.5; 0.75 is below the threshold and stays."""
    algorithm = new(rows=3, **change)
    ((_, sent),) = reads(algorithm, [0.875, -0.875, 0.1875])
    assert sent == [pulses, -pulses, 0]
    assert algorithm.h[0].tolist() == [left, -left, 0.75]


@pytest.mark.parametrize("new", ALL)
def test_warm_up_resets_h_and_sends_nothing(new: Any) -> None:
    algorithm = new(warmup_sweeps=2)
    sent = reads(algorithm, *[[0.375, 0.25]] * 6)
    assert [pulses for _, pulses in sent] == [[0, 0]] * 4 + [[1, 1]] * 2
    # 1.5, 2 (after - 1), 2.5 (after - 1): minus one at each of three reads, whether sent or not.
    assert algorithm.h.tolist() == [[1.5, 0.0]] * 2


def test_column_chop_periods_count_reads_of_the_column() -> None:
    algorithm = c_ttv2(cols=3, chop_period=2)
    signs = []
    for _ in range(12):
        algorithm.transfer(np.zeros(2))
        signs.append(algorithm.chop.tolist())
    plus, minus = [1, 1, 1], [-1, -1, -1]
    assert signs[:3] == [plus] * 3
    assert signs[3:6] == [[-1, 1, 1], [-1, -1, 1], minus]
    assert signs[6:9] == [minus] * 3
    assert signs[9:] == [[1, -1, -1], [1, 1, -1], plus]


@pytest.mark.parametrize("new", [c_ttv2, agad])
@pytest.mark.parametrize(
    ("cap", "y"),
    [(None, [1, 1, 1, 1, 1, 1, 1]), (255, [1, 2, 3, 1, 2, 3, 1]), (2, [1, 2, 2, 1, 2, 2, 1])],
)
def test_read_correction_counts_from_the_flip(new: Any, cap: int | None, y: list[int]) -> None:
    """H += lambda_H z / y; the read that flips has its own y, the next one 1."""
    algorithm = new(rows=1, cols=1, chop_period=3, lambda_h=0.75, read_correction=cap)
    if isinstance(algorithm, Agad):
        algorithm.beta = 0.0  # the reference stays 0
    for divisor in y:
        chop, before = int(algorithm.chop[0]), float(algorithm.h[0, 0])
        _, pulses = algorithm.transfer(np.array([0.5]))
        added = algorithm.h[0, 0] + pulses[0] - before
        assert added == pytest.approx(chop * 0.375 / divisor, abs=1e-15)


def test_read_correction_without_choppers_counts_from_the_start() -> None:
    algorithm = ttv2(rows=1, read_correction=3)
    steps = []
    for _ in range(10):
        before = algorithm.h.copy()
        algorithm.transfer(np.array([0.0625]))
        steps.append(float((algorithm.h - before).sum()))
    assert steps == pytest.approx([0.25, 0.25, 0.125, 0.125, *[0.25 / 3] * 6])


@pytest.mark.parametrize("new", ALL)
def test_random_order_draws_with_replacement(new: Any) -> None:
    """First column 0, then a uniform draw; a sweep is as many reads as columns."""
    algorithm = new(cols=4, column_order="random")
    columns = []
    for index in range(4000):
        assert algorithm.sweep == index // 4
        columns.append(algorithm.transfer(np.zeros(2))[0])
    assert columns[0] == 0
    counts = np.bincount(columns, minlength=4)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)
    repeats = sum(a == b for a, b in itertools.pairwise(columns))
    assert repeats == pytest.approx(1000, abs=5 * np.sqrt(4000 * 0.25 * 0.75))
    again = new(cols=4, column_order="random")
    assert [again.transfer(np.zeros(2))[0] for _ in range(100)] == columns[:100]


def test_random_order_chops_by_reads_of_the_column() -> None:
    """Each column flips with every third read of it, wherever they fall."""
    algorithm = c_ttv2(cols=4, column_order="random", chop_period=3)
    counts = np.zeros(4, dtype=int)
    for _ in range(200):
        counts[algorithm.transfer(np.zeros(2))[0]] += 1
        assert algorithm.chop.tolist() == [1 - 2 * (count // 3 % 2) for count in counts]


def test_random_chopper_flips_the_column_that_was_read() -> None:
    algorithm = c_ttv2(chop_probability=0.25)
    flips = 0
    for _ in range(4000):
        before = algorithm.chop.copy()
        column, _ = algorithm.transfer(np.zeros(2))
        changed = np.flatnonzero(algorithm.chop != before)
        assert changed.tolist() in ([], [column])
        flips += changed.size
    assert flips == pytest.approx(1000, abs=5 * np.sqrt(4000 * 0.25 * 0.75))


@pytest.mark.parametrize("new", ALL)
def test_arithmetic_of_32_bits_stays_there(new: Any) -> None:
    algorithm = new(dtype=np.float32, lambda_h=0.1, read_correction=3)
    algorithm.transfer(np.array([0.1, 0.3], dtype=np.float32))
    assert algorithm.h.dtype == np.float32
    gain = np.float32(0.1)
    assert algorithm.h[0].tolist() == [gain * np.float32(0.1), gain * np.float32(0.3)]
    if isinstance(algorithm, Agad):
        assert algorithm.p.dtype == algorithm.pref.dtype == np.float32


def test_new_algorithm_follows_the_chipspec() -> None:
    spec = load_chipspec(
        "agad_20",
        ("algorithm.beta=0.25", "algorithm.chop.period=7", "hidden.max_steps=3", "hidden.reset=decay",
         "hidden.momentum_shift=2", "algorithm.warmup_sweeps=5", "algorithm.column_order=random",
         "algorithm.read_correction=9"),
    )  # fmt: skip
    generator = np.random.default_rng(1)
    algorithm = new_algorithm(spec, generator)
    assert isinstance(algorithm, Agad)
    assert algorithm.beta == 0.25
    assert algorithm.generator is generator
    assert algorithm.options == TransferOptions(
        rows=spec.array.rows, cols=spec.array.cols, lambda_h=lambda_h(spec), max_steps=3, reset="decay", momentum=0.25,
        warmup_sweeps=5, chop_period=7, column_order="random", read_correction=9,
    )  # fmt: skip
    assert algorithm.h.shape == (spec.array.cols, spec.array.rows)
