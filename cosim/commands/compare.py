"""`crosschop compare`: chips side by side, and what dropping R saves against what P and P^ref cost."""

from __future__ import annotations

import json
from pathlib import Path

import click

from crosschop.cosim.estimating import EstimateJob, EstimateOptions, estimate_job, estimate_options, transfers_to_count
from crosschop.cosim.output import Progress, install, require_writable, stderr
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.estimate.chip import Estimate
from crosschop.model.estimate.compare import compare as side_by_side
from crosschop.model.estimate.compare_report import comparison_data, render_comparison, write_comparison
from crosschop.model.parallel import cores, run_parallel


@click.command()
@click.argument("specs", metavar="SPEC SPEC...", nargs=-1, required=True)
@estimate_options
def compare(specs: tuple[str, ...], options: EstimateOptions) -> None:
    """Compare chips: files, or names of shipped chipspecs.

    Each is estimated as by `crosschop estimate`, several at a time. AGAD without R is set against every chip with R of
    the same shape: what dropping R saves, what P and P^ref cost, and where the sign of the net turns.
    """
    if len(specs) < 2:
        raise InputError("compare needs two chips or more")
    chips = [load_chipspec(spec, options.overrides) for spec in specs]
    names = [chip.name for chip in chips]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two of the chips are called {twice}; compare needs distinct names")
    models, engine, seed = options.models(), options.engine, options.seed
    jobs = [
        EstimateJob(chip.model_dump_json(), engine, seed, transfers_to_count(chip, engine, options.samples), models)
        for chip in chips
    ]
    out = options.out or Path("build") / "compare"
    for chip in chips:
        models.check(chip)
    require_writable(out)
    console = stderr()
    console.print(f"engine {engine}, seed {seed}: {', '.join(names)}", highlight=False)
    found: dict[str, Estimate] = {}
    with work_directory() as scratch:
        with Progress(console, "estimating", len(jobs), "chips") as progress:
            for job, answer in run_parallel(estimate_job, jobs, cores()):
                found[job.spec] = answer
                progress(len(found))
        comparison = side_by_side([found[job.spec] for job in jobs], models.constants)
        files = write_comparison(comparison, scratch / "compare")
        installed = install({path.name: path for path in files}, out)
    console.print(render_comparison(comparison))
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if options.as_json:
        click.echo(json.dumps({**comparison_data(comparison), "files": [str(path) for path in installed.values()]}))
