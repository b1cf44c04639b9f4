"""The figure of a training run: the weight error, and one element from close as in Fig. 3 of the paper."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from crosschop.model.chipspec import ChipSpec, ControllerKind, controller_kind, has_reference
from crosschop.model.palette import BAND, BLUE, EDGE, GREY, GRID, INK, SHADE, SOFT, VERMILION
from crosschop.model.recording import CHOP, PREF, SAMPLE, TRACE_UPDATES, A, H, P, W
from crosschop.model.results import RunResult

FloatArray = NDArray[np.float64]

SIZE = (10.0, 9.6)  # inches
# Blue and vermilion of Okabe and Ito stay apart under every colour vision; they differ in lightness as well.
_LEFT, _RIGHT = 0.085, 0.915

_WINDOW_READS = 60
_WINDOW_PERIODS = 6
_MARKERS = 200  # beyond as many reads, markers would merge into a band
_NO_EVENTS = {
    "reads": "the element's column was not read",
    "updates": "no update",
    "batches": "no batch has ended",
}
_LOG_FROM = 4.0  # ratio of the largest to the smallest error at which a log axis shows more


def window_reads(spec: ChipSpec) -> int:
    """Reads of the element that the figure shows: at least 60, and six chop periods (the mean one where random).

    Where nothing is read, these are updates or batches: at most so many as a trace of updates holds.
    """
    if spec.device.a is None:
        return TRACE_UPDATES
    chop = spec.transfer.chopper
    period = chop.period or (1 / chop.probability if chop.probability else 0)
    return max(_WINDOW_READS, math.ceil(_WINDOW_PERIODS * period))


def draw_run(result: RunResult) -> Figure:
    """The weight error over the samples of the run; below, one element's traces over its first reads.

    Up to four panels with samples as abscissa: error in percent; a, p, p^ref in weight units; h in pulses; w in weight
    units. The lower ones share their axis, with the spans where c = -1 shaded; those of matrices that the chip does not
    have are left out.
    """
    figure = Figure(figsize=SIZE, facecolor="white")
    upper = figure.add_gridspec(1, 1, left=_LEFT, right=_RIGHT, top=0.955, bottom=0.725)
    error = figure.add_subplot(upper[0])
    _quiet(error)
    _draw_error(error, result)

    reads = result.trace[: window_reads(result.spec)]
    reads_and_next = result.trace[: len(reads) + 1]  # the next tells the sign and weight since the last one shown
    draw: dict[str, Callable[[Axes], None]] = {
        "stores": lambda axes: _draw_stores(axes, reads, result),
        "hidden": lambda axes: _draw_hidden(axes, reads, result.spec),
        "weight": lambda axes: _draw_weight(axes, reads_and_next, result),
    }
    panels = element_panels(result.spec)
    lower = figure.add_gridspec(
        len(panels),
        1,
        left=_LEFT,
        right=_RIGHT,
        top=0.605,
        bottom=0.06,
        height_ratios=(1.5, *(1 for _ in panels[1:])),
        hspace=0.14,
    )
    first: Axes | None = None
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(lower[place], sharex=first)
        first = first or axes
        _quiet(axes)
        _shade_chop(axes, reads_and_next)
        draw[panel](axes)
        if panel != panels[-1]:
            axes.tick_params(axis="x", labelbottom=False, length=0)
    assert first is not None
    _title_element(first, len(reads), result)
    axes.set_xlabel("sample", color=SOFT)
    axes.set_xlim(0, _window_end(reads) if reads.size else max(1, result.samples))
    figure.align_ylabels()
    if not reads.size:
        first.text(0.5, 0.5, _NO_EVENTS[_events(result.spec)], transform=first.transAxes, ha="center", color=SOFT)
    return figure


def element_panels(spec: ChipSpec) -> tuple[str, ...]:
    """The panels of one element, from above: what the chip has."""
    exists = {"stores": spec.device.a is not None, "hidden": spec.hidden is not None, "weight": True}
    return tuple(panel for panel, there in exists.items() if there)


def describe_figure(result: RunResult) -> str:
    """The figure in words, for those who do not see it."""
    spec = result.spec
    values = {
        "a": spec.device.a is not None,
        "p, p^ref": has_reference(spec),
        _hidden_name(spec): spec.hidden is not None,
        "w": True,
    }
    names = ", ".join(name for name, there in values.items() if there)
    return f"Weight error over the samples of the run; below, {names} of one element over its first {_events(spec)}."


def _events(spec: ChipSpec) -> str:
    """What an element's trace has a place for each of."""
    events: dict[ControllerKind, str] = {"transfer": "reads", "in_memory_sgd": "updates", "mixed_precision": "batches"}
    return events[controller_kind(spec)]


