"""Chipspecs: one YAML file describes one chip, everything else derives from it."""

from __future__ import annotations

from crosschop.model.chipspec.derive import (
    Cycles,
    DeriveError,
    MemoryBits,
    RateGain,
    beats,
    beta_mantissa,
    chop_setting,
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
    step_bits,
    transfers_in,
)
from crosschop.model.chipspec.loader import SpecError, find_chipspec, load_chipspec, shipped_chipspecs
from crosschop.model.chipspec.schema import ChipSpec
from crosschop.model.chipspec.section import given

__all__ = [
    "ChipSpec",
    "Cycles",
    "DeriveError",
    "MemoryBits",
    "RateGain",
    "SpecError",
    "beats",
    "beta_mantissa",
    "chop_setting",
    "controller_module",
    "cycles",
    "find_chipspec",
    "given",
    "has_reference",
    "keeps_p",
    "lambda_h",
    "load_chipspec",
    "memory_bits",
    "p_bits",
    "p_frac",
    "rate_gain",
    "read_lsb",
    "rtl_configuration",
    "rtl_parameters",
    "shipped_chipspecs",
    "step_bits",
    "transfers_in",
]
