"""The checks of the bench that do not depend on the golden model's numbers: each fails on a controller made for it."""

from __future__ import annotations

import time
from pathlib import Path

import bugs
import pytest
from checking import TRANSFERS, first_mismatch, mutate, segments
from mutants import Mutant

from crosschop.cosim import build
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import ToolError

PHASES = ("clear", "idle", "update", "stall", "read", "digital", "hold", "write")
# A shipped simulation takes about two seconds; the bench's own limit on the wall clock is minutes.
SECONDS = 60

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]


def _name(case: object) -> str | None:
    return case.name.replace(" ", "_") if isinstance(case, Mutant) else ""


def test_shipped_controller_has_no_mismatch(tmp_path: Path) -> None:
    assert first_mismatch(shipped_rtl(), tmp_path) is None
    assert sum(segment.compared for segment in segments("agad_tiny")) == TRANSFERS


@pytest.mark.parametrize("bug", bugs.HANGS, ids=_name)
def test_hang(bug: Mutant, tmp_path: Path) -> None:
    begin = time.monotonic()
    mismatch = first_mismatch(mutate(bug, tmp_path), tmp_path)
    assert time.monotonic() - begin < SECONDS
    assert mismatch is not None
    assert mismatch.field == "progress"
    assert "hang" in mismatch.got
    assert 1000 <= mismatch.cycle < 2000


@pytest.mark.parametrize(("bug", "fields"), bugs.UNDEFINED, ids=_name)
def test_undefined_output(bug: Mutant, fields: set[str], tmp_path: Path) -> None:
    begin = time.monotonic()
    mismatch = first_mismatch(mutate(bug, tmp_path), tmp_path)
    assert time.monotonic() - begin < SECONDS
    assert mismatch is not None
    assert mismatch.field in fields
    assert mismatch.transfer < 3 or mismatch.field.startswith("cycles")


@pytest.mark.parametrize(("bug", "field"), bugs.PROTOCOL + bugs.FIELDS, ids=_name)
def test_wrong_pins(bug: Mutant, field: str, tmp_path: Path) -> None:
    mismatch = first_mismatch(mutate(bug, tmp_path), tmp_path)
    assert mismatch is not None
    assert mismatch.field == field


@pytest.mark.parametrize("bug", bugs.PADDING, ids=_name)
def test_lanes_past_the_last_row(bug: Mutant, tmp_path: Path) -> None:
    mismatch = first_mismatch(mutate(bug, tmp_path), tmp_path, "agad_rect")  # 13 rows on 4 lanes
    assert mismatch is not None
    assert mismatch.field.endswith("past the last row")


@pytest.mark.parametrize("phase", PHASES)
def test_wrong_counter(phase: str, tmp_path: Path) -> None:
    mismatch = first_mismatch(mutate(bugs.double_count(phase), tmp_path), tmp_path)
    assert mismatch is not None
    assert mismatch.field == f"cycles in phase {phase}"
    assert int(mismatch.got) == 2 * int(mismatch.expected) > 0


def test_late_read(tmp_path: Path) -> None:
    mismatch = first_mismatch(mutate(bugs.LATE_READ, tmp_path), tmp_path)
    assert mismatch is not None
    assert mismatch.field == "cycle of the read"
    assert int(mismatch.got) == int(mismatch.expected) + 1
    # The earliest read that anybody can predict: the first of the segment without random delays.
    nominal = next(segment for segment in segments("agad_tiny") if segment.nominal)
    assert mismatch.segment == nominal.name


def _tool_error(rtl: Path, tmp_path: Path) -> str:
    with pytest.raises(ToolError) as caught:
        first_mismatch(rtl, tmp_path)
    assert caught.value.exit_code == 3
    (message,) = caught.value.messages
    assert "\n" not in message
    return message


def test_syntax_error(tmp_path: Path, builds_aside: Path) -> None:
    bug = Mutant("syntax", "xc_chopper.v", "endmodule\n", "endmodul\n")
    message = _tool_error(mutate(bug, tmp_path), tmp_path)
    assert message.startswith("Icarus Verilog cannot build the controller: ")
    assert "xc_chopper.v:" in message
    assert "error" in message
    assert list((builds_aside / "sim").iterdir()) == []


def test_missing_module(tmp_path: Path) -> None:
    rtl = mutate(Mutant("file left out", "xc_controller.f", "xc_round_shift.v\n", ""), tmp_path)
    assert "xc_round_shift" in _tool_error(rtl, tmp_path)


def test_misspelt_parameter_of_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = {**build.bench_parameters(load_chipspec("agad_tiny")), "ROWZ": 4}
    monkeypatch.setattr(build, "bench_parameters", lambda spec: parameters)
    assert "ROWZ" in _tool_error(shipped_rtl(), tmp_path)


def test_controller_without_a_parameter(tmp_path: Path) -> None:
    bug = Mutant("renamed", "xc_controller.v", "    parameter H_DECAY = 0,\n", "    parameter H_DECAYS = 0,\n")
    assert "H_DECAY" in _tool_error(mutate(bug, tmp_path), tmp_path)
