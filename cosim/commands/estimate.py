"""`crosschop estimate`: what a chip takes in time, area, memory, wear and retention, before it is built."""

from __future__ import annotations

import json
from pathlib import Path

import click

from crosschop.cosim.estimating import EstimateOptions, count, counted, estimate_options, transfers_to_count
from crosschop.cosim.output import Progress, install, require_writable, stderr
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec, transfer_unit
from crosschop.model.estimate.chip import estimate_chip
from crosschop.model.estimate.export import as_data
from crosschop.model.estimate.network import load_network
from crosschop.model.estimate.render import render_estimate
from crosschop.model.estimate.report import write_estimate


@click.command()
@click.argument("spec", metavar="SPEC")
@estimate_options
@click.option("--network", help="A file with layer shapes, or a shipped network, to place on tiles of this chip.")
def estimate(spec: str, options: EstimateOptions, network: str | None) -> None:
    """Estimate the chip SPEC (a file, or the name of a shipped chipspec).

    A training run counts cycles, pulses and writes; Yosys maps the controller's RTL to cells; the rest follows from
    constants with their sources. Every line says whether it is measured, synthesised or modelled.
    """
    chip = load_chipspec(spec, options.overrides)
    models, engine, seed = options.models(), options.engine, options.seed
    networks = [] if network is None else [load_network(network)]
    transfers = transfers_to_count(chip, engine, options.samples)
    out = options.out or Path("build") / "estimate" / chip.name
    models.check(chip)
    require_writable(out)
    console = stderr()
    console.print(f"{chip.name}: {chip.summary}", highlight=False, markup=False)
    console.print(f"engine {engine}, seed {seed}, {counted(chip, transfers)}")
    with work_directory() as scratch:
        with Progress(console, "counting", transfers, f"{transfer_unit(chip)}s") as progress:
            result = count(chip, engine, seed, transfers, progress, scratch, models.rtl)
        with console.status("mapping the controller to cells"):
            found = estimate_chip(result, models, networks)
        folder = scratch / "estimate"
        files = write_estimate(found, models.constants, folder)
        installed = install({path.name: path for path in files}, out)
    console.print(render_estimate(found))
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if options.as_json:
        click.echo(json.dumps({**as_data(found), "files": [str(path) for path in installed.values()]}))
