"""Runs jobs: builds the bench, starts simulations as children, reports their progress, collects the results."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from crosschop.cosim.build import build, simulation_seconds
from crosschop.cosim.child import LOG_FILE, start_simulation
from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.interrupts import terminated_as_interrupted
from crosschop.cosim.job import PROGRESS_FILE, Job, Result
from crosschop.cosim.simulate import SIMULATOR_ENDED
from crosschop.model.chipspec import beats, cycles
from crosschop.model.errors import ToolError
from crosschop.model.programs import MOST_OUTPUT, end_group, how_it_ended, quotable
from crosschop.model.signals import interrupts_put_off
from crosschop.model.user_files import MIB

POLL_SECONDS = 0.05
TRACEBACK = "Traceback (most recent call last)"
LOG_LINES_QUOTED = 12
LOG_BYTES_READ = 64 << 10
# cocotb's words where the simulator stops while the bench runs.
ENDED_EARLY = "simulation ended prematurely"


@contextmanager
def work_directory() -> Iterator[Path]:
    """A directory for one simulation, removed in the end whatever happens, SIGTERM and SIGHUP included."""
    with terminated_as_interrupted():
        path = Path(tempfile.mkdtemp(prefix="crosschop-"))
        try:
            yield path
        finally:
            with interrupts_put_off():  # a second Ctrl-C must not leave half of it
                shutil.rmtree(path, ignore_errors=True)


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
    with terminated_as_interrupted() as came:
        try:
            limit = 0
            for task in tasks:
                controller = dut or dut_of(task.job.spec)
                _start(task, controller, children)
                limit += simulation_seconds(controller.view.slowness * _cycle_bound(task.job))
            _wait(tasks, children, limit, report, came)
        finally:
            with interrupts_put_off():
                for child in children:
                    end_group(child)
    results = [_collect(task.directory, child.returncode) for task, child in zip(tasks, children, strict=True)]
    report(sum(result.transfers for result in results))
    return results


def _wait(
    tasks: Sequence[Task],
    children: Sequence[subprocess.Popen[bytes]],
    limit: int,
    report: Callable[[int], None],
    came: Sequence[int],
) -> None:
    """Waits until all simulations have ended; one that fails ends the wait with its error.

    Raises:
        ToolError: one ended without a result, or they take too long or say too much.
        KeyboardInterrupt: one of the signals `came` (filled elsewhere).
    """
    deadline = time.monotonic() + limit
    while True:
        if came:  # and the exception was dropped on its way
            raise KeyboardInterrupt
        running = False
        for task, child in zip(tasks, children, strict=True):
            if child.poll() is None:
                running = True
                if (task.directory / LOG_FILE).stat().st_size > MOST_OUTPUT:
                    raise ToolError(f"the simulation said more than {MOST_OUTPUT // MIB} MiB and was stopped")
            else:
                _collect(task.directory, child.returncode)
        if not running:
            break
        if time.monotonic() > deadline:
            raise ToolError(
                f"the simulation did not end within {limit} s and was stopped: a loop in zero time, or a slow machine"
            )
        report(sum(_transfers_done(task.directory) for task in tasks))
        time.sleep(POLL_SECONDS)
    if came:
        raise KeyboardInterrupt


def _start(task: Task, dut: Dut, children: list[subprocess.Popen[bytes]]) -> None:
    """Builds the bench and starts the simulation, which is then among the children."""
    job = task.job
    build_directory = build(job.spec, dut, job.simulator, job.waves is not None)
    directory = task.directory.resolve()  # the simulator runs in it
    with interrupts_put_off():  # between its start and the entry in the list nobody would end it
        children.append(start_simulation(replace(job, view=dut.view), build_directory, directory))


def _collect(directory: Path, status: int) -> Result:
    """The result of a simulation that has ended.

    Raises:
        ToolError: there is none.
    """
    try:
        return Result.load(directory)
    except FileNotFoundError:
        raise ToolError(_why_without_result(directory, status)) from None
    except (ValueError, TypeError, KeyError):
        raise ToolError(f"the simulation left a result that cannot be read; it {how_it_ended(status)}") from None


def _why_without_result(directory: Path, status: int) -> str:
    """One sentence, with the last lines of the log where they are all that is known."""
    said = "the simulation ended without a result"
    lines = quotable(_last(directory / LOG_FILE))
    if status < 0:
        return f"{said}: it {how_it_ended(status)}"
    if shutil.disk_usage(directory).free < MIB or any("No space left on device" in line for line in lines):
        return f"{said}: no space left on device in {directory.parent}"
    for line in lines:
        if line.startswith(SIMULATOR_ENDED):
            return f"{said}: {line.removeprefix(SIMULATOR_ENDED)}"
    if TRACEBACK in "\n".join(lines) and not any(ENDED_EARLY in line for line in lines):
        # The bench itself failed; Verilator then says $finish as it does at every end.
        raised = "\n  ".join(lines[next(number for number, line in enumerate(lines) if TRACEBACK in line) :])
        return f"{said}; its bench failed:\n  {raised}"
    called = next((line for line in lines if "$finish" in line or line.lower().startswith("error:")), None)
    if called is not None or any(ENDED_EARLY in line for line in lines):
        return f"{said}: the controller ended it by $finish" + (f" ({called})" if called else "")
    return f"{said}; its last lines:\n  " + "\n  ".join(lines[-LOG_LINES_QUOTED:] or ["(it said nothing)"])


def _last(log: Path) -> str:
    """The end of a log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_BYTES_READ))
        return file.read().decode("utf-8", errors="replace")


def _transfers_done(directory: Path) -> int:
    try:
        return int((directory / PROGRESS_FILE).read_text() or 0)
    except (OSError, ValueError):
        return 0
