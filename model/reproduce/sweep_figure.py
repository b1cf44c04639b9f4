"""Curves over one quantity: ours as marks with the spread over the seeds, the paper's dashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from crosschop.model.palette import BAND, BLUE, GREY, ORANGE, VERMILION
from crosschop.model.reproduce.experiment import LABELS, mean_and_spread

COLOURS = {"in_memory_sgd": GREY, "ttv2": ORANGE, "c_ttv2": BLUE, "agad": VERMILION}

# Plain numbers where a logarithmic axis would write powers of ten.
NUMBERS = FuncFormatter(lambda value, _: f"{value:g}")


def curves(
    abscissa: Sequence[float],
    ours: Mapping[str, Sequence[Sequence[float]]],
    published: Mapping[str, Sequence[float]],
    label: str,
) -> tuple[Figure, Axes]:
    """A plot of weight errors over a logarithmic abscissa.

    Args:
        abscissa: values of the quantity, positive.
        ours: by algorithm, the errors of all seeds at each value, percent.
        published: the paper's, where it has any.
        label: name of the quantity.
    """
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    for algorithm, errors in ours.items():
        means, spreads = zip(*(mean_and_spread(values) for values in errors), strict=True)
        bars = [spread or 0.0 for spread in spreads]
        colour = COLOURS[algorithm]
        axes.errorbar(abscissa, means, bars, color=colour, marker="o", capsize=3, label=f"{LABELS[algorithm]}, ours")
        if algorithm in published:
            axes.plot(abscissa, published[algorithm], "--", color=colour, label=f"{LABELS[algorithm]}, paper")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(NUMBERS)
    axes.set_xlabel(label)
    axes.set_ylabel("weight programming error, %")
    axes.grid(visible=True, which="major", color=BAND)
    axes.legend(frameon=False, fontsize=8, ncols=2)
    return figure, axes
