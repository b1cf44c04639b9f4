"""What the simulator runs for mutants: it forks for each variant of the controller, and judges what the fork leaves."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import traceback
from pathlib import Path
from typing import Any

import cocotb

from crosschop.cosim.entry import BENCHES
from crosschop.cosim.job import RESULT_FILE, Job
from crosschop.cosim.mutation.variants import SELECT
from crosschop.cosim.simulate import JOB_DIRECTORY_VARIABLE
from crosschop.model.chipspec import controller_kind
from crosschop.model.cycles import update_cycles
from crosschop.model.programs import die_with_parent

VARIANTS_FILE = "variants.json"
VERDICT_FILE = "verdict.json"
LOG_FILE = "variant.log"
# Where the bench itself could not go on, with what the variant showed it.
ERROR_FILE = "error"
# A mutant may be slower than the controller, which ends at its first difference; a loop without delay never ends.
SLOWER = 10
LEAST_CPU_SECONDS = 20


@cocotb.test()
async def simulate(dut: Any) -> None:
    """Runs the job of this folder on every variant, each in a process of its own; the first one is the controller."""
    die_with_parent()
    directory = Path(os.environ[JOB_DIRECTORY_VARIABLE])
    job = Job.load(directory)
    bench = BENCHES[controller_kind(job.spec)]
    select = _find(dut)
    update_cycles(1, 1)  # numba prepares itself at the first call of compiled code: once for all of them
    gc.freeze()
    limit = 0
    for number, name in enumerate(json.loads((directory / VARIANTS_FILE).read_text()), 1):
        folder = directory / name
        folder.mkdir()
        child = os.fork()
        if child == 0:
            die_with_parent()
            log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            if limit:
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            select.value = number
            try:
                (await bench(dut, job, folder).run()).save(folder)
            except Exception:
                (folder / ERROR_FILE).write_text(traceback.format_exc())
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        if not limit:
            limit = max(LEAST_CPU_SECONDS, round(SLOWER * used.ru_utime))
        verdict = {"done": (folder / RESULT_FILE).exists(), "loop": _ended_by_limit(status)}
        partial = folder / f"{VERDICT_FILE}.partial"
        partial.write_text(json.dumps(verdict))
        partial.replace(folder / VERDICT_FILE)


def _ended_by_limit(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)


def _find(dut: Any) -> Any:
    """The register that chooses the variant: in the device under test, or below an adapter around it."""
    level = [dut]
    while level:
        for handle in level:
            if hasattr(handle, SELECT):
                return getattr(handle, SELECT)
        level = [child for handle in level if hasattr(handle, "__iter__") for child in _instances(handle)]
    raise LookupError(SELECT)


def _instances(handle: Any) -> list[Any]:
    return [child for child in handle if isinstance(child, cocotb.handle.HierarchyObject)]
