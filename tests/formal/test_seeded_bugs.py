"""Every property fails on a bug that it is there for. A few bugs here, all of them by `make formal`."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from seeded_bugs import BUGS, Bug

from crosschop.cosim.dut import dut_of
from crosschop.cosim.formal.plan import INDEPENDENCE
from crosschop.cosim.formal.result import Finding, is_property
from crosschop.cosim.formal.run import Answer, Task, run_task, run_tasks, tasks_of
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import load_chipspec
from crosschop.model.store import Store

pytest.importorskip("bitwuzla", reason="no Bitwuzla: pip install 'crosschop[formal]'")

# A file, in which answers are kept: a run that was stopped goes on
KEPT = os.environ.get("CROSSCHOP_FORMAL", "")
everything = pytest.mark.skipif(not KEPT, reason="many minutes: make formal")


def spoiled(bug: Bug, folder: Path) -> Task:
    """The proof on the controller with the bug; where a search is enough it only searches."""
    spec = load_chipspec(bug.chip)
    shutil.copytree(shipped_rtl(), folder)
    file = folder / bug.file
    text = file.read_text()
    assert text.count(bug.original) == 1, bug
    file.write_text(text.replace(bug.original, bug.replacement))
    (task,) = (task for task in tasks_of(spec, dut_of(spec, folder), "quick") if task.proof.name == bug.proof)
    # A folder of sources is a user's controller; here it has to be proved like ours
    limits = dataclasses.replace(task.proof.limits, bounded=False)
    if not bug.rare:
        limits = dataclasses.replace(limits, induction=0, bounded=True, only=bug.shows)
    return Task(dataclasses.replace(task.proof, limits=limits), task.dut)


def failures(findings: list[Finding], *, rare: bool = False) -> set[str]:
    """Properties that are violated: what a search that has ended early leaves open has not failed.

    Of a rare bug, which no search reaches, those that are not proved any more.
    """
    wrong = {"failed", "open"} if rare else {"failed"}
    return {finding.name for finding in findings if finding.verdict in wrong and is_property(finding.name)}


@pytest.mark.parametrize(
    ("chip", "proof", "file", "number", "name"),
    [
        ("in_memory_sgd_20", "sequence", "xc_in_memory_sgd.v", 0, "p_upd_valid"),
        ("agad_tiny", "sequence", "xc_transfer_scheduler.v", 6, "p_column"),
        ("agad_tiny", "independence", "xc_transfer_scheduler.v", 1, "p_m_rd_valid"),
        ("agad_rect", "H sum", "xc_accumulate.v", 3, "p_steps_not_more"),
        ("agad_tiny", "flips", "xc_read_index.v", 0, "p_flip"),
    ],
)
def test_a_bug_is_found(chip: str, proof: str, file: str, number: int, name: str, tmp_path: Path) -> None:
    bug = [bug for bug in BUGS if (bug.chip, bug.proof, bug.file) == (chip, proof, file)][number]
    assert name in failures(run_task(spoiled(bug, tmp_path / "rtl")).as_findings())


@everything
def test_every_property_fails_on_a_bug_and_every_bug_is_found(tmp_path: Path) -> None:
    tasks = {spoiled(bug, tmp_path / str(number)): bug for number, bug in enumerate(BUGS)}
    killed: dict[str, set[str]] = defaultdict(set)
    properties: dict[str, set[str]] = defaultdict(set)
    survivors = []
    store = Store[Task, Answer](Path(KEPT), Answer)
    answers = {task: answer for task in tasks if (answer := store.get(task)) is not None}
    for task, answer in run_tasks([task for task in tasks if task not in answers]):
        answers[task] = answer
        store.put(task, answer)
    for task, answer in answers.items():
        findings = answer.as_findings()
        found = failures(findings, rare=tasks[task].rare)
        # Not i_, which only carries an induction
        properties[task.proof.checker] |= {finding.name for finding in findings if is_property(finding.name)}
        killed[task.proof.checker] |= found
        print(tasks[task].proof, tasks[task].file, tasks[task].replacement[:50], sorted(found))
        if not found:
            survivors.append(tasks[task])
    missing = {checker: names - killed[checker] for checker, names in properties.items() if names - killed[checker]}
    assert not survivors
    # Of the outputs that depend on no ready, one of each kind of source is enough
    missing.pop(INDEPENDENCE, None)
    assert not missing
