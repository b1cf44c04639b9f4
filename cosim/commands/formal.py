"""`crosschop formal`: proofs about the controller of a chip."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosschop.cosim.dut import dut_of
from crosschop.cosim.formal.plan import EFFORTS, Proof
from crosschop.cosim.formal.result import Finding
from crosschop.cosim.formal.run import Answer, Task, require_solvers, run_tasks, tasks_of
from crosschop.cosim.kept_work import work_off
from crosschop.cosim.output import EXIT_MISMATCH, install, require_writable, rtl_option, set_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.store import Store

KEPT_FILE = "proofs.jsonl"
STYLES = {"proved": "green", "reached": "green", "bounded": "yellow", "open": "bold yellow"}
WRONG = "bold red"


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option("--effort", type=click.Choice(EFFORTS), default="normal", show_default=True,
              help="How much: quick has narrow formats, full the widest.")  # fmt: skip
@click.option("--only", "names", multiple=True, metavar="PROOF", help="This proof alone; may be repeated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for traces and results.")
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def formal(
    spec: str,
    effort: str,
    names: tuple[str, ...],
    out: Path | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Prove properties of the controller of the chip SPEC (a file, or the name of a shipped chipspec).

    Arithmetic, stores, sequence, signs, streams and retirement, for every input and every number of cycles where
    `proved` stands; the trace of a property that fails is written as a VCD file. Finished proofs are kept, in
    build/formal/ for all chips: the same command goes on where it was stopped, and proves anew what has changed.
    """
    chip = load_chipspec(spec, overrides)
    folder = Path("build") / "formal"
    # Chips have many proofs in common: their formats and options decide, not their size
    kept = (out or folder) / KEPT_FILE
    out = out or folder / f"{chip.name}-{effort}"
    dut = dut_of(chip, rtl)
    console = stderr()
    versions = require_solvers()
    tasks = _chosen(tasks_of(chip, dut, next(one for one in EFFORTS if one == effort)), names)
    require_writable(out)
    console.print(f"{chip.name}: {len(tasks)} proofs, effort {effort}; {versions}", highlight=False)
    store = Store[Task, Answer](kept, Answer)
    answers = work_off(console, "proving", tasks, store, run_tasks, "proofs")
    findings = [(task.proof, finding) for task in tasks for finding in answers[task].as_findings()]
    with work_directory() as scratch:
        shown = [finding for _, finding in findings if finding.waves]
        files = {f"{_file_name(finding)}.vcd": scratch / f"{_file_name(finding)}.vcd" for finding in shown}
        for finding in shown:
            files[f"{_file_name(finding)}.vcd"].write_text(finding.waves)
        installed = install(files, out) if files else {}
    traces = {id(finding): installed[f"{_file_name(finding)}.vcd"] for finding in shown}
    _print(console, findings, {task.proof.name: answers[task].seconds for task in tasks})
    for finding in shown:
        console.print(f"  {traces[id(finding)]}", highlight=False, soft_wrap=True)
    bad = [finding for _, finding in findings if not finding.good]
    verdict = f"[{WRONG}]FAIL[/] {len(bad)} of" if bad else "[bold green]PASS[/]"
    console.print(f"{verdict} {len(findings)} properties of {chip.name}", highlight=False)
    if as_json:
        properties = [
            {**finding.as_data(), "size": proof.size, "trace": str(traces.get(id(finding), "")) or None}
            for proof, finding in findings
        ]
        status = "fail" if bad else "pass"
        click.echo(
            json.dumps({"status": status, "chip": chip.name, "effort": effort, "tools": versions,
                        "properties": properties, "files": [str(path) for path in installed.values()]})
        )  # fmt: skip
    if bad:
        raise SystemExit(EXIT_MISMATCH)


def _chosen(tasks: Sequence[Task], names: Sequence[str]) -> list[Task]:
    known = [task.proof.name for task in tasks]
    for name in names:
        if name not in known:
            raise InputError(f"--only {name}: no such proof, allowed are {', '.join(known)}")
    return [task for task in tasks if not names or task.proof.name in names]


def _file_name(finding: Finding) -> str:
    return re.sub(r"[^\w.]+", "_", f"{finding.proof}.{finding.name}")


def _print(console: Console, findings: Sequence[tuple[Proof, Finding]], seconds: Mapping[str, float]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for column in ("proof", "of", "properties", "verdict", "CPU s"):
        table.add_column(column)
    for proof in dict.fromkeys(proof.name for proof, _ in findings):
        own = [finding for one, finding in findings if one.name == proof]
        size = next(one.size for one, _ in findings if one.name == proof)
        said = []
        for verdict in ("proved", "bounded", "reached", "failed", "unreached", "open"):
            those = [finding for finding in own if finding.verdict == verdict]
            if those:
                deepest = max(finding.depth for finding in those)
                depth = {"bounded": f" ({deepest} cycles)", "proved": f" (k <= {deepest})"}
                kinds = {finding.kind for finding in those}
                within = depth.get(verdict, "") if verdict != "proved" or kinds == {"induction"} else ""
                said.append(f"[{STYLES.get(verdict, WRONG)}]{len(those)} {verdict}[/]{within}")
        table.add_row(escape(proof), size, str(len(own)), ", ".join(said), f"{seconds[proof]:.1f}")
    console.print(table)
    for _, finding in findings:
        if not finding.good:
            where = f"{finding.proof}.{finding.name}"
            console.print(f"[{WRONG}]{finding.verdict}[/] {escape(where)}, {finding.kind}, {finding.depth} cycles")
            for line in finding.words:
                console.print(f"    {line}", highlight=False, markup=False, soft_wrap=True)
