"""`crosschop verify` finds each of the ten seeded bugs, on the smallest chip, and reports what is really wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checking import mutate
from mutants import FOUR_STAGES, HARDER, MUTANTS, ONE_PORT, Mutant

from crosschop.cosim.commands.verify import DEFAULT_TRANSFERS
from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Mismatch, Result
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import ToolError

CHIP = "agad_tiny"
TRANSFERS = 400
PARTS = {"chip", "narrow"}
PULSE = 1 << 10  # hidden.frac_bits of agad_tiny
HALF_RANGE = 1 << 15  # hidden.bits
LANES = 2

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]


def _numbers(mismatch: Mismatch) -> tuple[int, int]:
    return int(mismatch.expected), int(mismatch.got)


def _a_pulse_too_many(mismatch: Mismatch) -> bool:
    expected, got = _numbers(mismatch)
    return mismatch.field == "H" and -PULSE < expected < 0 and got == expected + PULSE


def _wrapped(mismatch: Mismatch) -> bool:
    # At the limit, less the pulse that leaves; without saturation the sign turns.
    expected, got = _numbers(mismatch)
    return mismatch.field == "H" and abs(expected) >= HALF_RANGE - PULSE - 1 and expected * got < 0


def _sign_missing(mismatch: Mismatch) -> bool:
    # The regular chopper: the first flip of a column ends the reads with c = +1.
    return mismatch.field == "chop sign of the updates" and _numbers(mismatch) == (1, 0)


def _after_a_flip(mismatch: Mismatch) -> bool:
    return mismatch.field == "H" and any("flip 1" in event for event in mismatch.events)


def _after_a_flip_on_lane_0(mismatch: Mismatch) -> bool:
    return _after_a_flip(mismatch) and mismatch.row is not None and mismatch.row % LANES == 0


def _last_column_missing(mismatch: Mismatch) -> bool:
    return mismatch.field == "read column" and _numbers(mismatch) == (2, 0)


def _empty(mismatch: Mismatch) -> bool:
    return mismatch.field == "H" and mismatch.got == "0"


def _write_empty_on_lane_0(mismatch: Mismatch) -> bool:
    # Where nobody has a pulse on lane 0, lane 1 gets what is not its own.
    return mismatch.field == "write pulses" and mismatch.row is not None and (
        mismatch.row % LANES != 0 or mismatch.got == "0"
    )  # fmt: skip


def _codes_missing(mismatch: Mismatch) -> bool:
    # The controller waits for a beat for ever.
    return mismatch.field == "progress"


def _an_lsb_down(mismatch: Mismatch) -> bool:
    expected, got = _numbers(mismatch)
    return mismatch.field == "P" and got == expected - 1


# By mutant: what the report has to say, and the parts that have to find it.
EXPECTED: dict[str, tuple[Callable[[Mismatch], bool], set[str]]] = {
    "steps_arithmetic_shift": (_a_pulse_too_many, PARTS),
    "h_saturation_missed": (_wrapped, {"narrow"}),  # the chip's own gain never takes H to its limits
    "flip_one_read_late": (_sign_missing, PARTS),
    "pref_before_p": (_after_a_flip, PARTS),
    "chop_ignored_on_lane_0": (_after_a_flip_on_lane_0, PARTS),
    "column_wraps_early": (_last_column_missing, PARTS),
    "h_forgotten_instead_of_subtracted": (_empty, PARTS),
    "pulses_shifted_by_a_lane": (_write_empty_on_lane_0, PARTS),
    "stalled_beat_dropped": (_codes_missing, PARTS),
    "p_rounded_down": (_an_lsb_down, PARTS),
}


def _verify(rtl: Path, directory: Path) -> dict[str, Result]:
    work = directory / "work"
    work.mkdir()
    spec = load_chipspec(CHIP)
    return verify(spec, 1, TRANSFERS, work, dut=dut_of(spec, rtl))


def test_every_mutant_has_an_expectation() -> None:
    assert [mutant.name for mutant in MUTANTS] == list(EXPECTED)
    assert len(EXPECTED) == 10


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_found(mutant: Mutant, tmp_path: Path) -> None:
    results = _verify(mutate(mutant, tmp_path), tmp_path)
    plausible, parts = EXPECTED[mutant.name]
    found = {part: result.mismatch for part, result in results.items() if result.mismatch is not None}
    assert set(found) == parts
    for part, mismatch in found.items():
        print(part, mismatch)
        assert plausible(mismatch), mismatch
        assert mismatch.segment.startswith(f"{part}: ")
        assert mismatch.expected != mismatch.got
        # What was equal before it is what the count says.
        assert results[part].transfers == mismatch.transfer < TRANSFERS


def test_copy_without_a_bug_passes(tmp_path: Path) -> None:
    unchanged = Mutant("none", "xc_chopper.v", "`default_nettype none", "`default_nettype none")
    results = _verify(mutate(unchanged, tmp_path), tmp_path)
    assert {part: (result.transfers, result.mismatch) for part, result in results.items()} == dict.fromkeys(
        PARTS, (TRANSFERS, None)
    )
    assert shipped_rtl() != tmp_path / "rtl"


@pytest.mark.parametrize(("mutant", "chip", "overrides"), HARDER, ids=[mutant.name for mutant, _, _ in HARDER])
def test_harder_mutant_is_found(mutant: Mutant, chip: str, overrides: tuple[str, ...], tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    spec = load_chipspec(chip, overrides)
    results = verify(spec, 1, DEFAULT_TRANSFERS, work, dut=dut_of(spec, mutate(mutant, tmp_path)))
    found = [result.mismatch for result in results.values() if result.mismatch is not None]
    print(found)
    assert found


@pytest.mark.parametrize(("mutant", "report"), ONE_PORT, ids=[mutant.name for mutant, _ in ONE_PORT])
def test_mutant_of_one_memory_port_is_found(mutant: Mutant, report: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    spec = load_chipspec("agad_shared")
    try:
        results = verify(spec, 1, 2 * TRANSFERS, work, dut=dut_of(spec, mutate(mutant, tmp_path)))
    except ToolError as error:
        assert f"Error: {report}" in str(error)
        return
    found = [result.mismatch for result in results.values() if result.mismatch is not None]
    assert [mismatch.field for mismatch in found] == [report] * len(PARTS)


@pytest.mark.parametrize(("mutant", "report"), FOUR_STAGES, ids=[mutant.name for mutant, _ in FOUR_STAGES])
def test_mutant_of_four_stages_is_found(mutant: Mutant, report: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    spec = load_chipspec("agad_fast")
    results = verify(spec, 1, TRANSFERS, work, dut=dut_of(spec, mutate(mutant, tmp_path)))
    found = [result.mismatch for result in results.values() if result.mismatch is not None]
    print(found)
    assert any(report in mismatch.field for mismatch in found)
