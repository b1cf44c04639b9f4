"""`crosschop fuzz`: random legal chips under random stimulus; a failure shrinks to one line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from crosschop.cosim.build import require_icarus
from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.fuzz.campaign import SHRINK_RUNS, Failure, Report, Run, fuzz
from crosschop.cosim.fuzz.case import BASES, Piece, Verdict
from crosschop.cosim.job import Mismatch
from crosschop.cosim.kept_work import work_off
from crosschop.cosim.output import (
    EXIT_MISMATCH,
    print_mismatch,
    require_one_place,
    require_writable,
    rtl_option,
    scheduler_option,
    seed_option,
    stderr,
)
from crosschop.model.chipspec import load_chipspec
from crosschop.model.chipspec.keys import all_paths
from crosschop.model.chipspec.loader import did_you_mean
from crosschop.model.errors import InputError, ToolError
from crosschop.model.parallel import cores
from crosschop.model.store import Store

KEPT_FILE = "chips.jsonl"


@click.command("fuzz")
@click.option("--count", type=click.IntRange(min=1), default=50, show_default=True, help="Chips, in all.")
@seed_option
@click.option("--algorithm", "algorithms", type=click.Choice(list(BASES)), multiple=True,
              help="Of this algorithm alone; may be repeated.  [default: all five]")  # fmt: skip
@click.option("--base", type=str, metavar="SPEC", help="Vary this chip, a file or a shipped one, and its controller.")
@click.option("--keep", "kept", multiple=True, metavar="KEY",
              help="Leave a key or a section of the chip as it is; may be repeated.")  # fmt: skip
@click.option("--transfers", type=click.IntRange(8, 100000), default=60, show_default=True,
              help="Most transfers that a chip compares.")  # fmt: skip
@click.option("--shrink", "shrink_runs", type=click.IntRange(min=0), default=SHRINK_RUNS, show_default=True,
              help="Most verifications to make a failing chip small.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes.  [default: one per core]")
@scheduler_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build") / "fuzz",
              show_default=True, help="Directory where finished chips are kept.")  # fmt: skip
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def command(
    count: int,
    seed: int,
    algorithms: tuple[str, ...],
    base: str | None,
    kept: tuple[str, ...],
    transfers: int,
    shrink_runs: int,
    workers: int | None,
    scheduler: str | None,
    out: Path,
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Verify random legal chips under random stimulus.

    Shapes, number formats, gains, choppers, timing and the other keys of a chipspec are drawn, with a seed and a part
    of what `crosschop verify` applies. The first chip that fails is shrunk to a small one, and the line of `crosschop
    verify` that shows it is printed. The same seed gives the same chips. Finished chips are kept: the same command
    goes on where an earlier one was stopped, and a larger count runs only what is new. On a cluster, which needs the
    simulator on each of its machines, --base and --rtl have to be there under the same path.
    """
    if base is not None and algorithms:
        raise InputError("--base and --algorithm: allowed is one of them, a chip has its algorithm")
    require_one_place(workers, scheduler)
    if scheduler is not None:
        require_icarus()  # a failure shrinks on this machine
        # Workers are in folders of their own, and find the user's files where they are here
        base = str(Path(base).resolve()) if base is not None and Path(base).is_file() else base
        rtl = None if rtl is None else rtl.resolve()
    bases = [base] if base is not None else [BASES[name] for name in BASES if not algorithms or name in algorithms]
    for name in bases:
        chip = load_chipspec(name)
        require_trace(chip)
        dut_of(chip, rtl)
    _require_keys(kept)
    require_writable(out)
    console = stderr()
    console.print(f"{count} random chips over {', '.join(bases)}, seed {seed}, up to {transfers} transfers each")
    store = Store[Piece, Verdict](out / KEPT_FILE, Verdict)

    def work(pieces: Sequence[Piece], run: Run) -> Mapping[Piece, Verdict]:
        return work_off(console, "fuzzing", pieces, store, run, "chips", _is_lasting)

    report = fuzz(
        bases, seed, count, transfers, work, rtl, kept, workers or cores(), scheduler, shrink_runs,
        lambda sentence: console.print(f"  {sentence}", highlight=False),
    )  # fmt: skip
    _print(console, report, rtl)
    if as_json:
        click.echo(json.dumps(_as_json(report, seed, transfers, rtl, out / KEPT_FILE)))
    if report.failure is not None:
        raise SystemExit(EXIT_MISMATCH if report.failure.verdict.status == "mismatch" else ToolError.exit_code)


