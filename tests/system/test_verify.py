"""Every shipped chip: the RTL equals the golden model bit for bit and the cycle model cycle for cycle."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from checking import VERIFIED, by_configuration, ends_by_itself, transfers_due

from crosschop.cosim.job import Job, Result
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.verify import parts, plan, verify
from crosschop.model.chipspec import controller_kind, load_chipspec, rtl_parameters, shipped_chipspecs

SEEDS = (1, 2, 3)
CHIPS = [path.stem for path in shipped_chipspecs()]
PARTS = ("chip", "narrow")

pytestmark = pytest.mark.sim


def check_transfer_counts(job: Job, result: Result, due: int) -> None:
    """The sums that follow from the chipspec and the number of transfers alone."""
    spec = job.spec
    rows, cols, lanes = spec.array.rows, spec.array.cols, spec.controller.lanes
    beats = math.ceil(rows / lanes)
    # Counted are the segments that end by themselves; a reset takes the counters with it.
    whole = [segment for segment in job.segments if ends_by_itself(segment)]
    aborted = sum(segment.compared for segment in job.segments if not ends_by_itself(segment))
    reads = sum(segment.transfers for segment in whole)
    assert reads + aborted == due
    assert aborted > 0

    samples = sum(
        transfers * configuration["cfg_transfer_every"]
        for segment in job.segments
        for transfers, configuration in by_configuration(segment)
    )
    assert (result.transfers, result.samples) == (due, samples)

    assert result.cycles["clear"] == result.predicted["clear"] == len(whole) * cols * beats
    assert result.cycles["digital"] == result.predicted["digital"] == reads * beats
    assert result.predicted["read"] == reads * math.ceil(round(spec.timing.mvm_ns / spec.timing.clock_ns, 9))
    assert result.cycles["read"] > result.predicted["read"]  # back-pressure

    pulse = math.ceil(round(spec.timing.pulse_ns / spec.timing.clock_ns, 9)) * spec.timing.polarity_phases
    write = spec.hidden.max_steps * pulse
    writes, rest = divmod(result.predicted["write"], write)
    assert rest == 0
    assert 0 < writes <= result.writes <= writes + aborted
    assert result.cycles["write"] > result.predicted["write"]

    assert result.cycles["update"] > result.predicted["update"] > 0
    assert result.predicted["idle"] >= len(whole)  # the first sample of each
    assert result.cycles["idle"] > result.predicted["idle"]
    assert result.cycles["stall"] > 0


def check_update_counts(job: Job, result: Result, due: int) -> None:
    """The same of in-memory SGD."""
    whole = [segment for segment in job.segments if ends_by_itself(segment)]
    aborted = sum(segment.compared for segment in job.segments if not ends_by_itself(segment))
    assert sum(segment.transfers for segment in whole) + aborted == due
    assert aborted > 0
    assert (result.transfers, result.samples) == (due, due)
    assert result.cycles["update"] > result.predicted["update"] > 0  # back-pressure
    assert result.predicted["idle"] == len(whole)  # the first sample of each: the others are there in advance
    assert result.cycles["idle"] > result.predicted["idle"]
    for counts in (result.cycles, result.predicted):
        assert {phase for phase, count in counts.items() if count} == {"idle", "update"}


# Mixed precision, whose transfers come in whole passes, has test_mixed_precision.py
CHECKS = {"transfer": check_transfer_counts, "in_memory_sgd": check_update_counts}
CHECKED = [chip for chip in CHIPS if controller_kind(load_chipspec(chip)) in CHECKS]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "chip", [pytest.param(chip, marks=[pytest.mark.slow] if chip.endswith("_512") else []) for chip in CHECKED]
)
def test_rtl_equals_the_models(chip: str, seed: int, tmp_path: Path) -> None:
    spec = load_chipspec(chip)
    shown: list[int] = []
    due = transfers_due(spec, seed)
    results = verify(spec, seed, due, tmp_path, shown.append)
    assert {part: result.mismatch for part, result in results.items()} == {"chip": None, "narrow": None}
    for part, (chip_of_part, scenarios) in parts(spec).items():
        job = Job.load(tmp_path / part)
        assert job == Job(chip_of_part, plan(chip_of_part, scenarios, seed, due, part))
        CHECKS[controller_kind(spec)](job, results[part], due)
    assert shown == sorted(shown)
    assert shown[-1] == 2 * due


@pytest.mark.parametrize("chip", CHIPS)
def test_narrow_variant_is_the_same_controller(chip: str) -> None:
    spec = load_chipspec(chip)
    narrow = kind_of(spec).scenarios.narrow_variant(spec)
    own, other = rtl_parameters(spec), rtl_parameters(narrow)
    assert {name for name in own if own[name] != other[name]} <= {"COLS", "LR_SHIFT"}
    assert narrow.array.cols == min(3, spec.array.cols)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("chip", ["agad_tiny", "in_memory_sgd_20"])
@pytest.mark.parametrize("transfers", [10, 333, VERIFIED])
def test_plan_covers_what_it_promises(chip: str, part: str, transfers: int) -> None:
    spec, scenarios = parts(load_chipspec(chip))[part]
    segments = plan(spec, scenarios, 1, transfers, "part")
    assert sum(segment.compared for segment in segments) == transfers
    assert any(segment.nominal for segment in segments), "nobody compares every cycle with the cycle model"
    assert any(all(segment.rates) for segment in segments), "no segment with back-pressure on every stream"
    assert any(segment.abort is not None for segment in segments[:-1]), "nobody looks at the controller after a reset"
    assert plan(spec, scenarios, 1, transfers, "part") == segments
    assert plan(spec, scenarios, 2, transfers, "part") != segments


# Shapes and times at the ends of what is legal, which no shipped chip has.
EDGES = [
    ("agad_tiny", "array.rows=1 array.cols=1 controller.lanes=1 timing.mvm_ns=1 timing.pulse_ns=1"),
    ("agad_tiny", "array.cols=1 timing.mvm_ns=1"),
    ("agad_tiny", "controller.lanes=1 algorithm.transfer_every=1"),
    ("agad_tiny", "controller.lanes=512"),  # the most are 4096: Icarus elaborates them, but takes minutes
    ("agad_tiny", "hidden.reset=decay hidden.max_steps=15 hidden.bits=20"),
    ("agad_tiny", "hidden.bits=12 converter.read_adc.bits=16 reference.p_bits=32"),
    ("agad_tiny", "algorithm.chop={mode:&off,&period:&null}"),
    ("agad_tiny", "timing.clock_ns=0.011"),
    ("agad_rect", "controller.lanes=1 timing.conversion_ns=200"),
    ("agad_shared", "controller.lanes=1 timing.mvm_ns=1 timing.clock_ns=1 algorithm.transfer_every=1"),
    ("agad_shared", "array.cols=1 timing.mvm_ns=5 controller.lanes=3"),
    ("agad_shared", "algorithm.column_order=random algorithm.read_correction=16 controller.lanes=6"),
    ("agad_rect", "controller.memory_ports=1 algorithm.read_correction=7 converter.read_adc.lines_per_adc=13"),
    ("agad_beta1", "array.rows=3 array.cols=2 timing.mvm_ns=5"),
    ("in_memory_sgd_20", "array.rows=1 array.cols=1 driver.max_pulses=1 timing.clock_ns=0.011"),
    ("in_memory_sgd_20", "driver.max_pulses=62 timing.pulse_ns=40 timing.polarity_phases=2"),
]


@pytest.mark.parametrize(("chip", "overrides"), EDGES, ids=[f"{chip} {text}" for chip, text in EDGES])
def test_edges(chip: str, overrides: str, tmp_path: Path) -> None:
    spec = load_chipspec(chip, [override.replace("&", " ") for override in overrides.split()])
    results = verify(spec, 1, 300, tmp_path)
    assert {part: result.mismatch for part, result in results.items()} == {"chip": None, "narrow": None}
    assert all(result.transfers == 300 for result in results.values())
