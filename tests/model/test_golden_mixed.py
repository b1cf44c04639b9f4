"""Golden mixed precision against a second implementation in plain Python integers, written from rtl/README.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.golden.mixed_precision import MixedConfig, MixedState, reset_mixed, step_column
from crosschop.model.golden.state import Transfer

RIGHT = "right"
# One detail wrong each: every one must be seen.
WRONG = ("floor_steps", "no_saturation", "half_away", "clear_chi", "batch_late", "written_every_sample",
         "two_roundings", "unlimited_steps", "batch_from_columns")  # fmt: skip


def round_shift(value: int, shift: int, mode: int, wrong: str = RIGHT) -> int:
    """value / 2^shift: 0 half up = floor(v + 1/2), 1 floor, 2 toward zero; Python's // is floor."""
    unit = 1 << shift
    if mode == 2:
        return value // unit if value >= 0 else -(-value // unit)
    if mode == 0 and wrong == "half_away" and value < 0:
        return -((-2 * value + unit) // (2 * unit))
    return (2 * value + unit) // (2 * unit) if mode == 0 else value // unit


class Reference:
    """The controller one sample at a time; chi is a dictionary by (column, row) that starts at 0."""

    def __init__(self, config: MixedConfig, wrong: str = RIGHT) -> None:
        self.c = config
        self.wrong = wrong
        self.chi: dict[tuple[int, int], int] = {}
        self.samples = 0

    def sample(self, x: list[int], d: list[int]) -> list[tuple[bool, list[int]]]:
        """End of a batch and pulses of every column."""
        c, wrong = self.c, self.wrong
        self.samples += 1
        done = self.samples - 1 if wrong == "batch_late" else self.samples
        if wrong == "batch_from_columns":
            done = self.samples * c.cols
        end = (done % c.batch == 0 and done > 0) or wrong == "written_every_sample"
        return [(end, [self.element((k, i), x[k], d[i], end) for i in range(c.rows)]) for k in range(c.cols)]

    def element(self, key: tuple[int, int], x: int, d: int, end: bool) -> int:
        """Pulses of one element."""
        c, wrong = self.c, self.wrong
        increment = round_shift(x * d * c.lr, c.lr_shift, c.chi_rounding, wrong)
        if wrong == "two_roundings":
            increment = round_shift(round_shift(x * d, 1, c.chi_rounding) * c.lr, c.lr_shift - 1, c.chi_rounding)
        chi = self.chi.get(key, 0) + increment
        if wrong != "no_saturation":
            chi = max(-(2 ** (c.chi_bits - 1)), min(2 ** (c.chi_bits - 1) - 1, chi))
        steps = 0
        if end:
            unit = 2**c.chi_frac
            steps = chi // unit if chi >= 0 or wrong == "floor_steps" else -(-chi // unit)
            if wrong != "unlimited_steps":
                steps = max(-c.max_steps, min(c.max_steps, steps))
            chi = 0 if wrong == "clear_chi" and steps else chi - steps * unit
        self.chi[key] = chi
        return steps


def compare(config: MixedConfig, operand_bits: int, samples: int, seed: int, wrong: str = RIGHT) -> MixedState:
    """Runs both, everything compared after every column."""
    state, reference = reset_mixed(config), Reference(config, wrong)
    transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(config.rows, dtype=np.int64))
    draw, limit = np.random.default_rng(seed), 1 << (operand_bits - 1)
    # Uniform, small, of one sign, extreme
    ranges = [(-limit, limit - 1), (-limit // 8, limit // 8), (0, limit - 1), (-limit, -limit)]
    for number in range(samples):
        x, d = (
            draw.integers(*ranges[draw.integers(len(ranges))], size, endpoint=True)
            for size in (config.cols, config.rows)
        )
        expected = reference.sample(x.tolist(), d.tolist())
        for column, (end, pulses) in enumerate(expected):
            step_column(config, state, x[column], d, transfer)
            assert transfer.head.tolist() == [column, int(end), 0, int(any(pulses))], number
            assert transfer.pulses.tolist() == pulses, number
            assert state.chi[column].tolist() == [reference.chi[column, row] for row in range(config.rows)], number
    return state


@st.composite
def configurations(draw: st.DrawFn) -> tuple[MixedConfig, int]:
    """Any legal configuration of small arrays (rtl/README.md, Parameters), and the bits of the operands."""

    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    operand_bits, lr_bits, chi_frac = number(2, 16), number(1, 16), number(0, 28)
    lr = number(0, 2**lr_bits - 1)
    # A shift at which typical increments lie between one LSB and the range of chi; any other now and then
    fitting = max(0, min(48, 2 * operand_bits + lr.bit_length() - chi_frac))
    config = MixedConfig(
        rows=number(1, 3), cols=number(1, 3), chi_bits=number(chi_frac + 2, 32), chi_frac=chi_frac, lr=lr,
        lr_shift=draw(st.one_of(st.integers(max(0, fitting - 3), min(48, fitting + 2)), st.integers(0, 48))),
        max_steps=number(1, 15), chi_rounding=number(0, 2), batch=number(1, 4),
    )  # fmt: skip
    return config, operand_bits


@settings(deadline=None, derandomize=True, max_examples=300)
@given(configurations(), st.integers(0, 2**32 - 1))
def test_equals_plain_integers(drawn: tuple[MixedConfig, int], seed: int) -> None:
    config, operand_bits = drawn
    state = compare(config, operand_bits, 24, seed)
    assert -(1 << (config.chi_bits - 1)) <= state.chi.min() <= state.chi.max() < 1 << (config.chi_bits - 1)


BASE = MixedConfig(
    rows=3, cols=2, chi_bits=12, chi_frac=7, lr=160, lr_shift=16, max_steps=2, chi_rounding=0, batch=4
)  # fmt: skip


@pytest.mark.parametrize("change", [
    {}, {"batch": 1}, {"batch": 65535, "lr": 4095}, {"max_steps": 15}, {"chi_rounding": 1}, {"chi_rounding": 2},
    {"lr": 4095}, {"lr": 0}, {"chi_frac": 0},
])  # fmt: skip
def test_long_runs(change: dict[str, Any]) -> None:
    compare(BASE._replace(**change), 9, 400, 1)


@pytest.mark.parametrize("wrong", WRONG)
def test_comparison_catches(wrong: str) -> None:
    config = BASE._replace(lr=4095) if wrong in ("no_saturation", "two_roundings") else BASE
    with pytest.raises(AssertionError):
        compare(config, 9, 400, 1, wrong)
