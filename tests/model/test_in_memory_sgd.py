"""In-memory SGD: events in order, pulses onto W that amount to its outer product, the errors of the paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from device_array import show
from digests import FNV_OFFSET_BASIS, fnv

from crosschop.model.algorithms.in_memory_sgd import increment
from crosschop.model.analog import tile as analog
from crosschop.model.chipspec import load_chipspec, memory_bits, rtl_parameters, samples_per_transfer, transfers_in
from crosschop.model.cycles_in_memory_sgd import finish_cycles
from crosschop.model.engines import run_float, run_golden
from crosschop.model.golden.in_memory_sgd import NUMBER_MASK, reset_state, step_update
from crosschop.model.recording import SAMPLE, W
from crosschop.model.report import cycle_rows, render_run, write_report
from crosschop.model.report_figure import draw_run
from crosschop.model.results import load_run, save_run, summary
from crosschop.model.training import in_memory_sgd as training

CHIP = "in_memory_sgd_20"
UPDATES = 300
# Devices without variation or noise, far from their bounds: a pulse is worth delta_W.
IDEAL = (
    "device.w.sigma_pm=0",
    "device.w.sigma_d2d=0",
    "device.w.sigma_c2c=0",
    "device.w.n_states=100000",
    "converter.dac.bits=null",
    "converter.adc={bits: null, noise: 0}",
)


def quiet(done: int) -> None:
    """Progress that nobody watches."""


def outcome(chunks: list[int], seed: int = 1) -> list[np.ndarray]:
    """Everything that a run in these pieces leaves behind."""
    session, state = training.new_session(load_chipspec(CHIP), seed, UPDATES), reset_state()
    for chunk in chunks:
        training.run_golden(session, state, chunk)
    training.finish(session)
    recording = session.recording
    parts = [session.tile.w.weight, session.tile.w.pulses, recording.digest, recording.errors, recording.trace]
    return [*parts, *session.timeline, session.sample, session.train_lengths, state, *session.tile.streams]


def equal(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_the_same_however_it_is_run() -> None:
    whole = outcome([UPDATES])
    assert equal(whole, outcome([UPDATES]))
    assert equal(whole, outcome([1, 99, 200]))
    assert not equal(whole, outcome([UPDATES], seed=2))


def test_the_controller_counts() -> None:
    state = reset_state()
    assert [step_update(state) for _ in range(3)] == [0, 1, 2]
    state[0] = NUMBER_MASK
    assert [step_update(state), step_update(state)] == [NUMBER_MASK, 0]


def test_a_sample_sees_the_updates_before_it() -> None:
    """Its error is W* x - y with the y of the weights that the update before it has left."""
    session = training.new_session(load_chipspec(CHIP, IDEAL), 1, 10)
    for _ in range(10):
        wanted = session.task.target.T @ session.x - session.tile.w.weight.T @ session.x
        assert session.d == pytest.approx(wanted, abs=1e-4)
        before = session.tile.w.weight.copy()
        training.update_and_prepare(session)
        assert not np.array_equal(session.tile.w.weight, before)


def test_pulses_amount_to_the_outer_product() -> None:
    """Mean over many updates with the same x and d, on devices of equal steps: lambda d x^T, where nothing clips."""
    spec = load_chipspec(CHIP, (*IDEAL, "array.rows=3", "array.cols=2", "driver.max_pulses=62"))
    tile = training.new_session(spec, 1, 1).tile
    x, d = np.array([0.5, -1.0], dtype=np.float32), np.array([0.01, -0.004, 0.0], dtype=np.float32)
    total, updates = np.zeros((2, 3)), 4000
    for _ in range(updates):
        show(tile.w, 0)
        analog.update_weights(tile, analog.plan(tile, x, d), x, d, np.zeros(2, dtype=np.int64))
        total += tile.w.weight
    wanted = increment(spec.algorithm.learning_rate, x, d)
    assert total / updates == pytest.approx(wanted, rel=0.02, abs=1e-9)


def test_clipped_elements_get_every_slot() -> None:
    spec = load_chipspec(CHIP)
    tile = training.new_session(spec, 1, 1).tile
    x, d = np.full(20, 3.0, dtype=np.float32), np.full(20, -3.0, dtype=np.float32)
    plan = analog.plan(tile, x, d)
    assert plan.length == spec.driver.max_pulses
    analog.update_weights(tile, plan, x, d, np.zeros(20, dtype=np.int64))
    assert (tile.w.pulses == spec.driver.max_pulses).all()


def test_w_is_read_relative_to_r() -> None:
    """R at the symmetry point plus an offset: conductance 0, where W begins, is seen as -r."""
    without = training.new_session(load_chipspec(CHIP, ["array_r=null"]), 1, 1).tile
    assert not without.w.weight.any()
    shifted = training.new_session(load_chipspec(CHIP, ["array_r={mean: 0.25, target: zero}"]), 1, 1).tile
    assert (shifted.w.weight == -0.25).all()
    assert without.a.weight.size == shifted.a.weight.size == 0


def test_an_empty_train_changes_nothing() -> None:
    session = training.new_session(load_chipspec(CHIP), 1, 2)
    session.length[0] = 0
    before, digest = session.tile.w.weight.copy(), session.recording.digest.copy()
    training.update_and_prepare(session)
    assert np.array_equal(session.tile.w.weight, before)
    assert session.recording.digest[0] != digest[0]
    assert session.sample[0] == 1


def test_digest_covers_the_trains() -> None:
    """Over number, train length, then slots and sign of each column and each row."""
    session, state = training.new_session(load_chipspec(CHIP), 1, 30), reset_state()
    digest = FNV_OFFSET_BASIS
    for _ in range(30):
        length, number = int(session.length[0]), training.step_golden(session, state)
        values, trains = [number, length], session.tile.trains
        if length:
            values += (2 * trains.column_slots + trains.column_negative).tolist()
            values += (2 * trains.row_slots + trains.row_negative).tolist()
        digest = fnv(digest, values)
        assert int(session.recording.digest[0]) == digest


@pytest.mark.parametrize("updates", [1, 17, 500])
def test_cycles(updates: int) -> None:
    """One idle cycle before the first update, two between updates; a train of n slots takes n, an empty one 1."""
    spec = load_chipspec(CHIP, ["timing.pulse_ns=15"])
    session, state, lengths = training.new_session(spec, 1, updates), reset_state(), []
    for _ in range(updates):
        lengths.append(int(session.length[0]))
        training.step_golden(session, state)
    counts = finish_cycles(session.timeline)
    assert counts["update"] == sum(max(1, 3 * length) for length in lengths)
    assert counts["idle"] == 1 + 2 * (updates - 1)
    assert sum(counts.values()) == counts["update"] + counts["idle"]


def test_there_is_no_digital_part(tmp_path: Path) -> None:
    spec = load_chipspec(CHIP)
    golden, floats = run_golden(spec, 1, UPDATES, quiet), run_float(spec, 1, UPDATES, quiet)
    assert golden.digest == floats.digest
    assert np.array_equal(golden.trace, floats.trace)
    assert memory_bits(spec).total == 0
    assert rtl_parameters(spec) == {"TRACE_EN": 1}
    assert samples_per_transfer(spec) == 1
    assert transfers_in(spec, 123) == 123
    save_run(golden, tmp_path)
    assert summary(load_run(spec, tmp_path)) == summary(golden)
    assert summary(golden)["pulses_per_sample"] == {"a": None, "w": golden.pulses_w}


def test_trace_is_what_the_samples_saw() -> None:
    session, state, seen = training.new_session(load_chipspec(CHIP), 1, UPDATES), reset_state(), []
    row, column = session.recording.element
    for _ in range(UPDATES):
        seen.append(session.tile.w.weight[column, row])
        training.step_golden(session, state)
    trace = session.recording.trace
    assert trace[:, SAMPLE].tolist() == list(range(1, UPDATES + 1))
    assert np.array_equal(trace[:, W], np.array(seen, dtype=float))


@pytest.mark.parametrize("updates", [1, 2, UPDATES, 1000])
def test_report_shows_what_exists(updates: int, tmp_path: Path) -> None:
    result = run_golden(load_chipspec(CHIP), 1, updates, quiet)
    assert [axes.get_ylabel() for axes in draw_run(result).axes] == ["weight error [%]", "$w - r$ [weight]"]
    assert [row.phase for row in cycle_rows(result)] == ["idle", "update"]
    assert sum(row.share for row in cycle_rows(result)) == pytest.approx(100)
    text = write_report(result, tmp_path, None)["report"].read_text(encoding="utf-8")
    for absent in ("lambda_h", "cycles_read", "p^ref", "Digital, hold", ": A "):
        assert absent not in text
    assert "Pulse trains to W are" in text
    render_run(result)


def test_engine_equals_the_loop() -> None:
    arrays = outcome([UPDATES])
    result = run_golden(load_chipspec(CHIP), 1, UPDATES, quiet)
    assert result.digest == f"{int(arrays[2][0]):016x}"
    session = training.new_session(load_chipspec(CHIP), 1, 1)
    error = 100 * np.sqrt(np.mean((arrays[0].astype(float) - session.task.target) ** 2))  # Fig. 4: RMS, in percent
    assert result.weight_error == pytest.approx(error, rel=1e-6)
    assert result.pulses_w == arrays[1].max() / UPDATES


@pytest.mark.parametrize(("sigma_r", "error"), [(0, 26.4), (0.5, 42.0), (1.0, 82.7)])
def test_weight_error_of_the_paper(sigma_r: float, error: float) -> None:
    """Fig. 4, in-memory SGD at 20 states: within three points in the mean of three seeds, over a run's last tenth."""
    spec = load_chipspec(CHIP, [f"array_r={{std: {sigma_r}}}"])
    means = []
    for seed in (1, 2, 3):
        errors = run_golden(spec, seed, spec.task.samples, quiet).errors
        means.append(errors[errors[:, 0] > 0.9 * spec.task.samples, 1].mean())
    assert np.mean(means) == pytest.approx(error, abs=3)
