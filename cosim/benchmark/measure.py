"""Times one thing: by the processor time of the process that does it, so that others on the machine disturb little."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.benchmark import peer
from crosschop.cosim.benchmark.plain import run_plain
from crosschop.cosim.benchmark.stimulus import BLOCK, Stimulus, new_stimulus
from crosschop.cosim.benchmark.tasks import Task, Timing, chip_of
from crosschop.cosim.dut import dut_of
from crosschop.cosim.in_memory_sgd.hdl import BATCH
from crosschop.cosim.job import Job, chip_segment
from crosschop.cosim.native.engine import run_native
from crosschop.cosim.native.given import Begun, begin_columns, begin_transfers, begin_updates
from crosschop.cosim.native.library import open_library
from crosschop.cosim.native.places import IO_SIZE, PLACE
from crosschop.cosim.runner import Task as Simulation
from crosschop.cosim.runner import run_jobs, work_directory
from crosschop.cosim.simulator import Simulator
from crosschop.model.chipspec import ChipSpec, controller_kind, rtl_configuration, samples_in
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError

SEED = 1
# Fewest transfers that are timed, and most, in mixed precision as many passes; of in-memory SGD, whose updates cocotb
# compares by the batch, some batches.
FEWEST, FEWEST_COLUMNS, FEWEST_UPDATES, MOST = 24, 160, 4 * BATCH, 200_000
# Most guesses of how many transfers take the time that is wanted.
GUESSES = 3
# A short timing less its start may come to nothing: no guess is so many times larger than what it is made from.
GROWTH = 16
# What has its own transfers, as many as samples_in says.
ENGINES = ("golden", "native", "verilator", "icarus")
# Weights are numbers of 32 bits.
WEIGHT_BYTES = 4

# About how many transfers a second takes, by what is measured; from the repetition before.
_rates: dict[tuple[str, int, str], float] = {}


def measure(task: Task) -> Timing:
    """Times a task.

    Raises:
        ToolError: a simulator is missing or failed.
        CrosschopError: the RTL and the golden model differ, so there is nothing to time.
    """
    spec = chip_of(task.algorithm, task.size)
    timed = _HOW[task.what]
    place = (task.algorithm, task.size, task.what)
    largest = MOST * (spec.array.cols if controller_kind(spec) == "mixed_precision" else 1)
    fewest = FEWEST_UPDATES if controller_kind(spec) == "in_memory_sgd" else FEWEST
    count, timing = 0, None
    if place not in _rates:
        count = _whole(spec, fewest)
        timing = timed(spec, count)
        _rates[place] = timing.rate
    # The first transfers are slow, caches being cold: a guess from them may come out too short, and so may the next
    for _ in range(GUESSES):
        most = min(largest, GROWTH * count) if count else largest
        wanted = _whole(spec, int(min(most, max(fewest, task.seconds * _rates[place]))))
        if timing is not None and (timing.seconds >= task.seconds / 4 or wanted <= count):
            break
        count = wanted
        timing = timed(spec, count)
        _rates[place] = timing.rate
    assert timing is not None
    if task.what in ENGINES:
        return Timing(timing.count * samples_in(spec, count) / count, timing.seconds)
    return timing


def _whole(spec: ChipSpec, transfers: int) -> int:
    """Transfers, in mixed precision those of whole passes."""
    if controller_kind(spec) != "mixed_precision":
        return transfers
    cols = spec.array.cols
    return max(1, FEWEST_COLUMNS // cols, transfers // cols) * cols


class Clock:
    """Processor time between the first call of a progress and the last one."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)

    def __call__(self, done: int) -> None:
        """Notes that so many transfers are done."""
        self._last = (time.process_time(), done)
        if self._first is None:
            self._first = self._last

    @property
    def timing(self) -> Timing:
        """Transfers after the first call, and what they took."""
        assert self._first is not None
        return Timing(max(1, self._last[1] - self._first[1]), max(1e-9, self._last[0] - self._first[0]))


def _golden(spec: ChipSpec, transfers: int) -> Timing:
    clock = Clock()
    run_golden(spec, SEED, transfers, clock)
    return clock.timing


def _native(spec: ChipSpec, transfers: int) -> Timing:
    clock = Clock()
    run_native(spec, SEED, transfers, clock)
    return clock.timing


def _cocotb(simulator: str, codes: str) -> Callable[[ChipSpec, int], Timing]:
    def timed(spec: ChipSpec, transfers: int) -> Timing:
        segment = chip_segment(spec, "bench", SEED, transfers, codes, codes)
        with work_directory() as directory:
            job = Job(spec, (segment,), simulator=Simulator(simulator))
            (result,) = run_jobs([Simulation(job, directory)])
        if result.mismatch is not None:
            raise CrosschopError(f"{spec.name}: the RTL differs from the golden model in {result.mismatch.field}")
        return Timing(*result.timed)

    return timed


