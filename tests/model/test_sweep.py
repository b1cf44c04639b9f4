"""Sweeps without running any: grids, Pareto fronts, what is kept, versions of a cluster, the picture."""

from __future__ import annotations

import itertools
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Annotation

from crosschop.model import cluster
from crosschop.model.cache import estimates_digest, sources_digest
from crosschop.model.chipspec import SpecError, load_chipspec, memory_bits
from crosschop.model.cluster import BATCH, require_same, run_on_cluster
from crosschop.model.engines import run_golden, whole_transfers
from crosschop.model.errors import InputError, ToolError
from crosschop.model.estimate.models import default_models
from crosschop.model.estimate.sweep import evaluate as evaluation
from crosschop.model.estimate.sweep.evaluate import METRICS, SPREAD, Figures, Metric, Task, cost_of, evaluate, tasks_of
from crosschop.model.estimate.sweep.evaluate import summarise as summary_of
from crosschop.model.estimate.sweep.figure import MOST_LABELS, Mark, draw
from crosschop.model.estimate.sweep.grid import Axis, parse_axes, short_names, split_values, variants_of
from crosschop.model.estimate.sweep.pareto import pareto_front
from crosschop.model.parallel import AHEAD, FROM_TERMINAL, run_parallel
from crosschop.model.store import Store

# ---------------------------------------------------------------- grid

MODELS = default_models()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("6,8,10", ["6", "8", "10"]),
        (" 6 , 8 ", ["6", "8"]),
        ("7", ["7"]),
        ("", [""]),
        ("[1, 2],[3]", ["[1, 2]", "[3]"]),
        ("{a: 1, b: [2, 3]},null", ["{a: 1, b: [2, 3]}", "null"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ('{a: "}"},2', ['{a: "}"}', "2"]),
    ],
)
def test_values_are_split_outside_brackets_and_quotes(text: str, values: list[str]) -> None:
    assert split_values(text) == values


@given(st.lists(st.sampled_from(["1", "x", "[1, 2]", "{a: [1, {b: 2}], c: 3}", "'p,q'"]), min_size=1))
def test_values_come_back(values: list[str]) -> None:
    assert split_values(",".join(values)) == values


