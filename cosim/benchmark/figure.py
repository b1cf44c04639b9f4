"""The picture of a benchmark: time against the size of the arrays, both logarithmic."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crosschop.cosim.benchmark.report import Cell
from crosschop.cosim.benchmark.tasks import WHATS
from crosschop.model.palette import BLUE, GREEN, GRID, INK, ORANGE, PURPLE, SOFT, VERMILION
from crosschop.model.reproduce.experiment import LABELS

# Limits are dashed.
_STYLES = {
    "golden": (INK, "o", "-"),
    "native": (VERMILION, "s", "-"),
    "native_rtl": (VERMILION, "s", "-"),
    "verilator": (GREEN, "^", "-"),
    "verilator_rtl": (GREEN, "^", "-"),
    "icarus": (BLUE, "v", "-"),
    "icarus_rtl": (BLUE, "v", "-"),
    "aihwkit": (PURPLE, "D", "-"),
    "memory": (SOFT, "x", "--"),
    "bare": (ORANGE, "x", "--"),
    "plain": (SOFT, "x", "--"),
}
_MICROSECONDS = 1e6
_TITLES = {"samples": "training sample, µs", "transfers": "transfer of given codes, µs"}


def draw(cells: Sequence[Cell]) -> Figure:
    """A column per algorithm: above a training sample, below a transfer of given codes, where there are any."""
    algorithms = list(dict.fromkeys(cell.algorithm for cell in cells))
    units = [unit for unit in _TITLES if any(WHATS[cell.what].unit == unit for cell in cells)]
    figure = Figure(figsize=(3.2 * len(algorithms) + 2.2, 3.2 * len(units)), layout="constrained")
    axes = figure.subplots(len(units), len(algorithms), sharex=True, sharey="row", squeeze=False)
    for row, unit in enumerate(units):
        for place, algorithm in enumerate(algorithms):
            _panel(axes[row, place], [c for c in cells if c.algorithm == algorithm and WHATS[c.what].unit == unit])
        axes[row, 0].set_ylabel(_TITLES[unit])
        axes[row, -1].legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize="small")
    for place, algorithm in enumerate(algorithms):
        axes[0, place].set_title(LABELS[algorithm], color=INK)
        axes[-1, place].set_xlabel("N")
    return figure


def _panel(axes: Axes, cells: Sequence[Cell]) -> None:
    for what in dict.fromkeys(cell.what for cell in cells):
        own = sorted((cell.size, _MICROSECONDS / cell.rate) for cell in cells if cell.what == what)
        colour, marker, line = _STYLES[what]
        axes.plot(
            *zip(*own, strict=True),
            line,
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1.3,
            label=WHATS[what].label,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    sizes = sorted({cell.size for cell in cells})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.grid(color=GRID, linewidth=0.6)
