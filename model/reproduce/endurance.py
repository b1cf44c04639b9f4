"""Endurance: pulses per sample on the most used device of A and of W."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from crosschop.model.palette import BLUE, VERMILION
from crosschop.model.reproduce.experiment import LABELS, Comparison, Row, Settings, mean_and_spread, paper
from crosschop.model.reproduce.points import Outcomes, Point

ALGORITHMS = ("ttv2", "c_ttv2", "agad", "in_memory_sgd", "mixed_precision")
# The ranges that the paper gives are those of these.
PUBLISHED = ("ttv2", "c_ttv2", "agad")
# The same for all, as the rate of writes to W falls with the length of a run.
SAMPLES, QUICK_SAMPLES = 60_000, 20_000


class Endurance:
    """Weight programming on the 20x20 chips; the paper counted on LeNet."""

    algorithms = ALGORITHMS

    def points(self, settings: Settings) -> list[Point]:
        """One run per algorithm and seed."""
        return [_point(settings, algorithm, seed) for algorithm in ALGORITHMS for seed in settings.seeds]

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """Pulses on A and on W."""
        ranges = paper("endurance")
        rows = []
        for algorithm in ALGORITHMS:
            runs = [outcomes[_point(settings, algorithm, seed)] for seed in settings.seeds]
            on_a = [run.pulses_a for run in runs if run.pulses_a is not None]
            for array, counts in (("a", on_a), ("w", [run.pulses_w for run in runs])):
                if counts:
                    published = tuple(ranges[array]) if algorithm in PUBLISHED else None
                    what = f"array {array.upper()}"
                    rows.append(Row(algorithm, what, "", published, *mean_and_spread(counts)))
        return Comparison(
            title="Endurance: pulses per sample on the most used device",
            rows=tuple(rows),
            settings=(
                f"the 20x20 chips, {_samples(settings):,} samples, both polarities counted, seeds "
                f"{', '.join(map(str, settings.seeds))}",
            ),
            remarks=(
                "The paper counts while LeNet learns MNIST, ours while a 20x20 matrix is programmed: W is written "
                "while it moves to its target and hardly ever after, so its rate falls with the length of the run.",
            ),
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """Bars on a logarithmic axis over the paper's ranges."""
        ranges = paper("endurance")
        figure = Figure(figsize=(7.5, 3.6), layout="constrained")
        axes = figure.subplots()
        colours = {"a": VERMILION, "w": BLUE}
        for array, (low, high) in ranges.items():
            axes.axvspan(low, high, color=colours[array], alpha=0.2, label=f"{array.upper()}, paper", linewidth=0)
        for place, algorithm in enumerate(reversed(ALGORITHMS)):
            runs = [outcomes[_point(settings, algorithm, seed)] for seed in settings.seeds]
            for array, counts in (("a", [run.pulses_a for run in runs]), ("w", [run.pulses_w for run in runs])):
                known = [count for count in counts if count is not None]
                label = f"{array.upper()}, ours"
                axes.plot(known, np.full(len(known), place), "o", color=colours[array], markersize=5, label=label)
        axes.set_yticks(range(len(ALGORITHMS)), [LABELS[name] for name in reversed(ALGORITHMS)])
        axes.set_xscale("log")
        axes.set_xlabel("pulses per sample on the most used device")
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        axes.legend(unique.values(), unique.keys(), frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))
        return figure


def _point(settings: Settings, algorithm: str, seed: int) -> Point:
    return Point(f"{algorithm}_20", (f"task.samples={_samples(settings)}",), seed)


def _samples(settings: Settings) -> int:
    return QUICK_SAMPLES if settings.quick else SAMPLES
