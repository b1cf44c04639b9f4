"""Time estimates: the paper's figures, sums by hand, a measured run, bounds in steady state, and their pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crosschop.model.chipspec import ChipSpec, controller_kind, load_chipspec, shipped_chipspecs
from crosschop.model.cycles import cycle_config
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.estimate.time.activity import (
    Activity,
    activity_of,
    assumed_activity,
    representative,
    representative_units,
)
from crosschop.model.estimate.time.estimate import TimeEstimate, estimate_time, steady_bounds
from crosschop.model.estimate.time.gantt import draw_schedule, draw_time
from crosschop.model.estimate.time.schedule import Passes, pass_durations, schedule_transfers
from crosschop.model.reproduce.experiment import paper
from crosschop.model.results import RunResult
from crosschop.model.runtime import PAPER_FLOPS

SHARED_ADC = ("timing.polarity_phases=2", "timing.conversion_ns=40", "timing.forward_ns=40", "timing.backward_ns=40")


def assumed(name: str, *overrides: str, length: int | None = None) -> TimeEstimate:
    spec = load_chipspec(name, list(overrides))
    return estimate_time(spec, assumed_activity(spec, length))


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize(("name", "overrides", "length", "printed"), [
    ("in_memory_sgd_512", (), None, 30.9),
    ("ttv2_512", (), None, 56.3),
    ("c_ttv2_512", (), None, 56.3),
    ("agad_512", (), None, 62.1),
    ("mixed_precision_512", (), None, 3024.5),
    ("agad_512", ("algorithm.transfer_every=10",), 1, 17.1),
])  # fmt: skip
def test_table1(name: str, overrides: tuple[str, ...], length: int | None, printed: float) -> None:
    assert round(assumed(name, *overrides, length=length).paper.ns, 1) == printed


def test_constants_of_table1() -> None:
    assert paper("table1")["constants"]["digital_flops"] == PAPER_FLOPS


@pytest.mark.parametrize(("name", "serial", "overlapped", "with_passes", "bottlenecks"), [
    # Pulses 25, read 40 / 2, beats and lanes (8 + 3) / 2, write 5 / 2; 25 + 40 / 2; 80 + 5 / 2.
    ("agad_512", 53, 45, 82.5, ("A", "W")),
    ("ttv2_512", 53, 45, 82.5, ("A", "W")),
    ("c_ttv2_512", 53, 45, 82.5, ("A", "W")),
    # Retirement and tick of each update; 80 for the passes.
    ("in_memory_sgd_512", 27, 27, 107, ("W", "W")),
    # (99 * 4113 + 8210) / 100 of rtl/README.md; the passes of a batch's first sample and the cycle that takes it.
    ("mixed_precision_512", 4153.97, 4153.97, 4154.78, ("lanes", "lanes")),
])  # fmt: skip
def test_chips_of_512(
    name: str, serial: float, overlapped: float, with_passes: float, bottlenecks: tuple[str, str]
) -> None:
    estimate = assumed(name)
    found = [account.ns for account in estimate.accounts[1:]]
    assert found == pytest.approx([serial, overlapped, with_passes], rel=1e-9)
    assert (estimate.overlapped.bottleneck, estimate.with_passes.bottleneck) == bottlenecks


@pytest.mark.parametrize(("lanes", "one_port"), [(512, 96), (64, 103), (16, 127), (8, 159)])
def test_worked_example(lanes: int, one_port: float) -> None:
    """n_s = 2, two polarity phases, 8 lines per ADC at 5 ns, 1 GHz; published with one port per memory.

    With one port a beat takes two cycles; the RTL has two ports, and 3 cycles more through the lanes.
    """
    estimate = assumed("agad_512", *SHARED_ADC, f"controller.lanes={lanes}")
    beats = 512 // lanes
    assert estimate.serial.ns + (beats - 3) / 2 == pytest.approx(one_port, abs=0.51)
    assert estimate.serial.ns == 50 + (40 + 40 + beats + 3 + 10) / 2


def test_bound_of_the_worked_example() -> None:
    """90 ns with A held during the conversions; W needs 85 (2 * 40 + 10 / 2). Sampled, A needs 50 + 40 / 2."""
    held = assumed("agad_512", *SHARED_ADC, "timing.conversion_ns=0", "timing.mvm_ns=80")
    assert held.bounds["overlapped with passes"]["A"] == 90
    # One sample ahead: the pass of the second sample, its update and the read follow each other, 80 + 50 + 80.
    assert held.with_passes.ns == 105
    assert per_sample(held.spec, ahead=2) == 90
    sampled = assumed("agad_512", *SHARED_ADC)
    assert sampled.bounds["overlapped with passes"]["A"] == 70
    assert sampled.bounds["overlapped with passes"]["W"] == sampled.with_passes.ns == 85
    converted = assumed("agad_512", *SHARED_ADC, "timing.forward_ns=null", "timing.backward_ns=null")
    assert converted.with_passes.ns == 165


def per_sample(spec: ChipSpec, ahead: int) -> float:
    """Cycles of a sample with passes on W, and so many samples ahead."""
    n_s, work = spec.transfer.transfer_every, representative(spec, assumed_activity(spec))
    schedule = schedule_transfers(cycle_config(spec), (), n_s, work, pass_durations(spec), ahead=ahead)
    units = representative_units(spec)
    begin, end = schedule.steady(units)
    return (end - begin) / (units * n_s)


# ---------------------------------------------------------------- bounds


def full(spec: ChipSpec) -> Activity:
    return assumed_activity(spec)


@pytest.mark.parametrize("name", [path.stem for path in shipped_chipspecs()])
def test_the_schedule_meets_the_bound(name: str) -> None:
    """In steady state with equal trains; exactly, since no shipped chip holds codes or waits for retirement then.

    But for agad_tiny, whose A and W both need 13 cycles: one sample ahead is not enough to keep both at work.
    """
    spec = load_chipspec(name)
    estimate = estimate_time(spec, full(spec))
    for account in (estimate.overlapped, estimate.with_passes):
        bound = max(estimate.bounds[account.name].values())
        missed = 1 if name == "agad_tiny" and account is estimate.with_passes else 0
        assert account.cycles == pytest.approx(bound + missed, rel=1e-9), account.name
        assert max(account.utilisation.values()) <= 1 + 1e-9
        assert account.utilisation[account.bottleneck] == max(account.utilisation.values())


def test_the_bound_can_be_missed() -> None:
    """A short read with a long write holds the codes; another duration of the passes gives another bound."""
    estimate = assumed("agad_tiny", "timing.mvm_ns=1", "hidden.max_steps=8", "driver.max_pulses=1")
    assert estimate.overlapped.cycles > max(estimate.bounds["overlapped"].values()) + 1
    assert "hold" in estimate.overlapped.beside
    spec = load_chipspec("agad_512")
    assert max(steady_bounds(spec, full(spec), Passes(41, 40)).values()) == 83.5


# ---------------------------------------------------------------- runs


def quiet(done: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def run() -> RunResult:
    return run_golden(load_chipspec("agad_20"), 1, 1000, quiet)


def as_measured(result: RunResult) -> RunResult:
    return dataclasses.replace(result, engine="icarus", cycles_measured=True)


def test_a_run_gives_its_own_cycles(run: RunResult) -> None:
    activity = activity_of(run)
    assert activity.lengths.sum() == run.samples
    assert activity.mean_length == pytest.approx(run.train_length)
    assert activity.writes == run.cycles["write"] / 1000
    estimate = estimate_time(run.spec, activity)
    total = sum(run.cycles[phase] for phase in ("idle", "update", "stall", "read")) / run.samples
    assert estimate.overlapped.cycles == pytest.approx(total)
    assert estimate.overlapped.total("transfer", "cycles") == pytest.approx(5 * total)
    assert estimate.overlapped.total() == pytest.approx(5 * total)  # 5 ns per cycle
    assert estimate.clear_cycles == run.cycles["clear"] == 80
    # A schedule of the same histogram, without the run's beginning.
    scheduled = estimate_time(run.spec, dataclasses.replace(activity, counts=None))
    assert scheduled.overlapped.cycles == pytest.approx(total, rel=2e-3)
    assert scheduled.overlapped.utilisation == pytest.approx(estimate.overlapped.utilisation, rel=0.02)


@pytest.mark.parametrize(("name", "transfers"), [
    ("agad_corrected", 300), ("agad_rect", 200), ("in_memory_sgd_20", 500), ("mixed_precision_20", 20 * 300),
])  # fmt: skip
def test_counters_and_schedule_agree(name: str, transfers: int) -> None:
    """Occupations from the counters of a run against those of a schedule with its histogram."""
    spec = load_chipspec(name)
    activity = activity_of(run_golden(spec, 1, transfers, quiet))
    counted = estimate_time(spec, activity).overlapped
    scheduled = estimate_time(spec, dataclasses.replace(activity, counts=None)).overlapped
    for first, second in ((counted.phases, scheduled.phases), (counted.beside, scheduled.beside)):
        for phase in first.keys() | second.keys():
            assert first.get(phase, 0) == pytest.approx(second.get(phase, 0), rel=0.01, abs=0.02), phase
    for resource in counted.utilisation.keys() | scheduled.utilisation.keys():
        assert counted.utilisation.get(resource, 0) == pytest.approx(
            scheduled.utilisation.get(resource, 0), rel=0.01, abs=0.01
        ), resource


def test_origin_of_lines(run: RunResult) -> None:
    for result, expected in ((run, "modelled"), (as_measured(run), "measured")):
        estimate = estimate_time(run.spec, activity_of(result))
        origins = {line.name.split(":")[0]: line.origin for line in estimate.lines()}
        assert origins["overlapped"] == origins["clear sweep"] == expected
        assert origins["paper"] == origins["serial"] == origins["overlapped with passes"] == "modelled"
    lines = {line.name: line for line in estimate.lines()}
    assert lines["overlapped: total"].value.nominal == pytest.approx(estimate.overlapped.ns)
    assert lines["overlapped: total"].unit == "ns per sample"
    assert {line.unit for line in estimate.serial.lines("transfer", "cycles")} == {"cycles per transfer"}


def test_counters_that_differ_are_an_error(run: RunResult) -> None:
    wrong = dataclasses.replace(as_measured(run), cycles={**run.cycles, "stall": run.cycles["stall"] + 1})
    with pytest.raises(CrosschopError, match="cycles stall, the cycle model"):
        activity_of(wrong)
    both = {**run.cycles, "update": run.cycles["update"] - 1}
    with pytest.raises(CrosschopError, match="cycles update were counted"):
        activity_of(dataclasses.replace(as_measured(run), cycles=both, cycles_modelled=both))


def test_bad_input() -> None:
    spec = load_chipspec("agad_20")
    for length, writes in ((6, 1.0), (-1, 1.0), (5, 1.5)):
        with pytest.raises(InputError):
            assumed_activity(spec, length, writes)
    short = load_chipspec("mixed_precision_20")
    with pytest.raises(InputError, match="at least one batch"):
        activity_of(run_golden(short, 1, 20 * 3, quiet))


def test_representative_has_the_histogram() -> None:
    spec = load_chipspec("agad_20")
    histogram = np.array([1, 0, 2, 3, 0, 4])
    activity = Activity(histogram, 0.25, 0.1, None, 0, "modelled", "")
    work = representative(spec, activity)
    half = work.lengths[:2000]
    assert np.bincount(half, minlength=6).tolist() == (histogram * 200).tolist()
    assert work.lengths[2000:4000].tolist() == half.tolist()
    assert work.wrote[:400].sum() == 100
    assert work.flips[:400].sum() == 40  # every tenth read of a column flips


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("name", ["agad_20", "agad_rect", "mixed_precision_20", "in_memory_sgd_20"])
def test_pictures(name: str, tmp_path: Path) -> None:
    spec = load_chipspec(name)
    activity = assumed_activity(spec)
    for passes in (True, False):
        figure = draw_schedule(spec, activity, passes)
        (axes,) = figure.axes
        rows = [label.get_text() for label in axes.get_yticklabels()]
        assert rows[0] == "controller" and "W" in rows
        assert len(rows) == len(set(rows))
        names = {text.get_text() for text in figure.legends[0].get_texts()}
        assert ("forward pass" in names) == passes
        if controller_kind(spec) == "transfer":
            assert {"column read", "pulses to W", "memory access"} <= names
            reads = [
                patch for patch in axes.patches if patch.get_facecolor()[:2] == pytest.approx((0.902, 0.624), abs=0.01)
            ]
            assert len(reads) >= 4  # two transfers, on the rows of A and of the controller
    figure = draw_time(estimate_time(spec, activity))
    figure.savefig(tmp_path / "time.png")
    assert len(figure.axes[0].get_yticklabels()) == 4
