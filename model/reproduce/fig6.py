"""Fig. 6: weight programming error over the symmetry of the devices.

The paper's main text gives neither the step nor the rates of this figure. Found by a scan over the step of A (0.005,
0.02), gamma0 (3000, 10000) and eta0 (1, 0.3), or lambda_A = 1, with W at 100 states, seed 1, errors in percent at
symmetry 0.5, 1, 5, 25. AGAD (paper 1.10 1.23 1.30 1.30) at the step 0.005: gamma0 3000, eta0 0.3: 1.23 1.28 1.27
1.25; eta0 1: 1.22 1.40 2.37 2.18; gamma0 10000, eta0 0.3: 0.95 0.92 0.96 3.13; at the step 0.02 and gamma0 3000, eta0
0.3: 0.94 0.99 1.08 2.76; eta0 1: 0.97 1.00 1.39 1.99. TTv2 (paper 0.76 1.06 3.39 9.57) at the first of these: 1.07
1.34 4.36 10.37, with its own settings of Fig. 4 2.32 3.92 10.99 16.29; Chopped-TTv2 (paper 0.74 1.01 5.21 17.3): 1.07
1.09 4.33 20.56, its own 1.52 2.13 8.31 26.36. In-memory SGD (paper 15.4 7.8 4.2 4.1) at lambda 0.05: 11.8 8.7 3.4
3.3; 0.1: 12.5 10.0 4.0 4.0. These with reads of full scale 4, which clip where A moves far: at symmetry 25 AGAD has
1.25 2.49 1.25 with seeds 1-3, and 1.25 1.28 1.27 at full scale 12, which the figure uses.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from crosschop.model.reproduce.experiment import Comparison, Row, Settings, mean_and_spread, paper
from crosschop.model.reproduce.points import Outcomes, Point
from crosschop.model.reproduce.sweep_figure import NUMBERS, curves

ALGORITHMS = ("in_memory_sgd", "ttv2", "c_ttv2", "agad")
# Step of the devices of A (of W for SGD); the wider its bounds, the less its step depends on where a device stands.
DELTA = 0.005
W_STATES = 100
# A moves far where its bounds are wide: the read has the full scale of the paper's converters.
_SETTINGS = (
    "algorithm.eta0=0.3",
    "algorithm.lambda_a=null",
    "algorithm.gamma0=3000",
    "converter.read_adc.full_scale=12",
    "task.samples=200000",
)
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
                f"the others has {W_STATES} states; no offset of R; eta0 0.3, gamma0 3000, reads of full scale "
                "12, 200,000 samples (the scan is in model/reproduce/fig6.py); everything else as in the 20x20 chips",
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
        figure, axes = curves(indices, ours, theirs, "symmetry of the devices (bound at constant step)")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(NUMBERS)
        return figure


def _indices(settings: Settings) -> tuple[float, ...]:
    return QUICK if settings.quick else tuple(paper("fig6")["symmetry_index"])


def _point(algorithm: str, index: float, seed: int) -> Point:
    wide = f"{{w_max: {index}, w_min: {-index}, n_states: {2 * index / DELTA}}}"
    if algorithm == "in_memory_sgd":
        # W cannot hold targets beyond its bounds.
        return Point("in_memory_sgd_20", (f"device.w={wide}", f"task.target_limit={min(1.0, index)}"), seed)
    return Point(f"{algorithm}_20", (f"device.a={wide}", f"device.w.n_states={W_STATES}", *_SETTINGS), seed)
