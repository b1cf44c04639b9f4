"""`crosschop lanes`: how many lanes a chip's controller needs, with which clock, at what cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from crosschop.cosim.dut import dut_of
from crosschop.cosim.estimating import model_options, read_models
from crosschop.cosim.native.engine import run_native
from crosschop.cosim.output import Progress, install, require_writable, rtl_option, set_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.verilator import require_verilator
from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.estimate.lanes import Cost, Need, candidates, costs, longest_train, need, steady_of
from crosschop.model.page import save_figure

SEED = 1
# Transfers of a measured run.
MEASURED = 2000
# Cycles of a run's samples, and those in which A is neither updated nor read, by n_s
Measured = Mapping[int, tuple[float, float]]


@click.command()
@click.argument("spec", metavar="SPEC")
@set_option
@click.option(
    "--samples-per-read",
    "samples",
    type=click.IntRange(1, 65535),
    multiple=True,
    default=(1, 2, 5, 10),
    show_default=True,
    help="A value of algorithm.transfer_every, n_s.",
)
@click.option("--slots", type=click.IntRange(0), help="Length of every pulse train.  [default: driver.max_pulses]")
@click.option("--measure", is_flag=True, help="Train with the RTL (engine native) at the numbers found.")
@rtl_option
@model_options
@click.option("--out", type=click.Path(path_type=Path), help="Directory for picture and numbers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def lanes(
    spec: str,
    overrides: tuple[str, ...],
    samples: tuple[int, ...],
    slots: int | None,
    measure: bool,
    rtl: Path | None,
    liberty: Path | None,
    constants_file: Path | None,
    assumed: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Find the fewest lanes at which the digital work of the chip SPEC delays no sample.

    For each number of samples per read; then what lanes cost: clock and cells of the controller by Yosys, for lanes of
    three and of four cycles, and the bits of its memories that are read and written in a cycle.
    """
    samples = tuple(dict.fromkeys(samples))
    chip, models = load_chipspec(spec, overrides), read_models(constants_file, assumed, rtl, liberty)
    trains = longest_train(chip) if slots is None else slots
    needs = [need(chip, number, trains) for number in samples]
    numbers = candidates(chip, needs)
    stages = (3, 4) if chip.controller.memory_ports == 2 else (3,)
    variants = [
        load_chipspec(spec, [*overrides, f"controller.lanes={number}", f"controller.lane_stages={of_lane}"])
        for number in numbers
        for of_lane in stages
    ]
    trained = [
        load_chipspec(
            spec, [*overrides, f"algorithm.transfer_every={found.samples}", f"controller.lanes={found.lanes}"]
        )
        for found in needs
        if measure and found.lanes is not None
    ]
    out = out or Path("build") / "lanes" / chip.name
    require_writable(out)
    if measure:
        require_verilator()
    console = stderr()
    console.print(f"{chip.name}: {chip.array.rows} rows, trains of {trains} slots", highlight=False)
    found_costs: list[Cost] = []
    with Progress(console, "mapping to cells", len(variants), "controllers") as progress:
        for cost in costs(variants, models):
            found_costs.append(cost)
            progress(len(found_costs))
    measured: dict[int, tuple[float, float]] = {}
    for variant in trained:
        with Progress(console, f"n_s = {variant.transfer.transfer_every}", MEASURED, "transfers") as progress:
            measured[variant.transfer.transfer_every] = _measure(variant, progress, rtl)
    with work_directory() as scratch:
        from crosschop.model.estimate.lanes_figure import draw_lanes  # drawing libraries take a second

        curves = {number: {count: steady_of(chip, count, number, trains) for count in numbers} for number in samples}
        title = f"Lanes of {chip.name}, trains of {trains} slots"
        save_figure(draw_lanes(title, curves, needs, found_costs), scratch / "lanes.png")
        cycles = {number: {count: found.cycles for count, found in curve.items()} for number, curve in curves.items()}
        of_rtl = {number: {"cycles": total, "waiting": waiting} for number, (total, waiting) in measured.items()}
        answer = {
            **{"status": "pass", "chip": chip.name, "rows": chip.array.rows, "slots": trains},
            **{"needs": [asdict(found) for found in needs], "costs": [asdict(cost) for cost in found_costs]},
            **{"cycles": cycles, "measured": of_rtl},
        }
        (scratch / "lanes.json").write_text(json.dumps(answer, indent=1) + "\n")
        installed = install({path.name: path for path in sorted(scratch.iterdir())}, out)
    console.print(_needs_table(needs, measured))
    console.print(_costs_table(found_costs))
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps({**answer, "files": [str(path) for path in installed.values()]}))


def _measure(chip: ChipSpec, progress: Progress, rtl: Path | None) -> tuple[float, float]:
    """Cycles of a sample by the counters of the RTL: all behind the clear sweep, and those in which it waits."""
    result = run_native(chip, SEED, MEASURED, progress, dut=None if rtl is None else dut_of(chip, rtl))
    count = MEASURED * chip.transfer.transfer_every
    waiting = result.cycles["stall"] + result.cycles["idle"]
    return (waiting + result.cycles["update"] + result.cycles["read"]) / count, waiting / count


def _needs_table(needs: Sequence[Need], measured: Measured) -> Table:
    table = Table(title="Fewest lanes at which no sample waits; clock cycles per sample", box=SIMPLE_HEAD)
    for header in ("n_s", "lanes", "cycles", "waiting", "one lane less", "waiting"):
        table.add_column(header, justify="right")
    if measured:
        table.add_column("RTL, training", justify="right")
        table.add_column("waiting", justify="right")
    for found in needs:
        row = [str(found.samples), "none" if found.lanes is None else str(found.lanes)]
        row += [f"{found.steady.cycles:g}", f"{found.steady.waiting:g}"]
        row += ["-", "-"] if found.fewer is None else [f"{found.fewer.cycles:g}", f"{found.fewer.waiting:g}"]
        if measured:
            of_rtl = measured.get(found.samples)
            row += ["-", "-"] if of_rtl is None else [f"{of_rtl[0]:.2f}", f"{of_rtl[1]:.4f}"]
        table.add_row(*row)
    return table


def _costs_table(found: Sequence[Cost]) -> Table:
    table = Table(title="What lanes cost", box=SIMPLE_HEAD)
    for header in ("lanes", "cycles of a lane", "f_max, MHz", "cells, mm2", "memory bits per cycle"):
        table.add_column(header, justify="right")
    for cost in found:
        speed = cost.frequency
        clock = "-" if speed is None else f"{speed.nominal:.0f} ({speed.low:.0f} to {speed.high:.0f})"
        area = f"{cost.cell_area / 1e6:.3f}"
        table.add_row(str(cost.lanes), str(cost.stages), clock, area, f"{cost.word_bits:,}")
    return table
