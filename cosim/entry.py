"""What the simulator runs: the bench of the job's kind of controller (cosim/simulate.py starts it)."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any, Protocol

import cocotb

from crosschop.cosim.bench import Bench
from crosschop.cosim.in_memory_sgd.bench import UpdateBench
from crosschop.cosim.job import Job
from crosschop.cosim.mixed_precision.bench import ColumnBench
from crosschop.cosim.simulate import JOB_DIRECTORY_VARIABLE
from crosschop.cosim.transfer.bench import TransferBench
from crosschop.model.chipspec import ControllerKind, controller_kind
from crosschop.model.results import save_run


class _NewBench(Protocol):
    def __call__(self, dut: Any, job: Job, directory: Path) -> Bench: ...


BENCHES: dict[ControllerKind, _NewBench] = {
    "transfer": TransferBench,
    "in_memory_sgd": UpdateBench,
    "mixed_precision": ColumnBench,
}


@cocotb.test()
async def simulate(dut: Any) -> None:
    """Runs the job named by the environment and writes its result."""
    gc.freeze()  # numba's and numpy's many modules live as long as we do: the collector need not look at them
    directory = Path(os.environ[JOB_DIRECTORY_VARIABLE])
    job = Job.load(directory)
    bench = BENCHES[controller_kind(job.spec)](dut, job, directory)
    result = await bench.run()
    if result.mismatch is None and (run := bench.training_result()) is not None:
        save_run(run, directory)
    if bench.cover is not None:
        bench.cover.collector.save(directory)
    result.save(directory)
