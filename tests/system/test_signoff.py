"""`crosschop signoff`: verdicts, evidence, what a missing tool means, pages, and going on where it stopped."""

from __future__ import annotations

import json
import signal
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from checking import mutate
from command import call, left_over, start
from mutants import MUTANTS, Mutant

from crosschop.cosim.dut import dut_of
from crosschop.cosim.signoff.check import EFFORTS, Check, Context, Line, Outcome, passed
from crosschop.cosim.signoff.lines import CHECKS, run_check
from crosschop.cosim.signoff.report import Page, worst
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import MissingToolError, ToolError

CHIP = "agad_tiny"
SPEC = load_chipspec(CHIP)
CONTEXT = Context(SPEC, EFFORTS["quick"], dut_of(SPEC), CHIP)


def named(name: str) -> Check:
    (check,) = (check for check in CHECKS if check.name == name)
    return check


def outcome(name: str, directory: Path, bug: Mutant) -> Outcome:
    """What a check says of a controller with a bug."""
    context = Context(SPEC, CONTEXT.effort, dut_of(SPEC, mutate(bug, directory)), CHIP)
    folder = directory / "check"
    folder.mkdir()
    return run_check(named(name), context, folder)


def summary(folder: Path, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
    done = call(folder, "signoff", *arguments, "--json", **environment)
    return done.returncode, json.loads(done.stdout)


def test_verdict_over_several_lines() -> None:
    assert worst(["pass", "pass"]) == "pass"
    assert worst(["pass", "not run"]) == "not run"
    assert worst(["not run", "fail", "pass"]) == "fail"


def test_a_missing_tool_leaves_the_verdict_open(tmp_path: Path) -> None:
    def missing(context: Context, directory: Path) -> Outcome:
        raise MissingToolError("no such tool: how to get it")

    found = run_check(Check("x", "x", missing), CONTEXT, tmp_path)
    assert (found.status, found.found) == ("not run", "no such tool: how to get it")
    page = Page(CONTEXT, "", ((named("verify"), passed("fine")), (named("structure"), found)))
    assert page.status == "not run" and page.verdict == "not signed off, 1 of 2 checks were not run"


def test_a_tool_that_fails_fails_the_line(tmp_path: Path) -> None:
    def failing(context: Context, directory: Path) -> Outcome:
        raise ToolError("it ended\nwith this")

    found = run_check(Check("x", "x", failing), CONTEXT, tmp_path)
    assert (found.status, found.found, found.evidence) == ("fail", "it ended", ["with this"])


INITIAL = Mutant(
    "initial value", "xc_pulse_output.v", "assign m_wr_valid = valid_reg;\n",
    "initial valid_reg = 1'b0;\nassign m_wr_valid = valid_reg;\n",
)  # fmt: skip
STAYING_TRACE = Mutant(
    "trace stays", "xc_transfer_lanes.v", "if (TRACE_EN != 0) begin : gen_trace", "if (1) begin : gen_trace"
)
WIDTHS = Mutant(
    "width", "xc_pulse_output.v", "assign m_wr_valid = valid_reg;\n",
    "wire [1:0] wide = valid_reg;\nassign m_wr_valid = wide[0];\n",
)  # fmt: skip


@pytest.mark.sim
def test_lint_can_fail(tmp_path: Path) -> None:
    found = outcome("lint-verilator", tmp_path, WIDTHS)
    assert found.status == "fail" and any("WIDTH" in line for line in found.evidence)


def test_structure_can_fail(tmp_path: Path) -> None:
    found = outcome("structure", tmp_path, INITIAL)
    assert found.status == "fail" and any("initial value" in line for line in found.evidence)


def test_a_trace_that_stays_is_seen(tmp_path: Path) -> None:
    found = outcome("trace", tmp_path, STAYING_TRACE)
    assert found.status == "fail" and "trc_valid" in found.evidence


@pytest.mark.sim
@pytest.mark.parametrize("name", ["verify", "training"])
def test_simulation_lines_can_fail(name: str, tmp_path: Path, builds_aside: Path) -> None:
    found = outcome(name, tmp_path, MUTANTS[0])
    assert found.status == "fail"
    assert any("expected" in line for line in found.evidence)


def test_equal_keys_mean_equal_work(tmp_path: Path) -> None:
    line = Line(named("verify"), CONTEXT, "versions")
    other = Context(load_chipspec(CHIP, ["algorithm.beta=0.25"]), CONTEXT.effort, CONTEXT.dut, CHIP)
    changed = Context(SPEC, CONTEXT.effort, dut_of(SPEC, mutate(MUTANTS[0], tmp_path)), CHIP)
    keys = {
        line.key,
        Line(named("structure"), CONTEXT, "versions").key,
        Line(named("verify"), CONTEXT, "newer").key,
        Line(named("verify"), other, "versions").key,
        Line(named("verify"), changed, "versions").key,
    }
    assert len(keys) == 5
    assert line.key == Line(named("verify"), Context(SPEC, CONTEXT.effort, CONTEXT.dut, "x"), "versions").key


@pytest.mark.sim
def test_pages_of_several_chips(tmp_path: Path) -> None:
    chips = ["agad_tiny", "in_memory_sgd_20"]
    code, found = summary(tmp_path, *chips, "--effort", "quick", "--only", "lint-icarus", "--out", "pages")
    assert code == 0 and found["status"] == "pass"
    assert [chip["chip"] for chip in found["chips"]] == chips
    for chip in chips:
        (case,) = ET.parse(tmp_path / "pages" / f"{chip}.xml").getroot().iter("testcase")
        assert case.get("name") == "lint-icarus" and case.find("failure") is None
        data = json.loads((tmp_path / "pages" / f"{chip}.json").read_text())
        assert data["status"] == "pass" and data["checks"][0]["found"] == "no warning"
        assert "lint-icarus" in (tmp_path / "pages" / f"{chip}.html").read_text()
        assert f'href="{chip}.html"' in (tmp_path / "pages" / "index.html").read_text()


@pytest.mark.sim
def test_a_controller_that_differs_is_not_signed_off(tmp_path: Path) -> None:
    rtl = mutate(MUTANTS[0], tmp_path)
    arguments = (CHIP, "--effort", "quick", "--only", "verify", "--rtl", str(rtl), "--out", "pages")
    code, found = summary(tmp_path, *arguments)
    assert code == 1 and found["status"] == "fail"
    suite = ET.parse(tmp_path / "pages" / f"{CHIP}.xml").getroot().find("testsuite")
    assert suite is not None and suite.get("failures") == "1"
    assert suite.find("testcase/failure") is not None


def test_missing_simulator_is_not_run(tmp_path: Path) -> None:
    code, found = summary(
        tmp_path, CHIP, "--effort", "quick", "--only", "lint-icarus", "--out", "pages", PATH="/nowhere"
    )
    assert code == 3 and found["status"] == "not run"
    assert "apt-get install iverilog" in found["chips"][0]["checks"][0]["found"]
    # It is tried again where the tool is there.
    kept = (tmp_path / "pages" / "lines.jsonl").read_text() if (tmp_path / "pages" / "lines.jsonl").exists() else ""
    assert "not run" not in kept


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([CHIP, "--only", "verifi"], "--only verifi: no such check, allowed are lint-verilator"),
        ([CHIP, CHIP], "a chip named agad_tiny is there already"),
        ([CHIP, "--set", "controller.trace=false"], "controller.trace is false"),
        (["agad_tinny"], "agad_tinny"),
    ],
)
def test_mistakes(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    done = call(tmp_path, "signoff", *arguments)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr
    assert left_over(tmp_path) == []


@pytest.mark.sim
def test_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    arguments = (CHIP, "--effort", "quick", "--only", "lint-icarus", "--only", "verify", "--out", "pages")
    process = start(tmp_path, "signoff", *arguments)
    kept = tmp_path / "pages" / "lines.jsonl"
    deadline = time.monotonic() + 120
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and "1 of 2 checks are kept" in stderr
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["lines.jsonl"]
    done = call(tmp_path, "signoff", *arguments)
    assert done.returncode == 0 and "1 of 2 checks are there from an earlier call" in done.stderr
