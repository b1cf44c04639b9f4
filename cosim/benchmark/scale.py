"""How time and memory grow with the arrays and with the samples: `crosschop bench --scale`.

Arrays of N x N have N^2 elements: nothing may grow faster with N, and memory not at all with the samples. Where arrays
no longer fit into the processor's caches, an element takes longer, too: copies of the same arrays show how much.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from crosschop.cosim.benchmark.scale_child import SMALLEST, Cost
from crosschop.cosim.benchmark.tasks import SIZES, Asked
from crosschop.model.errors import ToolError
from crosschop.model.programs import run_program
from crosschop.model.user_files import MIB

SCALE_SIZES = (*SIZES, 1024, 2048, 4096)
SCALE_SAMPLES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES, QUICK_SAMPLES = SCALE_SIZES[:3], SCALE_SAMPLES[:2]
# In the order in which they are measured: the native engine uses the library that was built.
WHATS = {
    "memory": "copies of the arrays",
    "golden": "golden engine",
    "build": "native engine: its library",
    "native": "native engine",
    "estimate": "estimate",
}
ENGINES = ("golden", "native")
# What is timed per sample.
PER_SAMPLE = ("memory", *ENGINES)
# Largest exponent of N that arrays account for, and the spread of a fit. The largest sizes alone are fitted: smaller
# arrays fit into a cache.
MOST, SPREAD = 2.0, 0.2
FITTED = 4
# Memory that a sample may take, bytes: what is plotted of one element at every read of its column.
BYTES_PER_SAMPLE = 16.0
# Memory beyond that of the smallest arrays that stands out, MiB.
LEAST = 10.0
LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Measured(Asked):
    """One measurement.

    Attributes:
        what: one of WHATS.
        algorithm, size: the chip.
        samples: of the run; 0: none.
        run: names the run of the benchmark.
    """

    what: str
    algorithm: str
    size: int
    samples: int
    run: str


def samples_at(size: int) -> int:
    """Samples that take about a second, and enough of them for updates to wait and be worked out several times."""
    return max(400, min(200_000, 400_000_000 // size**2))


def measurements(algorithm: str, run: str, *, quick: bool) -> list[Measured]:
    """What is measured of an algorithm: every N, then the smallest N with more and more samples."""
    sizes, counts = (QUICK_SIZES, QUICK_SAMPLES) if quick else (SCALE_SIZES, SCALE_SAMPLES)
    fixed = {"build": 0, "estimate": counts[0]}
    found = [
        Measured(what, algorithm, size, fixed.get(what, samples_at(size)), run) for what in WHATS for size in sizes
    ]
    found += [Measured(what, algorithm, sizes[0], count, run) for what in ENGINES for count in counts]
    return list(dict.fromkeys(found))


def measure_all(due: Sequence[Measured], folder: Path) -> Iterator[tuple[Measured, Cost]]:
    """Measures one after the other, each in a process of its own.

    Args:
        due: what to measure.
        folder: where libraries and synthesised controllers of this run are kept: none is there from an earlier one.

    Raises:
        ToolError: a measurement failed.
    """
    warm: set[str] = set()
    for one in due:
        if one.what not in warm:
            _warm_up(one, folder)
            warm.add(one.what)
        yield one, _measure(one, folder)


def _warm_up(one: Measured, folder: Path) -> None:
    """Makes what is kept for all sizes: Verilator's part, and compiled Python, which takes memory to make."""
    if one.what == "build":
        _measure(replace(one, size=SMALLEST), folder)
    else:
        _measure(replace(one, size=min(SIZES), samples=samples_at(max(SCALE_SIZES))), folder / "warm")


def _measure(one: Measured, folder: Path) -> Cost:
    arguments = [one.what, one.algorithm, str(one.size), str(one.samples)]
    command = [sys.executable, "-m", "crosschop.cosim.benchmark.scale_child", *arguments, str(folder.resolve())]
    ended = run_program(command, " ".join(arguments), LONGEST_SECONDS)
    if ended.status != 0:
        raise ToolError(f"bench --scale, {' '.join(arguments)}: {ended.lines[-1] if ended.lines else ended.status}")
    return Cost(**json.loads(ended.lines[-1]))


def exponent(points: Mapping[int, float], least: float = 0.0) -> float | None:
    """Of N in a quantity, by the largest sizes: the slope of a straight line through the logarithms.

    None with fewer than two sizes at which the quantity is larger than `least`.
    """
    sizes = sorted(size for size, value in points.items() if value > least)[-FITTED:]
    if len(sizes) < 2:
        return None
    return float(np.polyfit(np.log(sizes), np.log([points[size] for size in sizes]), 1)[0])


