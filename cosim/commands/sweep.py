"""`crosschop sweep`: variants of a chip compared by accuracy and cost, many at a time."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from crosschop.cosim.estimating import model_options, read_models
from crosschop.cosim.kept_work import POINTS_FILE, work_off
from crosschop.cosim.output import Progress, install, require_one_place, require_writable, scheduler_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.simulate_points import evaluate_task
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError, InterruptedWorkError
from crosschop.model.estimate.sweep.evaluate import (
    METRICS,
    SPREAD,
    Figures,
    Task,
    summarise,
    tasks_of,
)
from crosschop.model.estimate.sweep.grid import Axis, Skipped, Variant, named, parse_axes, short_names, variants_of
from crosschop.model.estimate.sweep.pareto import pareto_front
from crosschop.model.parallel import cores
from crosschop.model.store import Store

SEEDS = 3
# Points that a table shows at most, and points left out that are named.
ROWS_SHOWN, SKIPPED_SHOWN = 60, 20
# Points that take a second and more to check.
MANY = 500
# The keys in a value that is a section: labels and the table on the terminal show the values alone.
_KEYS_OF_SECTION = re.compile(r"\w+:\s*")
_metric = click.Choice(list(METRICS))


@dataclass(frozen=True)
class Row:
    """A variant with its metrics."""

    values: dict[str, str]
    metrics: dict[str, float | None]
    optimal: bool


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE,...",
    multiple=True,
    help="Values of a key, e.g. controller.lanes=1,5,10; a single one is fixed. Commas within [], {} or quotes do not "
    "separate.",
)
@click.option("--seeds", type=click.IntRange(1, 1000), help=f"Seeds 1..N of each point.  [default: {SEEDS}]")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="One seed instead.")
@click.option("--engine", type=click.Choice(["golden", "native"]), default="golden", show_default=True,
              help="What the controller is; native compares the RTL with the golden model.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1, 10**9), help="Input samples of each run.  [default: task.samples]")
@click.option("--x", type=_metric, help="Metric across the picture.  [default: area]")
@click.option("--y", type=_metric, default="error", show_default=True, help="Metric up the picture.")
@click.option("--skip-illegal", is_flag=True, help="Leave points out that are no legal chip, and list them.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes on this machine.  [default: one per core]")
@scheduler_option
@model_options
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for table and picture.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def sweep(
    spec: str,
    settings: tuple[str, ...],
    seeds: int | None,
    seed: int | None,
    engine: str,
    samples: int | None,
    x: str | None,
    y: str,
    skip_illegal: bool,
    workers: int | None,
    scheduler: str | None,
    liberty: Path | None,
    constants_file: Path | None,
    assumed: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare variants of the chip SPEC (a file, or the name of a shipped chipspec).

    The points are all combinations of the values listed by --set. Each is trained with every seed;
    the table says which points nothing else beats in the two metrics of the picture. Every run is kept in the output
    directory as it ends: the same command again goes on where an earlier one was stopped.
    """
    if seed is not None and seeds is not None:
        raise InputError("--seed and --seeds: allowed is one of them")
    require_one_place(workers, scheduler)
    x = x or "area"
    if x == y:
        raise InputError(f"--x {x} and --y {y}: two different metrics are needed")
    axes = parse_axes(settings)
    if samples is not None and any(axis.key == "task.samples" for axis in axes):
        raise InputError("--samples and --set task.samples: allowed is one of them")
    chip = load_chipspec(spec)
    models = read_models(constants_file, assumed, None, liberty)
    out = out or Path("build") / "sweeps" / chip.name
    console = stderr()
    variants, skipped = _checked(console, spec, axes, samples)
    _require_legal(variants, skipped, skip_illegal)
    require_writable(out)
    chosen = (seed,) if seed is not None else tuple(range(1, (seeds or SEEDS) + 1))
    _print_plan(console, chip.name, axes, variants, skipped, chosen, samples)
    models_text = models.to_json()
    tasks = [tasks_of(variant.chip, chosen, samples, models_text, engine) for variant in variants]
    with work_directory() as scratch:
        store: Store[Task, Figures] = Store(out / POINTS_FILE, Figures)
        figures = work_off(
            console, chip.name, [task for some in tasks for task in some], store,
            lambda due: _run(due, workers or cores(), scheduler), "runs and estimates",
        )  # fmt: skip
        try:
            rows = _rows(variants, tasks, figures, x, y)
            varying = [axis.key for axis in axes if len(axis.values) > 1]
            answer = _as_json(chip.name, axes, chosen, samples, x, y, rows, skipped)
            (scratch / "sweep.json").write_text(json.dumps(answer, indent=1) + "\n")
            _write_table(scratch / "sweep.csv", varying, rows)
            _draw(scratch / "pareto.png", chip.name, engine, varying, chosen, rows, x, y)
            installed = install({path.name: path for path in sorted(scratch.iterdir())}, out)
        except KeyboardInterrupt:
            raise InterruptedWorkError("interrupted, all runs are kept, the same command goes on from there") from None
    _print(console, varying, rows, x, y)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps({**answer, "files": [str(path) for path in installed.values()]}))


