"""Runs jobs: builds the bench, starts simulations as children, reports their progress, collects the results."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from crosschop.cosim.build import build, environment, simulation_seconds
from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.job import PROGRESS_FILE, RESULT_FILE, Job, Result
from crosschop.model.chipspec import beats, cycles
from crosschop.model.errors import ToolError

LOG_FILE = "simulation.log"
POLL_SECONDS = 0.05
LOG_LINES_QUOTED = 12


@contextmanager
def work_directory() -> Iterator[Path]:
    """A directory for one simulation, removed in the end whatever happens, SIGTERM and SIGHUP included."""
    with _terminate_as_interrupt():
        path = Path(tempfile.mkdtemp(prefix="crosschop-"))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into KeyboardInterrupt: an ended program cleans up as an interrupted one does."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _cycle_bound(job: Job) -> int:
    """A generous number of cycles for a job of any kind."""
    spec, durations = job.spec, cycles(job.spec)
    words = 0 if spec.controller.lanes is None else beats(spec)
    pulses = 0 if spec.driver is None else spec.driver.max_pulses
    per_sample = pulses * durations.pulse + 16
    per_transfer = durations.read + durations.conversion + durations.write + 4 * words + 64
    return sum(
        spec.array.cols * words
        + segment.transfers * (segment.configuration.get("cfg_transfer_every", 1) * per_sample + per_transfer)
        for segment in job.segments
    )


@dataclass(frozen=True)
class Task:
    """A job and the directory for its files; result and waves stay there."""

    job: Job
    directory: Path


def run_jobs(
    tasks: Sequence[Task], progress: Callable[[int], None] | None = None, dut: Dut | None = None
) -> list[Result]:
    """Simulates jobs side by side, each under its simulator.

    Args:
        tasks: what to simulate.
        progress: called with the number of transfers compared so far, in all jobs.
        dut: the controller, None for that of each chip.

    Raises:
        ToolError: no simulator, sources that do not compile, or a simulation that ended without a result.
        KeyboardInterrupt: the user stopped it; the simulators are gone then.
    """
    report = progress or (lambda transfers: None)
    children: list[subprocess.Popen[bytes]] = []
    with _terminate_as_interrupt():
        try:
            limit = 0
            for task in tasks:
                controller = dut or dut_of(task.job.spec)
                children.append(_start(task, controller))
                limit += simulation_seconds(controller.view.slowness * _cycle_bound(task.job))
            deadline = time.monotonic() + limit
            while any(child.poll() is None for child in children):
                if time.monotonic() > deadline:
                    raise ToolError(f"the simulation did not end within {limit} s and was stopped")
                report(sum(_transfers_done(task.directory) for task in tasks))
                time.sleep(POLL_SECONDS)
        finally:
            for child in children:
                end_group(child)
    results = [_collect(task.directory) for task in tasks]
    report(sum(result.transfers for result in results))
    return results


def _start(task: Task, dut: Dut) -> subprocess.Popen[bytes]:
    job = task.job
    build_directory = build(job.spec, dut, job.simulator, job.waves is not None)
    directory = task.directory.resolve()  # the simulator runs in it
    replace(job, view=dut.view).save(directory)
    with (directory / LOG_FILE).open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "crosschop.cosim.simulate", str(build_directory), str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )


def _collect(directory: Path) -> Result:
    if not (directory / RESULT_FILE).exists():
        lines = (directory / LOG_FILE).read_text().splitlines()[-LOG_LINES_QUOTED:]
        raise ToolError("the simulation ended without a result; its last lines:\n  " + "\n  ".join(lines))
    return Result.load(directory)


def _transfers_done(directory: Path) -> int:
    try:
        return int((directory / PROGRESS_FILE).read_text() or 0)
    except (OSError, ValueError):
        return 0


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and the simulator it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