@dataclass(frozen=True)
class Growth:
    """How something grows.

    Attributes:
        what: one of WHATS.
        seconds, peak: by N, s (an engine per sample, else in all) and MiB.
        time, memory: exponents of N; memory beyond that of the smallest arrays, which is the program itself.
        copies: of an engine, the exponent of N in the time of copies of its arrays.
        by_samples: of an engine, peak by samples of the smallest arrays.
        bytes_per_sample: of the same.
    """

    what: str
    seconds: dict[int, float]
    peak: dict[int, float]
    time: float | None
    memory: float | None
    copies: float | None
    by_samples: dict[int, float]
    bytes_per_sample: float | None

    @property
    def too_fast(self) -> list[str]:
        """Sentences about what grows faster than the arrays."""
        label, found = WHATS[self.what], []
        if self.what != "memory" and self.time is not None and self.time > MOST + SPREAD:
            beside = "" if self.copies is None else f", copies of them as N^{self.copies:.2f}"
            found.append(f"{label}: time grows as N^{self.time:.2f}, the arrays as N^2{beside}")
        if self.memory is not None and self.memory > MOST + SPREAD:
            found.append(f"{label}: memory grows as N^{self.memory:.2f}, the arrays as N^2")
        if self.bytes_per_sample is not None and self.bytes_per_sample > BYTES_PER_SAMPLE:
            found.append(f"{label}: a sample takes {self.bytes_per_sample:.0f} bytes of memory that stay")
        return found


def growths(found: Mapping[Measured, Cost]) -> list[Growth]:
    """What the measurements of one algorithm say."""
    smallest = min(one.size for one in found)
    copies, answer = None, []
    for what in dict.fromkeys(one.what for one in found):
        own = {one: cost for one, cost in found.items() if one.what == what}
        longest_last = sorted(own, key=lambda one: one.samples)
        by_size = {one.size: own[one] for one in sorted(longest_last, key=lambda one: one.size)}
        peak = {size: cost.peak for size, cost in by_size.items()}
        beyond = {size: value - peak[smallest] for size, value in peak.items()}
        by_samples = {one.samples: cost.peak for one, cost in own.items() if one.size == smallest and what in ENGINES}
        seconds = {size: cost.seconds for size, cost in by_size.items()}
        per_sample = None
        if by_samples:
            fewest, most = min(by_samples), max(by_samples)
            per_sample = (by_samples[most] - by_samples[fewest]) * MIB / (most - fewest)
        time, memory = exponent(seconds), exponent(beyond, LEAST)
        if what == "memory":
            copies = time
        answer.append(
            Growth(what, seconds, peak, time, memory, copies if what in ENGINES else None, by_samples, per_sample)
        )
    return answer


def power_of(found: float | None) -> str:
    """An exponent of N in words."""
    return "-" if found is None else f"N^{found:.2f}"


def table_of(algorithm: str, found: Sequence[Growth]) -> Table:
    """A row per N: time and memory of everything; below, the exponents."""
    table = Table(title=f"{algorithm}: processor time, and peak memory in MiB", box=SIMPLE_HEAD, show_footer=True)
    table.add_column("N", footer="grows as", justify="right")
    for growth in found:
        unit = "\N{MICRO SIGN}s a sample" if growth.what in PER_SAMPLE else "s"
        label = "copies" if growth.what == "memory" else growth.what
        table.add_column(f"{label} {unit}", footer=power_of(growth.time), justify="right")
        if growth.what != "memory":
            table.add_column("MiB", footer=power_of(growth.memory), justify="right")
    for size in sorted(found[0].seconds):
        cells = []
        for growth in found:
            factor = 1e6 if growth.what in PER_SAMPLE else 1
            cells.append(f"{growth.seconds[size] * factor:,.3g}")
            if growth.what != "memory":
                cells.append(f"{growth.peak[size]:,.0f}")
        table.add_row(str(size), *cells)
    return table


def samples_table(found: Sequence[Growth]) -> Table:
    """Peak memory of the smallest arrays by the number of samples."""
    size = min(found[0].peak)
    engines = [growth for growth in found if growth.by_samples]
    table = Table(title=f"Peak memory at N = {size}, MiB", box=SIMPLE_HEAD, show_footer=True)
    table.add_column("samples", footer="bytes a sample", justify="right")
    for growth in engines:
        table.add_column(WHATS[growth.what], footer=f"{growth.bytes_per_sample:.1f}", justify="right")
    for samples in sorted(engines[0].by_samples):
        table.add_row(f"{samples:,}", *(f"{growth.by_samples[samples]:,.0f}" for growth in engines))
    return table


def as_json(algorithm: str, machine: Mapping[str, object], found: Sequence[Growth]) -> dict[str, object]:
    """Everything, with units."""
    return {
        "status": "pass",
        "algorithm": algorithm,
        "machine": machine,
        "units": {"seconds": "s, of engines and copies per sample", "peak": "MiB", "by_samples": "MiB"},
        "growth": [asdict(growth) for growth in found],
        "too_fast": [sentence for growth in found for sentence in growth.too_fast],
    }
