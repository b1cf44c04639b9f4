"""The pictures of a campaign: bits of each field against the error, rates against the error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure

from crosschop.model.palette import BAND, BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, SKY, SOFT, VERMILION
from crosschop.model.resilience.campaign import Effect
from crosschop.model.resilience.parity import deserves

_COLOURS = LinearSegmentedColormap.from_list("increase", [FAINT, BAND, SKY, BLUE, PURPLE, VERMILION])
_LINES = (BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, INK, SOFT)
# Increases below this share of the spread are noise of the measurement and look alike.
_SMALL = 0.05
_LARGE = 20.0


def draw_bits(title: str, effects: Sequence[Effect], spread: float) -> Figure:
    """Fields down, bits across, colour: what one upset adds to the weight error, in units of the run's own spread.

    Args:
        title: chip and runs.
        effects: one per field and bit.
        spread: standard deviation of the run without upsets, percent.
    """
    fields = list(dict.fromkeys(effect.field for effect in effects))
    width = max(field.bits for field in fields)
    unit = spread or 1.0
    values = np.full((len(fields), width), np.nan)
    for effect in effects:
        if effect.bit is not None:
            values[fields.index(effect.field), width - 1 - effect.bit] = max(0.0, effect.per_upset / unit)
    figure = Figure(figsize=(1.2 + 2.4 + 0.42 * width, 1.7 + 0.42 * len(fields)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    norm = SymLogNorm(linthresh=_SMALL, vmin=0.0, vmax=_LARGE)
    image = axes.imshow(values, cmap=_COLOURS, norm=norm, aspect="auto", interpolation="nearest")
    for effect in effects:
        if effect.bit is None:
            continue
        row, column = fields.index(effect.field), width - 1 - effect.bit
        times = effect.per_upset / unit
        marked = deserves(effect, spread)
        if marked or times >= _SMALL * 2:
            axes.text(
                column, row, f"{times:.1f}" if times < 9.95 else f"{times:.0f}",
                ha="center", va="center", fontsize=7, color="white" if times > 0.4 else INK,
                fontweight="bold" if marked else "normal",
            )  # fmt: skip
        if marked:
            axes.plot(
                [column - 0.46, column + 0.46, column + 0.46, column - 0.46, column - 0.46],
                [row - 0.44, row - 0.44, row + 0.44, row + 0.44, row - 0.44], color=INK, linewidth=1.4,
            )  # fmt: skip
    axes.set_yticks(range(len(fields)), [f"{field.title}" for field in fields], fontsize=9)
    axes.set_xticks(range(width), [str(width - 1 - place) for place in range(width)], fontsize=7)
    axes.set_xlabel("bit, 0 the least significant")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.05, 0.1, 0.3, 1, 3, 10, 20], pad=0.01)
    bar.ax.set_yticklabels(["0", "0.05", "0.1", "0.3", "1", "3", "10", "20"], fontsize=8)
    bar.set_label("weight error that one upset adds,\nin standard deviations of a run", fontsize=8)
    return figure


def draw_rates(title: str, effects: Sequence[Effect], baseline: float, spread: float) -> Figure:
    """Weight error against the rate of upsets, a line per field.

    Args:
        title: chip and runs.
        effects: one per field and rate.
        baseline: error of the run without upsets, percent.
        spread: its standard deviation.
    """
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.axhspan(baseline - spread, baseline + spread, color=BAND, zorder=0, label="without upsets, +- 1 sd")
    for number, name in enumerate(dict.fromkeys(effect.field.name for effect in effects)):
        points = sorted((one for one in effects if one.field.name == name), key=lambda one: one.rate)
        axes.errorbar(
            [one.rate for one in points],
            [baseline + one.increase.mean for one in points],
            yerr=[one.increase.error for one in points],
            color=_LINES[number % len(_LINES)],
            marker="o", markersize=4, linewidth=1.3, capsize=2, label=points[0].field.title,
            linestyle="-" if number < len(_LINES) else "--",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("upsets per bit and sample")
    axes.set_ylabel("weight error, %")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.grid(visible=True, which="both", color=FAINT)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, frameon=False)
    return figure


@dataclass(frozen=True)
class FaultPoint:
    """The weight error of a chip with an analog fault.

    Attributes:
        fault, chip: which.
        error: mean over the seeds, percent.
        standard_error: of that mean.
    """

    fault: str
    chip: str
    error: float
    standard_error: float


def draw_analog(title: str, points: Sequence[FaultPoint]) -> Figure:
    """Faults down, a dot per chip across; the first fault is none."""
    faults = list(dict.fromkeys(point.fault for point in points))
    chips = list(dict.fromkeys(point.chip for point in points))
    figure = Figure(figsize=(8.2, 1.4 + 0.3 * len(faults)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for row in range(0, len(faults), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=FAINT, zorder=0)
    for number, chip in enumerate(chips):
        own = [point for point in points if point.chip == chip]
        colour = _LINES[number % len(_LINES)]
        axes.axvline(own[0].error, color=colour, linewidth=0.8, alpha=0.5, linestyle=":")
        shift = (number - (len(chips) - 1) / 2) * 0.7 / max(1, len(chips))
        axes.errorbar(
            [point.error for point in own], [faults.index(point.fault) + shift for point in own],
            xerr=[point.standard_error for point in own], color=colour, marker="o", markersize=4, linestyle="none",
            capsize=2, label=chip,
        )  # fmt: skip
    axes.set_yticks(range(len(faults)), faults, fontsize=8)
    axes.set_ylim(len(faults) - 0.5, -0.5)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [tick for tick in (1, 2, 3, 5, 10, 20, 30, 50, 100) if low <= tick <= high]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("weight error, %; dotted: without faults")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=min(len(chips), 3), frameon=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure
