"""Mutants on the native library: for what a simulator lets through, many times as many transfers in the same time.

Each is built and run in a process of its own: a mutant may end it, or never come back. Only what happens while it runs
is a kill; a mutant that cannot be built has survived.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Result
from crosschop.cosim.mutation.change import Mutant, mutated
from crosschop.cosim.mutation.stages import END, LOOP, ORIGINAL, POLL_SECONDS, verdict_of
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.cosim.native.library import open_library
from crosschop.cosim.native.verify import native_pieces, verify_natively
from crosschop.model.cache import CACHE_VARIABLE
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import CrosschopError, ToolError
from crosschop.model.parallel import cores, signals_held
from crosschop.model.programs import die_with_parent, how_it_ended

SEED = 1
# What a process leaves beside a result: a mutant that cannot be built, how the controller ended, an error of ours.
UNBUILT_FILE, ENDED_FILE, FAILED_FILE, LOG_FILE = "unbuilt.txt", "ended.txt", "failed.txt", "native.log"
# Processor time of a run, in all and for each transfer: far more than any takes. What the RTL says is cut off.
RUN_SECONDS, TRANSFER_SECONDS, MOST_OUTPUT = 120, 0.01, 64 << 20
# By which a mutant ends its process itself; SIGKILL is the system's.
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGXFSZ)


def run_many(
    spec: ChipSpec, dut: Dut, transfers: int, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Verifies mutants by `crosschop verify --simulator native`; yields each with its verdict as they are done.

    Args:
        spec: the chip.
        dut: its controller.
        transfers: of each of the two parts of a verification.
        mutants: to be verified.
        directory: for the sources, the libraries, and what the processes say.

    Raises:
        ToolError: the library of the unchanged controller cannot be built, or a process failed.
        CrosschopError: the unchanged controller does not pass.
    """
    if not mutants:
        return
    original = directory / ORIGINAL
    original.mkdir(parents=True)
    _, found = next(_run([(None, dut, original)], spec, transfers))
    if (original / UNBUILT_FILE).exists():
        raise ToolError(found.detail)
    if found.fate != "survived":
        raise CrosschopError(f"the controller itself does not pass: {found.by}, {found.detail}")
    changed = [(one, mutated(dut, one, directory / one.identity), directory / one.identity) for one in mutants]
    for mutant, verdict in _run(changed, spec, transfers):
        assert mutant is not None
        yield mutant, verdict


def _run(
    due: Sequence[tuple[Mutant | None, Dut, Path]], spec: ChipSpec, transfers: int
) -> Iterator[tuple[Mutant | None, Verdict]]:
    context = multiprocessing.get_context("spawn")
    waiting = list(due)
    running: list[tuple[Mutant | None, Path, SpawnProcess]] = []
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                mutant, controller, folder = waiting.pop(0)
                process = context.Process(target=_verify, args=(spec, controller, transfers, folder))
                with signals_held():  # until it has a session of its own
                    process.start()
                running.append((mutant, folder, process))
            time.sleep(POLL_SECONDS)
            for one in list(running):
                mutant, folder, process = one
                if not process.is_alive():
                    process.join()
                    running.remove(one)
                    yield mutant, _verdict(folder, process.exitcode or 0)
    finally:
        for _, _, process in running:
            _end(process)


def _end(process: SpawnProcess) -> None:
    """Ends a process, and the compiler that it may have started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # type: ignore[arg-type]  # it has been started
    process.kill()
    process.join()


def _verify(spec: ChipSpec, dut: Dut, transfers: int, folder: Path) -> None:
    """Leaves a result, or why there is none."""
    os.setsid()  # the terminal's signals are for the command
    die_with_parent()
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT)  # the RTL's own words are nobody's here
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ[CACHE_VARIABLE] = str(folder.parent / "libraries")  # those of mutants serve nobody else
    try:
        pieces = native_pieces(spec, SEED, transfers)
        try:
            for piece in pieces:
                open_library(piece.spec, dut)
        except ToolError as error:
            (folder / UNBUILT_FILE).write_text(" ".join(error.messages))
            return
        _limit(transfers)
        try:
            results = verify_natively(pieces, dut, lambda compared: None).values()
        except ToolError as error:
            (folder / ENDED_FILE).write_text(" ".join(error.messages))
            return
        found = [result for result in results if result.mismatch is not None]
        (found or list(results))[0].save(folder)
    except Exception:
        (folder / FAILED_FILE).write_text(traceback.format_exc())


def _limit(transfers: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + RUN_SECONDS + transfers * TRANSFER_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))


def _verdict(folder: Path, status: int) -> Verdict:
    """What a process that has ended left.

    Raises:
        ToolError: it was not the mutant that ended it.
    """
    if (folder / FAILED_FILE).exists():
        raise ToolError(*(folder / FAILED_FILE).read_text().splitlines())
    if (folder / UNBUILT_FILE).exists():
        return Verdict("survived", detail=(folder / UNBUILT_FILE).read_text())
    if (folder / ENDED_FILE).exists():
        return Verdict("killed", END, 0, (folder / ENDED_FILE).read_text())
    if status == -signal.SIGXCPU:
        return Verdict("killed", LOOP)
    if -status in CRASHES:
        return Verdict("killed", END, 0, how_it_ended(status))
    if status != 0:
        raise ToolError(f"the process of a mutant on the native library {how_it_ended(status)}")
    return verdict_of(Result.load(folder))
