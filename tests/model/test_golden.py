"""Golden controller against a second implementation in plain Python integers, written from rtl/README.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.scheduler import step_sample
from crosschop.model.golden.state import COUNTER, ControllerConfig, ControllerState, new_transfer, reset_state
from crosschop.model.golden.transfer import transfer_gain

# rtl/README.md, section "One transfer", and the same statements with one detail wrong: every one must be seen.
RIGHT = "right"
WRONG = ("pref_before_p", "new_sign", "floor_steps", "lost_in_warmup", "no_saturation", "half_away", "flip_late")
WRONG_OPTIONS = ("late_draw", "index_from_zero", "index_kept_at_a_flip", "sweep_by_column", "reference_kept")


def next_draw(state: int) -> int:
    """Sixteen steps of the LFSR."""
    for _ in range(16):
        state = (state >> 1) ^ (0xA3000000 if state % 2 else 0)
    return state


def round_shift(value: int, shift: int, mode: int, wrong: str) -> int:
    """value / 2^shift: 0 half up = floor(v + 1/2), 1 floor, 2 toward zero; Python's // is floor."""
    unit = 1 << shift
    if mode == 2:
        return value // unit if value >= 0 else -(-value // unit)
    if mode == 0 and wrong == "half_away" and value < 0:
        return -((-2 * value + unit) // (2 * unit))
    return (2 * value + unit) // (2 * unit) if mode == 0 else value // unit


@dataclass
class Reference:
    """Controller in plain integers; dictionaries by (column, row) that start at 0."""

    c: ControllerConfig
    wrong: str = RIGHT
    h: dict[tuple[int, int], int] = field(default_factory=dict)
    p: dict[tuple[int, int], int] = field(default_factory=dict)
    pref: dict[tuple[int, int], int] = field(default_factory=dict)
    signs: dict[int, int] = field(default_factory=dict)
    column_reads: dict[int, int] = field(default_factory=dict)
    indices: dict[int, int] = field(default_factory=dict)
    reads: int = 0
    lfsr: int = 0
    column_lfsr: int = 0

    def flip(self, column: int) -> bool:
        if self.c.chop_mode == 1:
            late = self.wrong == "flip_late"
            earlier = self.column_reads.get(column, 0)
            return self.c.chop > 0 and earlier % self.c.chop == (0 if late else self.c.chop - 1)
        if self.c.chop_mode == 2:
            self.lfsr = next_draw(self.lfsr if self.reads else self.c.lfsr_seed)
            return self.lfsr % 65536 < self.c.chop
        return False

    def column(self) -> int:
        if not self.c.random_order:
            return self.reads % self.c.cols
        if self.reads == (1 if self.wrong == "late_draw" else 0):
            return 0
        self.column_lfsr = next_draw(self.column_lfsr or self.c.column_seed)
        return self.column_lfsr % 65536 * self.c.cols // 65536

    def gain(self, column: int) -> int:
        """README: cfg_lr_h times the rounded reciprocal of the read's index, rounded half up."""
        if self.c.correction == 0:
            return self.c.lr_h
        index = min(self.indices.get(column, 1), self.c.correction)
        if self.wrong == "index_from_zero":
            index = max(1, index - 1)
        return (self.c.lr_h * ((65536 + index // 2) // index) + 32768) // 65536

    def transfer(self, codes: list[int]) -> tuple[int, int, bool, list[int]]:
        """Column, chop bit used, flip, pulses."""
        c, column = self.c, self.column()
        flip, gain = self.flip(column), self.gain(column)
        sign = self.signs.get(column, 1)
        used = -sign if self.wrong == "new_sign" and flip else sign
        sweep = min(self.reads // c.cols, 65535)
        if self.wrong == "sweep_by_column":
            sweep = self.column_reads.get(column, 0)
        sent = []
        for row, omega in enumerate(codes):
            key = column, row
            wide = omega * 2**c.p_frac
            z = used * (wide - self.pref.get(key, 0))
            h = self.h.get(key, 0) + round_shift(z * gain, c.lr_shift, c.h_rounding, self.wrong)
            if self.wrong != "no_saturation":
                h = max(-(2 ** (c.h_bits - 1)), min(2 ** (c.h_bits - 1) - 1, h))
            unit = 2**c.h_frac
            s = h // unit if self.wrong == "floor_steps" or h >= 0 else -(-h // unit)
            s = max(-c.max_steps, min(c.max_steps, s))
            held = sweep < c.warmup
            if s != 0 and not (held and self.wrong == "lost_in_warmup"):
                if not c.h_decay:
                    h -= s * unit
                elif c.h_momentum_shift == 0:
                    h = 0
                else:
                    h = (1 if h >= 0 else -1) * (abs(h) // 2**c.h_momentum_shift)
            sent.append(0 if held else s)
            old = self.p.get(key, 0)
            new = old + round_shift((wide - old) * c.beta, c.beta_bits, c.p_rounding, self.wrong)
            if not c.p_store:
                new = wide
            self.h[key] = h
            if not c.reference and self.wrong != "reference_kept":
                continue
            self.p[key] = new
            if flip:
                self.pref[key] = old if self.wrong == "pref_before_p" else new
        if flip:
            self.signs[column] = -sign
        again = flip and self.wrong != "index_kept_at_a_flip"
        self.indices[column] = 1 if again else self.indices.get(column, 1) + 1
        self.column_reads[column] = self.column_reads.get(column, 0) + 1
        self.reads += 1
        return column, int(sign < 0), flip, sent


@st.composite
def configurations(draw: st.DrawFn) -> tuple[ControllerConfig, int]:
    """Any legal configuration of small arrays (rtl/README.md, Parameters), and the bits of the ADC."""

    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    adc_bits, p_frac, beta_bits, lr_bits = number(2, 16), number(0, 16), number(1, 16), number(1, 16)
    h_frac = number(1, 28)
    h_bits = number(h_frac + 2, 32)
    lr_h = number(0, 2**lr_bits - 1)
    # A shift at which typical increments lie between one LSB and the range of H; any other now and then.
    fitting = max(0, min(48, adc_bits + p_frac + lr_h.bit_length() - h_frac))
    config = ControllerConfig(
        rows=number(1, 3), cols=number(1, 3), reference=draw(st.booleans()), p_frac=p_frac, p_store=draw(st.booleans()),
        beta=draw(st.one_of(st.sampled_from([0, 1, 2**beta_bits]), st.integers(0, 2**beta_bits))),
        beta_bits=beta_bits, h_bits=h_bits, h_frac=h_frac, lr_h=lr_h,
        lr_shift=draw(st.one_of(st.just(fitting), st.integers(max(0, fitting - 3), min(48, fitting + 2)),
                                st.integers(0, 48))),
        correction=draw(st.sampled_from([0, 2, 5, 255])), max_steps=number(1, 15), h_decay=draw(st.booleans()),
        h_momentum_shift=number(0, 15),
        h_rounding=number(0, 2), p_rounding=number(0, 2), transfer_every=number(1, 3), chop_mode=number(0, 2),
        chop=draw(st.one_of(st.integers(0, 4), st.sampled_from([20_000, 65_535]))), warmup=number(0, 3),
        lfsr_seed=number(1, 2**32 - 1), random_order=draw(st.booleans()), column_seed=number(1, 2**32 - 1),
    )  # fmt: skip
    return config, adc_bits


def make_codes(adc_bits: int, rows: int, transfers: int, seed: int) -> np.ndarray:
    """Codes of all kinds: uniform, extreme, all of one sign, small."""
    draw, limit = np.random.default_rng(seed), 1 << (adc_bits - 1)
    shape = (transfers, rows)
    uniform = draw.integers(-limit, limit, shape)
    extreme = draw.choice([-limit, -1, 0, min(1, limit - 1), limit - 1], shape)
    kind = draw.integers(0, 4, shape)
    chosen = np.select([kind == 0, kind == 1, kind == 2], [uniform, extreme, np.abs(uniform + 1) - 1], uniform // 8)
    return np.asarray(chosen, dtype=np.int64)


def compare(config: ControllerConfig, codes: np.ndarray, wrong: str = RIGHT) -> ControllerState:
    """Runs both, everything compared after every transfer."""
    state, transfer, reference = reset_state(config), new_transfer(config), Reference(config, wrong)
    for number, one in enumerate(codes):
        step_transfer(config, state, one, transfer)
        column, chop, flip, pulses = reference.transfer(one.tolist())
        assert transfer.head.tolist() == [column, chop, int(flip), int(any(pulses))], number
        assert transfer.pulses.tolist() == pulses, number
        for name, store in (("h", state.h), ("p", state.p), ("pref", state.pref)):
            expected = [getattr(reference, name).get((column, row), 0) for row in range(config.rows)]
            assert store[column].tolist() == expected, (number, name)
        assert [1 - 2 * int(bit) for bit in state.chop] == [reference.signs.get(k, 1) for k in range(config.cols)]
    return state


SEED = st.integers(0, 2**32 - 1)
SETTINGS: dict[str, Any] = {"deadline": None, "derandomize": True, "max_examples": 300}


@settings(**SETTINGS)
@given(configurations(), SEED)
def test_equals_plain_integers(drawn: tuple[ControllerConfig, int], seed: int) -> None:
    config, adc_bits = drawn
    compare(config, make_codes(adc_bits, config.rows, 24, seed))


BASE = ControllerConfig(
    rows=3, cols=2, reference=True, p_frac=4, p_store=True, beta=128, beta_bits=8, h_bits=14, h_frac=8, lr_h=171,
    lr_shift=8,
    correction=0, max_steps=2, h_decay=False, h_momentum_shift=0, h_rounding=0, p_rounding=0, transfer_every=1,
    chop_mode=1, chop=3,
    warmup=2, lfsr_seed=0x1D872B41, random_order=False, column_seed=0x2C9277B5,
)  # fmt: skip


@pytest.mark.parametrize("change", [
    {}, {"h_decay": True}, {"h_decay": True, "h_momentum_shift": 3}, {"p_store": False}, {"beta": 0}, {"beta": 256},
    {"h_rounding": 1, "p_rounding": 2}, {"h_rounding": 2, "p_rounding": 1}, {"chop": 1}, {"chop": 0},
    {"chop_mode": 0}, {"chop_mode": 2, "chop": 20_000}, {"warmup": 65535}, {"lr_h": 4095}, {"max_steps": 15},
    {"reference": False}, {"random_order": True}, {"random_order": True, "cols": 7, "chop": 5}, {"correction": 4},
    {"correction": 255, "chop": 0}, {"correction": 3, "random_order": True, "chop_mode": 2, "chop": 20_000},
])  # fmt: skip
def test_long_runs(change: dict[str, Any]) -> None:
    """`chop` = 1 flips at every read, 0 never; 9-bit codes."""
    config = BASE._replace(**change)
    codes = make_codes(9, config.rows, 400, 1)
    state = compare(config, codes)
    if change == {"lr_h": 4095}:
        # The saturation took part: the ends of H, two pulses taken off.
        assert {8191 - 2 * 256, -8192 + 2 * 256} & set(state.h.ravel().tolist())
    if "chop" in change and change["chop"] == 0:
        assert not state.pref.any()


@pytest.mark.parametrize("wrong", WRONG)
def test_comparison_catches(wrong: str) -> None:
    config = BASE._replace(lr_h=4095) if wrong == "no_saturation" else BASE
    with pytest.raises(AssertionError):
        compare(config, make_codes(9, config.rows, 400, 1), wrong)


@pytest.mark.parametrize("wrong", WRONG_OPTIONS)
def test_comparison_catches_wrong_options(wrong: str) -> None:
    config = BASE._replace(random_order=True, correction=4, reference=wrong != "reference_kept", cols=5)
    with pytest.raises(AssertionError):
        compare(config, make_codes(9, config.rows, 400, 1), wrong)


def test_read_correction_divides_by_the_index() -> None:
    """1000 / 1, / 2 ... rounded to the nearest; the cap holds; the read after a flip begins anew."""
    config = BASE._replace(cols=1, lr_h=1000, correction=6, chop=8)
    gains = [transfer_gain(config, reads) for reads in range(9)]
    assert gains == [1000, 500, 333, 250, 200, 167, 167, 167, 167]


def test_random_order_reads_all_columns_alike() -> None:
    """With replacement: the counts of 20,000 draws of 7 columns pass a chi-square test (6 degrees, 1e-6: 38.3)."""
    config = BASE._replace(random_order=True, cols=7, rows=1)
    state, transfer = reset_state(config), new_transfer(config)
    counts = np.zeros(7)
    for _ in range(20_000):
        step_transfer(config, state, np.zeros(1, dtype=np.int64), transfer)
        counts[transfer.head[0]] += 1
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 38.3


@settings(**SETTINGS)
@given(configurations(), SEED)
def test_ranges(drawn: tuple[ControllerConfig, int], seed: int) -> None:
    """H within its bits, P and P^ref within the range of the codes, pulses within max_steps, chop bits 0 or 1."""
    config, adc_bits = drawn
    state, transfer = reset_state(config), new_transfer(config)
    lowest = -(1 << (adc_bits - 1)) << config.p_frac
    highest = ((1 << (adc_bits - 1)) - 1) << config.p_frac
    for codes in make_codes(adc_bits, config.rows, 24, seed):
        step_transfer(config, state, codes, transfer)
        assert state.h.min() >= -(1 << (config.h_bits - 1))
        assert state.h.max() <= (1 << (config.h_bits - 1)) - 1
        for store in (state.p, state.pref):
            assert lowest <= store.min() <= store.max() <= highest
        assert np.abs(transfer.pulses).max() <= config.max_steps
        assert set(state.chop.tolist()) <= {0, 1}


@pytest.mark.parametrize("transfer_every", [1, 2, 5])
def test_a_read_is_due_after_every_n_s_samples(transfer_every: int) -> None:
    config = BASE._replace(transfer_every=transfer_every)
    state = reset_state(config)
    due = [step_sample(config, state) for _ in range(4 * transfer_every)]
    assert due == [(i + 1) % transfer_every == 0 for i in range(4 * transfer_every)]


def test_sweep_counter_saturates() -> None:
    """It stays at 65535, so a warm-up never begins anew."""
    config = BASE._replace(warmup=65535, lr_h=4095)
    state, transfer = reset_state(config), new_transfer(config)
    state.counters[COUNTER.sweep] = 65534
    codes = np.full(3, 200, dtype=np.int64)
    held = []
    for _ in range(4 * config.cols):
        step_transfer(config, state, codes, transfer)
        held.append(not transfer.pulses.any())
    assert state.counters[COUNTER.sweep] == 65535
    assert held[: config.cols] == [True] * config.cols
    assert not held[config.cols]
