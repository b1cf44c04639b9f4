"""The picture of `crosschop bench --scale`: time and memory against N and against the samples, all logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crosschop.cosim.benchmark.scale import PER_SAMPLE, WHATS, Growth, power_of
from crosschop.model.palette import BLUE, GREEN, GRID, INK, SOFT, VERMILION

_COLOURS = {"memory": SOFT, "golden": INK, "native": VERMILION, "estimate": BLUE, "build": GREEN}
_SQUARE = "N\N{SUPERSCRIPT TWO}, as the arrays"


def draw(algorithm: str, found: Sequence[Growth]) -> Figure:
    """A sample of each engine, what is done once per chip, memory by N and by samples; dashed, what N^2 looks like."""
    figure = Figure(figsize=(13, 3.9), layout="constrained")
    samples, once, memory, run = figure.subplots(1, 4)
    values: dict[Axes, list[float]] = {samples: [], once: [], memory: []}
    for growth in found:
        axes, factor = (samples, 1e6) if growth.what in PER_SAMPLE else (once, 1.0)
        times = {size: factor * value for size, value in growth.seconds.items()}
        values[axes] += times.values()
        _line(axes, growth.what, times, f"{WHATS[growth.what]}, {power_of(growth.time)}")
        if growth.what == "memory":
            continue
        values[memory] += growth.peak.values()
        _line(memory, growth.what, growth.peak, f"{WHATS[growth.what]}, {power_of(growth.memory)}")
        if growth.by_samples:
            _line(
                run, growth.what, growth.by_samples, f"{WHATS[growth.what]}, {growth.bytes_per_sample:.1f} B a sample"
            )
    sizes = sorted(found[0].seconds)
    smallest = sizes[0]
    for axes, title in ((samples, "a sample, µs"), (once, "once per chip, s"), (memory, "peak memory, MiB")):
        _square(axes, sizes, values[axes])
        axes.set_title(title, color=INK)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [str(size) for size in sizes], rotation=45)
        axes.set_xlabel("N")
    run.set_title(f"peak memory at N = {smallest}, MiB", color=INK)
    run.set_xscale("log")
    run.set_xlabel("samples")
    for axes in (samples, once, memory, run):
        axes.set_yscale("log")
        low, high = np.log10(axes.dataLim.intervaly)
        axes.set_ylim(10 ** np.floor(low), 10 ** np.ceil(high))
        axes.minorticks_off()
        axes.grid(color=GRID, linewidth=0.6)
        axes.legend(frameon=False, fontsize="small")
    figure.suptitle(f"{algorithm}: how time and memory grow", color=INK)
    return figure


def _line(axes: Axes, what: str, points: Mapping[int, float], name: str) -> None:
    places = sorted(points.items())
    axes.plot(*zip(*places, strict=True), "o-", color=_COLOURS[what], markersize=4, linewidth=1.3, label=name)


def _square(axes: Axes, sizes: Sequence[int], values: Sequence[float]) -> None:
    """N^2 through the highest of the values, down to the lowest."""
    top, bottom = max(values), min(values)
    line = {size: top * (size / sizes[-1]) ** 2 for size in sizes}
    shown = {size: value for size, value in line.items() if value >= bottom / 2}
    axes.plot(list(shown), list(shown.values()), "--", color=SOFT, linewidth=1, label=_SQUARE)
