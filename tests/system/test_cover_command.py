"""What simulations count of the plan and of the code: nothing is met that was not tried, holes are seen."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command import call

from crosschop.cosim.coverage.measure import Measured, collected, cover_chip, merge
from crosschop.cosim.dut import dut_of
from crosschop.cosim.in_memory_sgd import scenarios
from crosschop.cosim.job import Result
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.signoff import campaigns
from crosschop.cosim.signoff.check import EFFORTS, Context
from crosschop.cosim.simulator import Simulator
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec

pytestmark = pytest.mark.sim

COVER = Simulator("icarus", coverage=True)


def _measured(only: str, directory: Path, transfers: int = 40) -> Measured:
    directory.mkdir()
    results = verify(load_chipspec("agad_tiny"), 1, transfers, directory, only=[only], simulator=COVER)
    assert all(result.mismatch is None for result in results.values())
    return collected(directory, results, code=False)


def _missing(*runs: Measured) -> set[str]:
    return set(merge(runs, [dut_of(load_chipspec("agad_tiny"))]).missing)


def test_without_a_scenario_its_points_are_missing(tmp_path: Path) -> None:
    quiet = _measured("chip: as specified", tmp_path / "quiet")
    busy = _measured("chip: flips at every read", tmp_path / "busy")
    of_delays = {f"transfer.streams.delayed:{stream}" for stream in ("s_smp", "m_upd", "m_rd", "s_adc", "m_wr")}
    assert of_delays <= _missing(quiet)
    assert "transfer.streams.delayed:none" in _missing(busy)
    assert not (of_delays | {"transfer.streams.delayed:none"}) & _missing(quiet, busy)
    # Nobody has reset anything, or held back pulses
    for point in ("transfer.resets.phase:read", "transfer.hidden.warm_up:held_back"):
        assert point in _missing(quiet, busy)


def test_counting_changes_nothing(tmp_path: Path) -> None:
    resets = _measured("chip: reset under way", tmp_path / "counted")
    assert any(resets.points["transfer.resets.phase"].values())
    (tmp_path / "plain").mkdir()
    spec = load_chipspec("agad_tiny")
    plain = verify(spec, 1, 40, tmp_path / "plain", only=["chip: reset under way"])
    assert Result.load(tmp_path / "counted" / "chip") == plain["chip"]
    assert plain["chip"].transfers == resets.transfers


def test_signoff_fails_without_a_scenario(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = load_chipspec("in_memory_sgd_20")
    context = Context(spec, replace(EFFORTS["quick"], covered=200), dut_of(spec), "in_memory_sgd_20")
    monkeypatch.setattr(campaigns, "MOST_COUNTED", 0)  # the plan alone, by Icarus
    found = {}
    for name, without in (("whole", None), ("cut", "reset")):
        (tmp_path / name).mkdir()
        if without is not None:
            for part in ("CHIP_SCENARIOS", "NARROW_SCENARIOS"):
                kept = [one for one in getattr(scenarios, part) if without not in one.name]
                monkeypatch.setattr(scenarios, part, tuple(kept))
        found[name] = campaigns.check_coverage(context, tmp_path / name)
    assert found["whole"].status == "pass", found["whole"]
    assert "lines and branches not counted: 400 elements, more than 0" in found["whole"].found
    assert found["cut"].status == "fail"
    assert found["cut"].evidence[:2] == ["sgd.resets.phase:idle", "sgd.resets.phase:update"]


@pytest.mark.verilator
def test_a_line_that_cannot_be_reached_is_a_hole(builds_aside: Path, tmp_path: Path) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(shipped_rtl(), rtl)
    source = rtl / "xc_in_memory_sgd.v"
    text = source.read_text()
    old = "always @(posedge clk) begin\n"
    assert old in text
    # No update takes as long
    source.write_text(text.replace(old, old + "    if (&stat_cycles_update)\n        trc_never <= 1'b1;\n", 1).replace(
        ");\n\n", ");\n\nreg trc_never;\n\n", 1))  # fmt: skip
    spec = load_chipspec("in_memory_sgd_20")
    (tmp_path / "run").mkdir()
    coverage = cover_chip(spec, dut_of(spec, rtl), 1, 60, tmp_path / "run")
    assert coverage.mismatches == 0
    number = source.read_text().splitlines().index("        trc_never <= 1'b1;") + 1
    (module,) = [module for module in coverage.modules if module.name == "xc_in_memory_sgd"]
    holes = [str(hole) for hole in module.holes if hole.kind != "toggle"]
    assert f"xc_in_memory_sgd.v:{number}: line : trc_never <= 1'b1;" in holes
    assert f"xc_in_memory_sgd.v:{number - 1}: branch if: if (&stat_cycles_update)" in holes
    assert 50 < module.shares["branch"].percent < 100
    assert not coverage.complete


def test_the_command_goes_on_where_it_stopped(tmp_path: Path) -> None:
    options = ("cover", "agad_tiny", "--transfers", "10", "--simulator", "icarus", "--out", "out", "--json")
    first = call(tmp_path, *options)
    assert first.returncode == 1, first.stderr  # ten transfers do not meet everything
    found = json.loads(first.stdout)
    assert found["status"] == "incomplete"
    assert 0 < found["plan"]["hit"] < found["plan"]["total"]
    assert "transfer.codes.code" in found["plan"]["points"]
    assert found["modules"] == []
    again = call(tmp_path, *options)
    assert "1 of 1 chips are there from an earlier call" in " ".join(again.stderr.split())
    assert json.loads(again.stdout) == found
    page = (tmp_path / "out" / "coverage.html").read_text()
    assert "INCOMPLETE" in page
    assert "transfer.chopper" in page
