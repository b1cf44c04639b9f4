"""`crosschop verify`: the RTL controller against the golden model under random stimulus."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path

import click
from rich.table import Table

from crosschop.cosim.dut import Dut, dut_of, not_compared
from crosschop.cosim.engines import require_trace
from crosschop.cosim.job import WAVE_FILE, Result
from crosschop.cosim.native.engine import NATIVE
from crosschop.cosim.native.verify import WITHOUT, native_pieces, verify_natively
from crosschop.cosim.output import (
    EXIT_MISMATCH,
    Progress,
    Window,
    install,
    mismatch_json,
    print_mismatch,
    require_window,
    require_writable,
    rtl_option,
    seed_option,
    set_option,
    stderr,
)
from crosschop.cosim.runner import work_directory
from crosschop.cosim.simulator import ICARUS, SIMULATORS, VERILATOR, Simulator
from crosschop.cosim.verify import DEFAULT_TRANSFERS, LONG, transfers_of
from crosschop.cosim.verify import verify as run_verify
from crosschop.model.chipspec import ChipSpec, load_chipspec, transfer_unit
from crosschop.model.cycles import PHASES, phases_of
from crosschop.model.errors import InputError


@click.command()
@click.argument("spec", metavar="SPEC")
@seed_option
@click.option(
    "--transfers",
    type=click.IntRange(min=1),
    default=DEFAULT_TRANSFERS,
    show_default=True,
    help="Transfers to compare on the chip, and again on its narrow variant.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help=f"Segments whose name begins so alone, e.g. 'narrow: small'; '{LONG}': the ends of 16-bit counts.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for the waves.")
@click.option("--waves", type=Window(), help="Keep the waves of these transfers.")
@click.option("--simulator", type=click.Choice((*SIMULATORS, NATIVE)), default=ICARUS.name, show_default=True,
              help="What runs the RTL; native: far more transfers, without back-pressure and resets.")  # fmt: skip
@click.option("--initial-seed", type=click.IntRange(1, 2**31 - 1),
              help="Seed of what registers and memories hold at first (verilator).  [default: 1]")  # fmt: skip
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def verify(
    spec: str,
    seed: int,
    transfers: int,
    only: tuple[str, ...],
    out: Path | None,
    waves: tuple[int, int] | None,
    simulator: str,
    initial_seed: int | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Verify the controller of the chip SPEC (a file, or the name of a shipped chipspec).

    Two simulations run side by side: the chip as it is, and a variant with the same rows, lanes and number formats but
    few columns and a large gain, so that every store meets its limits. Every retired transfer is compared with the
    golden model, and every cycle counter with the cycle model.

    --simulator native takes stimulus of the same kinds through the RTL as compiled code, one part after the other.
    There the array side is always ready, samples come as in training, nothing is reset under way, no configuration
    changes and no corners are counted: it adds depth to a simulator's verification.
    """
    chip = load_chipspec(spec, overrides)
    out = out or Path("build") / "verify" / f"{chip.name}-seed{seed}"
    require_trace(chip)
    pieces = native_pieces(chip, seed, transfers, only) if simulator == NATIVE else []
    total = sum(piece.segment.transfers for piece in pieces) or transfers_of(chip, only, seed, transfers)
    dut = dut_of(chip, rtl)
    if initial_seed is not None and simulator != VERILATOR.name:
        reason = (
            "under icarus nothing is defined before a write"
            if simulator == ICARUS.name
            else "native begins with seed 1"
        )
        raise InputError(f"--initial-seed goes with --simulator verilator: {reason}")
    if waves is not None and simulator == NATIVE:
        raise InputError(f"--waves goes with --simulator {' or '.join(SIMULATORS)}: native writes none")
    require_window(waves, transfers)
    if waves is not None:
        require_writable(out)
    console = stderr()
    unit = transfer_unit(chip)
    where = "on the chip and on its narrow variant" if not only else f"of {', '.join(only)}"
    console.print(f"{chip.name}: seed {seed}, {transfers if not only else total} {unit}s {where}", highlight=False)
    with work_directory() as scratch:
        with Progress(console, "verifying", total) as progress:
            if simulator == NATIVE:
                results = verify_natively(pieces, dut, progress)
            else:
                tool = Simulator(simulator, initial_seed or 1)
                results = run_verify(chip, seed, transfers, scratch, progress, waves, dut, only, tool)
        kept = {f"{part}-{WAVE_FILE}": scratch / part / WAVE_FILE for part in results}
        installed = install({name: path for name, path in kept.items() if path.exists()}, out) if waves else {}
    failed = [result.mismatch for result in results.values() if result.mismatch is not None]
    for mismatch in failed:
        options = ["--seed", str(seed), "--transfers", str(transfers)]
        for name in only:
            options += ["--only", name]
        if simulator != ICARUS.name:
            options += ["--simulator", simulator]
        if initial_seed is not None:
            options += ["--initial-seed", str(initial_seed)]
        for override in overrides:
            options += ["--set", override]
        options += [] if rtl is None else ["--rtl", str(rtl)]
        again = shlex.join(["crosschop", "verify", spec, *options])
        print_mismatch(console, mismatch, again, waves=simulator != NATIVE)
    if not failed:
        compared = sum(result.transfers for result in results.values())
        console.print(f"[bold green]PASS[/] {compared} {unit}s compared, 0 mismatches, seed {seed}", highlight=False)
        for sentence in not_compared(dut.view):
            console.print(f"  {sentence}", highlight=False, markup=False)
        if dut.view.compares_counters:
            console.print(_cycle_table(chip, results))
        else:
            console.print(_elapsed(results), highlight=False)
        if simulator == NATIVE:
            console.print(f"  without {WITHOUT}: those are for --simulator {' or '.join(SIMULATORS)}", highlight=False)
        elif not only:
            console.print(_corners(results), highlight=False, markup=False)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(_summary(chip.name, simulator, seed, dut, results, installed)))
    if failed:
        raise SystemExit(EXIT_MISMATCH)


