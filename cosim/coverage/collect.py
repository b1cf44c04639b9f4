"""Counts what a simulation meets of the verification plan, by cocotb-coverage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from cocotb_coverage.coverage import CoverPoint, coverage_db

from crosschop.cosim.coverage.plan import load_plan
from crosschop.model.chipspec import ChipSpec

POINTS_FILE = "points.json"


class Collector:
    """The cover points of a chip.

    Args:
        spec: the chip; bins that it cannot meet are not counted.
    """

    def __init__(self, spec: ChipSpec) -> None:
        self._bins = load_plan().bins_of(spec)
        self._every = {name.split(":")[0]: frozenset(point.bins) for name, _, point in load_plan().every_bin()}
        self._samplers = {name: self._sampler(name, bins) for name, bins in self._bins.items()}

    @staticmethod
    def _sampler(name: str, bins: list[str]) -> Callable[[frozenset[str]], None]:
        def sample(met: frozenset[str]) -> None:
            """Counted by the decorator."""

        # One transfer may meet several bins of a point: its rows differ.
        point = CoverPoint(name, xf=lambda met: met, rel=lambda met, one: one in met, bins=bins, inj=False)
        return cast("Callable[[frozenset[str]], None]", point(sample))

    def sample(self, point: str, met: Iterable[str]) -> None:
        """Counts bins of a point that were met together.

        Raises:
            KeyError: the plan has no such point or bin.
        """
        found = frozenset(met)
        if not found:
            return
        if not found <= self._every[point]:
            raise KeyError(f"{point}: {', '.join(sorted(found - self._every[point]))}")
        if point in self._samplers:
            self._samplers[point](found)

    def names(self, point: str) -> frozenset[str]:
        """Bins of a point; none where the plan does not have it."""
        return self._every.get(point, frozenset())

    def hits(self) -> dict[str, dict[str, int]]:
        """How often each bin was met, by the name of its point."""
        return {name: dict(coverage_db[name].detailed_coverage) for name in self._bins}

    def save(self, directory: Path) -> None:
        """Writes points.json."""
        (directory / POINTS_FILE).write_text(json.dumps(self.hits()))


def load_points(directory: Path) -> dict[str, dict[str, int]]:
    """Reads points.json."""
    content: dict[str, dict[str, int]] = json.loads((directory / POINTS_FILE).read_text())
    return content


def merge_points(runs: Iterable[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """The sum over runs: a point has the bins of all of them."""
    total: dict[str, dict[str, int]] = {}
    for run in runs:
        for point, bins in run.items():
            counts = total.setdefault(point, {})
            for name, count in bins.items():
                counts[name] = counts.get(name, 0) + count
    return total
