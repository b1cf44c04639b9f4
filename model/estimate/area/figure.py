"""Picture of an estimate of area: a bar for each block with its range."""

from __future__ import annotations

from matplotlib.figure import Figure

from crosschop.model.estimate.area.blocks import AreaEstimate, Family
from crosschop.model.estimate.quantity import UM2_PER_MM2
from crosschop.model.palette import BLUE, GREEN, GRID, INK, ORANGE, SOFT

# Okabe and Ito
COLOURS: dict[Family, str] = {"analog": BLUE, "memory": GREEN, "logic": ORANGE}


def draw_area(area: AreaEstimate, title: str) -> Figure:
    """Area by block on a logarithmic axis, mm2: the bar ends at the nominal value, the line spans low to high."""
    blocks = area.blocks
    figure = Figure(figsize=(10.0, 1.5 + 0.3 * len(blocks)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    total = area.total
    unit, scale = ("mm$^2$", UM2_PER_MM2) if total.nominal >= UM2_PER_MM2 else ("um$^2$", 1.0)
    least = min(block.line.value.low for block in blocks) / scale
    for place, block in enumerate(blocks):
        value, colour = block.line.value, COLOURS[block.family]
        nominal = value.nominal / scale
        axes.barh(place, nominal, 0.62, color=colour)
        axes.plot([value.low / scale, value.high / scale], [place, place], color=INK, linewidth=1.2,
                  marker="|", markersize=7)  # fmt: skip
        shown = f"{nominal:,.0f}" if nominal >= 100 else f"{nominal:.3g}"
        text = f"{shown} {unit}, {value.nominal / total.nominal:.1%}"
        axes.annotate(text, (max(value.high / scale, nominal), place), (8, 0), textcoords="offset points",
                      va="center", fontsize=8.5, color=INK)  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(least / 2, max(block.line.value.high for block in blocks) / scale * 30)
    axes.set_yticks(range(len(blocks)), [block.line.name for block in blocks])
    axes.set_ylim(len(blocks) - 0.4, -0.6)
    axes.set_xlabel(f"{unit}, logarithmic; bar: nominal, line: low to high", color=SOFT)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    low, nominal, high = (end / UM2_PER_MM2 for end in (total.low, total.nominal, total.high))
    figure.suptitle(
        f"{title}: {nominal:.3g} mm$^2$ ({low:.3g} to {high:.3g})", fontsize=11, fontweight="bold", color=INK
    )
    handles = [axes.barh([0], [0], color=colour, label=family) for family, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(COLOURS), frameon=False, fontsize=8.5)
    return figure
