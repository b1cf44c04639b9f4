"""Fig. 4: weight programming error over the number of device states and the spread sigma_R of the reference."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from crosschop.model.reproduce.experiment import LABELS, Comparison, Row, Settings, mean_and_spread, paper
from crosschop.model.reproduce.points import Outcomes, Point

ALGORITHMS = ("in_memory_sgd", "ttv2", "c_ttv2", "agad")
STATES = (400, 200, 100, 40, 20, 10)
QUICK_STATES = (100, 20)
# With RTL in the loop, too few to converge: enough to see that the events are the golden engine's.
QUICK_SAMPLES_WITH_RTL = 2_000


class Fig4:
    """All algorithms, numbers of states and sigma_R, three seeds each."""

    algorithms = ALGORITHMS

    def points(self, settings: Settings) -> list[Point]:
        """One run per algorithm, number of states, sigma_R and seed."""
        return [
            _point(settings, algorithm, states, sigma_r, seed)
            for algorithm in ALGORITHMS
            for states in _states(settings)
            for sigma_r in paper("fig4")["sigma_r"]
            for seed in settings.seeds
        ]

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """Every cell of the figure."""
        published = paper("fig4")
        rows = []
        for algorithm in ALGORITHMS:
            for states in _states(settings):
                for index, sigma_r in enumerate(published["sigma_r"]):
                    errors = [
                        outcomes[_point(settings, algorithm, states, sigma_r, seed)].error for seed in settings.seeds
                    ]
                    mean, spread = mean_and_spread(errors)
                    what = f"{states} states, sigma_R {sigma_r:g}"
                    rows.append(
                        Row(algorithm, what, "%", published[algorithm].get(states, [None] * 6)[index], mean, spread)
                    )
        return Comparison(
            title="Fig. 4: weight programming error over device states and spread of the reference",
            rows=tuple(rows),
            settings=(
                "chips in_memory_sgd_20, ttv2_20, c_ttv2_20 and agad_20, where the other settings and their evidence "
                "stand; device.a.n_states, device.w.n_states and array_r.std as in the figure",
                f"engine {settings.engine}, seeds {', '.join(map(str, settings.seeds))}; the error is the mean over "
                "the last tenth of a run",
            ),
            remarks=REMARKS,
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """A column of maps per algorithm: the paper's above, ours below."""
        published = paper("fig4")
        algorithms, states = ALGORITHMS, _states(settings)
        figure = Figure(figsize=(3.3 * len(algorithms) + 1.2, 1.6 + 0.72 * len(states)), layout="constrained")
        axes = figure.subplots(2, len(algorithms), squeeze=False)
        image = None
        for place, algorithm in enumerate(algorithms):
            unknown = [np.nan] * len(published["sigma_r"])
            theirs = np.array([published[algorithm].get(count, unknown) for count in states])
            ours = np.array(
                [
                    [
                        np.mean(
                            [outcomes[_point(settings, algorithm, count, sigma, seed)].error for seed in settings.seeds]
                        )
                        for sigma in published["sigma_r"]
                    ]
                    for count in states
                ]
            )
            for axis, name, values in ((axes[0, place], "paper", theirs), (axes[1, place], "Crosschop", ours)):
                image = _map(axis, values, published["sigma_r"], states)
                axis.set_title(f"{LABELS[algorithm]}, {name}", fontsize=10)
            axes[1, place].set_xlabel(r"$\sigma_R$")
        for row in axes:
            row[0].set_ylabel("number of states")
        if image is not None:
            ticks = [0.5, 1, 2, 5, 10, 20, 50, 100]
            bar = figure.colorbar(image, ax=axes, label="weight programming error, %", shrink=0.8, ticks=ticks)
            bar.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
            bar.ax.minorticks_off()
        return figure


REMARKS = (
    "TTv2: the paper's penalty for small offsets (8.0 % at 400 states and sigma_R 0.1) is not reproduced in full by "
    "any setting of the recorded search (chipspecs/ttv2_20.yaml); the breakdown at large ones is, at few states and "
    "sigma_R 0.25 earlier than in the paper.",
    "Chopped-TTv2: no setting reproduces both the rise at 400 states and the flat row at 20 states up to sigma_R 1 "
    "(chipspecs/c_ttv2_20.yaml).",
)


def _states(settings: Settings) -> tuple[int, ...]:
    return settings.states or (QUICK_STATES if settings.quick else STATES)


def _point(settings: Settings, algorithm: str, states: int, sigma_r: float, seed: int) -> Point:
    overrides = cell_overrides(algorithm, states, sigma_r)
    if settings.quick and settings.engine != "golden":
        overrides = (*overrides, f"task.samples={QUICK_SAMPLES_WITH_RTL}")
    return Point(f"{algorithm}_20", overrides, seed, settings.engine)


def cell_overrides(algorithm: str, states: int, sigma_r: float) -> tuple[str, ...]:
    """What makes the 20x20 chip of an algorithm a cell of the figure."""
    overrides = (f"device.w.n_states={states}", f"array_r={{std: {sigma_r}}}")
    return overrides if algorithm == "in_memory_sgd" else (*overrides, f"device.a.n_states={states}")


def _map(axes: Axes, values: NDArray[np.float64], sigma_r: list[float], states: tuple[int, ...]) -> AxesImage:
    """A table of numbers on a ground of colour, logarithmic as errors differ by a factor of a hundred."""
    image = axes.imshow(values, cmap="viridis_r", norm=LogNorm(0.5, 100), aspect="auto")
    axes.set_xticks(range(len(sigma_r)), [f"{value:g}" for value in sigma_r])
    axes.set_yticks(range(len(states)), [str(count) for count in states])
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if value > 15 else "black"
            axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=8.5)
    return image
