"""Random legal chips of each algorithm, as settings over a shipped one, for hypothesis to draw and to shrink.

What is drawn first and small comes out of a shrunk case: few rows, columns and lanes, and of the other keys only those
that it needs. All integers that hypothesis draws are below 100: in larger ranges it would now and then prefer numbers
that it finds in the sources around it, and the same seed would give other chips in another installation.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from crosschop.cosim.fuzz.case import Case
from crosschop.cosim.kinds import kind_of
from crosschop.model.chipspec import (
    LR_SHIFT_MAX,
    ChipSpec,
    SpecError,
    given,
    lambda_h,
    load_chipspec,
    mixed_section,
    operand_lsbs,
    p_frac,
    read_lsb,
)

Value = TypeVar("Value")

ROUNDINGS = ("half_up", "floor", "to_zero")
CODE_BITS = (9, 2, 16, 3, 8, 12)
# Of the 16-bit inputs: never reached in a run, all bits set.
LONGEST = 65535
MANTISSA_MIN_BITS = 3  # that a read correction has to leave, see chipspec/derive.py
# H may take so many full-scale codes, as a power of two, from one end of its range to the other.
SOFTEST = 14
# Smaller gains than this gamma_0 allows take a smaller learning rate.
LARGEST_GAMMA0 = 1e8
SLOW_RATE = 1e-6
# Of 100: how often a key that may stay as it is gets a value.
CHANGED = 35


@functools.cache
def base_chip(base: str) -> ChipSpec:
    """The chip below the settings."""
    return load_chipspec(base)


class _Drawing:
    """Settings of one chip, key by key."""

    def __init__(self, draw: DrawFn, name: str, kept: Sequence[str]) -> None:
        self._draw = draw
        self._name = name
        self._kept = kept
        self.base = base_chip(name)
        self.settings: list[str] = []

    def integer(self, low: int, high: int) -> int:
        """An integer, small ones where a case shrinks."""
        if high - low < 100:
            return self._draw(st.integers(0, high - low)) + low
        return low + min(high - low, self._draw(st.integers(0, 99)) + 100 * self.integer(0, (high - low) // 100))

    def one_of(self, values: Sequence[Value]) -> Value:
        """One of them, the first where a case shrinks."""
        return self._draw(st.sampled_from(values))

    def changes(self, chance: int = CHANGED) -> bool:
        """Whether a key gets a value."""
        return self._draw(st.integers(0, 99)) >= 100 - chance

    def set(self, key: str, value: object) -> None:
        """Gives a key its value, unless it is one that stays."""
        if any(key == kept or key.startswith(f"{kept}.") for kept in self._kept):
            return
        self.settings.append(f"{key}={'null' if value is None else value}")

    def maybe(self, key: str, value: Callable[[], object]) -> None:
        """Gives a key a value, or leaves it as it is."""
        if self.changes():
            self.set(key, value())

    def fraction(self, bits: int) -> float:
        """A multiple of 2^-bits in 0..1, neither of the two."""
        return self.integer(1, (1 << bits) - 1) / (1 << bits) if bits > 1 else 0.5

    def chip(self) -> ChipSpec:
        """The chip with the settings so far, whose gain may still be wrong.

        Raises:
            SpecError: it is not legal.
        """
        return load_chipspec(self._name, self.settings, derived=False)


def _shape(drawing: _Drawing) -> None:
    """Rows, columns, lanes: lanes that divide the rows and such as do not, more lanes than rows."""
    large = drawing.changes(10)
    rows = drawing.integer(1, 40 if large else 12)
    drawing.set("array.rows", rows)
    drawing.set("array.cols", drawing.integer(1, 20 if large else 7))
    drawing.set("controller.lanes", drawing.integer(1, rows + 4))
    if drawing.base.controller.lane_stages == 3:  # four need two ports
        drawing.maybe("controller.memory_ports", lambda: 1)


def _timing(drawing: _Drawing, read: bool) -> None:
    """Durations in clock cycles, from the shortest on."""
    clock = drawing.base.timing.clock_ns
    drawing.maybe("timing.pulse_ns", lambda: drawing.integer(1, 4) * clock)
    drawing.maybe("timing.polarity_phases", lambda: 2)
    if read:
        drawing.maybe("timing.mvm_ns", lambda: drawing.integer(1, 20) * clock)
        if drawing.changes():
            drawing.set("timing.conversion_ns", drawing.integer(1, 6) * clock)
            drawing.maybe("converter.read_adc.lines_per_adc", lambda: drawing.integer(1, 3))


def _hidden(drawing: _Drawing) -> None:
    """Format of H or chi, and most pulses per write."""
    hidden = given(drawing.base.hidden)
    bits, frac = hidden.bits, hidden.frac_bits
    if drawing.changes():
        bits = drawing.one_of([8, 4, 5, 12, 16, 20, 31, 32])
        frac = min(30, drawing.integer(1, bits - 2))
        drawing.set("hidden.bits", bits)
        drawing.set("hidden.frac_bits", frac)
    most = min(15, ((1 << (bits - 1)) - 1) >> frac)
    drawing.maybe("hidden.max_steps", lambda: drawing.one_of(sorted({1, min(2, most), min(3, most), most})))
    drawing.maybe("hidden.rounding", lambda: drawing.one_of(ROUNDINGS))


def _chopper(drawing: _Drawing, modes: Sequence[str]) -> str:
    """When choppers flip; returns the mode."""
    if not drawing.changes(80):
        return drawing.base.transfer.chopper.mode
    mode = drawing.one_of(modes)
    period: int | None = None
    probability: float | None = None
    if mode == "regular":
        period = drawing.one_of([1, 2, 3, 4, 7, 16, LONGEST])
    elif mode == "random":
        probability = drawing.fraction(drawing.one_of([1, 2, 4, 16]))
    texts = {"mode": mode, "period": period, "probability": probability}
    inside = ", ".join(f"{key}: {'null' if value is None else value}" for key, value in texts.items())
    drawing.set("algorithm.chop", "{" + inside + "}")
    return mode


def _codes(drawing: _Drawing, reference: bool) -> None:
    """Bits of the codes, of P, P^ref and beta."""
    bits = given(drawing.base.converter.read_adc).bits
    changed = drawing.changes()
    if changed:
        bits = drawing.one_of(CODE_BITS)
        drawing.set("converter.read_adc.bits", bits)
    if not reference:
        return
    beta_bits = given(drawing.base.reference).beta_bits
    if drawing.changes():
        beta_bits = drawing.one_of([8, 1, 2, 5, 16])
        drawing.set("reference.beta_bits", beta_bits)
    kept = True
    if drawing.changes(60):
        kept = drawing.changes(75)
        drawing.set("algorithm.beta", drawing.fraction(beta_bits) if kept else 1)
    if changed or not kept or drawing.changes():
        drawing.set("reference.p_bits", bits + (drawing.one_of([4, 0, 1, 9, 16]) if kept else 0))
    drawing.maybe("reference.rounding", lambda: drawing.one_of(ROUNDINGS))


def _gain_exponent(drawing: _Drawing, bits: int, full_scale: float, rate_bits: int) -> int:
    """Of a gain whose shift is legal: full-scale codes move H by its whole range, or by less down to rounding.

    Args:
        drawing: the drawing.
        bits: of an entry of H or chi.
        full_scale: largest code, or product of codes, in the unit of the gain.
        rate_bits: bits of the mantissa.
    """
    highest = bits - 1 - math.ceil(math.log2(full_scale))
    lowest = rate_bits - 1 - LR_SHIFT_MAX
    highest = max(lowest, min(highest, rate_bits - 1))
    if drawing.changes(8):
        return lowest
    return max(lowest, highest - drawing.integer(0, SOFTEST))


def _rate_bits(drawing: _Drawing, least: int) -> int:
    """Bits of the gain's mantissa, at least so many."""
    bits = given(drawing.base.hidden).rate_bits
    if drawing.changes() or bits < least:
        bits = drawing.one_of([least, 16, drawing.integer(least, 16)])
        drawing.set("hidden.rate_bits", bits)
    return bits


