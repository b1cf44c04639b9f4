"""Chipspecs: one YAML file describes one chip, everything else derives from it."""

from __future__ import annotations

from crosschop.model.chipspec.derive import (
    CONTROLLER_MODULES,
    ControllerKind,
    Cycles,
    MemoryBits,
    beats,
    beta_mantissa,
    chop_setting,
    controller_kind,
    controller_module,
    cycles,
    has_reference,
    keeps_p,
    lambda_h,
    memory_bits,
    p_bits,
    p_frac,
    rate_gain,
    read_lsb,
    rtl_configuration,
    rtl_parameters,
    samples_per_transfer,
    step_bits,
    transfers_in,
)
from crosschop.model.chipspec.gain import DeriveError, RateGain
from crosschop.model.chipspec.loader import SpecError, find_chipspec, load_chipspec, shipped_chipspecs
from crosschop.model.chipspec.mixed_precision import chi_gain, mixed_section, operand_converters, operand_lsbs, x_beats
from crosschop.model.chipspec.schema import ChipSpec
from crosschop.model.chipspec.section import given

__all__ = [
    "CONTROLLER_MODULES",
    "ChipSpec",
    "ControllerKind",
    "Cycles",
    "DeriveError",
    "MemoryBits",
    "RateGain",
    "SpecError",
    "beats",
    "beta_mantissa",
    "chi_gain",
    "chop_setting",
    "controller_kind",
    "controller_module",
    "cycles",
    "find_chipspec",
    "given",
    "has_reference",
    "keeps_p",
    "lambda_h",
    "load_chipspec",
    "memory_bits",
    "mixed_section",
    "operand_converters",
    "operand_lsbs",
    "p_bits",
    "p_frac",
    "rate_gain",
    "read_lsb",
    "rtl_configuration",
    "rtl_parameters",
    "samples_per_transfer",
    "shipped_chipspecs",
    "step_bits",
    "transfers_in",
    "x_beats",
]
