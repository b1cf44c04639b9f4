"""`crosschop mutate`: small changes of the RTL, each of which verification has to find."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.formal.plan import EFFORTS
from crosschop.cosim.mutation.campaign import Campaign, Effort
from crosschop.cosim.mutation.campaign import mutate as run_campaign
from crosschop.cosim.mutation.report import write_report
from crosschop.cosim.mutation.verdict import FATES, Fate
from crosschop.cosim.output import (
    EXIT_MISMATCH,
    install,
    require_writable,
    rtl_option,
    seed_option,
    set_option,
    stderr,
)
from crosschop.cosim.runner import work_directory
from crosschop.cosim.verify import DEFAULT_TRANSFERS
from crosschop.model.chipspec import load_chipspec

KEPT_FILE = "verdicts.jsonl"
NO_PROOFS = "none"


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option("--count", type=click.IntRange(min=1), default=100, show_default=True, help="Mutants to draw.")
@seed_option
@click.option(
    "--transfers",
    type=click.IntRange(min=10),
    default=DEFAULT_TRANSFERS,
    show_default=True,
    help="Transfers of each of the two parts of a verification.",
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=Effort.seeds, show_default=True, help="Seeds 1..N of verification."
)
@click.option(
    "--formal",
    type=click.Choice([NO_PROOFS, *EFFORTS]),
    default=Effort.formal or NO_PROOFS,
    show_default=True,
    help="Effort of a search for violations of the mutated module's properties, for what survives verification.",
)
@click.option(
    "--chips",
    type=click.IntRange(min=0),
    default=Effort.chips,
    show_default=True,
    help="Random chips of the same algorithm, as `crosschop fuzz` draws them, for what survives all that.",
)
@click.option(
    "--proof-seconds",
    type=click.IntRange(min=0),
    default=Effort.proof_seconds,
    show_default=True,
    help="Processor time of the proof on the outputs, for each mutant that survives verification; 0 tries none.",
)
@click.option("--lint/--no-lint", default=Effort.lint, show_default=True, help="Whether Verilator's lint may kill.")
@click.option(
    "--long/--no-long",
    default=Effort.long,
    show_default=True,
    help="For what survives all that: the ends of 16-bit counts, a minute of processor time per mutant.",
)
@click.option(
    "--native",
    type=click.IntRange(min=0),
    default=Effort.native,
    show_default=True,
    help="For what survives all that: transfers of each of the two parts on the native library; 0 for none.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for the report.")
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def mutate(
    spec: str,
    count: int,
    seed: int,
    transfers: int,
    seeds: int,
    formal: str,
    chips: int,
    proof_seconds: int,
    lint: bool,
    long: bool,
    native: int,
    out: Path | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Prove the verification of the chip SPEC (a file, or the name of a shipped chipspec) by mutants of its controller.

    Mutants are drawn evenly over modules and kinds of change. Each is verified until a first difference shows; those
    that survive are compared with the controller by Yosys, and what is not equivalent gets the full effort. Exit code 1
    if one survives that. Verdicts are kept: the same command goes on where an earlier one was stopped.
    """
    chip = load_chipspec(spec, overrides)
    out = out or Path("build") / "mutate" / f"{chip.name}-seed{seed}"
    require_trace(chip)
    dut = dut_of(chip, rtl)
    require_writable(out)
    console = stderr()
    console.print(f"{chip.name}: {count} mutants, seed {seed}", highlight=False)
    with work_directory() as scratch:
        proofs = next((one for one in EFFORTS if one == formal), None)
        effort = Effort(transfers, seeds, proofs, chips, proof_seconds, lint, long, native)
        campaign = run_campaign(
            chip, count, seed, scratch, effort=effort, dut=dut, kept=out / KEPT_FILE, console=console
        )
        files = write_report(campaign, scratch)
        installed = install({path.name: path for path in files}, out)
    _print(console, campaign)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps({**campaign.as_data(), "files": [str(path) for path in installed.values()]}))
    if campaign.survivors:
        raise SystemExit(EXIT_MISMATCH)


def _print(console: Console, campaign: Campaign) -> None:
    """Tables by module and by operator, what killed, and the survivors as diffs."""
    for title, of in (("module", lambda one: one.module), ("operator", lambda one: one.operator)):
        table = Table(box=SIMPLE_HEAD)
        table.add_column(title)
        for name in ("mutants", *FATES):
            table.add_column(name, justify="right")
        fates = campaign.table(of)
        total: Counter[Fate] = Counter()
        for name, counts in fates.items():
            total.update(counts)
            table.add_row(name, *_cells(counts))
        table.add_section()
        table.add_row("all", *_cells(total))
        console.print(table)
    killed = Counter(one.verdict.by for one in campaign.having("killed"))
    console.print("killed by", ", ".join(f"{by} {number}" for by, number in killed.most_common()), highlight=False)
    for one in campaign.survivors:
        mutant = one.mutant
        console.print(f"[bold red]SURVIVED[/] {mutant.identity} {mutant.module}: {mutant.operator}", highlight=False)
        console.print(Syntax(mutant.diff, "diff", background_color="default"))
    drawn = campaign.drawn
    verdict = "[bold red]FAIL[/]" if campaign.survivors else "[bold green]PASS[/]"
    console.print(
        f"{verdict} {len(campaign.judged)} of {drawn.possible:,} possible mutants, {drawn.redrawn} redrawn that do not "
        f"compile: {len(campaign.having('killed'))} killed, {len(campaign.having('equivalent'))} equivalent, "
        f"{len(campaign.survivors)} survived; {campaign.score:.1f} % of those that matter, seed {campaign.seed}",
        highlight=False,
    )


def _cells(counts: Counter[Fate]) -> list[str]:
    return [str(sum(counts.values())), *(str(counts[fate] or "") for fate in FATES)]
