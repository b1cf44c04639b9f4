"""Random streams: SplitMix64 against its published outputs, the normal table against the distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest, norm

from crosschop.model.analog.random import (
    NORMAL_BITS,
    NORMAL_TABLE,
    Stream,
    Streams,
    advance,
    draw_normal,
    draw_uniform,
    mix,
    new_streams,
    normal_of,
)

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)

# Outputs of the reference C program (prng.di.unimi.it/splitmix64.c), as printed in many places.
PUBLISHED = {
    0: (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F),
    1234567: (
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ),
}


def reference(seed: int) -> Iterator[int]:
    """SplitMix64 in unbounded integers, written from the paper's listing (Steele, Lea, Flood 2014, Fig. 17)."""
    state = seed
    while True:
        state = (state + GAMMA) & MASK
        word = state
        word = ((word ^ (word >> 30)) * MULTIPLIERS[0]) & MASK
        word = ((word ^ (word >> 27)) * MULTIPLIERS[1]) & MASK
        yield word ^ (word >> 31)


def outputs(seed: int, count: int, mixer: Any = mix) -> list[int]:
    """The model's words."""
    words = []
    state = np.uint64(seed)
    for _ in range(count):
        state = np.uint64(advance(state))
        words.append(int(mixer(state)))
    return words


def unmix(word: int) -> int:
    """The state whose mix is `word`: every step of the mixing is a bijection."""

    def unshift(value: int, shift: int) -> int:
        result = value
        for _ in range(64 // shift):
            result = value ^ (result >> shift)
        return result

    word = unshift(word, 31)
    word = unshift(word * pow(MULTIPLIERS[1], -1, 1 << 64) & MASK, 27)
    return unshift(word * pow(MULTIPLIERS[0], -1, 1 << 64) & MASK, 30)


def stream(seed: int) -> Stream:
    return np.array([seed & MASK], dtype=np.uint64)


@pytest.mark.parametrize("seed", PUBLISHED)
def test_published_words(seed: int) -> None:
    expected = PUBLISHED[seed]
    assert tuple(outputs(seed, len(expected))) == expected


def test_published_words_catch_a_wrong_constant() -> None:
    def skipped_xor(word: np.uint64) -> int:
        return int(mix(word)) ^ (int(mix(word)) >> 31)

    assert tuple(outputs(0, 3, skipped_xor)) != PUBLISHED[0]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, MASK))
def test_words_equal_the_reference(seed: int) -> None:
    words = reference(seed)
    assert outputs(seed, 8) == [next(words) for _ in range(8)]


def test_uniform_is_the_high_53_bits() -> None:
    drawn, words = stream(77), reference(77)
    assert [draw_uniform(drawn) for _ in range(100)] == [(next(words) >> 11) / 2**53 for _ in range(100)]


@pytest.mark.parametrize(("word", "expected"), [(0, 0.0), (MASK, 1 - 2**-53)])
def test_uniform_at_its_ends(word: int, expected: float) -> None:
    """The state that yields all zeros or all ones, found by inverting the mixing: 1 itself never occurs."""
    assert draw_uniform(stream(unmix(word) - GAMMA)) == expected


def test_uniform_distribution() -> None:
    drawn = stream(5)
    values = np.array([draw_uniform(drawn) for _ in range(50_000)])
    counts, _ = np.histogram(values, bins=100, range=(0, 1))
    assert chisquare(counts).pvalue > 1e-4
    # Neighbours are uncorrelated: the estimate has a standard deviation of 1 / sqrt(n).
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 5 / np.sqrt(values.size)


def test_normal_table_moments() -> None:
    table = NORMAL_TABLE.astype(np.float64)
    assert table.size == 1 << NORMAL_BITS
    assert abs(table.mean()) < 1e-7  # float32 entries: rounding of at most 2.4e-7 each, averaged
    assert table.var() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(table, -table[::-1], atol=2.0**-22)
    assert (np.diff(table) > 0).all()


def table_distance(table: np.ndarray) -> float:
    """Largest distance of the table's distribution function from that of N(0, 1)."""
    return float(kstest(table.astype(np.float64), norm.cdf).statistic)


def test_normal_table_distribution() -> None:
    """Each entry lies in its slice of probability 1 / N, so the distance is at most 1 / N.

    Scaling to variance 1 by (1 + e) adds e * max|x phi(x)| = 0.242 e; e is half the variance lost inside slices.
    """
    size = NORMAL_TABLE.size
    edges = norm.ppf(np.linspace(0, 1, size + 1))
    means = size * (norm.pdf(edges[:-1]) - norm.pdf(edges[1:]))
    lost = 1 - np.mean(means**2)
    bound = 1 / size + 0.242 * lost + 1e-6
    assert bound < 2e-4
    assert table_distance(NORMAL_TABLE) < bound
    # The check can fail: a standard deviation of 1.001, an offset of 0.001.
    assert table_distance(NORMAL_TABLE * 1.001) > bound
    assert table_distance(NORMAL_TABLE + 0.001) > bound


def test_normal_deviates() -> None:
    """The high bits select the entry; 100 000 draws follow N(0, 1) (Kolmogorov's bound at 1e-6, plus the table's)."""
    drawn, words = stream(9), reference(9)
    values = np.array([draw_normal(drawn) for _ in range(100_000)])
    selected = [NORMAL_TABLE[next(words) >> (64 - NORMAL_BITS)] for _ in range(1000)]
    np.testing.assert_array_equal(values[:1000], selected)
    assert kstest(values, norm.cdf).statistic < np.sqrt(np.log(2e6) / (2 * values.size)) + 2e-4
    assert normal_of(np.uint64(0)) == NORMAL_TABLE[0]
    assert normal_of(np.uint64(MASK)) == NORMAL_TABLE[-1]


def draws(streams: Streams, count: int) -> np.ndarray:
    return np.array([[draw_normal(one) for _ in range(count)] for one in streams])


def test_streams_are_reproducible() -> None:
    first = draws(new_streams(np.random.SeedSequence(3)), 50)
    np.testing.assert_array_equal(first, draws(new_streams(np.random.SeedSequence(3)), 50))
    assert not np.isin(first, draws(new_streams(np.random.SeedSequence(4)), 50)).all()


def test_streams_are_independent() -> None:
    streams = new_streams(np.random.SeedSequence(3))
    before = [int(one[0]) for one in streams]
    draw_normal(streams.update)
    after = [int(one[0]) for one in streams]
    moved = [name for name, old, new in zip(Streams._fields, before, after, strict=True) if old != new]
    assert moved == ["update"]

    values = draws(streams, 20_000)
    correlation = np.corrcoef(values) - np.eye(len(streams))
    assert np.abs(correlation).max() < 5 / np.sqrt(values.shape[1])
