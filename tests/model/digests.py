"""Digests of events by their published definitions, in plain integers."""

from __future__ import annotations

from collections.abc import Iterable

WORD = 2**64
FNV_OFFSET_BASIS = 0xCBF29CE484222325


def fnv(digest: int, values: Iterable[int]) -> int:
    """FNV-1a on 64 bits, prime as published, a whole number at a time."""
    for value in values:
        digest = (digest ^ value % WORD) * 0x100000001B3 % WORD
    return digest


def mixed(numbers: Iterable[int]) -> int:
    """The sum of what SplitMix64's output function, constants as published, makes of number + (place + 1) gamma."""
    total = 0
    for place, number in enumerate(numbers, 1):
        word = (number + place * 0x9E3779B97F4A7C15) % WORD
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % WORD
        word = (word ^ word >> 27) * 0x94D049BB133111EB % WORD
        total += word ^ word >> 31
    return total
