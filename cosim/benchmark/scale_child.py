"""One measurement of `crosschop bench --scale`, in a process of its own: peak memory is that of a process.

    python -m crosschop.cosim.benchmark.scale_child WHAT ALGORITHM SIZE SAMPLES FOLDER

FOLDER keeps what is built: nothing is there from another run. Compiled Python stays where it always is.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from crosschop.cosim.benchmark.measure import SEED, Clock, memory_bound
from crosschop.cosim.benchmark.tasks import chip_of
from crosschop.cosim.dut import dut_of
from crosschop.cosim.native.engine import run_native
from crosschop.cosim.native.library import open_library
from crosschop.model.cache import CACHE_VARIABLE
from crosschop.model.chipspec import ChipSpec, load_chipspec, samples_in
from crosschop.model.engines import run_golden, whole_transfers
from crosschop.model.estimate.chip import estimate_chip
from crosschop.model.estimate.models import default_models
from crosschop.model.estimate.sweep.evaluate import Run
from crosschop.model.programs import die_with_parent

# In place of a size: a chip whose library is built first, as that compiles what all libraries share.
SMALLEST, SMALLEST_CHIP = 0, "agad_tiny"


@dataclass(frozen=True)
class Cost:
    """What something took.

    Attributes:
        seconds: processor time, of an engine per sample, else in all.
        start: processor time of an engine before its first samples were done, s; 0 else.
        peak: largest resident memory of a process, MiB.
    """

    seconds: float
    start: float
    peak: float


def _processor_time() -> float:
    """Of this process and of those that it has run, s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(usage.ru_maxrss for usage in used) / 1024


def _engine(run: Run) -> Callable[[ChipSpec, int], Cost]:
    def measured(spec: ChipSpec, samples: int) -> Cost:
        transfers = whole_transfers(spec, samples)
        clock, begin = Clock(), time.process_time()
        run(spec, SEED, transfers, clock)
        timed = clock.timing
        per_sample = timed.seconds / timed.count * transfers / samples_in(spec, transfers)
        return Cost(per_sample, time.process_time() - begin - timed.seconds, _peak())

    return measured


def _copies(spec: ChipSpec, samples: int) -> Cost:
    memory_bound(spec, 1)  # so that there are pages behind the arrays
    timed = memory_bound(spec, samples)
    return Cost(timed.seconds / timed.count, 0.0, _peak())


def _estimate(spec: ChipSpec, samples: int) -> Cost:
    begin = _processor_time()
    result = run_golden(spec, SEED, whole_transfers(spec, samples), lambda done: None)
    estimate_chip(result, default_models())
    return Cost(_processor_time() - begin, 0.0, _peak())


def _build(spec: ChipSpec, samples: int) -> Cost:
    """The library of the native engine."""
    begin = _processor_time()
    open_library(spec, dut_of(spec))
    return Cost(_processor_time() - begin, 0.0, _peak())


HOW: dict[str, Callable[[ChipSpec, int], Cost]] = {
    "memory": _copies,
    "golden": _engine(run_golden),
    "native": _engine(run_native),
    "estimate": _estimate,
    "build": _build,
}


def main() -> None:
    """Measures what the arguments name and prints it as JSON."""
    die_with_parent()
    what, algorithm, size, samples, folder = sys.argv[1:]
    os.environ[CACHE_VARIABLE] = folder
    spec = load_chipspec(SMALLEST_CHIP) if int(size) == SMALLEST else chip_of(algorithm, int(size))
    cost = HOW[what](spec, int(samples))
    print(json.dumps(asdict(cost)))


if __name__ == "__main__":
    main()