@pytest.mark.parametrize(
    ("given_settings", "sentence"),
    [
        (["p_bits"], "is not KEY=VALUE"),
        (["=3"], "is not KEY=VALUE"),
        (["a=1,,2"], "a value is missing beside a comma"),
        (["a=1,2,1"], "the value 1 is given twice"),
        (["a=1", "a=2"], "a is given twice, list its values in one --set"),
        (["a={b: 1"], "} is missing"),
        (["a=1]"], "] closes nothing"),
        (["a={1]"], "] closes nothing"),
        (["a='1"], "' is missing"),
        ([f"k{i}=1,2,3,4,5,6,7,8,9,10" for i in range(5)], "100,000 points, allowed: 10,000 or fewer"),
    ],
)
def test_malformed_settings(given_settings: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_axes(given_settings)
    assert sentence in caught.value.messages[0]


def test_grid_is_the_product_in_order() -> None:
    axes = parse_axes(["reference.p_bits=9,11", "algorithm.beta=0.5", "controller.lanes=1,2"])
    variants, skipped = variants_of("agad_tiny", axes, 100)
    assert skipped == []
    assert [tuple(variant.values.values()) for variant in variants] == list(itertools.product(("9", "11"), ("1", "2")))
    for variant in variants:
        assert variant.spec.reference is not None
        assert str(variant.spec.reference.p_bits) == variant.values["reference.p_bits"]
        assert str(variant.spec.lanes) == variant.values["controller.lanes"]


def test_sections_vary_together() -> None:
    axes = parse_axes(["hidden={bits: 8, frac_bits: 6},{bits: 12}"])
    variants, _ = variants_of("agad_20", axes, None)
    hidden = [variant.spec.hidden for variant in variants]
    assert [(h.bits, h.frac_bits) for h in hidden if h is not None] == [(8, 6), (12, 10)]


def test_illegal_points_are_told_from_an_unreadable_chip() -> None:
    axes = [Axis("reference.p_bits", ("8", "9", "40"))]
    variants, skipped = variants_of("agad_20", axes, None)
    assert [variant.values for variant in variants] == [{"reference.p_bits": "9"}]
    assert [point.values["reference.p_bits"] for point in skipped] == ["8", "40"]
    assert all("reference.p_bits" in point.reason for point in skipped)
    with pytest.raises(SpecError, match="no such file or shipped chipspec"):
        variants_of("nothing", axes, None)
    _, skipped = variants_of("agad_20", [Axis("algorithm.transfer_every", ("5", "9"))], 7)
    assert [point.reason for point in skipped] == [
        "agad_20: 7 samples are less than one transfer, allowed: 9 (algorithm.transfer_every) or more"
    ]


def test_short_names_tell_keys_apart() -> None:
    keys = ["converter.adc.bits", "converter.read_adc.bits", "hidden", "device.a.noise.std", "device.w.noise.std"]
    shorter = ["adc.bits", "read_adc.bits", "hidden", "a.noise.std", "w.noise.std"]
    assert list(short_names(keys).values()) == shorter


# ---------------------------------------------------------------- Pareto front

coordinates = st.one_of(st.integers(0, 4).map(float), st.floats(-10, 10))


@given(st.lists(st.tuples(coordinates, coordinates), max_size=40))
def test_pareto_front_against_all_pairs(points: list[tuple[float, float]]) -> None:
    beaten = [
        any(other[0] <= x and other[1] <= y and (other[0] < x or other[1] < y) for other in points) for x, y in points
    ]
    assert pareto_front(points) == [not one for one in beaten]


# ---------------------------------------------------------------- figures of a variant


def test_metrics_are_those_of_the_runs() -> None:
    """Against the runs by themselves; the costs against what the chipspec derives."""
    spec = load_chipspec("agad_tiny")
    costs, *runs = [evaluate(task) for task in tasks_of(spec.model_dump_json(), (1, 2), 600, MODELS.to_json())]
    found = summary_of(costs, runs)
    results = [run_golden(spec, seed, whole_transfers(spec, 600), lambda done: None) for seed in (1, 2)]
    assert found["cycles"] == pytest.approx(sum(sum(r.cycles[p] for p in r.cycles) / 600 for r in results) / 2, rel=0.5)
    assert found["ns"] == pytest.approx(found["cycles"] * spec.timing.clock_ns)  # type: ignore[operator]
    assert found["bits"] == memory_bits(spec).total
    errors = [run.values["error"] for run in runs]
    assert found["error"] == pytest.approx(sum(errors) / 2)
    assert found[SPREAD] == pytest.approx(abs(errors[0] - errors[1]) / 2**0.5)
    assert summary_of(costs, runs[:1])[SPREAD] is None


def test_a_metric_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load_chipspec("agad_tiny")
    text, models = spec.model_dump_json(), MODELS.to_json()
    before = tasks_of(text, (), None, models)[0].key
    monkeypatch.setitem(METRICS, "rows", Metric("half of the rows", "", lambda spec, models: 0.5 * spec.array.rows))
    assert cost_of(spec, MODELS)["rows"] == 0.5 * spec.array.rows
    # What was kept without the new metric is computed again.
    assert tasks_of(text, (), None, models)[0].key != before


def test_key_names_everything_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    text = load_chipspec("agad_tiny").model_dump_json()
    other = load_chipspec("agad_tiny", ["algorithm.beta=0.25"]).model_dump_json()
    tasks = [
        Task(text, 1, 600),
        Task(text, 2, 600),
        Task(text, 1, 700),
        Task(text, None, None, "{}"),
        Task(other, 1, 600),
    ]
    keys = [task.key for task in tasks]
    assert len(set(keys)) == len(keys)
    assert Task(text, 1, 600).key == keys[0]
    monkeypatch.setattr(evaluation, "sources_digest", lambda: "others")
    assert Task(text, 1, 600).key != keys[0]
    assert estimates_digest() != sources_digest()


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 80))
def test_store_survives_a_torn_line(cut: int) -> None:
    first, second = Task('{"name": "a"}', 1, None), Task('{"name": "a"}', 2, None)
    figures = Figures({"error": 4.5})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.jsonl"
        store: Store[Task, Figures] = Store(path, Figures)
        store.put(first, figures)
        store.put(second, figures)
        path.write_text(path.read_text()[:-cut])
        again: Store[Task, Figures] = Store(path, Figures)
        assert again.get(first) == figures
        assert again.get(second) is None or cut == 1  # the line feed alone
        again.put(second, figures)
        last: Store[Task, Figures] = Store(path, Figures)
        assert last.get(second) == figures


# ---------------------------------------------------------------- picture


def test_labels_cover_neither_each_other_nor_a_mark() -> None:
    marks = [Mark(10.0 + x % 5, 4.0 + 0.01 * x, None, 0.3, f"{x}, label", x < 3) for x in range(20)]
    figure = draw("title", "x", "y", "p, q", marks)
    figure.canvas.draw()
    texts = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    assert len(texts) > 10
    boxes = [text.get_window_extent() for text in texts if text.arrow_patch is None]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_single_point_is_drawn() -> None:
    assert draw("title", "x", "y", "", [Mark(0.0, 0.0, None, None, "", True)]).axes


