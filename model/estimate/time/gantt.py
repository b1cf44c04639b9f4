"""Pictures of the time half of an estimate: a window of the schedule, and the four accounts as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from crosschop.model.chipspec import ChipSpec, controller_kind, mixed_section
from crosschop.model.estimate.time.account import PHASES
from crosschop.model.estimate.time.activity import Activity, representative, representative_units
from crosschop.model.estimate.time.estimate import TimeEstimate
from crosschop.model.estimate.time.schedule import Interval, Schedule, Workload, new_schedule
from crosschop.model.estimate.time.schedule.events import CONTROLLER, DRIVER, LANES, READ_ADC, W_ADC, A, W, is_port
from crosschop.model.palette import (
    BLUE,
    EDGE,
    FAINT,
    GREEN,
    GREY,
    GRID,
    IDLE,
    INK,
    LIGHT_GREEN,
    ORANGE,
    PALE_GREEN,
    PURPLE,
    SKY,
    SOFT,
    VERMILION,
    YELLOW,
)

# Okabe and Ito; waits are grey.
COLOURS = {
    "pulses": BLUE,
    "read": ORANGE,
    "conversion": YELLOW,
    "digital": GREEN,
    "W write": VERMILION,
    "forward": SKY,
    "backward": PURPLE,
    "request": INK,
    "memory": LIGHT_GREEN,
    "pass": PALE_GREEN,
    "stall": GREY,
    "hold": GREY,
    "idle": IDLE,
    "clear": FAINT,
}
_DARK = {"pulses", "digital", "W write", "request", "stall", "hold"}
_NAMES = {
    "pulses": "pulse train",
    "read": "column read",
    "digital": "beats in the lanes",
    "W write": "pulses to W",
    "forward": "forward pass",
    "backward": "backward pass",
    "request": "operand request",
    "memory": "memory access",
    "pass": "operands and pass over chi",
}
# From the top; memory ports below.
_ROWS = (CONTROLLER, W, W_ADC, DRIVER, A, READ_ADC, LANES)
_HEIGHT = 0.62  # of a bar; rows are 1 apart
_ROW_INCHES, _WIDTH_INCHES = 0.34, 10.0
_CHARACTER = 0.0066  # width of a small character, share of the axes
# Work beside the time line: on the way from A to H, and on W; each on a line of its own.
_BESIDE = (("conversion", "hold", "digital"), ("W write", "forward", "backward"))
_UPDATES = 4  # shown of in-memory SGD


def draw_schedule(spec: ChipSpec, activity: Activity, passes: bool = True) -> Figure:
    """Who works when: a row per resource over two transfers in steady state.

    In mixed precision the last two samples of a batch and the first of the next, in in-memory SGD four updates.

    Args:
        spec: the chip.
        activity: its train lengths and writes, in random order.
        passes: with forward and backward passes on W.
    """
    work = representative(spec, activity)
    schedule = new_schedule(spec, work, passes)
    begin, end = _window(spec, schedule, work)
    rows = [row for row in _ROWS if row in schedule.resources()]
    rows += [row for row in schedule.resources() if is_port(row)]
    figure = Figure(figsize=(_WIDTH_INCHES, 1.75 + _ROW_INCHES * len(rows)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    shown: set[str] = set()
    for one in schedule.window(begin, end):
        kind = _kind(one)
        shown.add(kind)
        left, right = max(one.begin, begin), min(one.end, end)
        place = rows.index(one.resource)
        axes.barh(place, right - left, _HEIGHT, left, color=COLOURS[kind], edgecolor="white", linewidth=0.6, zorder=2)
        room = (right - left) / (end - begin) / _CHARACTER - 1
        text = next((text for text in _labels(one) if len(text) <= room), "")
        colour = "white" if kind in _DARK else INK
        axes.text((left + right) / 2, place, text, ha="center", va="center", fontsize=7, color=colour, zorder=3)
    for start in schedule.starts:
        if begin <= start <= end:
            axes.axvline(start, color=SOFT, linewidth=0.7, dashes=(3, 3), zorder=1)
    axes.set_yticks(range(len(rows)), [_shown(row) for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    _time_axes(axes, begin, end, spec.timing.clock_ns)
    order = [kind for kind in COLOURS if kind in shown]
    figure.legend(
        handles=[Patch(facecolor=COLOURS[kind], edgecolor=EDGE, linewidth=0.5, label=_NAMES.get(kind, kind))
                 for kind in order],
        loc="outside lower center", ncols=len(order) if len(order) <= 7 else -(-len(order) // 2), frameon=False,
        fontsize=8.5, labelcolor=INK,
        handlelength=1.4, columnspacing=1.6,
    )  # fmt: skip
    what = "with forward and backward pass on W" if passes else "passes on W left out"
    figure.suptitle(f"{spec.name}: {_title(spec)}, {what}", fontsize=11, fontweight="bold", color=INK)
    return figure


def draw_time(estimate: TimeEstimate) -> Figure:
    """Time of a sample in the four accounts, stacked by phase; thin below them, work that goes on beside."""
    figure = Figure(figsize=(_WIDTH_INCHES, 3.9), facecolor="white", layout="constrained")
    axes = figure.subplots()
    names = {
        "paper": "paper (serial)",
        "serial": "this chip, serial",
        "overlapped": "overlapped, as the RTL runs",
        "overlapped with passes": "overlapped, with passes on W",
    }
    clock = estimate.spec.timing.clock_ns
    shown: set[str] = set()
    for place, account in enumerate(estimate.accounts):
        left = 0.0
        for phase, amount in account.phases.items():
            axes.barh(place - 0.08, amount * clock, 0.44, left, color=COLOURS[phase], edgecolor="white", linewidth=0.6)
            left += amount * clock
            shown.add(phase)
        under = place + 0.21
        for phases in _BESIDE:
            beside = 0.0
            for phase in (phase for phase in phases if phase in account.beside):
                length = account.beside[phase] * clock
                axes.barh(under, length, 0.1, beside, color=COLOURS[phase], edgecolor="white", linewidth=0.4)
                beside += length
                shown.add(phase)
            under += 0.13 if beside else 0.0
        ratio = account.cycles / estimate.paper.cycles
        text = f"{account.ns:,.1f} ns" + ("" if account.name == "paper" else f"  ({ratio:.2f} x)")
        axes.annotate(
            text, (left, place - 0.08), (5, 0), textcoords="offset points", va="center", fontsize=9, color=INK
        )
    longest = max(account.ns for account in estimate.accounts)
    axes.set_xlim(0, longest * 1.17)
    axes.set_yticks(
        [place - 0.08 for place in range(len(names))], [names[account.name] for account in estimate.accounts]
    )
    axes.set_ylim(len(names) - 0.4, -0.5)
    _quiet(axes)
    axes.set_xlabel("time of a sample, ns; thin: beside the above, adds nothing", color=SOFT)
    order = [phase for phase in PHASES if phase in shown]
    figure.legend(
        handles=[Patch(facecolor=COLOURS[phase], edgecolor=EDGE, linewidth=0.5, label=phase) for phase in order],
        loc="outside lower center", ncols=len(order), frameon=False, fontsize=8.5, labelcolor=INK,
        handlelength=1.4, columnspacing=1.6,
    )  # fmt: skip
    figure.suptitle(f"{estimate.spec.name}: {estimate.activity.source}", fontsize=10, fontweight="bold", color=INK)
    return figure


def _window(spec: ChipSpec, schedule: Schedule, work: Workload) -> tuple[int, int]:
    """First and end cycle of what is shown: in steady state, with a write of W and a flip if there are any."""
    units, kind = representative_units(spec), controller_kind(spec)
    if kind == "in_memory_sgd":
        begin, end = schedule.starts[units], schedule.starts[units + _UPDATES]
    elif kind == "mixed_precision":
        batch = mixed_section(spec).batch
        requests = {one.sample: one.begin for one in schedule.on(CONTROLLER) if one.what == "request"}
        begin, end = requests[max(0, batch - 2)], requests[batch + 1]
    else:
        telling = work.wrote.astype(int) + work.flips
        first = units + int(np.argmax(telling[units : 2 * units]))
        begin = schedule.starts[first]
        end = next(one.end for one in schedule.on(CONTROLLER) if one.begin == schedule.starts[first + 2])
    air = (end - begin) // 50
    return begin - air, end + air


def _title(spec: ChipSpec) -> str:
    return {
        "transfer": "two transfers",
        "in_memory_sgd": f"{_UPDATES} updates",
        "mixed_precision": "the end of a batch",
    }[controller_kind(spec)]


def _kind(one: Interval) -> str:
    """What an interval is, as a colour and in the legend."""
    if is_port(one.resource):
        return "memory" if one.what != "clear" else "clear"
    if one.what == "update":
        return "pulses"
    if one.resource == W and one.what == "write":
        return "W write"
    return "pass" if one.what == "load" else one.what


def _labels(one: Interval) -> tuple[str, ...]:
    """Sample or transfer that an interval is for, longest text first."""
    if one.resource == CONTROLLER:
        return () if one.what in ("load", "request") else (one.what,)
    if is_port(one.resource):
        return ()
    if one.what in ("update", "forward", "backward") or (one.resource == LANES and one.sample is not None):
        return f"sample {one.sample}", f"{one.sample}"
    return () if one.transfer is None or one.sample is not None else (f"transfer {one.transfer}", f"{one.transfer}")


def _shown(resource: str) -> str:
    """A resource's name with the symbols as in the paper."""
    return resource.replace("P^ref", r"$P^{\mathrm{ref}}$").replace("chi", r"$\chi$")


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(EDGE)
    axes.tick_params(colors=SOFT, labelsize=9, length=3)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def _time_axes(axes: Axes, begin: int, end: int, clock_ns: float) -> None:
    """Cycles since reset below, ns from the left edge above."""
    _quiet(axes)
    axes.set_xlim(begin, end)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_xlabel("clock cycle since reset", color=SOFT)

    def to_ns(cycle: Any) -> Any:
        return (cycle - begin) * clock_ns

    def to_cycles(time: Any) -> Any:
        return time / clock_ns + begin

    above = axes.secondary_xaxis("top", functions=(to_ns, to_cycles))
    above.set_xlabel("ns", color=SOFT)
    above.tick_params(colors=SOFT, labelsize=9, length=3)
    above.spines["top"].set_color(EDGE)
