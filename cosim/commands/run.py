"""`crosschop run`: training on a chip, by default with its RTL controller in the loop."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from crosschop.cosim.dut import Dut, dut_of, not_compared
from crosschop.cosim.engines import MismatchError, require_trace, run_rtl
from crosschop.cosim.job import WAVE_FILE
from crosschop.cosim.native.engine import NATIVE, run_native
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
from crosschop.cosim.simulator import SIMULATORS, VERILATOR, Simulator
from crosschop.model.chipspec import (
    ChipSpec,
    load_chipspec,
    samples_in,
)
from crosschop.model.engines import run_float, run_golden, whole_transfers
from crosschop.model.errors import InputError
from crosschop.model.report import render_run, write_report
from crosschop.model.results import RunResult, summary

WITHOUT_RTL = {"golden": run_golden, "float": run_float}
WITH_RTL = (*SIMULATORS, NATIVE)
ENGINES = (*WITH_RTL, *WITHOUT_RTL)
DEFAULT_WAVES = (0, 40)


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="icarus", show_default=True, help="What the controller is."
)
@seed_option
@click.option(
    "--samples", type=click.IntRange(1, 10**9), help="Input samples.  [default: task.samples of the chipspec]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for plot, page and waves.")
@click.option("--waves", type=Window(), help="Keep the waves of these transfers (with RTL).  [default: 0:40]")
@set_option
@rtl_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def run(
    spec: str,
    engine: str,
    seed: int,
    samples: int | None,
    out: Path | None,
    waves: tuple[int, int] | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_json: bool,
) -> None:
    """Train on the chip SPEC (a file, or the name of a shipped chipspec).

    With --engine icarus (the default) or verilator the RTL controller runs the training in that simulator and every
    transfer is compared with the golden model; with native as well, in compiled code, hundreds of times as fast and
    without waves.
    """
    chip = load_chipspec(spec, overrides)
    transfers = whole_transfers(chip, samples)
    out = out or Path("build") / "runs" / f"{chip.name}-{engine}-seed{seed}"
    dut = None
    if engine in WITH_RTL:
        require_trace(chip)
        dut = dut_of(chip, rtl)
    elif rtl is not None:
        raise InputError(
            f"--rtl goes with --engine {' or '.join(WITH_RTL)}, not with {engine}: it has no RTL in the loop"
        )
    if waves is not None and engine not in SIMULATORS:
        raise InputError(f"--waves goes with --engine {' or '.join(SIMULATORS)}: {engine} writes none")
    require_window(waves, transfers)
    require_writable(out)
    console = stderr()
    console.print(f"{chip.name}: {chip.summary}", highlight=False, markup=False)
    run_samples = samples_in(chip, transfers)
    console.print(f"engine {engine}, seed {seed}, {run_samples} samples, {transfers} transfers")
    if samples is not None and samples != run_samples:
        console.print(f"{samples} samples asked, {run_samples} run: whole transfers only")
    with work_directory() as scratch:
        try:
            with Progress(console, "training", transfers) as progress:
                result = _train(chip, engine, seed, transfers, progress, scratch, waves or DEFAULT_WAVES, dut)
        except MismatchError as error:
            # Native writes no waves; Verilator runs the same model of the RTL
            shown_by = VERILATOR.name if engine == NATIVE else engine
            again = shlex.join(
                ["crosschop", "run", spec, "--engine", shown_by, "--seed", str(seed), *_repeat(samples, overrides, rtl)]
            )
            print_mismatch(console, error.mismatch, again)
            wave = scratch / WAVE_FILE
            if waves is not None and wave.exists():
                (kept,) = install({WAVE_FILE: wave}, out).values()
                console.print(f"  {kept}", highlight=False, soft_wrap=True)
            if as_json:
                click.echo(json.dumps(_failure(chip, engine, seed, error)))
            raise SystemExit(EXIT_MISMATCH) from None
        wave = scratch / WAVE_FILE
        report = write_report(result, scratch, wave if wave.exists() else None)
        (scratch / "result.json").write_text(json.dumps(summary(result), indent=1) + "\n")
        files = {path.name: path for path in (*report.values(), scratch / "result.json")}
        if wave.exists():
            files[WAVE_FILE] = wave
        installed = install(files, out)
    console.print(render_run(result))
    if dut is not None:
        for sentence in not_compared(dut.view):
            console.print(f"  {sentence}", highlight=False, markup=False)
        if not dut.view.compares_counters:
            console.print(f"  it took {result.cycles_elapsed:,} clock cycles", highlight=False)
    if progress.rate is not None:
        rate = progress.rate * run_samples / transfers
        console.print(f"  {rate:,.0f} samples/s on this machine, without start-up", highlight=False)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        seen = {} if dut is None else {"controller": dut.module, **dut.view.to_data()}
        click.echo(json.dumps({**summary(result), **seen, "files": [str(path) for path in installed.values()]}))


def _train(
    chip: ChipSpec,
    engine: str,
    seed: int,
    transfers: int,
    progress: Progress,
    scratch: Path,
    waves: tuple[int, int],
    dut: Dut | None,
) -> RunResult:
    if engine in SIMULATORS:
        return run_rtl(chip, seed, transfers, progress, scratch, waves, dut, Simulator(engine))
    if engine == NATIVE:
        return run_native(chip, seed, transfers, progress, dut=dut)
    return WITHOUT_RTL[engine](chip, seed, transfers, progress)


def _repeat(samples: int | None, overrides: tuple[str, ...], rtl: Path | None) -> list[str]:
    """The options that a reproducing command has to repeat."""
    options = [] if samples is None else ["--samples", str(samples)]
    for override in overrides:
        options += ["--set", override]
    return options if rtl is None else [*options, "--rtl", str(rtl)]


def _failure(chip: ChipSpec, engine: str, seed: int, error: MismatchError) -> dict[str, object]:
    return {
        "status": "mismatch",
        "chip": chip.name,
        "engine": engine,
        "seed": seed,
        "samples": samples_in(chip, error.transfers),
        "transfers": error.transfers,
        "mismatches": 1,
        "first_mismatch": mismatch_json(error.mismatch),
        "weight_error": None,
        "cycles": None,
    }