def _number(value: float) -> str:
    """A number as it can stand in YAML, short."""
    return f"{value:.6g}" if "e" not in f"{value:.6g}" else f"{value:.5e}"


def _transfer_chip(drawing: _Drawing, algorithm: str) -> None:
    """A chip of xc_controller."""
    _shape(drawing)
    drawing.maybe("algorithm.transfer_every", lambda: drawing.integer(1, 40 if drawing.changes(5) else 8))
    mode = "off"
    if algorithm != "ttv2":
        mode = _chopper(drawing, ("regular", "random", "off"))
    drawing.maybe("algorithm.column_order", lambda: "random")
    _codes(drawing, algorithm == "agad")
    _hidden(drawing)
    if drawing.changes():
        drawing.set("hidden.reset", "decay")
        drawing.maybe("hidden.momentum_shift", lambda: drawing.integer(1, 15))
    least = 1
    if mode != "off" and drawing.changes():
        correction = drawing.one_of([2, 3, 4, 7, 16, 255])
        drawing.set("algorithm.read_correction", correction)
        least = MANTISSA_MIN_BITS + correction.bit_length() + 1
    rate_bits = _rate_bits(drawing, least)
    drawing.maybe("algorithm.warmup_sweeps", lambda: drawing.one_of([1, 2, 3, LONGEST]))
    drawing.maybe("driver.max_pulses", lambda: drawing.one_of([1, 2, 5, 31, 62]))
    drawing.maybe("controller.lfsr_seed", lambda: drawing.integer(1, 0x7FFFFFFF))
    drawing.maybe("controller.column_seed", lambda: drawing.integer(1, 0x7FFFFFFF))
    _timing(drawing, True)
    # Always: the gain of the base may lie out of range for these formats
    chip = drawing.chip()
    bits = given(chip.hidden).bits
    exponent = _gain_exponent(drawing, bits, 2.0 ** (given(chip.converter.read_adc).bits - 1 + p_frac(chip)), rate_bits)
    gain = (1 + drawing.integer(0, 15) / 16) * 2.0**exponent
    wanted = gain / (read_lsb(chip) * 2.0 ** (given(chip.hidden).frac_bits - p_frac(chip)))
    gamma0 = chip.transfer.gamma0 * lambda_h(chip) / wanted
    if gamma0 > LARGEST_GAMMA0:
        gamma0 *= SLOW_RATE / chip.transfer.learning_rate
        drawing.set("algorithm.learning_rate", SLOW_RATE)
    drawing.set("algorithm.gamma0", _number(gamma0))
    if chip.controller.memory_ports == 2:
        drawing.maybe("controller.lane_stages", lambda: 4)


