"""`crosschop verify --simulator native`: every kind of controller passes, bugs are found, limits are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import call
from mutants import MUTANTS, Mutant, apply

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.job import Result
from crosschop.cosim.native import verify as native_verify
from crosschop.cosim.native.verify import native_pieces, verify_natively
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import ChipSpec, load_chipspec, mixed_section, transfers_together

pytestmark = [pytest.mark.sim, pytest.mark.verilator]


def verified(spec: ChipSpec, transfers: int, dut: Dut | None = None) -> tuple[dict[str, Result], list[int]]:
    shown: list[int] = []
    results = verify_natively(native_pieces(spec, 1, transfers), dut or dut_of(spec), shown.append)
    return results, shown


@pytest.mark.parametrize(
    ("chip", "numbers"),
    [("agad_tiny", 500), ("agad_wide", 500), ("in_memory_sgd_20", 100), ("mixed_precision_shared", 200)],
)
def test_every_kind_passes(chip: str, numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces of so many numbers; every cycle as the cycle model has it, as nothing random happens on the streams."""
    spec = load_chipspec(chip)
    monkeypatch.setattr(native_verify, "STIMULUS_BYTES", 8 * numbers)
    results, shown = verified(spec, 3010)
    assert list(results) == ["chip", "narrow"]
    for part, result in results.items():
        assert result.mismatch is None
        columns = transfers_together(spec) if part == "chip" else min(3, transfers_together(spec))
        assert result.transfers == 3010 // columns * columns
        assert result.cycles == result.predicted and sum(result.cycles.values()) > result.transfers
    assert shown == sorted(shown) and len(shown) > 20
    assert shown[-1] == sum(result.transfers for result in results.values())
    assert verified(spec, 3010) == (results, shown)


def test_a_batch_fits_into_a_piece() -> None:
    """W of the largest chip of mixed precision is written."""
    spec = load_chipspec("mixed_precision_512")
    pieces = [piece.segment for piece in native_pieces(spec, 1, 512 * 1000)]
    (piece,) = (segment for segment in pieces if segment.name == "chip: as specified")
    assert piece.transfers > 512 * mixed_section(spec).batch


def test_scenarios_that_become_the_same() -> None:
    """One for each style of codes and lengths and each configuration, with the share of all of them."""
    pieces = native_pieces(load_chipspec("agad_tiny"), 1, 3000)
    chip = {piece.segment.name: piece.segment.transfers for piece in pieces if piece.part == "chip"}
    assert chip == {
        "chip: reset under way, always ready": 150,
        "chip: as specified": 900,
        "chip: flips at every read, back-pressure, always ready": 1950,
    }
    # Five streams slow alone, resets in eight phases, and changed configurations with a weight of four are one
    (slow,) = (piece.segment for piece in pieces if piece.segment.name == "narrow: smp slow alone, always ready")
    assert slow.transfers == pytest.approx(3000 * 18 / 43, abs=1)
    for piece in pieces:
        segment = piece.segment
        assert (set(segment.rates), segment.abort, segment.reset_in, segment.changes) == ({0}, None, None, ())


@pytest.mark.usefixtures("libraries_aside")
@pytest.mark.parametrize(
    ("chip", "mutant", "field"),
    [
        ("agad_tiny", MUTANTS[1], "H"),  # saturation missed: codes of training never take H that far
        ("agad_tiny", MUTANTS[9], "P"),
        ("in_memory_sgd_20", Mutant("update repeated", "xc_in_memory_sgd.v", "s_smp_ready = !update_reg || upd_done;",
                                    "s_smp_ready = !update_reg;"), "updates at the end of the segment"),
        ("mixed_precision_shared", Mutant("saturation missed", "xc_accumulate.v",
                                          "wire fits = sum[SUM_W-1:ACC_W-1] == {(SUM_W-ACC_W+1){sum[SUM_W-1]}};",
                                          "wire fits = 1'b1;"), "chi"),
    ],
    ids=["h_saturation", "p_rounding", "update_repeated", "chi_saturation"],
)  # fmt: skip
def test_a_bug_is_found(chip: str, mutant: Mutant, field: str, tmp_path: Path) -> None:
    spec = load_chipspec(chip)
    apply(mutant, shipped_rtl(), tmp_path / "rtl")
    results, _ = verified(spec, 6000, dut_of(spec, tmp_path / "rtl"))
    found = [result.mismatch for result in results.values() if result.mismatch is not None]
    assert [mismatch.field for mismatch in found] == [field] * len(found) != []
    for part, result in results.items():
        if result.mismatch is not None:
            assert result.mismatch.segment.startswith(f"{part}: ")
            assert result.transfers == result.mismatch.transfer <= 6000
            assert result.samples > 0
            if chip == "agad_tiny":  # the event before it is the read of the next transfer, or its own
                numbers = [
                    int(found) for event in result.mismatch.events for found in re.findall(r"transfer (\d+)", event)
                ]
                assert set(numbers[-2:]) <= {result.transfers - 1, result.transfers, result.transfers + 1}


def test_command(tmp_path: Path) -> None:
    done = call(tmp_path, "verify", "agad_tiny", "--simulator", "native", "--transfers", "4000", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["engine"], told["transfers"]) == (0, "pass", "native", 8000)
    assert "corners met" not in done.stderr and told["corners"] == {}
    assert "without back-pressure, samples in advance, resets under way and changes of the configuration" in done.stderr
    one = ("verify", "agad_tiny", "--simulator", "native", "--only", "narrow: small", "--json")
    assert json.loads(call(tmp_path, *one).stdout)["transfers"] == 2000
    apply(MUTANTS[1], shipped_rtl(), tmp_path / "rtl")
    done = call(tmp_path, "verify", "agad_tiny", "--simulator", "native", "--rtl", "rtl", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["first_mismatch"]["field"]) == (1, "mismatch", "H")
    assert "crosschop verify agad_tiny --seed 1 --transfers 2000 --simulator native --rtl rtl" in done.stderr
    for options, sentence in (
        (("--waves", "0:4"), "--waves goes with --simulator icarus or verilator: native writes none"),
        (("--initial-seed", "7"), "--initial-seed goes with --simulator verilator: native begins with seed 1"),
        (("--only", "long"), "long: ends of the counts changes the configuration, native does not"),
    ):
        done = call(tmp_path, "verify", "agad_tiny", "--simulator", "native", *options)
        assert (done.returncode, sentence in done.stderr) == (2, True)
