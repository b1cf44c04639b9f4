"""The picture of a sweep: two metrics against each other, the Pareto front marked, points labelled by what varies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from crosschop.model.palette import BAND, GREY, VERMILION

# Labels have room at the resolution at which they were placed.
DPI = 150
FRONT, OTHERS, TEXT = VERMILION, GREY, "#30363c"
# Beyond so many points only those on the front have labels.
LABELS_OF_ALL = 24
# Of a front with more, so many have them, evenly along it.
MOST_LABELS = 40
# Beyond so many points those off the front are dots without bars.
DENSE = 500
# Where a label may stand, in points from its mark: near places first, right and above before left and below.
_PLACES = [
    (distance * x, distance * y)
    for distance in (7, 13, 21, 31, 43)
    for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0))
]
_NEAR = 15
# Of a mark's width, in points.
_HALF_MARK, _POINTS_PER_INCH = 3, 72
# Of a dense picture a label may cover dots, which show through.
_BEHIND = {"boxstyle": "square,pad=0", "fc": "white", "alpha": 0.7, "lw": 0}
_NUMBERS = FuncFormatter(lambda value, _: f"{value:,.10g}")


@dataclass(frozen=True)
class Mark:
    """A point of the picture.

    Attributes:
        x, y: its metrics.
        x_spread, y_spread: standard deviations, None where there are none.
        label: what distinguishes it.
        optimal: whether it is on the front.
    """

    x: float
    y: float
    x_spread: float | None
    y_spread: float | None
    label: str
    optimal: bool


def draw(title: str, x_label: str, y_label: str, label_of: str, marks: Sequence[Mark]) -> Figure:
    """The picture.

    Args:
        title: what was swept.
        x_label, y_label: the metrics with their units.
        label_of: what the labels list, empty when nothing varies.
        marks: the points.
    """
    figure = Figure(figsize=(8, 5.4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    front = sorted((mark for mark in marks if mark.optimal), key=lambda mark: (mark.x, -mark.y))
    others = [mark for mark in marks if not mark.optimal]
    if len(marks) > DENSE:
        axes.plot(
            [mark.x for mark in others], [mark.y for mark in others],
            "o", ms=2, mew=0, color=OTHERS, alpha=0.4, zorder=2, label="others",
        )  # fmt: skip
    else:
        _with_bars(axes, others, OTHERS, 4.5, "others")
    _with_bars(axes, front, FRONT, 6, "nothing is better in both (Pareto front)")
    axes.step([mark.x for mark in front], [mark.y for mark in front], where="post", color=FRONT, lw=1, zorder=1)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.xaxis.set_major_formatter(_NUMBERS)
    axes.yaxis.set_major_formatter(_NUMBERS)
    axes.grid(visible=True, color=BAND)
    axes.set_axisbelow(True)
    axes.margins(0.08)
    axes.set_title(title, fontsize=10, loc="left")
    figure.legend(
        loc="outside lower left", ncols=2, frameon=False, fontsize=8, title=f"labels: {label_of}" if label_of else None,
        title_fontsize=8, alignment="left",
    )  # fmt: skip
    if label_of:
        _label(figure, axes, front if len(marks) > DENSE else marks, marks if len(marks) <= LABELS_OF_ALL else front)
    return figure


def _with_bars(axes: Axes, marks: Sequence[Mark], colour: str, size: float, name: str) -> None:
    if marks:
        axes.errorbar(
            [mark.x for mark in marks], [mark.y for mark in marks],
            [mark.y_spread or 0.0 for mark in marks], [mark.x_spread or 0.0 for mark in marks],
            fmt="o", ms=size, color=colour, ecolor=colour, elinewidth=0.7, alpha=0.9,
            zorder=3 if colour == FRONT else 2, label=name,
        )  # fmt: skip


def _together(marks: Sequence[Mark]) -> list[tuple[Mark, int]]:
    """The first mark at each place and the number of others there, those of the front first."""
    places: dict[tuple[float, float], list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: not mark.optimal):
        places.setdefault((mark.x, mark.y), []).append(mark)
    return [(there[0], len(there) - 1) for there in places.values()]


def _label(figure: Figure, axes: Axes, marks: Sequence[Mark], labelled: Sequence[Mark]) -> None:
    """Writes labels where they cover neither each other nor one of the marks; where there is no such place, none."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # the layout has to be known before places can be compared
    renderer = canvas.get_renderer()
    inside = axes.get_window_extent(renderer)
    here = axes.transData.transform([(mark.x, mark.y) for mark in marks])
    half = _HALF_MARK * figure.dpi / _POINTS_PER_INCH
    taken = np.concatenate([here - half, here + half], axis=1)
    places = _together(labelled)
    for mark, others in places[:: -(-len(places) // MOST_LABELS)]:
        words = mark.label if not others else f"{mark.label} and {others} more"
        for x, y in _PLACES:
            far = max(abs(x), abs(y)) > _NEAR
            text = axes.annotate(
                words, (mark.x, mark.y), (x, y), textcoords="offset points", fontsize=7.5,
                color=TEXT if mark.optimal else OTHERS, va="center", zorder=4, bbox=_BEHIND,
                ha="left" if x > 0 else "right" if x < 0 else "center",
                arrowprops={"arrowstyle": "-", "lw": 0.5, "color": OTHERS, "shrinkB": 3} if far else None,
            )  # fmt: skip
            text.update_positions(renderer)
            box = Text.get_window_extent(text, renderer)  # of the words alone, without the line to the mark
            if _fits(box, inside, taken):
                taken = np.concatenate([taken, [box.extents]])
                break
            text.remove()


def _fits(box: Bbox, inside: Bbox, taken: NDArray[np.float64]) -> bool:
    """Whether a box lies inside and overlaps none of the (n, 4) that are taken."""
    corners = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
    x0, y0, x1, y1 = taken.T
    return corners and not np.any((x0 <= box.x1) & (box.x0 <= x1) & (y0 <= box.y1) & (box.y0 <= y1))
