"""The child process of a simulation: `python -m crosschop.cosim.simulate BUILD_DIRECTORY JOB_DIRECTORY`.

A process of its own, leading a group of its own, so that the parent can end the simulator with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

from crosschop.cosim.bench import JOB_DIRECTORY_VARIABLE
from crosschop.cosim.build import SIMULATOR, TOP
from crosschop.cosim.job import WAVE_FILE, Job

RESULTS_XML = "results.xml"


def main() -> None:
    """Runs the compiled bench on a job."""
    build_directory, job_directory = Path(sys.argv[1]), Path(sys.argv[2])
    waves = Job.load(job_directory).waves is not None
    runner = get_runner(SIMULATOR)
    runner.test(
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        test_module="crosschop.cosim.bench",
        build_dir=build_directory,
        test_dir=job_directory,
        results_xml=str(job_directory / RESULTS_XML),
        plusargs=[f"+dump={job_directory / WAVE_FILE}"] if waves else [],
        waves=waves,
        extra_env={JOB_DIRECTORY_VARIABLE: str(job_directory)},
    )


if __name__ == "__main__":
    main()
