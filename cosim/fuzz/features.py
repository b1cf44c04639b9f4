"""What a chip has, by name: which features random chips have covered, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from crosschop.model.chipspec import (
    ChipSpec,
    ControllerKind,
    beats,
    controller_kind,
    cycles,
    has_reference,
    keeps_p,
    mixed_section,
    rtl_configuration,
    rtl_parameters,
)

Feature = Callable[[ChipSpec], bool]

LONGEST = 65535


def _parameter(name: str, *values: int) -> Feature:
    return lambda spec: rtl_parameters(spec)[name] in values


def _configured(name: str, *values: int) -> Feature:
    return lambda spec: rtl_configuration(spec)[name] in values


_LANES: dict[str, Feature] = {
    "one row": _parameter("ROWS", 1),
    "one column": _parameter("COLS", 1),
    "one lane": _parameter("LANES", 1),
    "more lanes than rows": lambda spec: spec.lanes > spec.array.rows,
    "as many lanes as rows": lambda spec: spec.lanes == spec.array.rows,
    "lanes that do not divide the rows": lambda spec: spec.array.rows % spec.lanes > 0,
    "several beats per column": lambda spec: beats(spec) > 1,
    "columns not a power of two": lambda spec: bool(spec.array.cols & (spec.array.cols - 1)),
    "two memory ports": _parameter("MEM_PORTS", 2),
    "one memory port": _parameter("MEM_PORTS", 1),
    "one pulse per write": _parameter("MAX_STEPS", 1),
    "several pulses per write": _parameter("MAX_STEPS", *range(2, 15)),
    "15 pulses per write": _parameter("MAX_STEPS", 15),
    "gain mantissa of one bit": _parameter("LR_W", 1),
    "gain mantissa of 16 bits": _parameter("LR_W", 16),
    "gain shift 0": _parameter("LR_SHIFT", 0),
    "gain shift above 31": _parameter("LR_SHIFT", *range(32, 49)),
}

_TRANSFER: dict[str, Feature] = {
    **_LANES,
    **{f"lanes of {stages} cycles": _parameter("LANE_STAGES", stages) for stages in (3, 4)},
    **{f"codes of {bits} bits": _parameter("ADC_W", bits) for bits in (2, 16)},
    **{f"H of {bits} bits": _parameter("H_W", bits) for bits in (4, 32)},
    **{f"H rounded {name}": _parameter("H_ROUND", code) for code, name in enumerate(("half up", "down", "to zero"))},
    "H less the pulses sent": _parameter("H_DECAY", 0),
    "H forgotten": lambda spec: rtl_parameters(spec)["H_DECAY"] == 1 and rtl_parameters(spec)["H_MOMENTUM_SHIFT"] == 0,
    "H times a momentum": lambda spec: rtl_parameters(spec)["H_MOMENTUM_SHIFT"] > 0,
    "columns in turn": _parameter("COL_RANDOM", 0),
    "columns at random": _parameter("COL_RANDOM", 1),
    "one update per read": _configured("cfg_transfer_every", 1),
    "several updates per read": lambda spec: spec.transfer.transfer_every > 1,
    "warm-up": lambda spec: 0 < spec.transfer.warmup_sweeps < LONGEST,
    "warm-up without end": _configured("cfg_warmup", LONGEST),
    "conversion after the read": lambda spec: cycles(spec).conversion > 0,
    "read of one cycle": lambda spec: cycles(spec).read == 1,
}
_CHOPPED: dict[str, Feature] = {
    "no flips": _parameter("CHOP_MODE", 0),
    "regular flips": _parameter("CHOP_MODE", 1),
    "random flips": _parameter("CHOP_MODE", 2),
    "flips at every read": lambda spec: spec.transfer.chopper.period == 1,
    "chop period longer than the run": lambda spec: spec.transfer.chopper.period == LONGEST,
    "read correction": lambda spec: rtl_parameters(spec)["CORRECTION"] > 0,
    "read correction of columns at random": lambda spec: (
        rtl_parameters(spec)["CORRECTION"] > 0 and rtl_parameters(spec)["COL_RANDOM"] == 1
    ),
}
_REFERENCE: dict[str, Feature] = {
    **{f"P rounded {name}": _parameter("P_ROUND", code) for code, name in enumerate(("half up", "down", "to zero"))},
    "P without fraction": _parameter("P_FRAC", 0),
    "P with 16 fraction bits": _parameter("P_FRAC", 16),
    "P kept": keeps_p,
    "beta = 1, no P": lambda spec: has_reference(spec) and not keeps_p(spec),
    "beta of one bit": _parameter("BETA_W", 1),
    "beta of 16 bits": _parameter("BETA_W", 16),
}
_MIXED: dict[str, Feature] = {
    **_LANES,
    **{f"operands of {bits} bits": _parameter("OP_W", bits) for bits in (2, 16)},
    **{f"chi of {bits} bits": _parameter("CHI_W", bits) for bits in (4, 32)},
    **{
        f"chi rounded {name}": _parameter("CHI_ROUND", code) for code, name in enumerate(("half up", "down", "to zero"))
    },
    "batch of one sample": _configured("cfg_batch", 1),
    "batch of several samples": lambda spec: 1 < mixed_section(spec).batch < LONGEST,
    "batch longer than the run": _configured("cfg_batch", LONGEST),
}
_SGD: dict[str, Feature] = {
    "trains of one slot at most": lambda spec: spec.driver is not None and spec.driver.max_pulses == 1,
    "trains of 30 slots and more": lambda spec: spec.driver is not None and spec.driver.max_pulses >= 30,
    "slot of one cycle": lambda spec: cycles(spec).pulse == 1,
    "slot of several cycles": lambda spec: cycles(spec).pulse > 1,
    "polarities in turn": lambda spec: spec.timing.polarity_phases == 2,
}


def features_of(algorithm: str, kind: ControllerKind) -> Mapping[str, Feature]:
    """What chips of an algorithm may have."""
    if kind == "in_memory_sgd":
        return _SGD
    if kind == "mixed_precision":
        return _MIXED
    chopped = {} if algorithm == "ttv2" else _CHOPPED
    return {**_TRANSFER, **chopped, **(_REFERENCE if algorithm == "agad" else {})}


def count_features(chips: Iterable[ChipSpec]) -> dict[str, int]:
    """How many of the chips of one algorithm have each feature; 0 where none has."""
    counted: Counter[str] = Counter()
    for spec in chips:
        for name, has in features_of(spec.algorithm.name, controller_kind(spec)).items():
            counted[name] += has(spec)
    return dict(counted)
