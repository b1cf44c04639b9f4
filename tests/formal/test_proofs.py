"""Proofs hold on the shipped controllers, in narrow formats; `make formal` has all of them, chip by chip."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosschop.cosim.cli import main
from crosschop.cosim.dut import dut_of
from crosschop.cosim.formal.model import Model, Sources, make_model
from crosschop.cosim.formal.prove import Limits, prove
from crosschop.cosim.formal.reachability import proves
from crosschop.cosim.formal.run import run_task, tasks_of
from crosschop.model.chipspec import load_chipspec

pytest.importorskip("bitwuzla", reason="no Bitwuzla: pip install 'crosschop[formal]'")

# A counter that stays below 10 and a property that only holds where the assumption does: known by hand
CHECKER = """
module counter (input wire clk, input wire rst, input wire stop);
reg past = 0;
reg [3:0] count;
reg [3:0] other;
always @(posedge clk) begin
    past <= 1;
    if (!past) assume (rst);
    assume (!stop);
    count <= rst || count == 9 ? 0 : count + 1;
    other <= rst || other == 9 ? 0 : other + (stop ? 2 : 1);
    if (past) begin
        p_below: assert (count < 10);
        p_same: assert (count == other);
        p_false: assert (count != 7);
        c_nine: assert (count != 9);
        c_ten: assert (count != 10);
    end
end
endmodule
"""


def counter(tmp_path: Path) -> Model:
    checker = tmp_path / "counter.v"
    checker.write_text(CHECKER)
    work = tmp_path / "work"
    work.mkdir()
    return make_model(work, checker, Sources(()), {}, {})


def test_verdicts_are_those_known_by_hand(tmp_path: Path) -> None:
    """Reset in cycle 0 makes the count 0 in cycle 1, so it is 7 in cycle 8 and 9 in cycle 10."""
    found = {finding.name: finding for finding in prove("counter", counter(tmp_path), Limits(3, 12, 20.0))}
    verdicts = {name: (finding.verdict, finding.kind) for name, finding in found.items()}
    assert verdicts["p_below"][0] == "proved" and verdicts["p_same"][0] == "proved"
    assert verdicts["p_false"] == ("failed", "bounded search") and found["p_false"].depth == 8
    assert verdicts["c_nine"] == ("reached", "bounded search") and found["c_nine"].depth == 10
    assert verdicts["c_ten"] == ("unreached", "bounded search")
    assert "$var wire 4" in found["p_false"].waves and found["p_false"].words[-1].startswith("cycle 8: rst ")
    assert not found["p_false"].good and not found["c_ten"].good and found["c_nine"].good


def test_reachability_proves_what_holds_and_nothing_else(tmp_path: Path) -> None:
    model = counter(tmp_path)
    proved = {name: proves(model, name, 20.0)[0] for name in model.properties}
    assert proved == {"p_below": True, "p_same": True, "p_false": False, "c_nine": False, "c_ten": True}


@pytest.mark.parametrize(
    ("chip", "names"),
    [
        ("in_memory_sgd_20", {"independence", "sequence"}),
        ("agad_tiny", {"sequence", "H sum", "ram"}),
        ("mixed_precision_20", {"independence", "pulse_output"}),
    ],
)
def test_properties_hold(chip: str, names: set[str]) -> None:
    spec = load_chipspec(chip)
    tasks = [task for task in tasks_of(spec, dut_of(spec), "quick") if task.proof.name in names]
    assert {task.proof.name for task in tasks} == names
    for task in tasks:
        findings = run_task(task).as_findings()
        assert findings and not [finding for finding in findings if not finding.good], task.proof.name


def test_command_keeps_what_is_proved(tmp_path: Path) -> None:
    arguments = ["formal", "in_memory_sgd_20", "--only", "independence", "--out", str(tmp_path), "--json"]
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0, first.output
    data = json.loads(first.stdout)
    assert data["status"] == "pass"
    assert {entry["property"] for entry in data["properties"]} == {"independence.p_m_upd_valid"}
    again = CliRunner().invoke(main, arguments)
    assert "1 of 1 proofs are there from an earlier call" in again.stderr
    assert json.loads(again.stdout) == data


def test_unknown_proof_is_one_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["formal", "in_memory_sgd_20", "--only", "nothing", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "--only nothing: no such proof, allowed are independence, sequence, cycle_counters" in done.output


def test_missing_solver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosschop.cosim.formal.transitions.bitwuzla", None)
    done = CliRunner().invoke(main, ["formal", "in_memory_sgd_20"])
    assert done.exit_code == 3
    assert "Bitwuzla, which is not installed: pip install 'crosschop[formal]'" in done.output
    assert sys.modules["bitwuzla"]
