"""What a coverage measurement says, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosschop.cosim.coverage.code import KINDS, Hole
from crosschop.cosim.coverage.exclusions import Exclusions
from crosschop.cosim.coverage.measure import Coverage
from crosschop.cosim.coverage.plan import Plan
from crosschop.model.page import render_page

PAGE_FILE, DATA_FILE = "coverage.html", "coverage.json"
# Bits that never turn, on a page: more are in the JSON file.
TOGGLES_SHOWN = 12


def features_of(plan: Plan, coverage: Coverage) -> list[dict[str, Any]]:
    """The plan with what was met: features with their points, those that a measured chip has."""
    found = []
    for feature in plan.features:
        points: list[dict[str, Any]] = []
        for point in feature.points:
            hits = coverage.points.get(f"{feature.name}.{point.name}")
            if hits:
                points.append({"name": point.name, "measures": point.measures, "bins": hits})
        if points:
            met = [count > 0 for point in points for count in point["bins"].values()]
            found.append({
                "name": feature.name, "says": feature.says, "tests": feature.tests, "points": points,
                "met": sum(met), "total": len(met),
            })  # fmt: skip
    return found


def _toggles(holes: Sequence[Hole]) -> dict[str, Any]:
    bits = [hole for hole in holes if hole.kind == "toggle"]
    return {"shown": bits[:TOGGLES_SHOWN], "more": max(0, len(bits) - TOGGLES_SHOWN)}


def write_report(
    coverage: Coverage, plan: Plan, exclusions: Exclusions, title: str, chips: Sequence[str], directory: Path
) -> list[Path]:
    """Writes the page and its data.

    Args:
        coverage: what was found.
        plan: it was measured against.
        exclusions: that were made.
        title: of the page.
        chips: what was verified, a line each.
        directory: where the files go.
    """
    excluded = [
        {"file": file, "line": line, "branch": entry.branch, "reason": entry.reason}
        for file, line, entry in exclusions.each()
    ]
    data = {**coverage.as_data(), "chips": list(chips), "exclusions": excluded}
    (directory / DATA_FILE).write_text(json.dumps(data, indent=1) + "\n")
    text = render_page(
        "cover.html.j2",
        title=title,
        coverage=coverage,
        chips=chips,
        features=features_of(plan, coverage),
        modules=[
            {
                "module": module,
                "holes": [hole for hole in module.holes if hole.kind != "toggle"],
                "toggles": _toggles(module.holes),
            }
            for module in coverage.modules
        ],
        exclusions=excluded,
        kinds=KINDS,
    )
    (directory / PAGE_FILE).write_text(text)
    return [directory / PAGE_FILE, directory / DATA_FILE]
