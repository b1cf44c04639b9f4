"""Conditions of the plan and of exclusions: which chips can meet a bin, which cannot take a branch."""

from __future__ import annotations

from collections.abc import Callable

from crosschop.model.chipspec import ChipSpec, ControllerKind, beats, given, rtl_parameters

# Of the rounding parameters H_ROUND, P_ROUND and CHI_ROUND of rtl/README.md
HALF_UP, FLOOR, TO_ZERO = range(3)
CHOP_OFF, CHOP_REGULAR, CHOP_RANDOM = range(3)


def _parameter(name: str, *values: int) -> Callable[[ChipSpec], bool]:
    return lambda spec: rtl_parameters(spec).get(name) in values


def _rounding(value: int) -> Callable[[ChipSpec], bool]:
    return lambda spec: value in (rtl_parameters(spec).get("H_ROUND"), rtl_parameters(spec).get("CHI_ROUND"))


def _algorithm(name: str) -> Callable[[ChipSpec], bool]:
    return lambda spec: spec.algorithm.name == name


def _kind(kind: ControllerKind) -> Callable[[ChipSpec], bool]:
    return lambda spec: spec.kind == kind


def _p_store(spec: ChipSpec) -> bool:
    parameters = rtl_parameters(spec)
    return bool(parameters.get("REF_EN")) and bool(parameters.get("P_EN"))


def _beta_one(spec: ChipSpec) -> bool:
    return bool(rtl_parameters(spec).get("REF_EN")) and not _p_store(spec)


def _p_fractions(spec: ChipSpec) -> bool:
    """A product with beta can end in something else than nothing or a half: not with beta = 0.5."""
    parameters = rtl_parameters(spec)
    return _p_store(spec) and parameters["BETA"] % (1 << (parameters["BETA_W"] - 1)) != 0


def _even(spec: ChipSpec) -> bool:
    return beats(spec) * spec.lanes == spec.array.rows


def _wide(spec: ChipSpec) -> bool:
    return spec.lanes > spec.array.rows


def _momentum(spec: ChipSpec) -> int | None:
    hidden = given(spec.hidden)
    return None if hidden.reset != "decay" else hidden.momentum_shift or 0


CONDITIONS: dict[str, Callable[[ChipSpec], bool]] = {
    "ttv2": _algorithm("ttv2"),
    "c_ttv2": _algorithm("c_ttv2"),
    "agad": _algorithm("agad"),
    "off": _parameter("CHOP_MODE", CHOP_OFF),
    "regular": _parameter("CHOP_MODE", CHOP_REGULAR),
    "random": _parameter("CHOP_MODE", CHOP_RANDOM),
    "chopped": _parameter("CHOP_MODE", CHOP_REGULAR, CHOP_RANDOM),
    "in_turn": _parameter("COL_RANDOM", 0),
    "random_columns": _parameter("COL_RANDOM", 1),
    "one_port": _parameter("MEM_PORTS", 1),
    "two_ports": _parameter("MEM_PORTS", 2),
    "three_stages": _parameter("LANE_STAGES", 3),
    "four_stages": _parameter("LANE_STAGES", 4),
    "p_store": _p_store,
    "p_fractions": _p_fractions,
    "beta_one": _beta_one,
    "subtract": lambda spec: _momentum(spec) is None,
    "decay_to_zero": lambda spec: _momentum(spec) == 0,
    "decay_by_momentum": lambda spec: bool(_momentum(spec)),
    "h_half_up": _rounding(HALF_UP),
    "h_floor": _rounding(FLOOR),
    "h_to_zero": _rounding(TO_ZERO),
    "p_half_up": lambda spec: _p_store(spec) and rtl_parameters(spec)["P_ROUND"] == HALF_UP,
    "p_floor": lambda spec: _p_store(spec) and rtl_parameters(spec)["P_ROUND"] == FLOOR,
    "p_to_zero": lambda spec: _p_store(spec) and rtl_parameters(spec)["P_ROUND"] == TO_ZERO,
    "corrected": lambda spec: rtl_parameters(spec).get("CORRECTION", 0) > 0,
    "uncorrected": _parameter("CORRECTION", 0),
    "one_step": _parameter("MAX_STEPS", 1),
    "several_steps": lambda spec: rtl_parameters(spec).get("MAX_STEPS", 1) > 1,
    "even_beats": _even,
    "uneven_beats": lambda spec: not _even(spec) and not _wide(spec),
    "wide": _wide,
    "one_beat": lambda spec: spec.kind != "in_memory_sgd" and beats(spec) == 1,
    "in_memory_sgd": _kind("in_memory_sgd"),
    "mixed_precision": _kind("mixed_precision"),
    "several_samples": lambda spec: spec.transfer.transfer_every > 1,
    "three_columns": lambda spec: spec.array.cols > 2,
}
