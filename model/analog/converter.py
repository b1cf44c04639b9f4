"""DAC and ADC: range, resolution, noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.model.analog.devices.records import FloatArray
from crosschop.model.analog.faults import largest_code, replacements
from crosschop.model.analog.random import Stream, draw_normal, mix, normal_of, word_after, word_at
from crosschop.model.chipspec.faults import ConverterFaults
from crosschop.model.chipspec.schema import Converter
from crosschop.model.jit import apart, compiled, inlined, searching


class ConverterConfig(NamedTuple):
    """A converter for compiled code.

    Attributes:
        codes: its largest code by its resolution, 0 means ideal.
        full_scale: value of that code.
        noise: standard deviation before conversion.
        limit, reach: code and value at which it saturates: `codes` and `full_scale` unless it is damaged.
        replacements: what appears for each code, see `faults.replacements`.
    """

    codes: int
    full_scale: float
    noise: float
    limit: int
    reach: float
    replacements: NDArray[np.int64]


def converter_config(converter: Converter, faults: ConverterFaults | None = None) -> ConverterConfig:
    """Codes, range and noise of a converter, with its faults."""
    codes = 0 if converter.bits is None else (1 << (converter.bits - 1)) - 1
    limit, reach = largest_code(codes, faults), converter.full_scale
    if limit < codes:
        reach = limit * converter.full_scale / codes
    elif codes == 0 and faults is not None:
        reach *= faults.clip
    return ConverterConfig(codes, converter.full_scale, converter.noise, limit, reach, replacements(codes, faults))


@inlined
def _level(config: ConverterConfig, value: float) -> float:
    """A value after clipping and quantisation, in the units it came in."""
    value = min(max(value, -config.reach), config.reach)
    if config.codes == 0:
        return value
    lsb = config.full_scale / config.codes
    code = np.rint(value / lsb)
    if config.replacements.size:
        code = float(config.replacements[int(code) + config.codes])
    return float(code) * lsb


@inlined
def _code(config: ConverterConfig, value: float) -> int:
    """The code of a value, -codes..codes (the two's complement minimum stays unused, as ranges are symmetric)."""
    code = np.rint(value * config.codes / config.full_scale)
    code = int(min(max(code, -config.limit), config.limit))
    if config.replacements.size:
        code = int(config.replacements[code + config.codes])
    return code


@compiled
def convert(config: ConverterConfig, value: float, stream: Stream) -> float:
    """The value after noise, clipping and quantisation, in the units it came in."""
    if config.noise > 0:
        value += config.noise * draw_normal(stream)
    return _level(config, value)


@compiled
def to_code(config: ConverterConfig, value: float, stream: Stream) -> int:
    """The code of a value after noise, -codes..codes."""
    if config.noise > 0:
        value += config.noise * draw_normal(stream)
    return _code(config, value)


@apart
def convert_all(config: ConverterConfig, values: FloatArray, stream: Stream) -> None:
    """`convert` of every value in turn, in place."""
    if config.noise > 0:
        word = stream[0]
        for index in range(values.size):
            noise = config.noise * normal_of(mix(word_at(word, index)))
            values[index] = _level(config, values[index] + noise)
        stream[0] = word_after(word, values.size)
    else:
        for index in range(values.size):
            values[index] = _level(config, float(values[index]))


@apart
def codes_of(config: ConverterConfig, values: FloatArray, codes: NDArray[np.int64], stream: Stream) -> None:
    """`to_code` of every value in turn."""
    if config.noise > 0:
        word = stream[0]
        for index in range(values.size):
            noise = config.noise * normal_of(mix(word_at(word, index)))
            codes[index] = _code(config, values[index] + noise)
        stream[0] = word_after(word, values.size)
    else:
        for index in range(values.size):
            codes[index] = _code(config, float(values[index]))


@searching
def absolute_maximum(vector: FloatArray) -> np.float32:
    """Largest magnitude in a vector."""
    largest = np.float32(0.0)
    for value in vector:
        largest = max(largest, abs(value))
    return largest
