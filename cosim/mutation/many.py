"""Mutants on the native library: for what a simulator lets through, many times as many transfers in the same time.

Each is built and run in a process of its own: a mutant may end it, or never come back.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from multiprocessing.context import SpawnProcess
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Result
from crosschop.cosim.mutation.change import Mutant, mutated
from crosschop.cosim.mutation.stages import END, LOOP, ORIGINAL, POLL_SECONDS, verdict_of
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.cosim.native.verify import native_pieces, verify_natively
from crosschop.cosim.verilator import require_verilator
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import CrosschopError
from crosschop.model.parallel import cores, signals_held
from crosschop.model.programs import die_with_parent

SEED = 1
ENDED_FILE, LOG_FILE = "ended.txt", "native.log"
# Verilator and g++ for both parts; a transfer takes microseconds, and its stimulus is drawn by Python.
BUILD_SECONDS, TRANSFER_SECONDS = 600, 0.01


def run_many(
    spec: ChipSpec, dut: Dut, transfers: int, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Verifies mutants by `crosschop verify --simulator native`; yields each with its verdict as they are done.

    Args:
        spec: the chip.
        dut: its controller.
        transfers: of each of the two parts of a verification.
        mutants: to be verified.
        directory: for the sources, and what the processes say.

    Raises:
        MissingToolError: Verilator or g++ is missing.
        CrosschopError: the unchanged controller does not pass.
    """
    if not mutants:
        return
    require_verilator()
    original = directory / ORIGINAL
    original.mkdir(parents=True)
    verdicts = _run([(None, dut, original)], spec, transfers)
    if (found := next(verdicts)[1]).fate != "survived":
        raise CrosschopError(f"the controller itself does not pass: {found.by}, {found.detail}")
    changed = [(one, mutated(dut, one, directory / one.identity), directory / one.identity) for one in mutants]
    for mutant, verdict in _run(changed, spec, transfers):
        assert mutant is not None
        yield mutant, verdict


def _run(
    due: Sequence[tuple[Mutant | None, Dut, Path]], spec: ChipSpec, transfers: int
) -> Iterator[tuple[Mutant | None, Verdict]]:
    context, seconds = multiprocessing.get_context("spawn"), BUILD_SECONDS + transfers * TRANSFER_SECONDS
    waiting = list(due)
    running: list[tuple[Mutant | None, Path, SpawnProcess, float]] = []
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                mutant, controller, folder = waiting.pop(0)
                process = context.Process(target=_verify, args=(spec, controller, transfers, folder))
                with signals_held():
                    process.start()
                running.append((mutant, folder, process, time.monotonic() + seconds))
            time.sleep(POLL_SECONDS)
            for one in list(running):
                mutant, folder, process, deadline = one
                stuck = time.monotonic() > deadline
                if not process.is_alive() or stuck:
                    running.remove(one)
                    process.kill()
                    process.join()
                    yield mutant, _verdict(folder, stuck)
    finally:
        for _, _, process, _ in running:
            process.kill()
            process.join()


def _verify(spec: ChipSpec, dut: Dut, transfers: int, folder: Path) -> None:
    """Leaves a result, or why there is none."""
    die_with_parent()
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT)  # the RTL's own words are nobody's here
    for stream in (1, 2):
        os.dup2(log, stream)
    try:
        results = verify_natively(native_pieces(spec, SEED, transfers), dut, lambda compared: None).values()
    except CrosschopError as error:
        (folder / ENDED_FILE).write_text(" ".join(error.messages))
        return
    found = [result for result in results if result.mismatch is not None]
    (found or list(results))[0].save(folder)


def _verdict(folder: Path, stuck: bool) -> Verdict:
    if stuck:
        return Verdict("killed", LOOP)
    if (folder / ENDED_FILE).exists():
        return Verdict("killed", END, 0, (folder / ENDED_FILE).read_text())
    try:
        result = Result.load(folder)
    except FileNotFoundError:  # it took its process with it
        return Verdict("killed", END)
    return verdict_of(result)
