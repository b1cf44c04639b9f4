"""`crosschop reproduce` as a user calls it: what must hold of the paper's figures, on few points; stops and goes on."""

from __future__ import annotations

import json
import pickle
import signal
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from command import call, start

from crosschop.cosim import simulate_points
from crosschop.cosim.engines import MismatchError
from crosschop.cosim.job import Mismatch
from crosschop.model.errors import CrosschopError
from crosschop.model.reproduce.points import Point

SIGMA_R = (0, 0.05, 0.1, 0.25, 0.5, 1.0)
START_SECONDS = 120

Rows = dict[tuple[str, str], dict[str, Any]]


def reproduce(folder: Path, *arguments: str) -> dict[str, Any]:
    process = call(folder, "reproduce", *arguments, "--out", "out", "--json")
    assert process.returncode == 0, process.stderr
    answer: dict[str, Any] = json.loads(process.stdout)
    for file in answer["files"]:
        assert (folder / file).stat().st_size > 0
    return answer


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Rows of a quick reproduction, computed once."""

    @cache
    def rows(name: str) -> Rows:
        answer = reproduce(tmp_path_factory.mktemp(name), name, "--quick")
        return {(row["algorithm"], row["what"]): row for row in answer["rows"]}

    return rows


def _fig4(rows: Rows, algorithm: str, states: int) -> dict[float, tuple[float, float]]:
    """Ours and the paper's by sigma_R."""
    cells = {sigma: rows[algorithm, f"{states} states, sigma_R {sigma:g}"] for sigma in SIGMA_R}
    return {sigma: (cell["ours"], cell["paper"]) for sigma, cell in cells.items()}


@pytest.mark.slow
@pytest.mark.xdist_group("fig4")
@pytest.mark.parametrize("states", [20, 100])
def test_fig4_agad_is_flat_and_near_the_paper(quick: Any, states: int) -> None:
    cells = _fig4(quick("fig4"), "agad", states)
    ours = [own for own, _ in cells.values()]
    assert max(ours) - min(ours) < 0.5
    assert all(abs(own - published) < 1.0 for own, published in cells.values())


@pytest.mark.slow
@pytest.mark.xdist_group("fig4")
def test_fig4_c_ttv2_holds_up_to_a_quarter(quick: Any) -> None:
    cells = _fig4(quick("fig4"), "c_ttv2", 20)
    assert all(abs(cells[sigma][0] - cells[sigma][1]) < 1.5 for sigma in (0, 0.05, 0.1, 0.25))


@pytest.mark.slow
@pytest.mark.xdist_group("fig4")
@pytest.mark.parametrize("states", [20, 100])
def test_fig4_ttv2_breaks_down(quick: Any, states: int) -> None:
    cells = _fig4(quick("fig4"), "ttv2", states)
    assert all(cells[sigma][0] > 20 for sigma in (0.25, 0.5, 1.0))
    assert cells[0][0] < 10  # without an offset it does learn


@pytest.mark.slow
@pytest.mark.xdist_group("fig4")
def test_fig4_sgd(quick: Any) -> None:
    cells = _fig4(quick("fig4"), "in_memory_sgd", 20)
    assert all(abs(ours - published) < 3 for ours, published in cells.values())
    assert cells[1.0][0] > 2 * cells[0][0]


@pytest.mark.slow
def test_fig6_agad_is_flat_where_the_others_need_asymmetry(quick: Any) -> None:
    rows = quick("fig6")

    def errors(algorithm: str) -> list[float]:
        return [rows[algorithm, f"symmetry {index}"]["ours"] for index in (0.5, 2, 25)]

    assert max(errors("agad")) - min(errors("agad")) < 0.5
    for algorithm in ("ttv2", "c_ttv2"):
        low, middle, high = errors(algorithm)
        assert low < middle < high
        assert high > 2 * low


@pytest.mark.slow
def test_endurance_within_the_papers_ranges(quick: Any) -> None:
    rows = quick("endurance")
    for algorithm in ("ttv2", "c_ttv2", "agad"):
        on_a, on_w = rows[algorithm, "array A"], rows[algorithm, "array W"]
        assert on_a["paper"] == [0.5, 4]
        assert on_a["difference"] == 0
        # The paper's bound: a single pulse per read of a column, n_s N samples apart.
        assert 0 < on_w["ours"] < 1 / (5 * 20)
    assert rows["in_memory_sgd", "array W"]["ours"] > 100 * rows["agad", "array W"]["ours"]


