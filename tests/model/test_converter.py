"""DAC and ADC: quantisation, clipping, noise (section 'Methods' of the paper, IO as in aihwkit: noise, clip, round)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.analog.converter import ConverterConfig, absolute_maximum, convert, converter_config, to_code
from crosschop.model.analog.random import Stream
from crosschop.model.chipspec.schema import Converter

BITS = st.integers(2, 16)
RANGE = st.sampled_from([0.5, 1.0, 4.0, 12.0, 100.0])
VALUE = st.floats(-3, 3)


def stream() -> Stream:
    return np.array([42], dtype=np.uint64)


def config(bits: int | None, full_scale: float = 1.0, noise: float = 0.0) -> ConverterConfig:
    return converter_config(Converter(bits=bits, full_scale=full_scale, noise=noise))


def nearest_codes(value: float, bits: int, full_scale: float) -> set[int]:
    """The codes at the smallest distance from a value, in exact fractions: two where it lies halfway.

    Symmetric range: +-full_scale is the code +-(2^(bits - 1) - 1).
    """
    largest = 2 ** (bits - 1) - 1
    exact = Fraction(value) * largest / Fraction(full_scale)
    below = exact.numerator // exact.denominator
    best = min((abs(exact - code), code) for code in (below, below + 1))[0]
    codes = [code for code in (below, below + 1) if abs(abs(exact - code) - best) < Fraction(1, 10**9)]
    return {min(max(code, -largest), largest) for code in codes}


@settings(deadline=None, derandomize=True, max_examples=400)
@given(VALUE, BITS, RANGE)
def test_code_is_the_nearest(value: float, bits: int, full_scale: float) -> None:
    value *= full_scale / 2  # beyond the range as well
    code = to_code(config(bits, full_scale), value, stream())
    assert code in nearest_codes(value, bits, full_scale)


@settings(deadline=None, derandomize=True, max_examples=400)
@given(VALUE, BITS, RANGE)
def test_conversion_is_the_nearest_level(value: float, bits: int, full_scale: float) -> None:
    value *= full_scale / 2
    level = convert(config(bits, full_scale), value, stream())
    lsb = full_scale / (2 ** (bits - 1) - 1)
    assert round(level / lsb) in nearest_codes(value, bits, full_scale)
    assert level == pytest.approx(round(level / lsb) * lsb, abs=1e-12 * full_scale)


def test_the_reference_is_not_floor() -> None:
    """What catches truncation instead of rounding."""
    assert nearest_codes(0.9 / 127, 8, 1.0) == {1}
    assert nearest_codes(-0.9 / 127, 8, 1.0) == {-1}
    assert nearest_codes(0.5 / 127, 8, 1.0) == {0, 1}


@pytest.mark.parametrize("bits", [2, 7, 9, 16])
def test_both_ends_and_every_code(bits: int) -> None:
    chosen, largest = config(bits, 4.0), 2 ** (bits - 1) - 1
    codes = [to_code(chosen, 4.0 * code / largest, stream()) for code in range(-largest, largest + 1)]
    assert codes == list(range(-largest, largest + 1))
    assert [to_code(chosen, value, stream()) for value in (-1e6, -4.1, 4.1, 1e6)] == [-largest] * 2 + [largest] * 2


def test_ideal_converter() -> None:
    """`bits: null` does not quantise; the range still clips."""
    chosen = config(None, 2.0)
    values = [-2.0, -1.23456789, 0.0, 1e-12, 1.99999]
    assert [convert(chosen, value, stream()) for value in values] == values
    assert [convert(chosen, value, stream()) for value in (-3.0, 3.0)] == [-2.0, 2.0]


def test_no_noise_draws_nothing() -> None:
    used = stream()
    convert(config(8), 0.3, used)
    to_code(config(8), 0.3, used)
    assert used[0] == 42


def test_noise_before_the_clipping() -> None:
    """Of a value on the edge of the range half the noise is cut off; the largest level is never exceeded."""
    chosen, used = config(None, 1.0, 0.1), stream()
    values = np.array([convert(chosen, 1.0, used) for _ in range(5000)])
    assert values.max() == 1.0
    assert (values == 1.0).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(5000))


@pytest.mark.parametrize("noise", [0.06, 0.5])
def test_noise_statistics(noise: float) -> None:
    """Codes of a constant: its mean, and the variance of the noise plus 1/12 LSB^2 of the quantisation.

    The noise is one LSB or more, so the quantisation error is uniform and independent to better than 1e-8.
    """
    count, lsb, value = 20_000, 4 / 63, 0.789
    chosen, used = config(7, 4.0, noise), stream()
    codes = np.array([to_code(chosen, value, used) for _ in range(count)])
    levels = np.array([convert(chosen, value, used) for _ in range(count)])
    variance = noise**2 + lsb**2 / 12
    for values in (codes * lsb, levels):
        assert values.mean() == pytest.approx(value, abs=5 * np.sqrt(variance / count) + 1e-3 * lsb)
        assert values.var() == pytest.approx(variance, abs=5 * variance * np.sqrt(2 / count))
        # Wrong by the factor 1.1 in the noise would be seen.
        assert values.var() != pytest.approx((1.1 * noise) ** 2 + lsb**2 / 12, abs=5 * variance * np.sqrt(2 / count))


def test_absolute_maximum() -> None:
    for vector in ([0.5, -2.0, 1.0], [0.0, 0.0], [-0.1], [3.0, -3.0]):
        assert absolute_maximum(np.array(vector, dtype=np.float32)) == np.float32(max(abs(v) for v in vector))
