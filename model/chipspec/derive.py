"""Quantities derived from a chipspec, each in one place: widths, integer gains, RTL parameters, cycles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from crosschop.model.chipspec.algorithms import Agad, InMemorySgd, MixedPrecision
from crosschop.model.chipspec.gain import ROUNDING_CODES, DeriveError, RateGain, integer_gain
from crosschop.model.chipspec.mixed_precision import (
    chi_rate_gain,
    mixed_rtl_configuration,
    mixed_rtl_parameters,
    x_beats,
)
from crosschop.model.chipspec.schema import ChipSpec, ControllerKind
from crosschop.model.chipspec.section import given

ORDER_CODES = {"sequential": 0, "random": 1}
CHOP_CODES = {"off": 0, "regular": 1, "random": 2}
LFSR_COMPARE_BITS = 16
MANTISSA_MIN = 8  # 4 bits: an error of the corrected gain of 6 % at most
COUNT_BITS = 16  # of a regular chop period

CONTROLLER_MODULES: dict[ControllerKind, str] = {
    "transfer": "xc_controller",
    "in_memory_sgd": "xc_in_memory_sgd",
    "mixed_precision": "xc_mixed_precision",
}


def controller_kind(spec: ChipSpec) -> ControllerKind:
    """What kind of controller the algorithm needs: engines, cycle model and RTL go by it."""
    return spec.kind


def controller_module(spec: ChipSpec) -> str:
    """The RTL module that controls this chip."""
    return CONTROLLER_MODULES[controller_kind(spec)]


def read_lsb(spec: ChipSpec) -> float:
    """Weight units per LSB of the transfer read: full scale is the largest code."""
    converter = given(spec.converter.read_adc)
    return converter.full_scale / ((1 << (converter.bits - 1)) - 1)


def lambda_h(spec: ChipSpec) -> float:
    """Gain of a read of A into H, in pulses per weight unit.

    Eq 14 without the factor lambda_A, as in the paper's results, with the granularity of A:
    lambda * n_s * n / (gamma_0 * delta_A), n = number of columns.
    """
    algorithm = spec.transfer
    return (
        algorithm.learning_rate
        * algorithm.transfer_every
        * spec.array.cols
        / (algorithm.gamma0 * spec.gradient_device.delta)
    )


def has_reference(spec: ChipSpec) -> bool:
    """Whether the controller keeps P^ref: AGAD alone."""
    return isinstance(spec.algorithm, Agad)


def keeps_p(spec: ChipSpec) -> bool:
    """Whether the controller stores P: with beta = 1 it is the last code."""
    return isinstance(spec.algorithm, Agad) and spec.algorithm.beta != 1


def p_bits(spec: ChipSpec) -> int:
    """Bits of P and P^ref, or of what is read where there are none."""
    return given(spec.converter.read_adc).bits if spec.reference is None else spec.reference.p_bits


def p_frac(spec: ChipSpec) -> int:
    """Fraction bits of P and P^ref below one ADC LSB."""
    return p_bits(spec) - given(spec.converter.read_adc).bits


def rate_gain(spec: ChipSpec) -> RateGain:
    """What a read, or a product of operands, adds to H or chi: the largest mantissa of `hidden.rate_bits` bits.

    Raises:
        DeriveError: the gain needs a shift outside 0..48 or rounds to zero.
    """
    if isinstance(spec.algorithm, MixedPrecision):
        return chi_rate_gain(spec)
    hidden = given(spec.hidden)
    gain = lambda_h(spec) * read_lsb(spec) * 2.0 ** (hidden.frac_bits - p_frac(spec))
    return integer_gain(
        gain,
        hidden.rate_bits,
        "H",
        "H LSB per P LSB (algorithm.learning_rate, algorithm.gamma0, converter.read_adc, hidden.frac_bits)",
    )


def beta_mantissa(spec: ChipSpec) -> int:
    """Beta in units of 2^-beta_bits.

    Raises:
        DeriveError: beta rounds to zero.
    """
    if not isinstance(spec.algorithm, Agad):
        raise TypeError(f"{spec.algorithm.name} has no beta")
    bits = given(spec.reference).beta_bits
    mantissa = round(spec.algorithm.beta * (1 << bits))
    if mantissa == 0:
        raise DeriveError(f"algorithm.beta = {spec.algorithm.beta} rounds to 0 at reference.beta_bits = {bits}")
    return mantissa


def corrected_mantissa(spec: ChipSpec) -> int:
    """The gain's mantissa at the largest index of the read correction.

    Raises:
        DeriveError: it has fewer than 4 bits left.
    """
    largest = spec.transfer.read_correction or 1
    mantissa = rate_gain(spec).mantissa // largest
    if largest > 1 and mantissa < MANTISSA_MIN:
        raise DeriveError(
            f"algorithm.read_correction = {largest} leaves {mantissa} of the gain's mantissa of "
            f"hidden.rate_bits = {given(spec.hidden).rate_bits} bits, needed: {MANTISSA_MIN} or more"
        )
    return mantissa


def range_checks(spec: ChipSpec) -> tuple[Callable[[ChipSpec], object], ...]:
    """The derivations that may fail for a chip that obeys the schema."""
    if spec.hidden is None:
        return ()
    checks: list[Callable[[ChipSpec], object]] = [rate_gain]
    if spec.device.a is not None and spec.transfer.read_correction is not None:
        checks.append(corrected_mantissa)
    if has_reference(spec):
        checks.append(beta_mantissa)
    return tuple(checks)


def chop_setting(spec: ChipSpec) -> int:
    """The value of the controller's cfg_chop: period (regular), threshold of 16 bits (random), 0 (off)."""
    chop = spec.transfer.chopper
    if chop.period is not None:
        return chop.period
    if chop.probability is not None:
        return max(1, round(chop.probability * (1 << LFSR_COMPARE_BITS)))
    return 0


