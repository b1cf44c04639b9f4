"""Runs the proofs about the controller of a chip, on all cores; what has been proved is kept."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.resources
import json
import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crosschop.cosim.dut import Dut
from crosschop.cosim.formal.independence import paths_from_ready
from crosschop.cosim.formal.model import SHARED, Sources, make_model
from crosschop.cosim.formal.plan import INDEPENDENCE, Effort, Proof, plan
from crosschop.cosim.formal.prove import prove
from crosschop.cosim.formal.reachability import abc
from crosschop.cosim.formal.result import Finding
from crosschop.cosim.formal.transitions import require_bitwuzla
from crosschop.model.chipspec import ChipSpec
from crosschop.model.parallel import cores, run_parallel
from crosschop.model.store import Store


def checkers() -> Path:
    """Folder of the checkers."""
    return Path(str(importlib.resources.files("crosschop.cosim"))) / "formal" / "hdl"


def require_solvers() -> str:
    """Versions of the solvers.

    Raises:
        MissingToolError: one is not installed; the sentence says how to get it.
    """
    solver = require_bitwuzla()
    abc()
    return f"Yosys and ABC {importlib.metadata.version('pyosys')}, Bitwuzla {solver}"


@functools.cache
def _digest(checker: str) -> str:
    """Of everything that decides a verdict but the controller and what the plan says."""
    digest = hashlib.sha256(require_solvers().encode())
    programs = [file for file in checkers().parent.glob("*.py") if file.name != "plan.py"]
    for file in sorted([*programs, *checkers().glob(f"{checker}.v"), *checkers().glob(f"{SHARED}/*")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


@dataclass(frozen=True)
class Task:
    """A proof about a controller, as it is kept and as it goes to another process."""

    proof: Proof
    dut: Dut

    def __hash__(self) -> int:
        return hash(self.key)

    @functools.cached_property
    def key(self) -> str:
        """Names controller, checker, parameters and solvers."""
        what = json.dumps([asdict(self.proof), self.dut.digest(), _digest(self.proof.checker)], sort_keys=True)
        return hashlib.sha256(what.encode()).hexdigest()[:32]

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know."""
        return {"proof": self.proof.name, "controller": self.dut.module}


@dataclass(frozen=True)
class Answer:
    """What came of a proof, as JSON values.

    Attributes:
        findings: each property.
        seconds: processor time of the whole, elaboration included.
    """

    findings: list[dict[str, Any]]
    seconds: float

    def as_findings(self) -> list[Finding]:
        """Its properties."""
        return [Finding(**{**entry, "words": tuple(entry["words"])}) for entry in self.findings]


def _used() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run_task(task: Task) -> Answer:
    """Works on one proof.

    Raises:
        ToolError: Yosys or a solver is missing, or rejects the sources.
    """
    begun = _used()
    proof, dut = task.proof, task.dut
    sources = Sources(dut.sources, dut.search_path, dut.defines, dut.parameters)
    with tempfile.TemporaryDirectory(prefix="crosschop-formal-") as folder:
        directory = Path(folder)
        if proof.checker == INDEPENDENCE:
            found = _independence(directory, proof, dut, sources)
        else:
            macros = {"FV_DUT": dut.module, **dict.fromkeys(proof.macros, "1")}
            checker = checkers() / f"{proof.checker}.v"
            model = make_model(directory, checker, sources, proof.parameters, macros, proof.cuts)
            found = prove(proof.name, model, proof.limits)
    return Answer([asdict(finding) for finding in found], round(_used() - begun, 1))


def _independence(directory: Path, proof: Proof, dut: Dut, sources: Sources) -> list[Finding]:
    begun = _used()
    paths = paths_from_ready(directory, dut.module, sources, dict(proof.parameters))
    seconds = round(_used() - begun, 2)
    return [
        Finding(proof.name, f"p_{port}", "failed" if readies else "proved", "structure", 0, seconds,
                words=(f"{port} depends on {', '.join(readies)} in the same cycle",) if readies else ())
        for port, readies in paths.items()
    ]  # fmt: skip


def run_proofs(
    spec: ChipSpec,
    dut: Dut,
    effort: Effort,
    progress: Callable[[int], None] = lambda done: None,
    kept: Path | None = None,
    workers: int | None = None,
) -> list[Finding]:
    """Every property of the controller of a chip.

    Args:
        spec: the chip.
        dut: its controller.
        effort: how much.
        progress: told the number of proofs that are done.
        kept: a file in which answers are kept, and found again.
        workers: processes; None for one per core.

    Raises:
        MissingToolError: a solver is not installed.
        ToolError: the sources are rejected.
    """
    require_solvers()
    tasks = tasks_of(spec, dut, effort)
    store = Store[Task, Answer](kept, Answer) if kept else None
    answers = {task: answer for task in tasks if store and (answer := store.get(task)) is not None}
    progress(len(answers))
    for task, answer in run_tasks([task for task in tasks if task not in answers], workers):
        answers[task] = answer
        if store:
            store.put(task, answer)
        progress(len(answers))
    return [finding for task in tasks for finding in answers[task].as_findings()]


def tasks_of(spec: ChipSpec, dut: Dut, effort: Effort) -> list[Task]:
    """The proofs about a controller."""
    return [Task(proof, dut) for proof in plan(spec, dut, effort)]


def run_tasks(tasks: Sequence[Task], workers: int | None = None) -> Iterator[tuple[Task, Answer]]:
    """Proofs with their answers, as they are done."""
    return run_parallel(run_task, tasks, workers or cores())