def _is_lasting(verdict: Verdict) -> bool:
    """Whether it is kept: a simulation without a result may have been stopped by the machine, and is tried again."""
    return verdict.status != "error"


def _require_keys(kept: Sequence[str]) -> None:
    known = {".".join(path) for path in all_paths()}
    for key in kept:
        if key not in known:
            raise InputError(f"--keep {key}: no such key or section{did_you_mean(key, sorted(known))}")


def _print(console: Console, report: Report, rtl: Path | None) -> None:
    for algorithm, features in report.features.items():
        missing = [name for name, chips in features.items() if chips == 0]
        without = f"; not among them: {', '.join(missing)}" if missing else ""
        covered = f"{len(features) - len(missing)} of {len(features)} features"
        console.print(f"  {algorithm}: {report.chips[algorithm]} chips with {covered}{without}", highlight=False)
    if report.failure is not None:
        _print_failure(console, report.failure, rtl)
        return
    found = f"{sum(report.chips.values())} chips, {report.transfers:,} transfers compared, 0 mismatches"
    console.print(f"[bold green]PASS[/] {found}, digest {report.digest}", highlight=False)


def _print_failure(console: Console, failure: Failure, rtl: Path | None) -> None:
    small, command = failure.small, failure.small.command(rtl)
    if failure.verdict.mismatch is not None:
        print_mismatch(console, Mismatch(**failure.verdict.mismatch), command)
    else:
        console.print("[bold red]FAIL[/] the simulation ended without a result", highlight=False)
        for line in failure.verdict.said:
            console.print(f"    {line}", highlight=False, markup=False)
    spec = small.spec()
    lanes = "" if spec.controller.lanes is None else f", {spec.lanes} lanes"
    settings = f"{len(failure.drawn.settings)} to {len(small.settings)} settings"
    shape = f"{spec.array.rows} rows, {spec.array.cols} columns{lanes}"
    console.print(
        f"  shrunk in {failure.tried} verifications from {settings} ({shape}); as it was drawn", highlight=False
    )
    console.print(f"    {failure.drawn.command(rtl)}", highlight=False, markup=False, soft_wrap=True)
    console.print("  the small case", highlight=False)
    console.print(f"    {command}", highlight=False, markup=False, soft_wrap=True)


def _as_json(report: Report, seed: int, transfers: int, rtl: Path | None, kept: Path) -> dict[str, Any]:
    failure: dict[str, Any] | None = None
    if report.failure is not None:
        small, verdict = report.failure.small, report.failure.verdict
        failure = {
            "chip": small.base,
            "status": verdict.status,
            "command": small.command(rtl),
            "settings": list(small.settings),
            "segment": small.only,
            "seed": small.seed,
            "transfers": small.transfers,
            "mismatch": verdict.mismatch,
            "said": list(verdict.said),
            "drawn": report.failure.drawn.command(rtl),
            "tried": report.failure.tried,
        }
    return {
        "status": "pass" if failure is None else failure["status"],
        "seed": seed,
        "chips": report.chips,
        "transfers": report.transfers,
        "most_transfers": transfers,
        "mismatches": int(failure is not None),
        "digest": report.digest,
        "features": report.features,
        "corners": report.corners,
        "failure": failure,
        "files": [str(kept)],
    }