def _hidden_name(spec: ChipSpec) -> str:
    """An element of the hidden matrix."""
    return "chi" if controller_kind(spec) == "mixed_precision" else "h"


def _quiet(axes: Axes) -> None:
    """Frame of two thin lines, grid for the values only."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(EDGE)
    axes.tick_params(colors=SOFT, labelsize=9, length=3)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _title(axes: Axes, title: str, detail: str, gap: float) -> None:
    """A bold title and a quiet detail on the line above the axes, `gap` points away from them."""
    axes.annotate(
        title,
        (0, 1),
        (0, gap),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=11,
        fontweight="bold",
        color=INK,
    )
    axes.annotate(
        detail,
        (1, 1),
        (0, gap),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9,
        ha="right",
        color=SOFT,
    )


def _beside(axes: Axes, value: float, text: str, color: str) -> None:
    """A word right of the axes at the height of a value: no curve comes there."""
    axes.annotate(
        text,
        (1, value),
        (5, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=9,
        va="center",
        color=color,
        annotation_clip=False,
    )


def _padded(low: float, high: float) -> tuple[float, float]:
    """Limits with some air, also about a constant."""
    air = 0.08 * (high - low) or 0.1 * abs(high) or 0.1
    return low - air, high + air


def _draw_error(axes: Axes, result: RunResult) -> None:
    samples, errors = result.errors[:, 0], result.errors[:, 1]
    axes.plot(samples, errors, color=BLUE, linewidth=1.4, solid_joinstyle="round")
    if errors.size:
        axes.plot(samples[-1:], errors[-1:], "o", color=BLUE, markersize=5, clip_on=False)
        low, high = float(errors.min()), float(errors.max())
        if 0 < low * _LOG_FROM < high:
            axes.set_yscale("log")
            axes.set_ylim(low / 1.25, high * 1.25)
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(0, _padded(0, high)[1])
        _beside(axes, float(errors[-1]), f"{result.weight_error:.3g} %", INK)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(0, max(1, result.samples))
    axes.set_ylabel("weight error [%]", color=SOFT)
    axes.set_xlabel("sample", color=SOFT)
    _title(axes, "Weight error, whole run", f"{result.spec.name}, {result.engine} engine, seed {result.seed}", 8)


def chop_spans(reads: FloatArray) -> list[tuple[float, float]]:
    """Spans of samples under c = -1, from the trace (reads, TRACE_FIELDS) of an element.

    The sign noted at a read has held since the read before it.
    """
    spans: list[tuple[float, float]] = []
    begin = 0.0
    for read in reads:
        if read[CHOP]:
            if spans and spans[-1][1] == begin:
                spans[-1] = (spans[-1][0], float(read[SAMPLE]))
            else:
                spans.append((begin, float(read[SAMPLE])))
        begin = float(read[SAMPLE])
    return spans


def _shade_chop(axes: Axes, reads: FloatArray) -> None:
    for begin, end in chop_spans(reads):
        axes.axvspan(begin, end, facecolor=BAND, edgecolor="none", zorder=0)


def _window_end(reads: FloatArray) -> float:
    """Sample at which the window ends: one interval of reads after the last, so that what it left is seen."""
    interval = reads[-1, SAMPLE] - reads[-2, SAMPLE] if len(reads) > 1 else reads[0, SAMPLE]
    return float(reads[-1, SAMPLE] + max(1.0, interval))


def _stairs(axes: Axes, reads: FloatArray, column: int, color: str, width: float) -> None:
    """A digital store: zero after reset, then what each read leaves until the next one."""
    if not reads.size:
        return
    samples = np.concatenate(([0.0], reads[:, SAMPLE], [_window_end(reads)]))
    values = np.concatenate(([0.0], reads[:, column], reads[-1:, column]))
    axes.step(samples, values, where="post", color=color, linewidth=width)


def _draw_stores(axes: Axes, reads: FloatArray, result: RunResult) -> None:
    marker = "o" if len(reads) <= _MARKERS else ""
    axes.plot(reads[:, SAMPLE], reads[:, A], color=GREY, linewidth=0.8, marker=marker, markersize=3, alpha=0.8)
    read = "$a - r$" if result.spec.array_r else "$a$"
    axes.set_ylabel(f"{read} [weight]", color=SOFT)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=GREY, linewidth=0.8, marker="o", markersize=3, label=f"{read}, at its reads")
    ]
    if has_reference(result.spec):
        _stairs(axes, reads, P, BLUE, 1.3)
        _stairs(axes, reads, PREF, VERMILION, 1.6)
        axes.set_ylabel(read + r", $p$, $p^{\mathrm{ref}}$ [weight]", color=SOFT)
        handles += [
            Line2D([], [], color=BLUE, linewidth=1.3, label="$p$"),
            Line2D([], [], color=VERMILION, linewidth=1.6, label=r"$p^{\mathrm{ref}}$"),
        ]
    values = reads[:, (A, P, PREF)]
    axes.set_ylim(_padded(min(0.0, float(values.min())), max(0.0, float(values.max()))) if reads.size else (-1, 1))

    if result.spec.transfer.chopper.mode != "off":
        handles.append(Patch(facecolor=SHADE, edgecolor="none", label="chopper $c = -1$"))
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.006, 1.0),
        borderaxespad=0.2,
        borderpad=0,
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=1.6,
        columnspacing=1.8,
    )


def _title_element(axes: Axes, shown: int, result: RunResult) -> None:
    """Above the element's first panel: which element, how many of its events, and how its sign flips."""
    row, column = result.element
    if result.spec.device.a is None:
        events = _events(result.spec)
        whole = result.samples if events == "updates" else len(result.trace)
        window = f"first {shown:,} of {whole:,} {events}" if shown < whole else f"all {events}"
        _title(axes, f"Element in row {row}, column {column}: {window}", "", 8)
        return
    chop = result.spec.transfer.chopper
    sign = {
        "regular": f"flips after every {chop.period} reads",
        "random": f"flips with probability {chop.probability} at a read",
        "off": "no chopping",
    }[chop.mode]
    whole = len(result.trace)
    window = f"first {shown:,} of {whole:,} reads"
    if shown == whole:
        window = {0: "no read", 1: "its only read"}.get(whole, f"all {whole:,} reads")
    _title(axes, f"Element in row {row}, column {column}: {window}", sign, 25)