def _run(due: Sequence[Task], workers: int, scheduler: str | None) -> Any:
    from crosschop.model.cluster import run_on_cluster  # dask takes half a second, only where there is work

    return run_on_cluster(evaluate_task, due, workers, scheduler)


def _checked(
    console: Console, chip: str, axes: Sequence[Axis], samples: int | None
) -> tuple[list[Variant], list[Skipped]]:
    """All points; a bar where checking them takes a while."""
    total = math.prod(len(axis.values) for axis in axes)
    if total < MANY:
        return variants_of(chip, axes, samples)
    with Progress(console, "checking", total, "points") as progress:
        return variants_of(chip, axes, samples, progress)


def _require_legal(variants: list[Variant], skipped: list[Skipped], skip_illegal: bool) -> None:
    """Illegal points end the command, unless they may be skipped and others remain."""
    if not skipped or (skip_illegal and variants):
        return
    first, total = skipped[0], len(variants) + len(skipped)
    if not variants:
        raise InputError(f"none of {total} points is legal, the first, {named(first.values)}: {first.reason}")
    more = f"; {len(skipped)} of {total} points are illegal, --skip-illegal leaves them out"
    raise InputError(f"point {named(first.values)}: {first.reason}{more}")


def _print_plan(
    console: Console,
    chip: str,
    axes: Sequence[Axis],
    variants: Sequence[Variant],
    skipped: Sequence[Skipped],
    seeds: tuple[int, ...],
    samples: int | None,
) -> None:
    console.print(
        f"{chip}: {len(variants)} points, {_seeds_text(seeds)}, {_samples_text(variants, samples)}", highlight=False
    )
    for axis in axes:
        kind = "varies" if len(axis.values) > 1 else "fixed "
        console.print(f"  {kind} {axis.key} = {', '.join(axis.values)}", highlight=False, markup=False, soft_wrap=True)
    for point in skipped[:SKIPPED_SHOWN]:
        console.print(f"  skipped {named(point.values)}: {point.reason}", highlight=False, markup=False, soft_wrap=True)
    if len(skipped) > SKIPPED_SHOWN:
        console.print(f"  and {len(skipped) - SKIPPED_SHOWN} more, sweep.json lists all", highlight=False)


def _seeds_text(seeds: tuple[int, ...]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}-{seeds[-1]}"


def _samples_text(variants: Sequence[Variant], samples: int | None) -> str:
    counts = sorted({variant.samples if samples is None else samples for variant in variants})
    return f"{counts[0]:,} samples" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} samples"


def _rows(variants: list[Variant], tasks: list[list[Task]], figures: dict[Task, Figures], x: str, y: str) -> list[Row]:
    """The points with their metrics, those of the front marked."""
    metrics = [summarise(figures[costs], [figures[run] for run in runs]) for costs, *runs in tasks]
    front = pareto_front([(_value(found, x), _value(found, y)) for found in metrics])
    return [Row(v.values, found, mark) for v, found, mark in zip(variants, metrics, front, strict=True)]