def test_ten_thousand_points_stay_readable() -> None:
    """Dots without bars off the front; of 5,000 points on it, some have labels."""
    marks = [Mark(float(i), 5000.0 - i, None, 0.1, f"{i}", True) for i in range(5000)]
    marks += [Mark(float(i), 5001.0 - i / 2, None, 0.1, f"{i}", False) for i in range(5000)]
    (axes,) = draw("title", "x", "y", "p", marks).axes
    assert 10 < len(axes.texts) <= MOST_LABELS
    (bars,) = axes.containers
    assert len(bars[0].get_xdata()) == 5000
    assert [len(line.get_xdata()) for line in axes.lines if line.get_label() == "others"] == [5000]


# ---------------------------------------------------------------- cluster


def test_versions_have_to_be_the_same() -> None:
    ours = {"Python": "3.11", "dask": "1", "crosschop": "abc"}
    require_same("tcp://h:1", "scheduler", ours, {"Python": "3.11", "dask": "1"})
    with pytest.raises(ToolError) as caught:
        require_same("tcp://h:1", "worker w", ours, {"Python": "3.11", "dask": "2"})
    assert caught.value.messages == [
        "--scheduler tcp://h:1: the worker w has dask 2, this command 1; all parts of a cluster need the same"
    ]
    with pytest.raises(ToolError, match="has dask not"):
        require_same("tcp://h:1", "worker w", ours, {"dask": None})


def test_late_worker_of_another_version_does_no_work() -> None:
    with pytest.raises(ToolError, match="another version of crosschop"):
        cluster._answer("other", json.loads, "1")


def _square(item: int) -> int:
    return item * item


def _fail(item: int) -> int:
    if item == 2:
        raise ValueError("two")
    if item == 9:
        raise InputError("item 9 is refused")
    return item


@pytest.mark.slow
@pytest.mark.parametrize("run", [run_on_cluster, run_parallel])
def test_workers_never_get_the_signals_of_a_terminal(run: Callable[..., Iterator[tuple[Path, str]]]) -> None:
    """Blocked in the main thread of each, from its first instruction on: it has nothing to print when Ctrl-C comes."""
    for _, status in run(Path.read_text, [Path("/proc/self/status")] * 2, 2):
        (mask,) = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigBlk")]
        assert all(mask >> number - 1 & 1 for number in FROM_TERMINAL)


class _Counted(list[int]):
    """Says how many of its items have been taken."""

    taken = 0

    def __iter__(self) -> Iterator[int]:
        for item in super().__iter__():
            self.taken += 1
            yield item


@pytest.mark.slow
@pytest.mark.parametrize(("run", "ahead"), [(run_on_cluster, 2 * BATCH), (run_parallel, AHEAD * 2 + 2)])
def test_work_is_handed_over_as_it_is_needed(run: Callable[..., Iterator[tuple[int, int]]], ahead: int) -> None:
    """What waits, and what is kept of what is done, does not grow with the number of pieces."""
    items = _Counted(range(3 * ahead))
    done = 0
    for item, square in run(_square, items, 2):
        assert square == item * item
        done += 1
        assert items.taken <= done + ahead
    assert done == items.taken == 3 * ahead


@pytest.mark.slow
@pytest.mark.parametrize("run", [run_on_cluster, run_parallel])
def test_interrupted_among_small_pieces(run: Callable[..., Iterator[tuple[int, int]]]) -> None:
    """Answers that come one after the other leave no pause in which an interrupt would be looked for."""
    answers = run(_square, list(range(1000)), 2)
    next(answers)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        for _ in range(20):
            next(answers)


@pytest.mark.slow
def test_cluster_leaves_the_environment_as_it_was() -> None:
    """Its workers have a folder for scratch files that goes with them; this process goes on without it."""
    before = dict(os.environ)
    (folder,) = [Path(answer) for _, answer in run_on_cluster(os.path.expandvars, ["$TMPDIR"], 1)]
    assert folder.name.startswith("crosschop-")
    assert not folder.exists()
    assert dict(os.environ) == before


@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError])
def test_a_connection_that_breaks_says_that_the_scheduler_is_gone(error: type[OSError]) -> None:
    class Broken:
        def result(self, timeout: float) -> None:
            raise error

    with pytest.raises(ToolError, match="the dask scheduler at tcp://far:1 is gone"):
        cluster._result(Broken(), "tcp://far:1")


@pytest.mark.slow
def test_cluster_gives_every_answer_and_every_error() -> None:
    assert dict(run_on_cluster(_square, list(range(40)), 2)) == {item: item * item for item in range(40)}
    assert list(run_on_cluster(_square, [], 2)) == []
    with pytest.raises(RuntimeError, match="ValueError: two"):
        list(run_on_cluster(_fail, [1, 2, 3], 2))
    with pytest.raises(InputError, match="item 9 is refused"):
        list(run_on_cluster(_fail, [9], 2))
