"""`crosschop replay`: a trace recorded elsewhere against the golden model, or one of aihwkit against the algorithms."""

from __future__ import annotations

import json
import shlex
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from crosschop.cosim.output import EXIT_MISMATCH, Progress, mismatch_json, print_mismatch, set_option, stderr
from crosschop.cosim.replay.check import TEXT_FORMATS, WAVE_FORMATS, RetireCheck, check_retire_trace, format_of
from crosschop.model.aihwkit import RTOL, Divergence, Replay, check_trace
from crosschop.model.chipspec import ChipSpec, load_chipspec, transfer_unit
from crosschop.model.errors import InputError

AIHWKIT = "aihwkit"
FORMATS = (*TEXT_FORMATS, *WAVE_FORMATS, AIHWKIT)


@click.command()
@click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--spec", "spec", metavar="SPEC", help="The chip: a file, or the name of a shipped chipspec.")
@set_option
@click.option(
    "--format", "trace_format", type=click.Choice(FORMATS), help="What TRACE is.  [default: by the end of its name]"
)
@click.option("--scope", metavar="NAME", help="Scope of the controller in a VCD or FST file, e.g. tb.dut.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def replay(
    trace: Path,
    spec: str | None,
    overrides: tuple[str, ...],
    trace_format: str | None,
    scope: str | None,
    as_json: bool,
) -> None:
    """Check the recorded TRACE step by step, without a simulator.

    A retire trace of a controller, recorded in any simulator as JSON lines or CSV (gzipped or not), VCD or FST: every
    transfer is compared with the golden model of the chip --spec.

    aihwkit: the float algorithm of the trace computes A, H, P, P^ref and W from the inputs of every update alone, and
    every matrix is compared.
    """
    trace_format = trace_format or format_of(trace)
    if trace_format == AIHWKIT:
        if spec is not None or overrides or scope is not None:
            raise InputError("--spec, --set and --scope go with retire traces: one of aihwkit brings its settings")
        _replay_aihwkit(trace, as_json)
        return
    if spec is None:
        raise InputError(f"--spec is missing: of which chip is the {trace_format} trace {trace}?")
    chip = load_chipspec(spec, overrides)
    console = stderr()
    with _Bar(console, "beats" if trace_format in WAVE_FORMATS else "bytes") as bar:
        result = check_retire_trace(trace, chip, trace_format, scope, bar)
    if result.mismatch is None:
        _print_retired(console, chip, result)
    else:
        options = [option for override in overrides for option in ("--set", override)]
        options += ["--format", trace_format] + ([] if scope is None else ["--scope", scope])
        command = shlex.join(["crosschop", "replay", str(trace), "--spec", spec, *options])
        print_mismatch(console, result.mismatch, command, waves=False)
    for name, texts in (("not seen", result.unseen), ("note", result.notes)):
        for text in [", ".join(texts)] if name == "not seen" and texts else texts:
            console.print(f"  {name:<10} {text}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(_retired_summary(chip, result)))
    if not result.passed:
        raise SystemExit(EXIT_MISMATCH)


class _Bar(ExitStack):
    """A progress bar that appears with the first progress: what is wrong with a file shows sooner."""

    def __init__(self, console: Console, unit: str) -> None:
        super().__init__()
        self._console = console
        self._unit = unit
        self._bar: Progress | None = None

    def __call__(self, done: int, size: int) -> None:
        """Moves the bar."""
        if self._bar is None:
            self._bar = self.enter_context(Progress(self._console, "checking", size, self._unit))
        self._bar(done)


def _print_retired(console: Console, chip: ChipSpec, result: RetireCheck) -> None:
    unit = transfer_unit(chip)
    console.print(
        f"[bold green]PASS[/] {chip.name}: {result.transfers:,} {unit}s in {result.segments} segments compared, "
        f"0 mismatches, {result.rate:,.0f} {unit}s/s",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"  compared   {', '.join(result.compared)}", highlight=False)
    if result.inputs:
        console.print(f"  taken      {', '.join(result.inputs)}", highlight=False)


def _retired_summary(chip: ChipSpec, result: RetireCheck) -> dict[str, object]:
    return {
        "status": "pass" if result.passed else "mismatch",
        "format": result.trace_format,
        "trace": str(result.trace),
        "chip": chip.name,
        "transfers": result.transfers,
        "segments": result.segments,
        "inputs": list(result.inputs),
        "compared": list(result.compared),
        "unseen": list(result.unseen),
        "notes": list(result.notes),
        "mismatches": int(not result.passed),
        "first_mismatch": mismatch_json(result.mismatch),
        "transfers_per_second": round(result.rate),
    }


def _replay_aihwkit(trace: Path, as_json: bool) -> None:
    result = check_trace(trace)
    console = stderr()
    if result.divergence is None:
        _print_pass(console, result)
    else:
        _print_divergence(console, result, result.divergence)
    if result.trace.ignored:
        console.print(f"  ignored    {', '.join(result.trace.ignored)}", highlight=False, markup=False)
    if as_json:
        click.echo(json.dumps(_summary(result)))
    if not result.passed:
        raise SystemExit(EXIT_MISMATCH)


def _print_pass(console: Console, result: Replay) -> None:
    console.print(
        f"[bold green]PASS[/] {result.trace.settings.algorithm}: {result.steps} steps, {result.compared} matrices "
        f"compared, largest relative deviation {max(result.deviation.values()):.1e} (allowed {RTOL:g})",
        highlight=False,
        soft_wrap=True,
    )
    for name, deviation in result.deviation.items():
        console.print(f"  {name:<10} {deviation:.1e}", highlight=False)


def _print_divergence(console: Console, result: Replay, found: Divergence) -> None:
    console.print("[bold red]FAIL[/] the trace and the float algorithm differ", highlight=False)
    console.print(f"  algorithm  {result.trace.settings.algorithm}", highlight=False)
    console.print(f"  where      step {found.step}, row {found.row}, column {found.column}", highlight=False)
    console.print(f"  matrix     {found.matrix}", highlight=False)
    console.print(f"  expected   {found.expected:.9g}", highlight=False)
    console.print(f"  got        {found.got:.9g}", highlight=False)


def _summary(result: Replay) -> dict[str, object]:
    return {
        "status": "pass" if result.passed else "mismatch",
        "format": AIHWKIT,
        "trace": result.trace.source,
        "algorithm": result.trace.settings.algorithm,
        "steps": result.steps,
        "transfers": result.transfers,
        "compared": result.compared,
        "tolerance": RTOL,
        "deviation": dict(result.deviation),
        "mismatches": int(not result.passed),
        "first_mismatch": None if result.divergence is None else asdict(result.divergence),
        "ignored": list(result.trace.ignored),
    }
