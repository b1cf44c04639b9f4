"""Runs mutants through verification: batches of them in a simulator, as many simulators as there are cores."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from crosschop.cosim.build import compile_aside
from crosschop.cosim.child import LOG_FILE, start_simulation
from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Job, Result
from crosschop.cosim.mutation.change import Mutant
from crosschop.cosim.mutation.entry import ERROR_FILE, VARIANTS_FILE, VERDICT_FILE
from crosschop.cosim.mutation.entry import LOG_FILE as VARIANT_LOG
from crosschop.cosim.mutation.source import Source
from crosschop.cosim.mutation.variants import write_variants
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.cosim.verify import LONG, parts, plan
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import CrosschopError, ToolError
from crosschop.model.parallel import cores
from crosschop.model.programs import end_group

# Mutants that share a simulator. More of them save starts and cost compilation and idle cores at the end.
BATCH = 24
POLL_SECONDS = 0.05
# What the simulator runs.
ENTRY = "crosschop.cosim.mutation.entry"
ORIGINAL = "original"
# In what the RTL says of an instance: the controller itself is the first variant.
OF_A_MUTANT = re.compile(r"\bvariant_(?!1\b)\d+\.")
# A simulator needs some seconds until it forks for the first time; a loop without delay never gets there.
STUCK_CPU_SECONDS = 120
LOOP, END = "a loop without end", "end of the simulation"


@dataclass(frozen=True)
class Stage:
    """One of the parts of a verification.

    Attributes:
        part: "chip", "narrow" or "long", which has a length of its own.
        seed, transfers: as `crosschop verify` has them.
    """

    part: str
    seed: int
    transfers: int

    @property
    def name(self) -> str:
        """For reports and files."""
        length = "" if self.part == LONG else f", {self.transfers} transfers"
        return f"verify {self.part}, seed {self.seed}{length}"


@dataclass
class _Running:
    mutants: list[Mutant]
    directory: Path
    process: subprocess.Popen[bytes]


def run_stage(
    spec: ChipSpec, dut: Dut, source: Source, stage: Stage, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Verifies mutants; yields each with its verdict as they are done.

    Args:
        spec: the chip.
        dut, source: its controller.
        stage: which verification.
        mutants: to be verified.
        directory: for the simulations' files.

    Raises:
        ToolError: the simulator is missing or fails on the unchanged controller.
        CrosschopError: the unchanged controller does not pass.
    """
    workers = cores()
    size = max(1, min(BATCH, -(-len(mutants) // workers)))
    waiting = [list(mutants[first : first + size]) for first in range(0, len(mutants), size)]
    running: list[_Running] = []
    started = 0
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                started += 1
                folder = directory / f"batch{started}"
                running.append(_start(spec, dut, source, stage, waiting.pop(0), folder))
            time.sleep(POLL_SECONDS)
            for batch in list(running):
                stuck = _own_cpu_seconds(batch.process) > STUCK_CPU_SECONDS
                ended = batch.process.poll() is not None
                forbidden = _forbidden(batch)
                if forbidden is None:
                    yield from _finished(batch)
                if not ended and not stuck and forbidden is None:
                    continue
                running.remove(batch)
                end_group(batch.process)
                if len(batch.mutants) == 1:
                    yield batch.mutants[0], forbidden or _at_the_beginning(batch.directory, stuck)
                else:
                    waiting[:0] = [[one] for one in batch.mutants]
    finally:
        for batch in running:
            end_group(batch.process)


def _own_cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What the simulator itself has worked so far, without the processes that it forks."""
    try:
        return max((float(one.cpu_times().user) for one in psutil.Process(process.pid).children()), default=0.0)
    except psutil.Error:  # it has just ended
        return 0.0


def _forbidden(batch: _Running) -> Verdict | None:
    """The verdict on a mutant whose parameters the RTL refuses: chosen or not, it ends the controller's run, too."""
    original = _verdict(batch.directory / ORIGINAL)
    if original is None or original.by != END or not OF_A_MUTANT.search(original.detail):
        return None
    return Verdict("killed", END, 0, original.detail)


def _at_the_beginning(directory: Path, stuck: bool) -> Verdict:
    """The verdict on a mutant that does not let the simulation begin, alone with the controller.

    Raises:
        ToolError: that is not what happened.
    """
    if stuck:
        return Verdict("killed", LOOP)
    said = _said(directory / LOG_FILE)
    if "Error:" not in said:  # as the checks of the RTL begin
        raise ToolError(f"the simulator ended without a result: {said}")
    return Verdict("killed", END, 0, said)


def _start(spec: ChipSpec, dut: Dut, source: Source, stage: Stage, mutants: list[Mutant], directory: Path) -> _Running:
    chip, scenarios = parts(spec, [stage.part])[stage.part]
    directory.mkdir(parents=True)
    variants = write_variants(source, dut.module, [None, *mutants], directory)
    # Files that are included lie where they did
    several = replace(dut, sources=tuple(variants), include_dirs=dut.search_path)
    compile_aside(chip, several, directory)
    segments = plan(chip, scenarios, stage.seed, stage.transfers, stage.part)
    names = [ORIGINAL, *(one.identity for one in mutants)]
    (directory / VARIANTS_FILE).write_text(json.dumps(names))
    process = start_simulation(Job(chip, segments, view=dut.view), directory, directory, ENTRY)
    return _Running(mutants, directory, process)


def _finished(batch: _Running) -> Iterator[tuple[Mutant, Verdict]]:
    """Mutants that have been judged since the last look."""
    original = _verdict(batch.directory / ORIGINAL)
    if original is not None and original.fate != "survived":
        raise CrosschopError(f"the controller itself does not pass: {original.by}, {original.detail}")
    for mutant in list(batch.mutants):
        verdict = _verdict(batch.directory / mutant.identity)
        if verdict is not None:
            batch.mutants.remove(mutant)
            yield mutant, verdict


def _verdict(folder: Path) -> Verdict | None:
    """What a variant's folder says; None while it is not done."""
    if not (folder / VERDICT_FILE).exists():
        return None
    judged = json.loads((folder / VERDICT_FILE).read_text())
    if not judged["done"]:
        if (folder / ERROR_FILE).exists():
            return Verdict("killed", "failure of the bench", 0, _said(folder / ERROR_FILE))
        return Verdict("killed", LOOP if judged["loop"] else END, 0, _said(folder / VARIANT_LOG))
    return verdict_of(Result.load(folder))


def verdict_of(result: Result) -> Verdict:
    """What a verification that came to its end says of a mutant."""
    if result.mismatch is None:
        return Verdict("survived")
    found = result.mismatch
    by = "hang" if found.field == "progress" else "undefined value" if found.got == "x" else found.field
    detail = f"{found.segment}: {found.field} of transfer {found.transfer}, expected {found.expected}, got {found.got}"
    return Verdict("killed", by, result.transfers, detail)


def _said(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    errors = [line for line in lines if "Error" in line]
    return (errors or lines or [""])[-1].strip()
