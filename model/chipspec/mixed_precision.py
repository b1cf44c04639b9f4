"""Quantities derived from the chipspec of a mixed-precision chip."""

from __future__ import annotations

from crosschop.model.chipspec.algorithms import MixedPrecision
from crosschop.model.chipspec.gain import ROUNDING_CODES, RateGain, integer_gain
from crosschop.model.chipspec.schema import ChipSpec, Converter
from crosschop.model.chipspec.section import given


def mixed_section(spec: ChipSpec) -> MixedPrecision:
    """The algorithm of a mixed-precision chip.

    Raises:
        TypeError: it is another one.
    """
    if not isinstance(spec.algorithm, MixedPrecision):
        raise TypeError(f"{spec.algorithm.name} has no operands")
    return spec.algorithm


def operand_converters(spec: ChipSpec) -> tuple[Converter, Converter]:
    """How x and d become codes: symmetric ranges without noise."""
    section = mixed_section(spec)
    return (
        Converter(bits=section.operand_bits, full_scale=section.x_full_scale),
        Converter(bits=section.operand_bits, full_scale=section.d_full_scale),
    )


def operand_lsbs(spec: ChipSpec) -> tuple[float, float]:
    """Units of x and of d per LSB of their codes."""
    section = mixed_section(spec)
    largest = (1 << (section.operand_bits - 1)) - 1
    return section.x_full_scale / largest, section.d_full_scale / largest


def chi_gain(spec: ChipSpec) -> float:
    """Pulses per unit of d x^T: lambda / delta_W."""
    return mixed_section(spec).learning_rate / spec.device.w.delta


def chi_rate_gain(spec: ChipSpec) -> RateGain:
    """The gain as the controller multiplies it, in chi LSBs per product of two code LSBs.

    Raises:
        DeriveError: it does not fit.
    """
    hidden = given(spec.hidden)
    x_lsb, d_lsb = operand_lsbs(spec)
    return integer_gain(
        chi_gain(spec) * x_lsb * d_lsb * 2.0**hidden.frac_bits,
        hidden.rate_bits,
        "chi",
        "chi LSB per product of codes (algorithm.learning_rate, algorithm.x_full_scale, algorithm.d_full_scale, "
        "algorithm.operand_bits, hidden.frac_bits)",
    )


def mixed_rtl_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters of xc_mixed_precision."""
    hidden = given(spec.hidden)
    return {
        "ROWS": spec.array.rows,
        "COLS": spec.array.cols,
        "LANES": spec.lanes,
        "OP_W": mixed_section(spec).operand_bits,
        "CHI_W": hidden.bits,
        "CHI_FRAC": hidden.frac_bits,
        "LR_W": hidden.rate_bits,
        "LR_SHIFT": chi_rate_gain(spec).shift,
        "MAX_STEPS": hidden.max_steps,
        "CHI_ROUND": ROUNDING_CODES[hidden.rounding],
        "MEM_PORTS": spec.controller.memory_ports,
        "TRACE_EN": int(spec.controller.trace),
    }


def mixed_rtl_configuration(spec: ChipSpec) -> dict[str, int]:
    """Static cfg_* inputs of xc_mixed_precision."""
    return {"cfg_batch": mixed_section(spec).batch, "cfg_lr": chi_rate_gain(spec).mantissa}


def x_beats(spec: ChipSpec) -> int:
    """Beats of the codes of x: ceil(cols / lanes)."""
    return -(-spec.array.cols // spec.lanes)
