"""Fig. 3: A, the stores and W of one element under a constant gradient, without and with an offset of the reference."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.palette import BAND, BLUE, GREY, VERMILION
from crosschop.model.recording import CHOP, PREF, SAMPLE, A, H, P, W
from crosschop.model.reproduce.experiment import LABELS, Comparison, Row, Settings, mean_and_spread
from crosschop.model.reproduce.points import Outcomes, Point
from crosschop.model.results import RunResult

ALGORITHMS = ("ttv2", "c_ttv2", "agad")
OFFSETS = (0.0, -0.8)
SAMPLES = 2500  # ten chop periods of 250
# The paper names no a; half of the error follows the input here.
CORRELATION = 0.5
SHOWN_SEED = 1

# Fig. 3: 5x5 arrays, delta = 0.05, all spreads 0.3, gamma0 = 200, lambda = 0.1, n_s = 5, beta = 0.5, a period of ten
# reads, l_max = 5, lambda_A = 1.
_CASE = (
    "array={rows: 5, cols: 5}",
    "device.a={n_states: 40, sigma_b: 0.3, sigma_pm: 0.3, sigma_d2d: 0.3, sigma_c2c: 0.3}",
    "device.w={n_states: 40, sigma_b: 0.3, sigma_pm: 0.3, sigma_d2d: 0.3, sigma_c2c: 0.3}",
    "algorithm={gamma0: 200, learning_rate: 0.1, transfer_every: 5, eta0: null, lambda_a: 1}",
    f"task={{name: constant_gradient, correlation: {CORRELATION}, samples: {SAMPLES}, target_std: null, "
    "target_limit: null}",
)


class Fig3:
    """Short enough to be run anew each time."""

    algorithms = ALGORITHMS

    def __init__(self) -> None:
        self._runs: dict[tuple[str, float, int], RunResult] = {}

    def points(self, settings: Settings) -> list[Point]:
        """Nothing to keep."""
        return []

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """How far W moved; the gradient asks for a negative weight."""
        rows = []
        for algorithm in ALGORITHMS:
            for offset in OFFSETS:
                moved = [float(self._run(algorithm, offset, seed).trace[-1, W]) for seed in settings.seeds]
                what = f"W after {SAMPLES:,} samples, mu_R {offset:g}"
                rows.append(Row(algorithm, what, "weight", None, *mean_and_spread(moved)))
        return Comparison(
            title="Fig. 3: one element under a constant gradient",
            rows=tuple(rows),
            settings=(
                "5x5 arrays, 40 states, all spreads 0.3, gamma0 200, lambda 0.1, n_s 5, beta 0.5, chop period 10 "
                f"reads, l_max 5, lambda_A 1; a = {CORRELATION}",
                f"golden engine, seeds {', '.join(map(str, settings.seeds))}; the figure shows seed {SHOWN_SEED}",
            ),
            remarks=(
                "The paper prints no numbers with this figure. What it shows: an offset of R keeps TTv2 from moving W "
                "as the gradient wants; choppers cancel the offset; AGAD does not see it at all.",
            ),
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """A column per algorithm and offset; rows: A with the references, H, W."""
        cases = [(algorithm, offset) for algorithm in ALGORITHMS for offset in OFFSETS]
        figure = Figure(figsize=(3.0 * len(cases), 6.6), layout="constrained")
        axes = figure.subplots(3, len(cases), sharex=True, sharey="row")
        for column, (algorithm, offset) in enumerate(cases):
            trace = self._run(algorithm, offset, SHOWN_SEED).trace
            samples = trace[:, SAMPLE]
            top, middle, bottom = axes[:, column]
            top.plot(samples, trace[:, A], color=BLUE, linewidth=1, label="A, as read")
            if algorithm == "agad":
                top.plot(samples, trace[:, P], color=GREY, linewidth=1, label="P")
                top.step(samples, trace[:, PREF], color=VERMILION, linewidth=1.2, where="post", label="P^ref")
            middle.plot(samples, trace[:, H], color=BLUE, linewidth=1)
            bottom.step(samples, trace[:, W], color=BLUE, linewidth=1.2, where="post")
            for axis in (top, middle, bottom):
                axis.axhline(0, color=GREY, linewidth=0.6)
                _shade(axis, samples, trace[:, CHOP])
            top.set_title(f"{LABELS[algorithm]}, $\\mu_R$ = {offset:g}", fontsize=10)
            bottom.set_xlabel("samples")
        for axis, name in zip(axes[:, 0], ("A, weight units", "H, pulses", "W, weight units"), strict=True):
            axis.set_ylabel(name)
        axes[0, -1].legend(frameon=False, fontsize=8)
        return figure

    def _run(self, algorithm: str, offset: float, seed: int) -> RunResult:
        key = algorithm, offset, seed
        if key not in self._runs:
            spec = load_chipspec(f"{algorithm}_20", [*_CASE, f"array_r={{mean: {offset}}}"])
            self._runs[key] = run_golden(spec, seed, transfers_in(spec, SAMPLES), lambda done: None)
        return self._runs[key]


def _shade(axes: Axes, samples: NDArray[np.float64], chop: NDArray[np.float64]) -> None:
    """The spans in which c = -1."""
    edges = np.flatnonzero(np.diff(chop)) + 1
    for begin, end in zip([0, *edges], [*edges, len(chop)], strict=True):
        if chop[begin]:
            axes.axvspan(samples[begin], samples[end - 1], color=BAND, linewidth=0)