def beats(spec: ChipSpec) -> int:
    """Beats of the lanes for one column: ceil(rows / lanes)."""
    return -(-spec.array.rows // spec.lanes)


def column_cycles(spec: ChipSpec) -> int:
    """Cycles from the first to the last beat of a column."""
    return (beats(spec) - 1) * spec.beat_interval + 1


def samples_per_transfer(spec: ChipSpec) -> int:
    """Samples of a transfer, the unit in which runs are counted and compared; in in-memory SGD that is an update.

    Raises:
        TypeError: mixed precision has several transfers per sample.
    """
    return 1 if isinstance(spec.algorithm, InMemorySgd) else spec.transfer.transfer_every


def transfers_in(spec: ChipSpec, samples: int) -> int:
    """Whole transfers in so many samples; in mixed precision each column of a sample is one."""
    if isinstance(spec.algorithm, MixedPrecision):
        return samples * spec.array.cols
    return samples // samples_per_transfer(spec)


def transfers_together(spec: ChipSpec) -> int:
    """Transfers that runs and verifications only have as a whole: in mixed precision the columns of a sample."""
    return spec.array.cols if isinstance(spec.algorithm, MixedPrecision) else 1


def transfer_unit(spec: ChipSpec) -> str:
    """What the unit is called that runs count as a transfer: where there is no A, nothing is transferred."""
    units: dict[ControllerKind, str] = {"in_memory_sgd": "update", "mixed_precision": "column"}
    return units.get(controller_kind(spec), "transfer")


def samples_in(spec: ChipSpec, transfers: int) -> int:
    """Samples of so many transfers, in mixed precision whole ones."""
    if isinstance(spec.algorithm, MixedPrecision):
        return transfers // spec.array.cols
    return transfers * samples_per_transfer(spec)


def step_bits(spec: ChipSpec) -> int:
    """Bits of a signed number of pulses, -max_steps..max_steps."""
    return given(spec.hidden).max_steps.bit_length() + 1


@dataclass(frozen=True)
class MemoryBits:
    """Bits of the controller's memories."""

    h: int
    p: int
    pref: int
    count: int
    operands: int

    @property
    def total(self) -> int:
        """All memories together."""
        return self.h + self.p + self.pref + self.count + self.operands


def count_bits(spec: ChipSpec) -> int:
    """Bits of a column's count of reads within its chop period; 0 where one counter serves all columns, or none."""
    algorithm = spec.transfer
    mode = algorithm.chopper.mode
    if algorithm.column_order == "sequential" and mode != "random":
        return 0  # the columns are in step
    if mode == "regular":
        return COUNT_BITS
    return ((algorithm.read_correction or 1) - 1).bit_length()


def operand_bits(spec: ChipSpec) -> int:
    """Bits of the store of x and d of a sample in mixed precision."""
    if not isinstance(spec.algorithm, MixedPrecision):
        return 0
    return (beats(spec) + x_beats(spec)) * spec.lanes * spec.algorithm.operand_bits


def memory_bits(spec: ChipSpec) -> MemoryBits:
    """Bits of the memories as built: words of `lanes` entries, so with the padding of the last beat of a column."""
    entries = 0 if spec.hidden is None else spec.array.cols * beats(spec) * spec.lanes
    return MemoryBits(
        h=0 if spec.hidden is None else entries * spec.hidden.bits,
        p=entries * p_bits(spec) if keeps_p(spec) else 0,
        pref=entries * p_bits(spec) if has_reference(spec) else 0,
        count=0 if spec.device.a is None else spec.array.cols * count_bits(spec),
        operands=operand_bits(spec),
    )


@dataclass(frozen=True)
class Cycles:
    """Clock cycles of the analog operations; `conversion` is that of a column read, all lines of an ADC in turn."""

    pulse: int
    read: int
    conversion: int
    write: int


def cycles(spec: ChipSpec) -> Cycles:
    """Clock cycles of the analog operations of this chip."""

    def whole(nanoseconds: float) -> int:
        return math.ceil(round(nanoseconds / spec.timing.clock_ns, 9))

    pulse = max(1, whole(spec.timing.pulse_ns)) * spec.timing.polarity_phases
    read_adc = spec.converter.read_adc
    lines = 1 if read_adc is None else read_adc.lines_per_adc
    return Cycles(
        pulse=pulse,
        read=max(1, whole(spec.timing.mvm_ns)),
        conversion=whole(lines * spec.timing.conversion_ns),
        write=0 if spec.hidden is None else spec.hidden.max_steps * pulse,
    )


def rtl_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters of the chip's controller module (meaning: rtl/README.md)."""
    if isinstance(spec.algorithm, InMemorySgd):
        return {"TRACE_EN": int(spec.controller.trace)}
    if isinstance(spec.algorithm, MixedPrecision):
        return mixed_rtl_parameters(spec)
    algorithm, hidden, reference = spec.transfer, given(spec.hidden), spec.reference
    return {
        "ROWS": spec.array.rows,
        "COLS": spec.array.cols,
        "LANES": spec.lanes,
        "ADC_W": given(spec.converter.read_adc).bits,
        "REF_EN": int(has_reference(spec)),
        "P_FRAC": p_frac(spec),
        "P_EN": int(keeps_p(spec)),
        "BETA_W": 1 if reference is None else reference.beta_bits,
        "BETA": 0 if reference is None else beta_mantissa(spec),
        "H_W": hidden.bits,
        "H_FRAC": hidden.frac_bits,
        "LR_W": hidden.rate_bits,
        "LR_SHIFT": rate_gain(spec).shift,
        "CORRECTION": algorithm.read_correction or 0,
        "MAX_STEPS": hidden.max_steps,
        "H_DECAY": int(hidden.reset == "decay"),
        "H_MOMENTUM_SHIFT": hidden.momentum_shift or 0,
        "H_ROUND": ROUNDING_CODES[hidden.rounding],
        "P_ROUND": 0 if reference is None else ROUNDING_CODES[reference.rounding],
        "CHOP_MODE": CHOP_CODES[algorithm.chopper.mode],
        "LFSR_SEED": spec.controller.lfsr_seed,
        "COL_RANDOM": ORDER_CODES[algorithm.column_order],
        "COL_SEED": spec.controller.column_seed,
        "MEM_PORTS": spec.controller.memory_ports,
        "LANE_STAGES": spec.controller.lane_stages,
        "TRACE_EN": int(spec.controller.trace),
    }


def rtl_configuration(spec: ChipSpec) -> dict[str, int]:
    """Static cfg_* inputs of the chip's controller."""
    if isinstance(spec.algorithm, InMemorySgd):
        return {}
    if isinstance(spec.algorithm, MixedPrecision):
        return mixed_rtl_configuration(spec)
    return {
        "cfg_transfer_every": spec.transfer.transfer_every,
        "cfg_lr_h": rate_gain(spec).mantissa,
        "cfg_chop": chop_setting(spec),
        "cfg_warmup": spec.transfer.warmup_sweeps,
    }
