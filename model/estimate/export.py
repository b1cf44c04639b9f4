"""An estimate as data: JSON for other programs, every line with its range, unit, origin and source."""

from __future__ import annotations

from typing import Any

from crosschop.model.estimate.chip import Estimate
from crosschop.model.estimate.quantity import Line


def line_as_data(line: Line) -> dict[str, Any]:
    """A line as a JSON object."""
    return {
        "name": line.name,
        "low": line.value.low,
        "nominal": line.value.nominal,
        "high": line.value.high,
        "unit": line.unit,
        "origin": line.origin,
        "source": line.source,
    }


def as_data(estimate: Estimate) -> dict[str, Any]:
    """An estimate as a JSON object: the run, the assumptions, and the lines by part."""
    result = estimate.result
    return {
        "status": "pass",
        "chip": estimate.spec.name,
        "engine": result.engine,
        "seed": result.seed,
        "samples": result.samples,
        "transfers": result.transfers,
        "cycles_measured": result.cycles_measured,
        "assumptions": estimate.assumptions.model_dump(),
        "time": {
            account.name: {
                "ns_per_sample": account.ns,
                "cycles_per_sample": account.cycles,
                "ns_per_transfer": account.total("transfer"),
                "phases_ns": {phase: cycles * account.clock_ns for phase, cycles in account.phases.items()},
                "beside_ns": {phase: cycles * account.clock_ns for phase, cycles in account.beside.items()},
                "utilisation": account.utilisation,
                "bottleneck": account.bottleneck,
                "origin": account.origin,
            }
            for account in estimate.time.accounts
        },
        "parts": {part.title: [line_as_data(line) for line in part.lines] for part in estimate.parts},
        "remarks": {part.title: list(part.remarks) for part in estimate.parts if part.remarks},
    }