def _native_rtl(spec: ChipSpec, transfers: int) -> Timing:
    """Codes given in advance: RTL, golden model and comparison, no arrays."""
    stimulus = new_stimulus(spec, SEED)
    _loop(spec, stimulus, min(transfers, _whole(spec, 2)))  # compiles
    return Timing(transfers, _loop(spec, stimulus, transfers)[0])


def _begin(spec: ChipSpec, stimulus: Stimulus, transfers: int) -> Begun:
    segment, dut, rows = chip_segment(spec, "bench", SEED, transfers), dut_of(spec), spec.array.rows
    kind = controller_kind(spec)
    codes, lengths = stimulus.repeated(transfers if kind != "mixed_precision" else transfers // spec.array.cols)
    if kind == "transfer":
        return begin_transfers(spec, dut, segment, codes, lengths, samples_wait=False)
    if kind == "in_memory_sgd":
        return begin_updates(spec, dut, segment, lengths[:, 0].copy())
    return begin_columns(spec, dut, segment, codes[:, rows:].copy(), codes[:, :rows].copy())


def _loop(spec: ChipSpec, stimulus: Stimulus, transfers: int) -> tuple[float, int]:
    """Processor seconds of the native loop, and its clock cycles up to the last retirement."""
    begun = _begin(spec, stimulus, transfers)
    try:
        begin = time.process_time()
        status = begun.run()
        seconds = time.process_time() - begin
        begun.bench.require_fine(status)
        elapsed = begun.bench.finished()[1]
    finally:
        begun.bench.close()
    return seconds, elapsed


def cycles_of(spec: ChipSpec, what: str, transfers: int) -> int:
    """Clock cycles of the native loop, or of the bare harness, up to the last retirement."""
    if what == "bare":
        return _run_bare(spec, transfers)[1]
    return _loop(spec, new_stimulus(spec, SEED), transfers)[1]


def _bare(spec: ChipSpec, transfers: int) -> Timing:
    """The same model of the RTL under the least of C++."""
    return Timing(transfers, _run_bare(spec, transfers)[0])


def _run_bare(spec: ChipSpec, transfers: int) -> tuple[float, int]:
    library = open_library(spec, dut_of(spec))
    stimulus = new_stimulus(spec, SEED)
    codes, lengths = stimulus.codes, stimulus.lengths
    first, second = stimulus.padded(codes) if codes.size else lengths, lengths
    io = np.zeros(IO_SIZE, dtype=np.int64)
    io[PLACE.reset_cycles] = 3
    for name, value in rtl_configuration(spec).items():
        io[getattr(PLACE, name)] = value
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (io, first, second)]
    begin = time.process_time()
    status = library.functions.xc_bare(*pointers, ctypes.c_int64(BLOCK), ctypes.c_int64(transfers))
    seconds = time.process_time() - begin
    if status != 0:
        raise CrosschopError(f"{spec.name}: the controller ended: {library.last_words()}")
    return seconds, int(io[PLACE.cycle])


def _plain(spec: ChipSpec, transfers: int) -> Timing:
    """The same RTL and stimulus under the least of Verilog in Icarus; what starting takes is measured and taken off."""
    stimulus = new_stimulus(spec, SEED)
    start = run_plain(spec, stimulus, _whole(spec, 1))
    return Timing(transfers, max(1e-3, run_plain(spec, stimulus, transfers) - start))


def memory_bound(spec: ChipSpec, transfers: int) -> Timing:
    """No sample can be faster than memory: W is read for the forward pass, the array updated is read and written."""
    size = spec.array.rows * spec.array.cols
    source, target = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    passes = 3 if controller_kind(spec) != "mixed_precision" else 1  # W there changes once per batch
    begin = time.process_time()
    _sweep(source, target, transfers)
    seconds = time.process_time() - begin
    copied = 2 * WEIGHT_BYTES * size  # read and written
    return Timing(transfers, seconds * passes * WEIGHT_BYTES * size / copied)


def _sweep(source: NDArray[np.float32], target: NDArray[np.float32], times: int) -> None:
    for _ in range(times):
        np.copyto(target, source)


_HOW: dict[str, Callable[[ChipSpec, int], Timing]] = {
    "golden": _golden,
    "native": _native,
    "icarus": _cocotb("icarus", "tile"),
    "verilator": _cocotb("verilator", "tile"),
    "icarus_rtl": _cocotb("icarus", "uniform"),
    "verilator_rtl": _cocotb("verilator", "uniform"),
    "native_rtl": _native_rtl,
    "bare": _bare,
    "plain": _plain,
    "memory": memory_bound,
    "aihwkit": peer.time_aihwkit,
}
