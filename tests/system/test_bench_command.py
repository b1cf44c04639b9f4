"""`crosschop bench`: what it counts is what was run, its limits run the same RTL, it resumes, and regressions show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from command import call

from crosschop.cosim.benchmark import measure, peer, plain
from crosschop.cosim.benchmark.figure import draw
from crosschop.cosim.benchmark.report import Cell, append_history, cells_of, read_history, regressions, tables
from crosschop.cosim.benchmark.stimulus import BLOCK, new_stimulus
from crosschop.cosim.benchmark.tasks import SIZES, WHATS, Task, Timing, algorithms, chip_of
from crosschop.model.chipspec import beats, controller_kind
from crosschop.model.errors import InputError
from crosschop.model.recording import ERROR_POINTS


def _task(repetition: int, what: str) -> Task:
    return Task(repetition, "agad", 20, what, 1.0, "run")


def test_every_algorithm_has_every_size() -> None:
    for algorithm in algorithms():
        for size in SIZES:
            spec = chip_of(algorithm, size)
            assert (spec.array.rows, spec.array.cols, spec.algorithm.name) == (size, size, algorithm)
            if controller_kind(spec) == "transfer":  # lanes grow with the rows: as many beats as the chip it comes from
                assert beats(spec) in (4, 8)


def test_medians_ratios_and_spread() -> None:
    """By hand: rates 10, 40, 20 against 20, 50, 100 are 0.5, 0.8, 0.2 of them; the median of ratios is 0.5."""
    timings = {}
    for repetition, (rate, limit) in enumerate(((10, 20), (40, 50), (20, 100))):
        timings[_task(repetition, "native_rtl")] = Timing(rate, 1.0)
        timings[_task(repetition, "bare")] = Timing(limit * 2, 2.0)
    native, bare = cells_of(timings)
    assert (native.rate, native.ratio, native.spread) == (20, 0.5, 1.5)
    assert (bare.rate, bare.ratio) == (50, None)


def test_picture_and_tables_have_what_was_measured() -> None:
    cells = [Cell("agad", 20, "native_rtl", 300.0, 0.1, None), Cell("agad", 64, "native_rtl", 100.0, 0.1, None)]
    (panel,) = draw(cells).axes
    (line,) = panel.get_lines()
    assert list(line.get_xdata()) == [20, 64]
    assert list(line.get_ydata()) == pytest.approx([1e6 / 300, 1e4])  # microseconds
    table = tables(cells, "transfers")
    assert [column.header for column in table.columns] == ["algorithm", "N", "native"]
    assert table.caption == ""  # its limit was not measured


def test_a_regression_shows(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    good, slower = (Cell("agad", 20, "native_rtl", 100.0, 0.1, ratio) for ratio in (0.9, 0.6))
    assert read_history(history) == []
    append_history(history, [good], {"date": "2026-01-01", "machine": {}})
    assert regressions(read_history(history), [good]) == []
    (sentence,) = regressions(read_history(history), [slower])
    assert sentence == "agad 20 native_rtl: 0.60 of bare, in the run before 0.90"
    append_history(history, [slower], {"date": "2026-01-02", "machine": {}})
    assert regressions(read_history(history), [slower]) == []  # against the latest run
    # A peer that falls back behind ours is none
    append_history(history, [Cell("agad", 20, "aihwkit", 50.0, 0.1, 0.9)], {"date": "2026-01-03", "machine": {}})
    assert regressions(read_history(history), [Cell("agad", 20, "aihwkit", 50.0, 0.1, 0.1)]) == []
    history.write_text("{}\n")
    with pytest.raises(InputError, match=r"line 1: no run of a benchmark"):
        read_history(history)


def _blank() -> SimpleNamespace:
    return SimpleNamespace(forward=SimpleNamespace(), backward=SimpleNamespace(), update=SimpleNamespace(),
        device=SimpleNamespace(transfer_forward=SimpleNamespace()))  # fmt: skip


def test_the_peer_has_the_physics_of_the_chip() -> None:
    """In aihwkit's words: dw_min = 2 / n_states, resolutions 1 / (2^bits - 2), desired_bl = l_max, fast_lr = eta0."""
    spec, enums = chip_of("agad", 512), SimpleNamespace(BoundManagementType=SimpleNamespace(NONE="none"))
    device = peer.device_of(spec, dict)
    assert device == {
        "dw_min": 0.1, "dw_min_dtod": 0.3, "dw_min_std": 0.3, "up_down_dtod": 0.1, "w_max_dtod": 0.3, "w_min_dtod": 0.3
    }  # fmt: skip
    config = _blank()
    peer.configure(config, spec, enums)
    assert (config.update.desired_bl, config.update.update_bl_management) == (5, True)
    assert (config.device.transfer_every, config.device.fast_lr, config.device.auto_scale) == (2, 1, True)
    reads = config.device.transfer_forward
    assert (reads.out_bound, reads.out_res, reads.out_noise) == (4, 1 / 510, 0.06)
    assert (config.forward.inp_res, config.forward.out_bound, config.backward.out_bound) == (1 / 126, 12, 12)
    x, d = peer.samples_of(spec, 64)
    assert (x.shape, d.shape) == ((64, 512), (64, 512))
    assert x.std() == pytest.approx(1.0, abs=0.02)  # 32,768 numbers of N(0, 1)
    # W begins at zero, W* is N(0, 0.3^2): d = W* x is N(0, 0.3^2 x 512); outputs of W add noise of 0.06 max |x|
    assert d.std() == pytest.approx(0.3 * 512**0.5, rel=0.1)
    config = _blank()
    peer.configure(config, chip_of("mixed_precision", 20), enums)
    assert (config.device.transfer_every, config.device.n_x_bins) == (100, 4096)


