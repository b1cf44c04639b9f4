"""The search for the settings that the paper does not print: `python -m crosschop.model.reproduce.search ALGORITHM`.

Every setting of a grid is run on some cells of Fig. 4 and scored by the mean of |ln(ours / paper)|: 0.1 means ten
percent off on average. The chipspecs of Fig. 4 quote its tables as the evidence for their settings. Resumable, like
`crosschop reproduce`.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crosschop.model.parallel import cores, run_parallel
from crosschop.model.reproduce.experiment import paper
from crosschop.model.reproduce.fig4 import cell_overrides
from crosschop.model.reproduce.points import Outcome, Point, new_store, simulate_golden

STATES = (400, 100, 20)
SIGMA_R = (0, 0.1, 0.25, 1.0)
SEED = 1

Setting = tuple[str, ...]
_RATES: list[Setting] = [("algorithm.eta0=1", "algorithm.lambda_a=null")]
_RATES += [("algorithm.eta0=null", f"algorithm.lambda_a={rate}") for rate in (0.1, 0.3, 1)]
_TRANSFER: list[Setting] = [
    (*rate, f"algorithm.gamma0={gamma0}", "task.samples=200000")
    for rate, gamma0 in itertools.product(_RATES, (200, 300, 500, 1000, 3000))
]
GRIDS: dict[str, list[Setting]] = {
    "ttv2": _TRANSFER,
    "c_ttv2": _TRANSFER,
    "agad": _TRANSFER,
    "in_memory_sgd": [
        (f"algorithm.learning_rate={rate}", "task.samples=200000")
        for rate in (0.02, 0.03, 0.05, 0.07, 0.08, 0.1, 0.15, 0.2, 0.3)
    ],
}


@dataclass(frozen=True)
class Score:
    """How near a setting comes to Fig. 4.

    Attributes:
        setting: overrides of the chipspec.
        distance: mean of |ln(ours / paper)| over the cells.
        errors: our errors in percent, by number of states and sigma_R.
    """

    setting: Setting
    distance: float
    errors: dict[tuple[int, float], float]


def _cells(algorithm: str) -> Iterator[tuple[int, float, float]]:
    """States, sigma_R and the paper's error."""
    published = paper("fig4")
    for states in STATES:
        for sigma_r, error in zip(published["sigma_r"], published[algorithm][states], strict=True):
            if sigma_r in SIGMA_R:
                yield states, sigma_r, error


def _point(algorithm: str, setting: Setting, states: int, sigma_r: float) -> Point:
    return Point(f"{algorithm}_20", (*setting, *cell_overrides(algorithm, states, sigma_r)), SEED)


def points(algorithm: str) -> list[Point]:
    """All simulations of an algorithm's search."""
    return [
        _point(algorithm, setting, states, sigma_r)
        for setting in GRIDS[algorithm]
        for states, sigma_r, _ in _cells(algorithm)
    ]


def scores(algorithm: str, outcomes: dict[Point, Outcome]) -> list[Score]:
    """The settings of the grid, the nearest first."""
    found = []
    for setting in GRIDS[algorithm]:
        errors, distances = {}, []
        for states, sigma_r, published in _cells(algorithm):
            error = outcomes[_point(algorithm, setting, states, sigma_r)].error
            errors[states, sigma_r] = error
            distances.append(abs(math.log(error / published)))
        found.append(Score(setting, sum(distances) / len(distances), errors))
    return sorted(found, key=lambda score: score.distance)


def main() -> None:
    """Runs the search of the algorithm named on the command line and prints its table."""
    if len(sys.argv) != 2 or sys.argv[1] not in GRIDS:
        sys.exit(f"usage: python -m crosschop.model.reproduce.search {{{','.join(GRIDS)}}}")
    algorithm = sys.argv[1]
    store = new_store(Path("build") / "reproduce" / "search" / f"{algorithm}.jsonl")
    outcomes = {point: outcome for point in points(algorithm) if (outcome := store.get(point)) is not None}
    for point, outcome in run_parallel(simulate_golden, [p for p in points(algorithm) if p not in outcomes], cores()):
        store.put(point, outcome)
        outcomes[point] = outcome
        print(f"\r{len(outcomes)} of {len(points(algorithm))}", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"{algorithm}: mean |ln(ours / paper)|, then errors in percent at sigma_R {', '.join(map(str, SIGMA_R))}")
    for score in scores(algorithm, outcomes):
        rows = [" ".join(f"{score.errors[states, sigma]:.2f}" for sigma in SIGMA_R) for states in STATES]
        named = "; ".join(f"{states} states {row}" for states, row in zip(STATES, rows, strict=True))
        setting = ", ".join(word.split(".", 1)[1] for word in score.setting if not word.endswith("=null"))
        print(f"{score.distance:.3f}  {setting}: {named}")


if __name__ == "__main__":
    main()
