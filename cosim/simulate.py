"""The child process of a simulation: `python -m crosschop.cosim.simulate BUILD_DIRECTORY JOB_DIRECTORY [MODULE]`.

A process of its own, leading a group of its own, so that the parent can end the simulator with it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from cocotb_tools.runner import get_runner

from crosschop.cosim.job import COVERAGE_FILE, JOB_DIRECTORY_VARIABLE, SIMULATOR_ENDED, WAVE_FILE, Job
from crosschop.cosim.kinds import kind_of
from crosschop.model.programs import die_with_parent, how_it_ended

RESULTS_XML = "results.xml"
# What the simulator runs.
ENTRY = "crosschop.cosim.entry"


def main() -> None:
    """Runs the compiled bench on a job."""
    die_with_parent()
    build_directory, job_directory = Path(sys.argv[1]), Path(sys.argv[2])
    module = sys.argv[3] if len(sys.argv) > 3 else ENTRY
    job = Job.load(job_directory)
    options = {"icarus": _icarus_options, "verilator": _verilator_options}[job.simulator.name]
    try:
        get_runner(job.simulator.name).test(
            hdl_toplevel_lang="verilog",
            test_module=module,
            build_dir=build_directory,
            test_dir=job_directory,
            results_xml=str(job_directory / RESULTS_XML),
            extra_env={JOB_DIRECTORY_VARIABLE: str(job_directory)},
            **options(job, job_directory),
        )
    except (RuntimeError, SystemExit) as error:
        # cocotb's runner tells the exit code in its message alone, or ends with it.
        status = re.search(r"(?:return code: )?(-?\d+)$", str(error))
        if status is None:
            raise
        if int(status[1]) != 0:
            print(f"{SIMULATOR_ENDED}{job.simulator.name} {how_it_ended(int(status[1]))}", flush=True)
            sys.exit(1)
    except OSError as error:
        print(f"{SIMULATOR_ENDED}{job.simulator.name} cannot be started: {error.strerror}", flush=True)
        sys.exit(1)


def _icarus_options(job: Job, directory: Path) -> dict[str, Any]:
    waves = job.waves is not None
    return {
        "hdl_toplevel": kind_of(job.spec).hdl.TOP,
        "plusargs": [f"+dump={directory / WAVE_FILE}"] if waves else [],
        "waves": waves,
    }


def _verilator_options(job: Job, directory: Path) -> dict[str, Any]:
    return {
        "hdl_toplevel": kind_of(job.spec).hdl.TOP,
        "test_args": [] if job.waves is None else ["--trace", "--trace-file", str(directory / WAVE_FILE)],
        "plusargs": [
            "+verilator+rand+reset+2",  # random
            f"+verilator+seed+{job.simulator.initial_seed}",
            f"+verilator+coverage+file+{directory / COVERAGE_FILE}",
        ],
    }


if __name__ == "__main__":
    main()
