"""Starts the child process of a simulation (cosim/simulate.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crosschop.cosim.build import environment
from crosschop.cosim.job import COVERAGE_FILE, WAVE_FILE, Job
from crosschop.cosim.kinds import kind_of

LOG_FILE = "simulation.log"
# What the simulator runs.
ENTRY = "crosschop.cosim.entry"


def start_simulation(job: Job, build: Path, directory: Path, entry: str = ENTRY) -> subprocess.Popen[bytes]:
    """A simulation that has begun; it leads a process group of its own and says what it has to say in LOG_FILE.

    Args:
        job: what to simulate, written into the directory.
        build: where the compiled bench is.
        directory: where the simulator runs; result and waves come there.
        entry: module that the simulator runs.
    """
    job.save(directory)
    options = {"icarus": _icarus_options, "verilator": _verilator_options}[job.simulator.name](job, directory)
    arguments = {
        "hdl_toplevel": kind_of(job.spec).hdl.TOP,
        "test_module": entry,
        "build_dir": str(build),
        **options,
    }
    with (directory / LOG_FILE).open("w") as log:
        return subprocess.Popen(
            [
                sys.executable, "-m", "crosschop.cosim.simulate",
                job.simulator.name, str(directory), json.dumps(arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )  # fmt: skip


def _icarus_options(job: Job, directory: Path) -> dict[str, Any]:
    waves = job.waves is not None
    return {"plusargs": [f"+dump={directory / WAVE_FILE}"] if waves else [], "waves": waves}


def _verilator_options(job: Job, directory: Path) -> dict[str, Any]:
    return {
        "test_args": [] if job.waves is None else ["--trace", "--trace-file", str(directory / WAVE_FILE)],
        "plusargs": [
            "+verilator+rand+reset+2",  # random
            f"+verilator+seed+{job.simulator.initial_seed}",
            f"+verilator+coverage+file+{directory / COVERAGE_FILE}",
        ],
    }