def _cycle_table(chip: ChipSpec, results: dict[str, Result]) -> Table:
    """Cycles by phase, as the RTL counted and as the model has them without random idle and back-pressure."""
    table = Table(title="cycles (RTL counters; in brackets the model without random idle and back-pressure)")
    table.add_column("phase")
    for part in results:
        table.add_column(part, justify="right")
    for phase in phases_of(chip):
        row = [f"{result.cycles[phase]:,} ({result.predicted[phase]:,})" for result in results.values()]
        table.add_row(phase, *row)
    return table


def _elapsed(results: dict[str, Result]) -> str:
    """Clock cycles that a controller took whose counters say nothing."""
    took = ", ".join(f"{part} {result.elapsed:,}" for part, result in results.items())
    return f"  clock cycles in segments that end by themselves: {took}"


def _sum_of_corners(results: dict[str, Result]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for result in results.values():
        counted.update(result.corners)
    return dict(counted)


def _corners(results: dict[str, Result]) -> str:
    """How many corners were met, and which were not."""
    counted = _sum_of_corners(results)
    missing = [name for name, times in counted.items() if times == 0]
    without = f"; not met: {', '.join(missing)}" if missing else ""
    return f"  {len(counted) - len(missing)} of {len(counted)} corners met{without}"


def _sum_of_cycles(results: dict[str, Result]) -> dict[str, int]:
    return {phase: sum(result.cycles[phase] for result in results.values()) for phase in PHASES}


def _summary(
    chip: str, engine: str, seed: int, dut: Dut, results: dict[str, Result], installed: dict[str, Path]
) -> dict[str, object]:
    failed = [result.mismatch for result in results.values() if result.mismatch is not None]
    counted = dut.view.compares_counters
    return {
        "status": "mismatch" if failed else "pass",
        "chip": chip,
        "engine": engine,
        "seed": seed,
        "controller": dut.module,
        **dut.view.to_data(),
        "samples": sum(result.samples for result in results.values()),
        "transfers": sum(result.transfers for result in results.values()),
        "mismatches": len(failed),
        "first_mismatch": mismatch_json(failed[0]) if failed else None,
        "weight_error": None,
        "cycles": _sum_of_cycles(results) if counted else None,
        "corners": _sum_of_corners(results),
        "parts": {
            part: {
                "transfers": result.transfers,
                "cycles": result.cycles if counted else None,
                "cycles_elapsed": result.elapsed,
            }
            for part, result in results.items()
        },
        "files": [str(path) for path in installed.values()],
    }
