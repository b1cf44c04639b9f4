"""Reproduction of the paper without a simulator: formulas, what is compared, what is kept of finished points."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.parallel import run_parallel
from crosschop.model.reproduce import EXPERIMENTS, new_experiment
from crosschop.model.reproduce.experiment import Row, Settings, paper
from crosschop.model.reproduce.fig3 import Fig3
from crosschop.model.reproduce.fig4 import Fig4
from crosschop.model.reproduce.points import Outcome, Point, new_store, simulate_golden
from crosschop.model.runtime import paper_runtime

QUICK = Settings(quick=True, seeds=(1,))
OUTCOME = Outcome(error=4.5, samples=100, pulses_a=0.5, pulses_w=1e-4, digest="1")


# ---------------------------------------------------------------- table 1


def test_table1_to_a_tenth_of_a_nanosecond() -> None:
    """The six times as the paper prints them, and AGAD's with beta = 1 from its count of operations, by hand."""
    rows = {(row.algorithm, row.what): row for row in new_experiment("table1").compare(QUICK, {}).rows}
    ours = [round(row.ours, 1) for row in rows.values() if row.unit == "ns"]
    assert ours == [30.9, 56.3, 56.3, 62.1, 3024.5, 17.1, 57.7]
    speedup = next(row for row in rows.values() if row.unit == "")
    assert abs(speedup.ours - 176.8) < 0.1  # 3024.457 / 17.107


def test_runtime_by_hand() -> None:
    """AGAD, N = 512, n_s = 2, l = 5: (2 * 512 + 6 * 512 / 2) / 0.175e12 s and 5 * 5 + (5 + 40) / 2 ns."""
    runtime = paper_runtime(load_chipspec("agad_512"), 5, 0.175e12)
    assert runtime.digital_ns == pytest.approx(2560 / 175, rel=1e-12)
    assert runtime.analog_ns == 47.5
    assert runtime.total_ns == runtime.digital_ns + runtime.analog_ns


# ---------------------------------------------------------------- what is compared


def test_difference_is_to_the_nearer_end_of_a_range() -> None:
    def difference(published: float | tuple[float, float] | None, ours: float) -> float | None:
        return Row("agad", "", "", published, ours).difference

    assert difference(None, 1.0) is None
    assert difference(2.0, 1.5) == -0.5
    assert [difference((1, 3), ours) for ours in (0.5, 1, 2, 3, 4)] == [-0.5, 0, 0, 0, 1]


def test_figures_of_the_paper() -> None:
    """Spot checks against the printed figure, and no cell is missing."""
    fig4, fig6 = paper("fig4"), paper("fig6")
    assert fig4["agad"][20] == [4.6, 4.5, 4.5, 4.5, 4.5, 4.5]
    assert fig4["ttv2"][400][3] == 45.6
    assert all(len(row) == 6 for algorithm in Fig4.algorithms for row in fig4[algorithm].values())
    assert all(sorted(fig4[algorithm]) == [10, 20, 40, 100, 200, 400] for algorithm in Fig4.algorithms)
    assert all(len(fig6[name]) == 6 for name in fig6)


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("quick", [True, False])
def test_every_experiment_compares_and_draws(name: str, quick: bool) -> None:
    """With made-up outcomes: every point is one of its points, every row has a number."""
    experiment, settings = new_experiment(name), Settings(quick=quick, seeds=(1, 2))
    points = experiment.points(settings)
    assert len(points) == len(set(points))
    for point in points[:: max(1, len(points) // 8)]:
        load_chipspec(point.chip, point.overrides)
    outcomes = dict.fromkeys(points, OUTCOME)
    comparison = experiment.compare(settings, outcomes)
    assert comparison.rows
    assert comparison.settings
    assert {row.algorithm for row in comparison.rows} == set(experiment.algorithms)
    json.dumps([row.difference for row in comparison.rows], allow_nan=False)
    assert experiment.draw(settings, outcomes).get_axes()


def test_fig4_covers_the_figure() -> None:
    points = Fig4().points(Settings())
    assert len(points) == 4 * 6 * 6 * 3
    assert {point.chip for point in points} == {"in_memory_sgd_20", "ttv2_20", "c_ttv2_20", "agad_20"}
    spec = load_chipspec(points[-1].chip, points[-1].overrides)
    assert (spec.algorithm.name, spec.device.w.n_states, spec.array_r.std) == ("agad", 10, 1.0)


def test_fig3_shows_what_the_paper_shows() -> None:
    """The gradient wants W negative. An offset of R stops TTv2; c-TTv2 keeps most of its way, AGAD all of it."""
    rows = Fig3().compare(Settings(), {}).rows
    moved = {(row.algorithm, row.what.endswith("-0.8")): row.ours for row in rows}
    for algorithm in ("ttv2", "c_ttv2", "agad"):
        assert moved[algorithm, False] < -0.2
    assert moved["ttv2", True] > 0.5 * moved["ttv2", False]
    assert moved["c_ttv2", True] < 0.5 * moved["c_ttv2", False]
    assert abs(moved["agad", True] - moved["agad", False]) < 0.1


# ---------------------------------------------------------------- points


@settings(deadline=None)
@given(st.integers(1, 60))
def test_store_survives_a_torn_line(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "points.jsonl"
        first, second = Point("agad_20", (), 1), Point("agad_20", (), 2)
        store = new_store(path)
        store.put(first, OUTCOME)
        store.put(second, OUTCOME)
        path.write_text(path.read_text()[:-cut])
        again = new_store(path)
        assert again.get(first) == OUTCOME
        assert again.get(second) is None or cut == 1  # the line feed alone
        again.put(second, OUTCOME)
        assert new_store(path).get(second) == OUTCOME


def test_key_names_everything_that_decides() -> None:
    point = Point("agad_tiny", (), 1)
    others = (
        Point("agad_tiny", (), 2),
        Point("agad_tiny", ("algorithm.beta=0.25",), 1),
        Point("agad_rect", (), 1),
        Point("agad_tiny", (), 1, "icarus"),
    )
    assert len({point.key, *(other.key for other in others)}) == 5
    assert point.key == Point("agad_tiny", (), 1).key


def test_parallel_gives_what_one_process_gives() -> None:
    points = [Point("agad_tiny", (), seed) for seed in (1, 2, 3)]
    alone, together = (dict(run_parallel(simulate_golden, points, workers)) for workers in (1, 2))
    assert alone == together
    assert len({outcome.digest for outcome in alone.values()}) == 3


class _TwoArgumentsError(Exception):
    """Cannot be made again from its pickle."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def _fail(item: int) -> int:
    if item == 2:
        raise _TwoArgumentsError("item", "two")
    return item


def _refuse(item: int) -> int:
    raise InputError(f"item {item} is refused")


def test_worker_that_fails_ends_the_work() -> None:
    with pytest.raises(RuntimeError, match="_TwoArgumentsError"):
        list(run_parallel(_fail, [1, 2, 3], 2))
    with pytest.raises(InputError, match="is refused"):
        list(run_parallel(_refuse, [1, 2, 3], 2))