@pytest.mark.slow
def test_retention_needs_no_more_than_the_paper_says(quick: Any) -> None:
    """Ten times N n_s is as good as no decay, a tenth is not."""
    rows = quick("retention")
    ideal = rows["agad", "no decay"]["ours"]
    assert abs(rows["agad", "lifetime 10 N n_s"]["ours"] - ideal) < 0.5
    assert rows["agad", "lifetime 0.1 N n_s"]["ours"] > rows["agad", "lifetime 100 N n_s"]["ours"] + 1


def test_tables_without_simulation(tmp_path: Path) -> None:
    answer = reproduce(tmp_path, "table1")
    assert [round(row["difference"], 1) for row in answer["rows"] if row["paper"] and row["unit"]] == [0.0] * 6
    assert {Path(file).name for file in answer["files"]} == {"table1.png", "table1.json"}
    assert json.loads((tmp_path / "out" / "table1.json").read_text())["rows"] == answer["rows"]


@pytest.mark.sim
@pytest.mark.slow
def test_rtl_runs_the_same_events(tmp_path: Path) -> None:
    process = call(tmp_path, "reproduce", "fig4", "--engine", "icarus", "--states", "20", "--quick", "--seeds", "1")
    assert process.returncode == 0, process.stderr
    assert "24 runs with RTL in the loop, each event for event equal to the golden engine's" in process.stderr
    points = [
        json.loads(line) for line in (tmp_path / "build/reproduce/fig4/points.jsonl").read_text().split("\n") if line
    ]
    assert len(points) == 48
    # One of them changed: the command finds that the twins differ.
    changed = next(entry for entry in points if entry["point"]["engine"] == "icarus")
    changed["outcome"]["digest"] = "0"
    text = "\n".join(json.dumps(entry) for entry in points)
    (tmp_path / "build/reproduce/fig4/points.jsonl").write_text(text)
    process = call(tmp_path, "reproduce", "fig4", "--engine", "icarus", "--states", "20", "--quick", "--seeds", "1")
    assert process.returncode == 1
    assert "events with RTL in the loop differ" in process.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_and_resumed(number: signal.Signals, tmp_path: Path) -> None:
    arguments = ("reproduce", "retention", "--quick", "--seeds", "2", "--out", "out")
    points = tmp_path / "out" / "points.jsonl"
    with start(tmp_path, *arguments) as process:
        deadline = time.monotonic() + START_SECONDS
        while not points.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "points are kept, the same command goes on from there" in stderr
    assert "Traceback" not in stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["points.jsonl"]
    kept = len([line for line in points.read_text().splitlines() if line])
    assert 0 < kept < 10
    process = call(tmp_path, *arguments)
    assert process.returncode == 0, process.stderr
    assert f"{kept} of 10 points are there from an earlier call" in process.stderr
    keys = [json.loads(line)["key"] for line in points.read_text().splitlines() if line]
    assert len(keys) == len(set(keys)) == 10  # nothing was lost, nothing run twice


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fig5"], "'fig5' is not one of"),
        (["fig6", "--engine", "icarus"], "--engine icarus goes with fig4, not with fig6"),
        (["fig6", "--states", "20"], "--states goes with fig4, not with fig6"),
        (["fig4", "--states", "20,x"], "--states 20,x: allowed are integers 2..100000, separated by commas"),
        (["fig4", "--seeds", "0"], "0 is not in the range"),
    ],
)
def test_bad_input(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    process = call(tmp_path, "reproduce", *arguments)
    assert process.returncode == 2
    assert sentence in process.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tmp"]


def test_difference_of_the_rtl_names_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker raises crosses to the parent as it is."""

    def differ(*arguments: object) -> None:
        raise MismatchError(Mismatch(3, 70, "training", 1, 0, "H", "4", "5"), 3)

    monkeypatch.setattr(simulate_points, "run_rtl", differ)
    with pytest.raises(CrosschopError) as caught:
        simulate_points.simulate(Point("agad_tiny", ("algorithm.beta=0.25",), 7, "icarus"))
    # Dask pickles an error together with the one that it came from.
    cause = pickle.loads(pickle.dumps(MismatchError(Mismatch(3, 70, "training", 1, 0, "H", "4", "5"), 3)))
    assert (str(cause), cause.transfers) == ("transfer 3: H", 3)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.exit_code == 1
    assert again.messages == [
        "the RTL differs from the golden model at transfer 3: H; "
        "crosschop run agad_tiny --seed 7 --set algorithm.beta=0.25 shows where"
    ]
