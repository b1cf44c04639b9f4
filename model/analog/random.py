"""Random numbers for compiled code: SplitMix64 streams and a tabulated normal distribution.

A stream is an array of one uint64 that the drawing function moves on. SplitMix64: Steele, Lea, Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014. Hot loops copy the word into a local variable first.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.jit import apart, compiled, inlined

Stream = NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(shift) for shift in (30, 27, 31, 11))
_UNIT = 2.0**-53

NORMAL_BITS = 14
_NORMAL_SHIFT = np.uint64(64 - NORMAL_BITS)


def _normal_table() -> NDArray[np.float32]:
    """Means of 2**NORMAL_BITS equally likely slices of N(0, 1), scaled to variance 1 (largest about 4.1)."""
    slices = 1 << NORMAL_BITS
    # Not from scipy, which would take longer to import than a short run, in every simulator again.
    inside = [NormalDist().inv_cdf(index / slices) for index in range(1, slices)]
    edges = np.array([-np.inf, *inside, np.inf])
    density = np.exp(-(edges**2) / 2.0) / np.sqrt(2.0 * np.pi)
    means = -np.diff(density) * slices
    table: NDArray[np.float32] = (means / np.sqrt(np.mean(means**2))).astype(np.float32)
    return table


NORMAL_TABLE = _normal_table()

# So many neighbours in a window are drawn as one.
WINDOW = 64


def normal_windows(sigma: float) -> NDArray[np.float32]:
    """N(0, sigma^2) deviates of which any WINDOW neighbours may be taken at once, (2**NORMAL_BITS + WINDOW,).

    The table in an order that is fixed and random, its beginning repeated behind its end: an element of a window that
    begins anywhere with equal probability has the table's distribution, and neighbours are uncorrelated but for the
    chance of the order, about 2**-(NORMAL_BITS / 2).
    """
    shuffled = np.random.default_rng(20).permutation(NORMAL_TABLE)
    return np.float32(sigma) * np.concatenate((shuffled, shuffled[:WINDOW]))


class Streams(NamedTuple):
    """One stream per purpose, so that the order of events of different kinds does not matter.

    Attributes:
        data: inputs of the task.
        forward: noise of forward passes.
        update: pulse trains and cycle-to-cycle noise of the updates of A.
        read: noise of the transfer reads.
        write: cycle-to-cycle noise of the writes of W.
    """

    data: Stream
    forward: Stream
    update: Stream
    read: Stream
    write: Stream


def new_streams(seed: np.random.SeedSequence) -> Streams:
    """Independent streams from one seed."""
    words = seed.generate_state(len(Streams._fields), dtype=np.uint64).astype(np.uint64)
    return Streams(*(words[i : i + 1].copy() for i in range(len(words))))


@inlined
def advance(word: np.uint64) -> np.uint64:
    """The next state of a stream."""
    return word + _GAMMA


@inlined
def word_after(word: np.uint64, draws: int) -> np.uint64:
    """The state of a stream after so many draws."""
    return word + _GAMMA * np.uint64(draws)


@inlined
def word_at(word: np.uint64, index: int) -> np.uint64:
    """The state from which draw `index` comes, counted from 0: any draw can be had without those before it."""
    return word_after(word, index + 1)


@inlined
def mix(word: np.uint64) -> np.uint64:
    """64 random bits from a stream's state."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@inlined
def normal_of(bits: np.uint64) -> float:
    """The N(0, 1) deviate that the high bits select."""
    return NORMAL_TABLE[bits >> _NORMAL_SHIFT]  # type: ignore[no-any-return]  # a table of floats


@compiled
def draw_normal(stream: Stream) -> float:
    """One N(0, 1) deviate."""
    stream[0] = advance(stream[0])
    return normal_of(mix(stream[0]))


@compiled
def draw_uniform(stream: Stream) -> float:
    """One deviate, uniform in [0, 1)."""
    stream[0] = advance(stream[0])
    return (mix(stream[0]) >> _S11) * _UNIT


@apart
def draw_normals(stream: Stream, scale: np.float32, values: NDArray[np.float32]) -> None:
    """Fills `values` with deviates of this standard deviation, as many calls of `draw_normal` would."""
    word = stream[0]
    for index in range(values.size):
        values[index] = scale * normal_of(mix(word_at(word, index)))
    stream[0] = word_after(word, values.size)