def _draw_hidden(axes: Axes, reads: FloatArray, spec: ChipSpec) -> None:
    for threshold in (1, -1):
        axes.axhline(threshold, color=SOFT, linewidth=0.9, dashes=(4, 3))
        _beside(axes, threshold, f"${threshold:+d}$ pulse", SOFT)
    _stairs(axes, reads, H, INK, 1.3)
    symbol = {"h": "$h$", "chi": r"$\chi$"}[_hidden_name(spec)]
    axes.set_ylabel(f"{symbol} [pulses]", color=SOFT)
    values = reads[:, H]
    axes.set_ylim(_padded(min(-1.1, *values), max(1.1, *values)) if reads.size else (-1.2, 1.2))


def _draw_weight(axes: Axes, reads: FloatArray, result: RunResult) -> None:
    target = result.target
    axes.axhline(target, color=SOFT, linewidth=0.9, dashes=(4, 3))
    _beside(axes, target, "target", SOFT)
    # The value seen at a read has held since the pulses that came with the read before it.
    if reads.size:
        samples = np.concatenate(([0.0], reads[:, SAMPLE]))
        values = np.concatenate((reads[:1, W], reads[:, W]))
        axes.step(samples, values, where="pre", color=INK, linewidth=1.3)
    # In in-memory SGD it is W that has a reference.
    against_r = result.spec.array_r is not None and result.spec.device.a is None
    axes.set_ylabel(("$w - r$" if against_r else "$w$") + " [weight]", color=SOFT)
    shown = [target, *reads[:, W]]
    axes.set_ylim(_padded(float(min(shown)), float(max(shown))))