def _value(metrics: dict[str, float | None], name: str) -> float:
    value = metrics[name]
    assert value is not None
    return value


def _as_json(
    chip: str,
    axes: Sequence[Axis],
    seeds: tuple[int, ...],
    samples: int | None,
    x: str,
    y: str,
    rows: Sequence[Row],
    skipped: Sequence[Skipped],
) -> dict[str, object]:
    units = {name: metric.unit for name, metric in METRICS.items()}
    return {
        "status": "pass",
        "chip": chip,
        "grid": {axis.key: axis.values for axis in axes},
        "seeds": seeds,
        "samples": samples,
        "units": {**units, SPREAD: METRICS["error"].unit},
        "x": x,
        "y": y,
        "points": [{"set": row.values, **row.metrics, "pareto": row.optimal} for row in rows],
        "skipped": [{"set": point.values, "reason": point.reason} for point in skipped],
    }


def _write_table(path: Path, varying: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*varying, *rows[0].metrics, "pareto"])
        for row in rows:
            metrics = ["" if value is None else repr(value) for value in row.metrics.values()]
            writer.writerow([*(row.values[key] for key in varying), *metrics, int(row.optimal)])


def _with_unit(name: str) -> str:
    metric = METRICS[name]
    return f"{metric.label}, {metric.unit}" if metric.unit else metric.label


def _draw(
    path: Path,
    chip: str,
    engine: str,
    varying: Sequence[str],
    seeds: tuple[int, ...],
    rows: Sequence[Row],
    x: str,
    y: str,
) -> None:
    from crosschop.model.estimate.sweep.figure import Mark, draw  # drawing libraries take a second

    def spread(row: Row, name: str) -> float | None:
        return row.metrics[SPREAD] if name == "error" else None

    marks = [
        Mark(
            _value(row.metrics, x), _value(row.metrics, y), spread(row, x), spread(row, y),
            ", ".join(_short(row.values[key]) for key in varying), row.optimal,
        )
        for row in rows
    ]  # fmt: skip
    bars = ", bars: standard deviation of a run" if len(seeds) > 1 and "error" in (x, y) else ""
    title = f"{chip}, {engine} engine, mean of {_seeds_text(seeds)}{bars}"
    names = ", ".join(short_names(varying).values())
    draw(title, _with_unit(x), _with_unit(y), names, marks).savefig(path)


def _short(value: str) -> str:
    """A value without the keys of a section."""
    return _KEYS_OF_SECTION.sub("", value)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if float(value).is_integer() or abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _print(console: Console, varying: Sequence[str], rows: Sequence[Row], x: str, y: str) -> None:
    """The points by the metric across the picture, those of the front marked."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for name in short_names(varying).values():
        table.add_column(name, justify="right")
    for name in METRICS:
        table.add_column(_with_unit(name), justify="right")
    ordered = sorted(rows, key=lambda row: (_value(row.metrics, x), _value(row.metrics, y)))
    front = [row for row in ordered if row.optimal]
    shown = ordered if len(ordered) <= ROWS_SHOWN else front[:: -(-len(front) // ROWS_SHOWN)]
    for row in shown:
        cells = [_number(row.metrics[name]) for name in METRICS]
        if (deviation := row.metrics[SPREAD]) is not None:
            cells[list(METRICS).index("error")] += f" +-{deviation:.2f}"
        table.add_row("*" if row.optimal else "", *(_short(row.values[key]) for key in varying), *cells,
                      style="bold" if row.optimal else None)  # fmt: skip
    console.print(table)
    if len(ordered) > ROWS_SHOWN:
        some = f"{len(front) - len(shown)} points that nothing beats and " if len(shown) < len(front) else ""
        console.print(
            f"  {some}{len(ordered) - len(front)} points that others beat are in sweep.csv only", highlight=False
        )
    console.print(f"  * nothing is better in both {METRICS[x].label} and {METRICS[y].label}", highlight=False)
