"""Picture of a chip's lanes: cycles of a sample, clock and cell area against their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crosschop.model.estimate.lanes import Cost, Need, Steady
from crosschop.model.palette import BLUE, GREEN, GRID, INK, ORANGE, PURPLE, SKY, SOFT, VERMILION

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_STAGES = {3: (INK, "o", "-"), 4: (VERMILION, "s", "--")}


def draw_lanes(
    title: str, curves: Mapping[int, Mapping[int, Steady]], needs: Sequence[Need], costs: Sequence[Cost]
) -> Figure:
    """Three panels.

    Args:
        title: above them.
        curves: cycles by samples per read n_s and number of lanes.
        needs: the fewest lanes without waiting.
        costs: by number of lanes and their cycles.
    """
    figure = Figure(figsize=(12, 4), layout="constrained")
    figure.suptitle(title, color=INK, fontsize=11)
    least = {wanted.samples: wanted.lanes for wanted in needs}
    cycles, clock, area = figure.subplots(1, 3)
    for colour, (samples, curve) in zip(_COLOURS, curves.items(), strict=False):
        lanes = sorted(curve)
        values = [curve[number].cycles for number in lanes]
        cycles.plot(lanes, values, color=colour, linewidth=1.3, label=f"n_s = {samples}")
        fewest = least[samples]
        if fewest is not None:
            cycles.plot([fewest], [curve[fewest].cycles], "o", color=colour)
            cycles.annotate(
                str(fewest), (fewest, curve[fewest].cycles), (3, 5), textcoords="offset points", color=colour
            )
    cycles.set_ylabel("clock cycles per sample")
    cycles.set_title("dot: fewest lanes at which no sample waits", fontsize=9, color=SOFT)
    cycles.legend(frameon=False, fontsize=8)
    for stages, (colour, marker, line) in _STAGES.items():
        found = [cost for cost in costs if cost.stages == stages]
        label = f"{stages} cycles a lane"
        timed = [(cost.lanes, cost.frequency.nominal) for cost in found if cost.frequency is not None]
        style = {"color": colour, "marker": marker, "linestyle": line, "markersize": 4, "linewidth": 1.3}
        if timed:
            clock.plot(*zip(*timed, strict=True), **style, label=label)
        area.plot([c.lanes for c in found], [c.cell_area / 1e6 for c in found], **style, label=label)
    clock.set_ylim(bottom=0)
    clock.set_ylabel("f_max, MHz")
    area.set_yscale("log")
    area.set_ylabel("cells of the controller, mm2")
    for axes in (clock, area):
        axes.legend(frameon=False, fontsize=8)
    for axes in (cycles, clock, area):
        _lane_axis(axes, sorted({cost.lanes for cost in costs}))
    return figure


def _lane_axis(axes: Axes, lanes: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    powers = [number for number in lanes if number & (number - 1) == 0]
    axes.set_xticks(powers, [str(number) for number in powers])
    axes.minorticks_off()
    axes.set_xlabel("lanes")
    axes.grid(color=GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=SOFT, labelsize=8)
