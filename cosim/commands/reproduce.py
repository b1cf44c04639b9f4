"""`crosschop reproduce`: a table or figure of the paper, computed anew beside the printed one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from crosschop.cosim.kept_work import POINTS_FILE, work_off
from crosschop.cosim.output import install, require_writable, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.simulate_points import simulate
from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.parallel import cores, run_parallel
from crosschop.model.reproduce import EXPERIMENTS, new_experiment
from crosschop.model.reproduce.experiment import LABELS, Comparison, Row, Settings
from crosschop.model.reproduce.points import Outcome, Point, new_store

WITH_RTL = ("fig4",)
SEEDS = 3
DPI = 150


@click.command()
@click.argument("name", type=click.Choice(list(EXPERIMENTS)))
@click.option("--quick", is_flag=True, help="Few points, about a minute.")
@click.option("--engine", type=click.Choice(["golden", "icarus", "native"]), default="golden", show_default=True,
              help="What the controller is; icarus and native compare the RTL with the golden model.")  # fmt: skip
@click.option("--states", help="Numbers of device states, for example 20 or 100,20 (fig4).")
@click.option("--seeds", type=click.IntRange(1, 100), default=SEEDS, show_default=True, help="Seeds 1..N of each.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one per core]")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for figure and numbers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def reproduce(
    name: str,
    quick: bool,
    engine: str,
    states: str | None,
    seeds: int,
    workers: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compute a table or figure of the paper anew: table1, fig3, fig4, fig6, endurance or retention.

    Prints every number of the paper beside ours and draws the figure in the paper's layout. Every simulated point is
    kept in the output directory as it ends: the same command again goes on where an earlier one was stopped.
    """
    if engine != "golden" and name not in WITH_RTL:
        raise InputError(f"--engine {engine} goes with {', '.join(WITH_RTL)}, not with {name}")
    if states is not None and name != "fig4":
        raise InputError(f"--states goes with fig4, not with {name}")
    settings = Settings(quick, tuple(range(1, seeds + 1)), _numbers(states), engine)
    out = out or Path("build") / "reproduce" / name
    require_writable(out)
    experiment = new_experiment(name)
    console = stderr()
    points = experiment.points(settings)
    # With RTL in the loop every point has a twin without: their events have to be the same.
    twins = {point: replace(point, engine="golden") for point in points if point.engine != "golden"}
    with work_directory() as scratch:
        count = workers or cores()
        outcomes = work_off(
            console, name, [*points, *twins.values()], new_store(out / POINTS_FILE),
            lambda due: run_parallel(simulate, due, count),
        )  # fmt: skip
        _require_same_events(twins, outcomes)
        comparison = experiment.compare(settings, outcomes)
        experiment.draw(settings, outcomes).savefig(scratch / f"{name}.png", dpi=DPI)
        (scratch / f"{name}.json").write_text(json.dumps(_as_json(comparison), indent=1) + "\n")
        installed = install({path.name: path for path in sorted(scratch.iterdir())}, out)
    _print(console, comparison)
    if twins:
        console.print(f"  {len(twins)} runs with RTL in the loop, each event for event equal to the golden engine's")
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps({**_as_json(comparison), "files": [str(path) for path in installed.values()]}))


def _require_same_events(twins: dict[Point, Point], outcomes: dict[Point, Outcome]) -> None:
    """Raises an error that ends the command with exit code 1 where a point and its twin differ."""
    different = [point for point, twin in twins.items() if outcomes[point].digest != outcomes[twin].digest]
    if different:
        raise CrosschopError(
            *(f"{point.chip} {' '.join(point.overrides)} seed {point.seed}: events with RTL in the loop differ from "
              "those of the golden engine" for point in different)
        )  # fmt: skip


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    words = text.split(",")
    if not all(word.strip().isascii() and word.strip().isdigit() and 2 <= int(word) <= 100000 for word in words):
        raise InputError(f"--states {text}: allowed are integers 2..100000, separated by commas")
    return tuple(dict.fromkeys(int(word) for word in words))


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 0.01 else f"{value:,.2f}"


def _published(row: Row) -> str:
    if row.paper is None:
        return "-"
    ends = row.paper if isinstance(row.paper, tuple) else (row.paper,)
    return " .. ".join(_number(end) for end in ends)


def _print(console: Console, comparison: Comparison) -> None:
    table = Table(title=comparison.title, box=SIMPLE_HEAD)
    table.add_column("algorithm")
    table.add_column("what")
    for column in ("paper", "ours", "spread", "diff."):
        table.add_column(column, justify="right")
    table.add_column("unit")
    for row in comparison.rows:
        spread = "" if row.spread is None else f"+-{_number(row.spread)}"
        difference = "" if row.difference is None else f"{row.difference:+.2f}" if row.difference else "0"
        cells = (
            LABELS.get(row.algorithm, row.algorithm),
            row.what,
            _published(row),
            _number(row.ours),
            spread,
            difference,
        )
        table.add_row(*cells, row.unit)
    console.print(table)
    for sentence in (*comparison.settings, *comparison.remarks):
        console.print(f"  {sentence}", highlight=False, markup=False)


def _as_json(comparison: Comparison) -> dict[str, object]:
    return {
        "status": "pass",
        "title": comparison.title,
        "rows": [{**asdict(row), "difference": row.difference} for row in comparison.rows],
        "settings": comparison.settings,
        "remarks": comparison.remarks,
    }
