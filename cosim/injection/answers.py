"""Everything a campaign found on one chip, for the terminal, the page and JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crosschop.cosim.injection.detection import Detection, as_expected, struck_variant
from crosschop.cosim.injection.request import Request
from crosschop.model.chipspec import ChipSpec
from crosschop.model.faults.fields import Field
from crosschop.model.resilience.analog import AnalogFault
from crosschop.model.resilience.campaign import Effect, Spread, spread_of
from crosschop.model.resilience.parity import RULE, Verdict, deserves


@dataclass(frozen=True)
class AnalogEffect:
    """What an analog fault does.

    Attributes:
        fault: the fault.
        error: weight error with it, over the seeds of places and training.
        increase: over the run without, seed by seed.
    """

    fault: AnalogFault
    error: Spread
    increase: Spread


@dataclass(frozen=True)
class ChipAnswer:
    """What a campaign found on one chip.

    Attributes:
        request: chip and faults.
        samples: of each run; None where nothing was trained.
        baseline: weight error without faults.
        detection: what the scoreboard saw, by field; empty where no RTL was struck.
        bits: effects by field and bit.
        rates: effects by field and rate.
        verdicts: the parity rule by field.
        analog: effects of analog faults.
    """

    request: Request
    samples: int | None
    baseline: Spread
    detection: tuple[Detection, ...]
    bits: tuple[Effect, ...]
    rates: tuple[Effect, ...]
    verdicts: tuple[Verdict, ...]
    analog: tuple[AnalogEffect, ...]

    @property
    def spec(self) -> ChipSpec:
        """The chip."""
        return self.request.spec

    @property
    def missed(self) -> int:
        """Upsets in the RTL that the scoreboard ought to have seen."""
        return sum(len(found.missed) for found in self.detection)

    @property
    def parity_bits(self) -> int:
        """Of all fields."""
        return sum(verdict.parity_bits for verdict in self.verdicts)

    def as_data(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "chip": self.spec.name,
            "samples": self.samples,
            "baseline": asdict(self.baseline),
            "detection": [detection_data(self.spec, found) for found in self.detection],
            "bits": [_effect_data(effect, self.baseline.deviation) for effect in self.bits],
            "rates": [_effect_data(effect, None) for effect in self.rates],
            "parity": {"rule": RULE, "fields": [_verdict_data(verdict) for verdict in self.verdicts]},
            "analog": [
                {"fault": one.fault.name, "error": asdict(one.error), "increase": asdict(one.increase)}
                for one in self.analog
            ],
        }


def detection_data(spec: ChipSpec, found: Detection) -> dict[str, Any]:
    """What the scoreboard saw of a field, as JSON values."""
    latencies = found.latencies
    return {
        "field": found.field.name,
        "columns": struck_variant(spec).array.cols,
        "upsets": len(found.findings),
        "detected": len(found.detected),
        "masked": len(found.masked),
        "latent": len(found.latent),
        "missed": len(found.missed),
        "seen_in": found.seen_in,
        "latency": {"median": statistics.median(latencies), "longest": max(latencies)} if latencies else None,
        "findings": [{**asdict(one), "as_expected": as_expected(found.field, one)} for one in found.findings],
    }


def _effect_data(effect: Effect, spread: float | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "field": effect.field.name,
        "bit": effect.bit,
        "upsets_per_bit_and_sample": effect.rate,
        "upsets_per_run": effect.upsets,
        "increase": asdict(effect.increase),
        "increase_per_upset": effect.per_upset,
        "standard_error_per_upset": effect.per_upset_error,
    }
    return data if spread is None else {**data, "deserves_parity": deserves(effect, spread)}


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "field": verdict.field.name,
        "bits": list(verdict.bits),
        "worst_bit": verdict.worst_bit,
        "worst_increase": verdict.worst,
        "standard_error": verdict.worst_error,
        "words": verdict.field.words,
        "word_bits": verdict.field.word_bits,
        "parity_bits": verdict.parity_bits,
        "area_um2": verdict.area,
        "memory_area_um2": verdict.area_before,
    }


def bit_ranges(bits: Sequence[int]) -> str:
    """Bits as ranges, most significant first: 15-12, 3."""
    parts: list[str] = []
    ordered = sorted(bits, reverse=True)
    start = 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place] != ordered[place - 1] - 1:
            first, last = ordered[start], ordered[place - 1]
            parts.append(str(first) if first == last else f"{first}-{last}")
            start = place
    return ", ".join(parts)


def summary_of(answer: ChipAnswer) -> str:
    """The answer to: which storage bits deserve parity?"""
    chosen = [verdict for verdict in answer.verdicts if verdict.bits]
    stored = [verdict for verdict in chosen if verdict.field.kind != "stream"]
    if not answer.verdicts:
        return ""
    if not stored:
        return "no storage bit deserves parity"
    listed = "; ".join(f"{verdict.field.title} bits {bit_ranges(verdict.bits)}" for verdict in stored)
    return f"{listed}: {answer.parity_bits} parity bits"


def analog_effect(fault: AnalogFault, errors: Sequence[float], clean: Sequence[float]) -> AnalogEffect:
    """The effect of a fault from the errors with and without it, in the order of the seeds."""
    return AnalogEffect(
        fault, spread_of(errors), spread_of([one - other for one, other in zip(errors, clean, strict=True)])
    )


def as_json(value: Any) -> str:
    """As a file."""
    return json.dumps(value, indent=1) + "\n"


def kind_title(field: Field) -> str:
    """What an undetected upset of this field means."""
    return "by construction" if field.kind == "stream" else "masked"