@pytest.mark.sim
@pytest.mark.verilator
@pytest.mark.parametrize("algorithm", ["agad", "in_memory_sgd", "mixed_precision"])
def test_limits_run_the_same_cycles(algorithm: str) -> None:
    """Native and bare C++ have the same RTL and stimulus: clock cycles per transfer differ at the ends alone."""
    spec = chip_of(algorithm, 20)
    transfers = 200
    cycles = {name: measure.cycles_of(spec, name, transfers) for name in ("native_rtl", "bare")}
    assert abs(cycles["native_rtl"] - cycles["bare"]) < 30
    assert cycles["bare"] > 2 * transfers
    assert plain.run_plain(spec, new_stimulus(spec, 1), transfers) > 0  # ends by itself, all transfers retired
    assert new_stimulus(spec, 1).lengths.shape[0] == BLOCK


def test_mixed_precision_is_timed_over_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten million columns a second, from one pass of 512 by three guesses, each at most 16 times the one before."""
    monkeypatch.setattr(measure, "_rates", {})
    monkeypatch.setitem(measure._HOW, "golden", lambda spec, columns: Timing(columns, columns / 1e7))
    timing = measure.measure(Task(0, "mixed_precision", 512, "golden", 1.0, "run"))
    assert timing.count == 16**3  # samples
    assert timing.count > 10 * ERROR_POINTS  # so that few of them have an error point


@pytest.mark.sim
def test_a_plain_build_that_was_pruned_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "cache_directory", lambda: tmp_path)
    spec = chip_of("in_memory_sgd", 20)
    stimulus = new_stimulus(spec, 1)
    assert plain.run_plain(spec, stimulus, 10) > 0
    shutil.rmtree(tmp_path / "sim")
    assert plain.run_plain(spec, stimulus, 10) > 0


@pytest.mark.sim
@pytest.mark.verilator
def test_command(tmp_path: Path) -> None:
    options = ("bench", "--quick", "--algorithm", "agad", "--history", "history.jsonl", "--out", "out", "--json")
    done = call(tmp_path, *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    cells = {cell["what"]: cell for cell in found["cells"]}
    without = {"verilator", "verilator_rtl"} if peer.available() else {"verilator", "verilator_rtl", "aihwkit"}
    assert set(cells) == set(WHATS) - without
    assert all(cell["rate"] > 0 for cell in cells.values())
    assert cells["native"]["limit"] == "golden"
    assert found["machine"]["cores"] >= 1
    assert (tmp_path / "out" / "bench.png").stat().st_size > 10_000
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["bench.json", "bench.png"]
    (line,) = read_history(tmp_path / "history.jsonl")
    assert "agad 20 native_rtl" in line["ratios"]  # type: ignore[operator]
    if not peer.available():
        done = call(tmp_path, "bench", "--what", "aihwkit")
        assert (done.returncode, "cosim/README.md" in done.stderr) == (2, True)
    (tmp_path / "history.jsonl").write_text("no run\n")
    done = call(tmp_path, *options)
    assert done.returncode == 2
    assert "no run of a benchmark" in done.stdout
