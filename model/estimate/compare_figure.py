"""Pictures of a comparison: one for each metric, chips side by side."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from crosschop.model.estimate.area.blocks import crossbars
from crosschop.model.estimate.chip import Estimate
from crosschop.model.estimate.compare import Comparison, Row
from crosschop.model.estimate.counts.memory import paper_stored_bits, stores
from crosschop.model.estimate.quantity import UM2_PER_MM2
from crosschop.model.estimate.time.account import PHASES
from crosschop.model.estimate.time.gantt import COLOURS as PHASE_COLOURS
from crosschop.model.palette import (
    BLUE,
    EDGE,
    GREEN,
    GREY,
    GRID,
    INK,
    LIGHT_BLUE,
    LIGHT_GREEN,
    ORANGE,
    PALE_GREEN,
    PURPLE,
    SOFT,
    VERMILION,
)

# Okabe and Ito, and lighter ones of them
_BLOCK_COLOURS = {
    "cells": INK,
    "line drivers": VERMILION,
    "ADCs and DACs": BLUE,
    "routing and other overhead": LIGHT_BLUE,
    "memory H or chi": GREEN,
    "memory P": LIGHT_GREEN,
    "memory P^ref": PALE_GREEN,
    "other memories": GREY,
    "controller logic": ORANGE,
}
_STORE_COLOURS = {"H": GREEN, "chi": BLUE, "P": LIGHT_GREEN, "P^ref": PALE_GREEN, "other": GREY}
_ARRAY_COLOURS = {"A": BLUE, "R": VERMILION, "W": GREEN}
_CUT = 3.0  # a bar so many times as long as the next one is cut
Stack = dict[str, float]


def draw_comparison(comparison: Comparison) -> dict[str, Figure]:
    """A figure for each metric by the name of its file."""
    estimates = comparison.estimates
    rows = {row.metric: row for row in comparison.rows}
    pulses = [row for metric, row in rows.items() if metric.startswith("pulses on")]
    held = [row for metric, row in rows.items() if metric.startswith("retention of")]
    figures = {
        "compare-time.png": _time(estimates),
        "compare-area.png": _area(estimates),
        "compare-memory.png": _memory(estimates),
        "compare-cells.png": _cells(estimates),
    }
    if pulses:  # where any device got one
        title = "Pulses on the most pulsed device, per sample"
        figures["compare-pulses.png"] = _grouped(estimates, pulses, title, "pulses per sample")
    figures["compare-retention.png"] = _grouped(estimates, held, "What must hold, and how long", "samples")
    return figures


def _time(estimates: tuple[Estimate, ...]) -> Figure:
    waiting = "A waits for the passes on W"
    bars, labels = [], []
    for one in estimates:
        for account in one.time.accounts:
            stack = {phase: cycles * account.clock_ns for phase, cycles in account.phases.items()}
            if account.name == "overlapped with passes" and "forward" in account.beside:
                stack[waiting] = stack.pop("idle", 0.0)
            bars.append(stack)
            labels.append(f"{one.spec.name}, {account.name}")
    colours = {**{phase: PHASE_COLOURS[phase] for phase in PHASES}, waiting: PHASE_COLOURS["forward"]}
    return _stacked(bars, labels, colours, "Time of a sample, by phase", "ns", gap=len(estimates[0].time.accounts))


def _area(estimates: tuple[Estimate, ...]) -> Figure:
    bars = []
    for one in estimates:
        stack = dict.fromkeys(_BLOCK_COLOURS, 0.0)
        for line in one.area.lines:
            stack[_block(line.name)] += line.value.nominal / UM2_PER_MM2
        bars.append(stack)
    notes = [f"{one.area.total.low / UM2_PER_MM2:.3g} to {one.area.total.high / UM2_PER_MM2:.3g}" for one in estimates]
    node = estimates[0].assumptions.node_nm
    title = f"Area at {node:g} nm by block, nominal (in brackets: low to high)"
    return _stacked(bars, [one.spec.name for one in estimates], _BLOCK_COLOURS, title, "mm$^2$", notes)


def _block(name: str) -> str:
    if name.startswith(("cells", "line drivers")):
        return name.partition(" of ")[0]
    if "ADC" in name or "DAC" in name:
        return "ADCs and DACs"
    if name in ("memory H", "memory chi"):
        return "memory H or chi"
    return name if name in _BLOCK_COLOURS else "other memories"


def _memory(estimates: tuple[Estimate, ...]) -> Figure:
    bars = []
    for one in estimates:
        stack = dict.fromkeys(_STORE_COLOURS, 0.0)
        names = {"h": "H", "chi": "chi", "p": "P", "pref": "P^ref"}
        for store in stores(one.spec):
            stack[names.get(store.name, "other")] += store.bits_built / 1e6
        bars.append(stack)
    notes = [f"paper, 8 bits per entry: {paper_stored_bits(one.spec) / 1e6:.3g}" for one in estimates]
    title = "Digital memory as built, by store"
    return _stacked(bars, [one.spec.name for one in estimates], _STORE_COLOURS, title, "Mbit", notes)


def _cells(estimates: tuple[Estimate, ...]) -> Figure:
    bars = []
    for one in estimates:
        elements = one.spec.array.rows * one.spec.array.cols / 1e3
        there = {array.name for array in crossbars(one.spec, one.assumptions)}
        bars.append({array: elements * (array in there) for array in _ARRAY_COLOURS})
    title = "Analog cells, by array"
    return _stacked(bars, [one.spec.name for one in estimates], _ARRAY_COLOURS, title, "thousand cells")


def _stacked(
    bars: list[Stack],
    labels: list[str],
    colours: dict[str, str],
    title: str,
    unit: str,
    notes: list[str] | None = None,
    gap: int = 1,
) -> Figure:
    """Horizontal stacks with their sums; a sum far beyond the others is cut and says so."""
    sums = [sum(bar.values()) for bar in bars]
    ordered = sorted(sums, reverse=True)
    limit = next(
        (smaller * 1.15 for larger, smaller in itertools.pairwise(ordered) if larger > _CUT * smaller),
        ordered[0],
    )
    places = [place + 0.6 * (place // gap) * (gap > 1) for place in range(len(bars))]
    figure = Figure(figsize=(10.0, 1.6 + 0.36 * (places[-1] + 1)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    for place, bar, total, note in zip(places, bars, sums, notes or [""] * len(bars), strict=True):
        left = 0.0
        for name, value in bar.items():
            shown = min(value, max(0.0, limit - left))
            if shown > 0:
                axes.barh(place, shown, 0.66, left, color=colours[name], edgecolor="white", linewidth=0.5)
            left += value
        end = min(total, limit)
        if total > limit:
            axes.plot([end * 0.975, end * 0.985], [place + 0.42, place - 0.42], color="white", linewidth=4)
        text = f"{total:,.3g}" if total < 1000 else f"{total:,.0f}"
        text = f"{text} {unit}" + (", cut" if total > limit else "") + (f" ({note})" if note else "")
        axes.annotate(text, (end, place), (6, 0), textcoords="offset points", va="center", fontsize=8.5, color=INK)
    axes.set_xlim(0, limit * (1.55 if notes else 1.22))
    axes.set_yticks(places, labels)
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.set_xlabel(unit, color=SOFT)
    _quiet(axes)
    used = [name for name in colours if any(bar.get(name, 0) > 0 for bar in bars)]
    _legend(figure, {name: colours[name] for name in used})
    figure.suptitle(title, fontsize=11, fontweight="bold", color=INK)
    return figure


def _grouped(estimates: tuple[Estimate, ...], rows: list[Row], title: str, unit: str) -> Figure:
    """A bar for each row and chip on a logarithmic axis: the figures differ by powers of ten."""
    figure = Figure(figsize=(10.0, 1.6 + 0.24 * len(rows) * len(estimates)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    palette = dict(zip((row.metric for row in rows), (BLUE, VERMILION, GREEN, PURPLE), strict=False))
    height = 0.8 / len(rows)
    values = [float(value) for row in rows for value in row.values if isinstance(value, (int, float))]
    floor = 10 ** np.floor(np.log10(min(values)) - 0.5)
    for number, row in enumerate(rows):
        for place, value in enumerate(row.values):
            at = place + (number - (len(rows) - 1) / 2) * height
            if isinstance(value, (int, float)):
                axes.barh(at, value - floor, height * 0.9, floor, color=palette[row.metric])
            text = f"{value:.3g}" if isinstance(value, float) else "none"
            axes.annotate(text, (value if isinstance(value, float) else floor, at), (5, 0),
                          textcoords="offset points", va="center", fontsize=8, color=SOFT)  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(floor, max(values) * 6)
    axes.set_yticks(range(len(estimates)), [one.spec.name for one in estimates])
    axes.set_ylim(len(estimates) - 0.45, -0.55)
    axes.set_xlabel(f"{unit}, logarithmic", color=SOFT)
    _quiet(axes)
    _legend(figure, palette)
    figure.suptitle(title, fontsize=11, fontweight="bold", color=INK)
    return figure


def _quiet(axes: Axes) -> None:
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _legend(figure: Figure, colours: dict[str, str]) -> None:
    handles = [
        Patch(facecolor=colour, edgecolor=EDGE, linewidth=0.5, label=name.replace("P^ref", r"P$^\mathrm{ref}$"))
        for name, colour in colours.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(handles)), frameon=False, fontsize=8.5)
