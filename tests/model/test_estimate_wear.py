"""Wear and retention: the paper's bounds and rules, and what a run counted device by device."""

from __future__ import annotations

import numpy as np
import pytest

from crosschop.model.chipspec import load_chipspec, rtl_configuration, rtl_parameters, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.counts import wear
from crosschop.model.estimate.quantity import Range, exactly
from crosschop.model.golden.state import controller_config, new_transfer, reset_state
from crosschop.model.training import transfer as training


def test_bounds_of_the_paper() -> None:
    """A: l_max, or l_avg where it is known; W: 1/(n_s N) = 1/1024."""
    assert wear.bounds(load_chipspec("agad_512")) == {"a": 5, "w": 1 / 1024}
    assert wear.bounds(load_chipspec("agad_512"), 4.5) == {"a": 4.5, "w": 1 / 1024}
    assert wear.bounds(load_chipspec("agad_rect")) == {"a": 5, "w": 3 / 35}  # three pulses at most, n_s = 5, N = 7
    assert wear.bounds(load_chipspec("mixed_precision_512")) == {"w": 1 / 100}
    assert wear.bounds(load_chipspec("in_memory_sgd_512"), 2.5) == {"w": 2.5}


@pytest.mark.parametrize("chip", ["agad_rect", "ttv2_20", "mixed_precision_20", "in_memory_sgd_20"])
def test_no_run_exceeds_its_bounds(chip: str) -> None:
    spec = load_chipspec(chip)
    result = run_golden(spec, 2, transfers_in(spec, 3500), lambda done: None)  # whole sweeps and batches
    limits = wear.bounds(spec, result.train_length)
    found = wear.wear_of(result)
    assert {each.array for each in found} == limits.keys()
    for each in found:
        assert 0 < each.mean <= each.most <= limits[each.array]


def test_wear_is_counted_device_by_device() -> None:
    spec = load_chipspec("agad_rect")
    result = run_golden(spec, 3, 140, lambda done: None)
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    session, transfer = training.new_session(spec, 3, 140), new_transfer(config)
    training.run_golden(session, config, reset_state(config), transfer, 140)
    training.finish(session, transfer)
    for each, array in zip(wear.wear_of(result), (session.tile.a, session.tile.w), strict=True):
        assert each.most == array.pulses.max() / 700
        assert each.mean == pytest.approx(float(np.mean(array.pulses)) / 700, rel=1e-12)


def test_lifetime() -> None:
    """A device of 1e6..1e8 pulses under 0.5 a sample."""
    life = wear.lifetime(0.5, Range(1e6, 1e7, 1e8))
    assert (life.low, life.nominal, life.high) == (2e6, 2e7, 2e8)
    with pytest.raises(CrosschopError, match="no lifetime"):
        wear.lifetime(0.0, exactly(1e6))


def test_retention_of_the_paper() -> None:
    """N n_s = 1024 samples, 64 us at 62.1 ns; a chop period of 10,240; R the training long, 5 and 25 percent."""
    agad = {need.store: need.samples for need in wear.retention(load_chipspec("agad_512"), 10**6)}
    assert agad == {"a": 1024, "pref": 10_240, "w": 10**6}
    times = {line.name: line.value for line in wear.retention_lines(load_chipspec("agad_512"), 10**6, exactly(62.129))}
    assert times["retention of A, time"].nominal == pytest.approx(64, abs=0.5)
    assert times["retention of P^ref, time"].nominal == pytest.approx(636.2, abs=0.05)
    for chip, drift in (("ttv2_512", 0.05), ("c_ttv2_512", 0.25)):
        needs = {need.store: need for need in wear.retention(load_chipspec(chip), 10**6)}
        assert {store: need.samples for store, need in needs.items()} == dict.fromkeys("arw", 10**6)
        assert needs["r"].drift == drift
    for chip in ("mixed_precision_512", "in_memory_sgd_512"):
        spec = load_chipspec(chip)
        assert {need.store for need in wear.retention(spec, 10)} == ({"r", "w"} if spec.array_r else {"w"})
    still = load_chipspec("agad_512", ["algorithm.chop={mode: off, period: null}"])
    assert {need.store: need.samples for need in wear.retention(still, 10**6)}["pref"] == 10**6


def test_lines() -> None:
    spec = load_chipspec("agad_20")
    result = run_golden(spec, 1, transfers_in(spec, 20_000), lambda done: None)
    lines = {line.name: line for line in wear.wear_lines(result, {"a": exactly(1e9)}, exactly(100))}
    assert lines["lifetime of A"].value.nominal == pytest.approx(1e9 / result.pulses_a)
    hours = lines["lifetime of A, training without a break"].value.nominal
    assert hours == pytest.approx(1e9 / result.pulses_a * 100e-9 / 3600)
    assert "lifetime of W" not in lines
    assert lines["pulses on W, bound"].value.nominal == 1 / 100
    unwritten = run_golden(spec, 1, 1, lambda done: None)
    names = {line.name for line in wear.wear_lines(unwritten, {"w": exactly(1e6)})}
    assert unwritten.pulses_w == 0
    assert not names & {"pulses on W, mean", "lifetime of W"}
    assert "pulses on W, bound" in names
