"""`crosschop replay`: a recorded trace against the float algorithms."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from crosschop.cosim.output import EXIT_MISMATCH, stderr
from crosschop.model.aihwkit import RTOL, Divergence, Replay, check_trace

FORMATS = ("aihwkit",)


@click.command()
@click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "trace_format", type=click.Choice(FORMATS), required=True, help="What recorded the trace.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def replay(trace: Path, trace_format: str, as_json: bool) -> None:
    """Check the recorded TRACE (JSON, gzipped or not) step by step.

    aihwkit: the float algorithm of the trace computes A, H, P, P^ref and W from the inputs of every update alone, and
    every matrix is compared.
    """
    result = check_trace(trace)
    console = stderr()
    if result.divergence is None:
        _print_pass(console, result)
    else:
        _print_divergence(console, result, result.divergence)
    if result.trace.ignored:
        console.print(f"  ignored    {', '.join(result.trace.ignored)}", highlight=False, markup=False)
    if as_json:
        click.echo(json.dumps(_summary(trace_format, result)))
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


def _summary(trace_format: str, result: Replay) -> dict[str, object]:
    return {
        "status": "pass" if result.passed else "mismatch",
        "format": trace_format,
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
