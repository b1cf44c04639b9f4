"""`crosschop cover`: what the verification of a set of chips reaches, of the plan and of the code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from crosschop.cosim.coverage.code import KINDS
from crosschop.cosim.coverage.exclusions import exclusions_for
from crosschop.cosim.coverage.measure import DEFAULT_TRANSFERS, REGRESSION, Coverage, Measured, Piece, measure, merge
from crosschop.cosim.coverage.plan import load_plan
from crosschop.cosim.coverage.report import write_report
from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.kept_work import work_off
from crosschop.cosim.output import EXIT_MISMATCH, install, require_writable, rtl_option, seed_option, set_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.simulator import SIMULATORS, VERILATOR, Simulator
from crosschop.cosim.verilator import require_verilator
from crosschop.cosim.versions import versions
from crosschop.model.chipspec import load_chipspec
from crosschop.model.store import Store

KEPT_FILE = "measured.jsonl"
# Holes and missing bins on the terminal; the page has all of them.
SHOWN = 20
# What is counted does not depend on these parts of the package.
_WITHOUT = ("commands/", "fuzz/", "signoff/", "coverage/exclusions", "coverage/report.py")


@click.command()
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@seed_option
@click.option("--transfers", type=click.IntRange(min=10), default=DEFAULT_TRANSFERS, show_default=True,
              help="Transfers to compare on each chip, and again on its narrow variant.")  # fmt: skip
@click.option("--simulator", type=click.Choice(SIMULATORS), default=VERILATOR.name, show_default=True,
              help="What runs the RTL; under icarus the plan alone is measured, not the code.")  # fmt: skip
@click.option("--exclusions", "excluded", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Branches that need not be taken.  [default: those of the shipped controllers]")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for the page.")
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def cover(
    specs: tuple[str, ...],
    seed: int,
    transfers: int,
    simulator: str,
    excluded: Path | None,
    out: Path | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Measure what the verification of the chips SPEC reaches (default: a set with every option of all controllers).

    Every chip is verified with everything counted: points of the verification plan at the pins and in the golden model,
    lines, branches and bits of the controller by Verilator. The union over the chips is written as a page and as JSON.
    A chip that has been measured is kept: the same command goes on where an earlier one was stopped. Exit code 1 where
    a bin of the plan, a line or a branch is missing.
    """
    entries = [(spec, overrides) for spec in specs] or [(name, (*sets, *overrides)) for name, sets in REGRESSION]
    title = ", ".join(specs) or "regression"
    out = out or Path("build") / "coverage" / ("-".join(Path(spec).stem for spec in specs) or "regression")
    if simulator == VERILATOR.name:
        require_verilator()
    tool, found = Simulator(simulator, coverage=True), versions(without=_WITHOUT)
    pieces, labels = [], []
    for name, sets in entries:
        chip = load_chipspec(name, sets)
        require_trace(chip)
        pieces.append(Piece(chip, seed, transfers, dut_of(chip, rtl), tool, found))
        labels.append(" ".join([chip.name, *sets]))
    exclusions = exclusions_for([piece.spec for piece in pieces], [piece.dut for piece in pieces], excluded)
    require_writable(out)
    console = stderr()
    console.print(f"{len(pieces)} chips, seed {seed}, {transfers} transfers each twice, {simulator}", highlight=False)
    store = Store[Piece, Measured](out / KEPT_FILE, Measured)
    with work_directory() as scratch:
        answers = work_off(
            console, "measuring", pieces, store, lambda due: _run(due, scratch), "chips",
            keep=lambda answer: not answer.mismatches,
        )  # fmt: skip
        measured, duts = [answers[piece] for piece in pieces], [piece.dut for piece in pieces]
        coverage = merge(measured, duts, exclusions, whole=not specs)
        files = write_report(coverage, load_plan(), exclusions, title, labels, scratch)
        installed = install({path.name: path for path in files}, out)
    _print(console, coverage)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps({**coverage.as_data(), "files": [str(path) for path in installed.values()]}))
    if not coverage.complete:
        raise SystemExit(EXIT_MISMATCH)


def _run(pieces: Sequence[Piece], scratch: Path) -> Iterator[tuple[Piece, Measured]]:
    for place, piece in enumerate(pieces):
        directory = scratch / str(place)
        directory.mkdir()
        yield piece, measure(piece, directory)


def _print(console: Console, coverage: Coverage) -> None:
    if coverage.modules:
        table = Table(title="code of the controllers, exclusions left out", box=SIMPLE_HEAD)
        table.add_column("module")
        for kind in KINDS:
            table.add_column(kind, justify="right")
        table.add_column("excluded", justify="right")
        for module in coverage.modules:
            shares = [f"{module.shares[kind].percent:.1f} % ({module.shares[kind]})" for kind in KINDS]
            table.add_row(module.name, *shares, str(module.excluded))
        total = [f"{coverage.share(kind).percent:.1f} % ({coverage.share(kind)})" for kind in KINDS]
        table.add_row("all", *total, str(sum(module.excluded for module in coverage.modules)), style="bold")
        console.print(table)
    holes = [str(hole) for module in coverage.modules for hole in module.holes if hole.kind != "toggle"]
    for what, found in (("not met of the plan", coverage.missing), ("not reached", holes)):
        for one in found[:SHOWN]:
            console.print(f"  {what}: {one}", highlight=False, markup=False)
        if len(found) > SHOWN:
            console.print(f"  and {len(found) - SHOWN} more")
    verdict = "[bold green]COMPLETE[/]" if coverage.complete else "[bold red]INCOMPLETE[/]"
    plan = f"{coverage.bins} bins of the plan ({coverage.bins.percent:.1f} %)"
    compared = f"{coverage.transfers:,} transfers compared, {coverage.mismatches} simulations differ"
    console.print(f"{verdict} {plan}, {compared}", highlight=False)
