"""`crosschop bench --scale`: exponents, what is said of too much growth, and the bound itself, by counting memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosschop.cosim.benchmark.scale import SCALE_SAMPLES, SCALE_SIZES, Measured, growths, measure_all, measurements
from crosschop.cosim.benchmark.scale_child import Cost
from crosschop.cosim.benchmark.scale_figure import draw
from crosschop.cosim.benchmark.tasks import algorithms, chip_of
from crosschop.cosim.commands import bench
from crosschop.model.chipspec import ChipSpec
from crosschop.model.engines import run_golden, whole_transfers
from crosschop.model.recording import TRACE_FIELDS

PROGRAM_MIB = 150.0


def _cost(one: Measured, time: float, memory: float, per_sample: float = 0.0) -> Cost:
    peak = PROGRAM_MIB + 1e-4 * one.size**memory + one.samples * per_sample / 2**20
    return Cost(1e-9 * one.size**time, 1.0, peak)


def _found(time: float, memory: float, per_sample: float = 0.0) -> dict[Measured, Cost]:
    return {one: _cost(one, time, memory, per_sample) for one in measurements("agad", "run", quick=False)}


def test_every_size_is_a_chip() -> None:
    for algorithm in algorithms():
        for size in SCALE_SIZES:
            spec = chip_of(algorithm, size)
            assert (spec.array.rows, spec.array.cols) == (size, size)


def test_exponents_and_what_is_said_of_them() -> None:
    for growth in growths(_found(2.0, 2.0)):
        assert growth.time == pytest.approx(2)
        assert growth.memory == pytest.approx(2, abs=0.02)  # beyond that of N = 20, which has some of its own
        assert growth.too_fast == []
        assert set(growth.by_samples) >= ({*SCALE_SAMPLES} if growth.what in ("golden", "native") else set())
    slow = {one: cost if one.what == "memory" else _cost(one, 3.0, 2.5) for one, cost in _found(2.3, 2.5).items()}
    growth = growths(slow)[1]
    assert growth.too_fast == [
        "golden engine: time grows as N^3.00, the arrays as N^2, copies of them as N^2.30",
        "golden engine: memory grows as N^2.50, the arrays as N^2",
    ]
    assert growths(slow)[-1].too_fast[0] == "estimate: time grows as N^3.00, the arrays as N^2"
    growth = growths(_found(1.0, 0.0, 100.0))[1]
    assert growth.memory is None
    assert growth.too_fast == ["golden engine: a sample takes 100 bytes of memory that stay"]


def test_picture_has_every_measurement() -> None:
    found = growths(_found(2.0, 2.0))
    samples, once, memory, run = draw("agad", found).axes
    assert [len(panel.get_lines()) for panel in (samples, once, memory, run)] == [4, 3, 5, 2]  # with N^2
    assert list(samples.get_lines()[0].get_xdata()) == list(SCALE_SIZES)
    assert samples.get_lines()[0].get_ydata()[0] == pytest.approx(1e-3 * 400)  # microseconds


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With made-up costs: an interrupted one goes on, a finished one begins anew."""
    ran: list[Measured] = []

    def measured(most: int) -> Callable[[Sequence[Measured], Path], Iterator[tuple[Measured, Cost]]]:
        def run(due: Sequence[Measured], folder: Path) -> Iterator[tuple[Measured, Cost]]:
            for one in due[:most]:
                ran.append(one)
                yield one, _cost(one, 2.0, 2.5)
            if len(due) > most:
                raise KeyboardInterrupt

        return run

    def call(most: int, *options: str) -> tuple[int, str]:
        monkeypatch.setattr(bench, "measure_all", measured(most))
        done = CliRunner().invoke(bench.bench, ["--scale", "--out", str(tmp_path), "--json", *options])
        return done.exit_code, done.stdout

    assert call(10)[0] != 0
    status, text = call(1000)
    assert (status, len(ran), len(set(ran))) == (0, len(measurements("agad", "run", quick=False)), len(ran))
    answer = json.loads(text[text.index("{") :])
    assert "golden engine: memory grows as N^2.50, the arrays as N^2" in answer["too_fast"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scale.json", "scale.png"]
    assert call(1000, "--quick")[0] == 0
    for options in (["--size", "20"], ["--algorithm", "agad", "--algorithm", "ttv2"], ["--repetitions", "2"]):
        assert call(1000, *options)[0] != 0


@pytest.mark.slow
def test_a_measurement(tmp_path: Path) -> None:
    for _, cost in measure_all([Measured(what, "agad", 20, 1000, "run") for what in ("memory", "golden")], tmp_path):
        assert 0 < cost.seconds < 1e-2
        assert 50 < cost.peak < 2000


def _peak(spec: ChipSpec, samples: int) -> int:
    """Most memory that NumPy and Python have of a run, bytes."""
    transfers = whole_transfers(spec, samples)
    tracemalloc.start()
    try:
        run_golden(spec, 1, transfers, lambda done: None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("algorithm", ["agad", "in_memory_sgd", "mixed_precision"])
def test_memory_grows_as_the_arrays(algorithm: str) -> None:
    """Four times the elements, at most four times the memory: nothing is kept for each pair of rows."""
    smaller, larger = chip_of(algorithm, 256), chip_of(algorithm, 512)
    samples = 4
    _peak(smaller, samples)  # what is imported or compiled by the first run
    assert _peak(larger, samples) < 4.1 * _peak(smaller, samples)


@pytest.mark.parametrize("algorithm", ["agad", "in_memory_sgd", "mixed_precision"])
def test_memory_does_not_grow_with_samples(algorithm: str) -> None:
    """But for what is plotted of one element: a record at each read of its column."""
    spec = chip_of(algorithm, 20)
    few, many = 2_000, 40_000
    for samples in (few, many):  # what is loaded by the first run that needs it
        _peak(spec, samples)
    reads = (whole_transfers(spec, many) - whole_transfers(spec, few)) / spec.array.cols
    assert _peak(spec, many) - _peak(spec, few) < 8 * TRACE_FIELDS * reads + 20_000
