"""The engine with RTL in the loop: the same sequence of events as the golden engine, on the simulated controller."""

from __future__ import annotations

from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.job import Job, Mismatch, chip_segment
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.model.chipspec import ChipSpec
from crosschop.model.engines import Progress
from crosschop.model.errors import InputError
from crosschop.model.results import RunResult, load_run


class MismatchError(Exception):
    """The RTL and the golden model differ; carries the first divergence and how much was equal before it."""

    def __init__(self, mismatch: Mismatch, transfers: int) -> None:
        super().__init__(mismatch, transfers)  # so that it can be pickled, as the context of another error too
        self.mismatch = mismatch
        self.transfers = transfers

    def __str__(self) -> str:
        return f"transfer {self.mismatch.transfer}: {self.mismatch.field}"


def require_trace(spec: ChipSpec) -> None:
    """A chip without retire trace cannot be compared.

    Raises:
        InputError: the chip has none.
    """
    if not spec.controller.trace:
        raise InputError(f"{spec.name}: controller.trace is false, comparing the RTL needs it true")


def run_rtl(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Progress,
    directory: Path,
    waves: tuple[int, int] | None = None,
    dut: Dut | None = None,
    simulator: Simulator = ICARUS,
) -> RunResult:
    """Trains with the RTL controller in the loop, every transfer compared with the golden model.

    Args:
        spec, seed, transfers, progress: as crosschop.model.engines.run_golden.
        directory: for the simulation's files.
        waves: window of transfers whose waves are kept, first and end.
        dut: the controller, None for that of the chip.
        simulator: what runs it.

    Raises:
        MismatchError: the RTL differs.
        InputError: the chip has no retire trace.
        ToolError: the simulator is missing or failed.
    """
    require_trace(spec)
    segment = chip_segment(spec, "training", seed, transfers)
    (result,) = run_jobs([Task(Job(spec, (segment,), waves, simulator=simulator), directory)], progress, dut)
    if result.mismatch is not None:
        raise MismatchError(result.mismatch, result.transfers)
    return load_run(spec, directory)