def _mixed_chip(drawing: _Drawing) -> None:
    """A chip of xc_mixed_precision."""
    _shape(drawing)
    drawing.set("algorithm.batch", drawing.one_of([1, 2, 3, 5]) if drawing.changes(95) else LONGEST)
    bits = mixed_section(drawing.base).operand_bits
    if drawing.changes():
        bits = drawing.one_of(CODE_BITS)
        drawing.set("algorithm.operand_bits", bits)
    _hidden(drawing)
    rate_bits = _rate_bits(drawing, 1)
    _timing(drawing, False)
    for side in ("x", "d"):  # the rate that a gain needs stays in its range
        drawing.set(f"algorithm.{side}_full_scale", 1000)
    chip = drawing.chip()
    exponent = _gain_exponent(drawing, given(chip.hidden).bits, 2.0 ** (2 * bits - 2), rate_bits)
    gain = (1 + drawing.integer(0, 15) / 16) * 2.0**exponent
    x_lsb, d_lsb = operand_lsbs(chip)
    rate = gain * chip.device.w.delta / (x_lsb * d_lsb * 2.0 ** given(chip.hidden).frac_bits)
    drawing.set("algorithm.learning_rate", _number(rate))


def _sgd_chip(drawing: _Drawing) -> None:
    """A chip of xc_in_memory_sgd: nothing but trains and their time."""
    drawing.set("array.rows", drawing.integer(1, 12))
    drawing.set("array.cols", drawing.integer(1, 7))
    drawing.maybe("driver.max_pulses", lambda: drawing.integer(1, 62))
    _timing(drawing, False)
    clock = drawing.one_of([None, 0.5, 0.011, 333])
    if clock is not None:
        drawing.set("timing.clock_ns", clock)


def _only(drawing: _Drawing, base: ChipSpec) -> str:
    """One segment, or a part as a whole; most of the time the latter, which a case shrinks away from."""
    scenarios = kind_of(base).scenarios
    chip = [f"chip: {scenario.name}" for scenario in scenarios.CHIP_SCENARIOS]
    narrow = [f"narrow: {scenario.name}" for scenario in scenarios.NARROW_SCENARIOS]
    return drawing.one_of([*chip, *narrow, *["chip", "narrow"] * (2 * len(chip + narrow))])


def cases(base: str, transfers: int, kept: Sequence[str] = ()) -> SearchStrategy[Case]:
    """Legal chips with their stimulus.

    Args:
        base: the chip that settings are laid over, a shipped one or a file; all have its algorithm.
        transfers: most transfers that a case compares.
        kept: keys, or sections, that stay as they are.
    """
    algorithm = base_chip(base).algorithm.name

    @st.composite
    def _cases(draw: DrawFn) -> Case:
        drawing = _Drawing(draw, base, kept)
        only = _only(drawing, drawing.base)
        count = max(1, transfers * drawing.one_of([1, 2, 4, *[8] * 17]) // 8)
        seed = drawing.integer(0, 9999)
        try:
            if algorithm == "in_memory_sgd":
                _sgd_chip(drawing)
            elif algorithm == "mixed_precision":
                _mixed_chip(drawing)
            else:
                _transfer_chip(drawing, algorithm)
            case = Case(base, tuple(drawing.settings), seed, count, only)
            case.spec()
        except SpecError:
            assume(False)
        return case

    return _cases()
