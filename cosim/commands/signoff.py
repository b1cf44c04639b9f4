"""`crosschop signoff`: every check of a controller at a stated effort, on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.kept_work import work_off
from crosschop.cosim.output import EXIT_MISMATCH, install, require_writable, rtl_option, set_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.signoff.check import EFFORTS, Context, Line, Outcome
from crosschop.cosim.signoff.lines import CHECKS, run_check
from crosschop.cosim.signoff.report import Page, worst, write_pages
from crosschop.cosim.versions import versions
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError, MissingToolError
from crosschop.model.store import Store

KEPT_FILE = "lines.jsonl"
# What long checks have done so far.
KEPT_FOLDER = "kept"
STYLES = {"pass": "bold green", "fail": "bold red", "not run": "bold yellow"}


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--effort", type=click.Choice(list(EFFORTS)), default="normal", show_default=True,
              help="How much of everything; the page states it.")  # fmt: skip
@click.option("--only", "names", multiple=True, metavar="CHECK", help="This check alone; may be repeated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for the pages.")
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def signoff(
    specs: tuple[str, ...],
    effort: str,
    names: tuple[str, ...],
    out: Path | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Sign off the controller of each chip SPEC (a file, or the name of a shipped chipspec).

    Runs every check and writes one page per chip (HTML, JSON, JUnit XML) with a verdict and the evidence per line, and
    for several chips an index. A finished line is kept: the same command goes on where an earlier one was stopped. A
    line whose tool is missing is not run, and the controller is not signed off.
    """
    out = out or Path("build") / "signoff" / effort
    contexts = _contexts(specs, overrides, effort, rtl, out / KEPT_FOLDER)
    found = versions()
    lines = [line for context in contexts for line in _lines(context, names, found)]
    require_writable(out)
    console = stderr()
    chips = ", ".join(context.spec.name for context in contexts)
    console.print(f"{chips}: {len(lines)} checks, effort {effort}", highlight=False)
    store = Store[Line, Outcome](out / KEPT_FILE, Outcome)
    with work_directory() as scratch:
        outcomes = work_off(
            console, "signing off", lines, store, lambda due: _run(due, scratch, console), "checks",
            keep=lambda outcome: outcome.status != "not run",
        )  # fmt: skip
        pages = [
            Page(context, found, tuple((line.check, outcomes[line]) for line in lines if line.context is context))
            for context in contexts
        ]
        installed = install({path.name: path for path in write_pages(pages, scratch)}, out)
    for page in pages:
        _print(console, page)
    if len(pages) > 1:
        for page in pages:
            console.print(f"[{STYLES[page.status]}]{page.status.upper()}[/] {page.context.spec.name}: {page.verdict}")
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    status = worst(page.status for page in pages)
    if as_json:
        files = [str(path) for path in installed.values()]
        click.echo(json.dumps({"status": status, "chips": [page.as_data() for page in pages], "files": files}))
    if status == "fail":
        raise SystemExit(EXIT_MISMATCH)
    if status == "not run":
        raise SystemExit(MissingToolError.exit_code)


def _contexts(
    specs: Sequence[str], overrides: tuple[str, ...], effort: str, rtl: Path | None, kept: Path
) -> list[Context]:
    """The chips to sign off.

    Raises:
        InputError: two of them have the same name, or one has no retire trace or no sources.
    """
    contexts: list[Context] = []
    for source in specs:
        chip = load_chipspec(source, overrides)
        require_trace(chip)
        if any(chip.name == other.spec.name for other in contexts):
            raise InputError(f"{source}: a chip named {chip.name} is there already, pages go by name")
        contexts.append(Context(chip, EFFORTS[effort], dut_of(chip, rtl), source, kept))
    return contexts


def _lines(context: Context, names: Sequence[str], found: str) -> list[Line]:
    """What is to be done on a chip, in the order of the page."""
    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            raise InputError(f"--only {name}: no such check, allowed are {', '.join(known)}")
    chosen = [check for check in CHECKS if check.applies(context) and (not names or check.name in names)]
    if not chosen:
        raise InputError(f"--only {', '.join(names)}: {context.spec.name} has none of these checks")
    return [Line(check, context, found) for check in chosen]


def _run(lines: Sequence[Line], scratch: Path, console: Console) -> Iterator[tuple[Line, Outcome]]:
    for line in lines:
        directory = scratch / f"{line.context.spec.name}-{line.check.name}"
        directory.mkdir()
        outcome = run_check(line.check, line.context, directory)
        style = STYLES[outcome.status]
        said = (
            f"[{style}]{outcome.status.upper()}[/] {line.context.spec.name} {line.check.name}: {escape(outcome.found)}"
        )
        console.print(f"{said} [dim]({outcome.seconds:.0f} s)[/]", highlight=False)
        yield line, outcome


def _print(console: Console, page: Page) -> None:
    table = Table(title=f"{page.context.spec.name}: {page.verdict}", box=SIMPLE_HEAD)
    for column in ("", "what is demanded", "what was found"):
        table.add_column(column)
    for check, outcome in page.lines:
        verdict = f"[{STYLES[outcome.status]}]{outcome.status.upper()}[/]"
        table.add_row(verdict, escape(check.title), escape(outcome.found))
    console.print(table)
    for check, outcome in page.lines:
        if outcome.status == "fail":
            console.print(f"[bold red]{check.name}[/]", highlight=False)
            for line in outcome.evidence:
                console.print(f"    {line}", highlight=False, markup=False)
