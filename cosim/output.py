"""What the commands share on the terminal: progress, the report of a divergence, results moved into place."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import click
import rich.progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from crosschop.cosim.job import Mismatch
from crosschop.model.errors import InputError, ToolError

EXIT_MISMATCH = 1
ATTEMPTS = 20
# Transfers of waves that the reproducing command asks for, before and after the divergence.
WAVES_BEFORE, WAVES_AFTER = 4, 2

seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Seed of everything random."
)
set_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Replace a key, e.g. algorithm.beta=0.25."
)
rtl_option = click.option(
    "--rtl",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the controller's sources.  [default: the shipped ones]",
)
scheduler_option = click.option("--scheduler", metavar="ADDRESS", help="Run on a dask cluster, e.g. tcp://host:8786.")


def require_one_place(workers: int | None, scheduler: str | None) -> None:
    """Work is done by processes of this machine or by a cluster.

    Raises:
        InputError: both are asked for.
    """
    if workers is not None and scheduler is not None:
        raise InputError("--workers goes with this machine, not with --scheduler: the cluster has its own")


class Window(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click alone
    """A window of transfers, FIRST:END."""

    name = "FIRST:END"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The two numbers."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(":")
        if len(parts) != 2 or not all(part.isdigit() for part in parts) or int(parts[0]) >= int(parts[1]):
            self.fail(f"{value!r} is no window of transfers like 0:40 (first, and the one after the last)", param, ctx)
        return int(parts[0]), int(parts[1])


class _Console(Console):
    """A console whose reader may leave: Rich would end the program with the exit code of a mismatch."""

    def on_broken_pipe(self) -> None:
        """Ends the command as cli.py ends it where its output has no reader."""
        self.quiet = True
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def stderr() -> Console:
    """The console for everything that is not the result."""
    return _Console(stderr=True)


def stdout() -> Console:
    """The console for results that are tables."""
    return _Console(highlight=False)


class Progress:
    """A progress bar over transfers, or other units, that also knows how fast they went."""

    def __init__(self, console: Console, title: str, total: int, unit: str = "transfers") -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = rich.progress.Progress(*columns, console=console)
        self._task = self._bar.add_task(title, total=total)
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)

    def __enter__(self) -> Self:
        """Shows the bar."""
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leaves the bar as it is."""
        self._bar.stop()

    def __call__(self, done: int) -> None:
        """Moves the bar to a count of transfers."""
        self._bar.update(self._task, completed=done)
        self._last = (time.perf_counter(), done)
        if self._first is None and done > 0:
            self._first = self._last

    @property
    def rate(self) -> float | None:
        """Transfers per second since the first ones were done, so without start-up; None if that is too short."""
        if self._first is None or self._last[1] == self._first[1]:
            return None
        return (self._last[1] - self._first[1]) / (self._last[0] - self._first[0])


def install(files: dict[str, Path], out: Path) -> dict[str, Path]:
    """Puts finished files into the output directory, each in one step, so that none is ever half written.

    Args:
        files: finished files by the name they shall have in `out`; all are copied before the first gets its name.
        out: created when missing; other files in it are left alone.

    Raises:
        ToolError: they cannot be written, as the disk is full; each file is then as it was, or whole and new.
    """
    partials = {name: out / f".{name}.partial-{os.getpid()}" for name in files}
    made = _missing(out)
    whole = False
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, source in files.items():
            if (out / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(out / name))
            partials[name].write_bytes(source.read_bytes())
        for name, partial in partials.items():
            partial.replace(out / name)
        whole = True
    except OSError as error:
        place = Path(error.filename).name if error.filename is not None else ""
        what = place if place in files else "the results"
        raise ToolError(f"--out {out}: {what} cannot be written there: {error.strerror}") from None
    finally:
        with suppress(OSError):
            for partial in partials.values():
                partial.unlink(missing_ok=True)
        if not whole:
            _remove_empty(made)
    return {name: out / name for name in files}


def _missing(out: Path) -> list[Path]:
    """The folders that have to be made for this one, innermost first."""
    return [folder for folder in (out, *out.parents) if not folder.exists()]


def _remove_empty(folders: list[Path]) -> None:
    """Takes folders away again; one in which another process has put something stays, and those around it."""
    with suppress(OSError, ValueError):
        for folder in folders:
            folder.rmdir()


def require_writable(out: Path) -> None:
    """Finds out before a long run, not after it, whether the output directory can be written; leaves no trace.

    Raises:
        InputError: it cannot be made or written.
    """
    missing: list[Path] = []
    try:
        missing = _missing(out)
        for attempt in range(ATTEMPTS):
            try:
                out.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(dir=out):
                    break
            except FileNotFoundError:  # another process that finds out the same has taken the folder away
                if attempt == ATTEMPTS - 1:
                    raise
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}, a directory that can be written is needed") from None
    except ValueError:  # a NUL in the name
        raise InputError(f"--out {out}: a directory that can be written is needed") from None
    finally:
        _remove_empty(missing)


def require_window(waves: tuple[int, int] | None, transfers: int) -> None:
    """A window of waves has to lie in the run.

    Raises:
        InputError: it begins after the last transfer.
    """
    if waves is not None and waves[0] >= transfers:
        raise InputError(f"--waves {waves[0]}:{waves[1]} begins after the last of {transfers} transfers")


def reproduce_window(mismatch: Mismatch) -> str:
    """The --waves option that cuts the waves around a divergence."""
    return f"--waves {max(0, mismatch.transfer - WAVES_BEFORE)}:{mismatch.transfer + WAVES_AFTER}"


def mismatch_json(mismatch: Mismatch | None) -> dict[str, object] | None:
    """A divergence as a JSON object."""
    return None if mismatch is None else asdict(mismatch)


def print_mismatch(console: Console, mismatch: Mismatch, command: str, waves: bool = True) -> None:
    """The first divergence: where, what, what came before, and how to see it again."""
    place = [f"transfer {mismatch.transfer}"]
    if mismatch.cycle is not None:
        place.append(f"cycle {mismatch.cycle} after reset")
    if mismatch.column is not None:
        place.append(f"column {mismatch.column}")
    if mismatch.row is not None:
        place.append(f"row {mismatch.row}")
    console.print("[bold red]FAIL[/] the controller and the golden model differ", highlight=False)
    console.print(f"  segment    {mismatch.segment}", highlight=False, markup=False)
    console.print(f"  where      {', '.join(place)}", highlight=False)
    console.print(f"  field      {mismatch.field}", highlight=False, markup=False)
    console.print(f"  expected   {mismatch.expected}", highlight=False, markup=False)
    console.print(f"  got        {mismatch.got}", highlight=False, markup=False)
    if mismatch.events:
        console.print("  before it")
        for event in mismatch.events:
            console.print(f"    {event}", highlight=False, markup=False)
    if waves:
        command = f"{command} {reproduce_window(mismatch)}"
    console.print(f"  again{', with waves around it' if waves else ''}", highlight=False)
    console.print(f"    {command}", highlight=False, markup=False, soft_wrap=True)
