"""Fig. 6: weight programming error over the symmetry of the devices."""

from __future__ import annotations

from matplotlib.figure import Figure

from crosschop.model.reproduce.experiment import Comparison, Row, Settings, mean_and_spread, paper
from crosschop.model.reproduce.points import Outcomes, Point
from crosschop.model.reproduce.sweep_figure import curves

ALGORITHMS = ("in_memory_sgd", "ttv2", "c_ttv2", "agad")
# Step of all devices; the wider its bounds, the less a device's step depends on where it stands.
DELTA = 0.02
QUICK = (0.5, 2, 25)


class Fig6:
    """Bounds of A (of W for SGD) widened at a constant step."""

    algorithms = ALGORITHMS

    def points(self, settings: Settings) -> list[Point]:
        """One run per algorithm, symmetry and seed."""
        return [
            _point(algorithm, index, seed)
            for algorithm in ALGORITHMS
            for index in _indices(settings)
            for seed in settings.seeds
        ]

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """Every point of the figure."""
        published = paper("fig6")
        rows = []
        for algorithm in ALGORITHMS:
            theirs = dict(zip(published["symmetry_index"], published[algorithm], strict=True))
            for index in _indices(settings):
                errors = [outcomes[_point(algorithm, index, seed)].error for seed in settings.seeds]
                rows.append(Row(algorithm, f"symmetry {index:g}", "%", theirs[index], *mean_and_spread(errors)))
        return Comparison(
            title="Fig. 6: weight programming error over device symmetry",
            rows=tuple(rows),
            settings=(
                f"symmetry = bound of the devices of A (of W for in-memory SGD) at the constant step {DELTA:g}; W of "
                "the others has 100 states; no offset of R; the other settings are those of the 20x20 chips",
                f"golden engine, seeds {', '.join(map(str, settings.seeds))}; mean over the last tenth of a run",
            ),
            remarks=(
                "The paper's definition of the index, the step and the learning rates of this figure are not in its "
                "main text; what has to agree is the trend: AGAD flat, TTv2 and Chopped-TTv2 worse with symmetry.",
            ),
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """One curve per algorithm, the paper's dashed."""
        indices, published = _indices(settings), paper("fig6")
        places = [published["symmetry_index"].index(index) for index in indices]
        ours = {
            algorithm: [
                [outcomes[_point(algorithm, index, seed)].error for seed in settings.seeds] for index in indices
            ]
            for algorithm in ALGORITHMS
        }
        theirs = {algorithm: [published[algorithm][place] for place in places] for algorithm in ALGORITHMS}
        figure, _ = curves(indices, ours, theirs, "symmetry of the devices (bound at constant step)")
        return figure


def _indices(settings: Settings) -> tuple[float, ...]:
    return QUICK if settings.quick else tuple(paper("fig6")["symmetry_index"])


def _point(algorithm: str, index: float, seed: int) -> Point:
    wide = f"{{w_max: {index}, w_min: {-index}, n_states: {2 * index / DELTA}}}"
    if algorithm == "in_memory_sgd":
        limit = min(1.0, index)
        return Point("in_memory_sgd_20", (f"device.w={wide}", f"task.target_limit={limit}"), seed)
    return Point(f"{algorithm}_20", (f"device.a={wide}", f"device.w.n_states={2 / DELTA}"), seed)
