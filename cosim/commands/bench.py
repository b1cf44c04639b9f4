"""`crosschop bench`: how fast every engine is, each beside its limit."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from crosschop.cosim.benchmark.measure import measure
from crosschop.cosim.benchmark.peer import INSTALL, available
from crosschop.cosim.benchmark.report import (
    append_history,
    as_json,
    cells_of,
    machine,
    read_history,
    regressions,
    tables,
)
from crosschop.cosim.benchmark.scale import Measured, growths, measure_all, measurements, samples_table, table_of
from crosschop.cosim.benchmark.scale import as_json as scale_json
from crosschop.cosim.benchmark.scale_child import Cost
from crosschop.cosim.benchmark.tasks import SIZES, WHATS, Task, Timing, algorithms
from crosschop.cosim.build import require_icarus
from crosschop.cosim.kept_work import POINTS_FILE, work_off
from crosschop.cosim.output import install, require_writable, stderr
from crosschop.cosim.runner import work_directory
from crosschop.cosim.verilator import require_verilator
from crosschop.model.errors import InputError
from crosschop.model.store import Store

RUN_FILE = "run"
DPI = 150
PEER = "aihwkit"
SCALE_ALGORITHM = "agad"
# Of --quick.
QUICK_SIZES, QUICK_SECONDS = (20,), 0.02
QUICK_WHATS = tuple(what for what in WHATS if not what.startswith("verilator"))


@click.command()
@click.option("--size", "sizes", type=click.Choice([str(size) for size in SIZES]), multiple=True,
              help="Rows and columns of the arrays.  [default: all of them]")  # fmt: skip
@click.option("--algorithm", "chosen", type=click.Choice(algorithms()), multiple=True, help="[default: all]")
@click.option("--what", "whats", type=click.Choice(list(WHATS)), multiple=True, help="Only these.  [default: all]")
@click.option("--repetitions", type=click.IntRange(1, 99), help="Of everything, one after the other.  [default: 5]")
@click.option("--seconds", type=click.FloatRange(0.001, 600), help="Processor time of each timing.  [default: 1]")
@click.option("--quick", is_flag=True, help="N = 20, once, no cocotb + Verilator: to see that everything runs.")
@click.option("--scale", is_flag=True, help="Instead: how time and memory of estimate, golden and native engine grow "
              "with N, up to 4,096, and with the samples.")  # fmt: skip
@click.option("--history", type=click.Path(dir_okay=False, path_type=Path),
              help="A file of earlier runs, to compare with and to add this one to.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build") / "bench",
              show_default=True, help="Directory for picture and numbers.")  # fmt: skip
@click.option("--json", "as_json_", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def bench(
    sizes: tuple[str, ...],
    chosen: tuple[str, ...],
    whats: tuple[str, ...],
    repetitions: int | None,
    seconds: float | None,
    quick: bool,
    scale: bool,
    history: Path | None,
    out: Path,
    as_json_: bool,
) -> None:
    """Time every engine on every algorithm and size, each beside a limit measured in the same run.

    Repetitions are interleaved; figures are medians of processor time. Every timing is kept as it ends: the same
    command goes on where an earlier one was stopped.
    """
    if scale:
        if sizes or whats or repetitions or seconds or history or len(chosen) > 1:
            raise InputError("--scale goes with --algorithm (one), --quick, --out and --json alone")
        _scale(chosen[0] if chosen else SCALE_ALGORITHM, quick, out, as_json_)
        return
    repetitions = repetitions or (1 if quick else 5)
    seconds = seconds or (QUICK_SECONDS if quick else 1.0)
    used_sizes = tuple(map(int, sizes)) or (QUICK_SIZES if quick else SIZES)
    used_whats = whats or tuple(what for what in (QUICK_WHATS if quick else WHATS) if what != PEER or available())
    if PEER in whats and not available():
        raise InputError(f"--what {PEER}: it is not installed: {INSTALL}")
    require_icarus()
    require_verilator()
    before = [] if history is None else read_history(history)
    require_writable(out)
    console = stderr()
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()), highlight=False, markup=False)
    run = _run_name(out)
    tasks = [
        Task(repetition, algorithm, size, what, seconds, run)
        for repetition in range(repetitions)
        for algorithm in chosen or algorithms()
        for size in used_sizes
        for what in used_whats
    ]
    timings = work_off(console, "bench", tasks, Store(out / POINTS_FILE, Timing), _timed, "timings")
    cells = cells_of({task: timings[task] for task in tasks})
    answer = as_json(cells, repetitions, seconds)
    with work_directory() as scratch:
        from crosschop.cosim.benchmark.figure import draw  # drawing libraries take a second

        draw(cells).savefig(scratch / "bench.png", dpi=DPI)
        (scratch / "bench.json").write_text(json.dumps(answer, indent=1) + "\n")
        installed = install({path.name: path for path in sorted(scratch.iterdir())}, out)
    if history is not None:
        append_history(history, cells, answer)
    _forget(out)
    for unit in dict.fromkeys(about.unit for about in WHATS.values()):
        if any(WHATS[cell.what].unit == unit for cell in cells):
            console.print(tables(cells, unit))
    worse = regressions(before, cells)
    for sentence in worse:
        console.print(f"  slower: {sentence}", highlight=False, markup=False)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json_:
        files = [str(path) for path in installed.values()]
        click.echo(json.dumps({**answer, "slower": worse, "files": files}))


def _scale(algorithm: str, quick: bool, out: Path, as_json_: bool) -> None:
    """`--scale`."""
    require_verilator()
    require_writable(out)
    console = stderr()
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()), highlight=False, markup=False)
    asked = measurements(algorithm, _run_name(out), quick=quick)
    store, built = Store[Measured, Cost](out / POINTS_FILE, Cost), out / "built"
    found = work_off(console, "scale", asked, store, lambda due: measure_all(due, built), "measurements")
    growth = growths({one: found[one] for one in asked})
    answer = scale_json(algorithm, machine(), growth)
    with work_directory() as scratch:
        from crosschop.cosim.benchmark.scale_figure import draw  # drawing libraries take a second

        draw(algorithm, growth).savefig(scratch / "scale.png", dpi=DPI)
        (scratch / "scale.json").write_text(json.dumps(answer, indent=1) + "\n")
        installed = install({path.name: path for path in sorted(scratch.iterdir())}, out)
    _forget(out)
    console.print(table_of(algorithm, growth))
    console.print(samples_table(growth))
    for one in growth:
        for sentence in one.too_fast:
            console.print(f"  {sentence}", highlight=False, markup=False)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_json_:
        click.echo(json.dumps({**answer, "files": [str(path) for path in installed.values()]}))


def _forget(out: Path) -> None:
    """The next run measures everything anew."""
    for name in (RUN_FILE, POINTS_FILE):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "built", ignore_errors=True)


def _timed(due: Sequence[Task]) -> Iterator[tuple[Task, Timing]]:
    for task in due:
        yield task, measure(task)


def _run_name(out: Path) -> str:
    """The name of the run that was stopped here, or a new one: timings of another run are not used."""
    file = out / RUN_FILE
    try:
        return file.read_text()
    except OSError:
        out.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        file.write_text(name)
        return name
