"""DAC and ADC: range, resolution, noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.random import Stream, draw_normal
from crosschop.model.chipspec.schema import Converter


class ConverterConfig(NamedTuple):
    """A converter for compiled code; `codes` is its largest code, 0 means ideal."""

    codes: int
    full_scale: float
    noise: float


def converter_config(converter: Converter) -> ConverterConfig:
    """Largest code, range and noise of a converter."""
    codes = 0 if converter.bits is None else (1 << (converter.bits - 1)) - 1
    return ConverterConfig(codes, converter.full_scale, converter.noise)


@njit(cache=True)
def convert(config: ConverterConfig, value: float, stream: Stream) -> float:
    """The value after noise, clipping and quantisation, in the units it came in."""
    if config.noise > 0:
        value += config.noise * draw_normal(stream)
    value = min(max(value, -config.full_scale), config.full_scale)
    if config.codes == 0:
        return value
    lsb = config.full_scale / config.codes
    return float(np.rint(value / lsb)) * lsb


@njit(cache=True)
def to_code(config: ConverterConfig, value: float, stream: Stream) -> int:
    """The code of a value, -codes..codes (the two's complement minimum stays unused, as ranges are symmetric)."""
    if config.noise > 0:
        value += config.noise * draw_normal(stream)
    code = np.rint(value * config.codes / config.full_scale)
    return int(min(max(code, -config.codes), config.codes))


@njit(cache=True)
def absolute_maximum(vector: FloatArray) -> np.float32:
    """Largest magnitude in a vector."""
    largest = np.float32(0.0)
    for value in vector:
        largest = max(largest, abs(value))
    return largest
