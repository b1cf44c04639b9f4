"""`crosschop verify --simulator native`: every kind of controller passes, bugs are found, limits are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import call
from mutants import MUTANTS, Mutant, apply

from crosschop.cosim.dut import dut_of
from crosschop.cosim.native import verify as native_verify
from crosschop.cosim.native.verify import verify_natively
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import load_chipspec, transfers_together

pytestmark = [pytest.mark.sim, pytest.mark.verilator]


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress here."""


@pytest.mark.parametrize("chip", ["agad_tiny", "agad_wide", "in_memory_sgd_20", "mixed_precision_shared"])
def test_every_kind_passes(chip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces as in one go; every cycle as the cycle model has it, as nothing random happens on the streams."""
    spec = load_chipspec(chip)
    monkeypatch.setattr(native_verify, "STIMULUS_BYTES", 400 * 8 * (spec.array.rows + spec.array.cols))
    shown: list[int] = []
    results = verify_natively(spec, 1, 3000, shown.append, dut_of(spec))
    assert list(results) == ["chip", "narrow"]
    for part, result in results.items():
        assert result.mismatch is None
        columns = transfers_together(spec) if part == "chip" else min(3, transfers_together(spec))
        assert result.transfers == 3000 // columns * columns
        assert result.cycles == result.predicted and sum(result.cycles.values()) > result.transfers
    assert shown == sorted(shown) and len(shown) >= 14
    assert shown[-1] == sum(result.transfers for result in results.values())
    assert verify_natively(spec, 1, 3000, _ignore, dut_of(spec)) == verify_natively(
        spec, 1, 3000, _ignore, dut_of(spec)
    )


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
    results = verify_natively(spec, 1, 6000, _ignore, dut_of(spec, tmp_path / "rtl"))
    found = [result.mismatch for result in results.values() if result.mismatch is not None]
    assert [mismatch.field for mismatch in found] == [field] * len(found) != []
    for part, result in results.items():
        if result.mismatch is not None:
            assert result.mismatch.segment.startswith(f"{part}: ")
            assert result.transfers == result.mismatch.transfer <= 6000


def test_command(tmp_path: Path) -> None:
    done = call(tmp_path, "verify", "agad_tiny", "--simulator", "native", "--transfers", "4000", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["engine"], told["transfers"]) == (0, "pass", "native", 8000)
    assert "corners" not in done.stderr
    for options, sentence in (
        (("--waves", "0:4"), "--waves goes with --simulator icarus or verilator: native writes none"),
        (("--initial-seed", "7"), "--initial-seed goes with --simulator verilator: native has its own"),
    ):
        done = call(tmp_path, "verify", "agad_tiny", "--simulator", "native", *options)
        assert (done.returncode, sentence in done.stderr) == (2, True)
