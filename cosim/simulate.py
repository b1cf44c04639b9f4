"""The child process of a simulation: `python -m crosschop.cosim.simulate SIMULATOR JOB_DIRECTORY ARGUMENTS`.

ARGUMENTS are those of cocotb's runner, as JSON (cosim/child.py makes them). A process of its own, leading a group of
its own, so that the parent can end the simulator with it. It imports no chipspec and no compiled code: the simulator
will, and every simulation would wait for both.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from crosschop.model.programs import die_with_parent, how_it_ended

# Tells the simulator where its job is.
JOB_DIRECTORY_VARIABLE = "CROSSCHOP_JOB"
# Begins the line of the log that says how a simulator ended that did not end well.
SIMULATOR_ENDED = "simulator ended: "
RESULTS_XML = "results.xml"


def main() -> None:
    """Runs the compiled bench on a job."""
    die_with_parent()
    from cocotb_tools.runner import get_runner  # not for those who import the names above

    simulator, job_directory, arguments = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    try:
        get_runner(simulator).test(
            hdl_toplevel_lang="verilog",
            test_dir=job_directory,
            results_xml=str(job_directory / RESULTS_XML),
            extra_env={JOB_DIRECTORY_VARIABLE: str(job_directory)},
            **arguments,
        )
    except (RuntimeError, SystemExit) as error:
        # cocotb's runner tells the exit code in its message alone, or ends with it.
        status = re.search(r"(?:return code: )?(-?\d+)$", str(error))
        if status is None:
            raise
        if int(status[1]) != 0:
            print(f"{SIMULATOR_ENDED}{simulator} {how_it_ended(int(status[1]))}", flush=True)
            sys.exit(1)
    except OSError as error:
        print(f"{SIMULATOR_ENDED}{simulator} cannot be started: {error.strerror}", flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
