"""Stimulus given in advance on the library: a segment of any kind of controller, no arrays behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.dut import Dut
from crosschop.cosim.in_memory_sgd.hdl import AHEAD
from crosschop.cosim.job import Segment
from crosschop.cosim.native import in_memory_sgd, mixed_precision, transfer
from crosschop.cosim.native.bench import NativeBench
from crosschop.model import cycles, cycles_in_memory_sgd, cycles_mixed_precision
from crosschop.model.chipspec import ChipSpec

IntArray = NDArray[np.int64]


class Begun(NamedTuple):
    """A controller with its stimulus.

    Attributes:
        bench: the controller; whoever has begun it closes it.
        run: the compiled loop to the end of the segment; gives how it ended.
        predicted: what the cycle model has counted.
    """

    bench: NativeBench
    run: Callable[[], int]
    predicted: Callable[[], dict[str, int]]


def begin_transfers(
    spec: ChipSpec, dut: Dut, segment: Segment, codes: IntArray, lengths: IntArray, *, samples_wait: bool
) -> Begun:
    """Transfers of codes (n, rows) and train lengths (n, n_s); `samples_wait` as in transfer.run_codes."""
    durations = cycles.cycle_config(spec)._replace(samples_wait=samples_wait)
    timeline = cycles.new_timeline(durations)
    bench = transfer.TransferBench(spec, dut, segment, timeline)

    def run() -> int:
        return transfer.run_codes(
            bench.native, durations, timeline, bench.config, bench.state, bench.transfer, codes, lengths
        )

    return Begun(bench, run, lambda: cycles.finish_cycles(timeline))


def begin_updates(spec: ChipSpec, dut: Dut, segment: Segment, lengths: IntArray) -> Begun:
    """Updates of in-memory SGD with train lengths (n,)."""
    durations = cycles_in_memory_sgd.update_durations(spec)._replace(samples_wait=False)
    timeline = cycles_in_memory_sgd.new_timeline()
    bench = in_memory_sgd.UpdateBench(spec, dut, segment, timeline)

    def run() -> int:
        return in_memory_sgd.run_lengths(bench.native, durations, timeline, bench.state, bench.number, lengths, AHEAD)

    return Begun(bench, run, lambda: cycles_in_memory_sgd.finish_cycles(timeline))


def begin_columns(spec: ChipSpec, dut: Dut, segment: Segment, x: IntArray, d: IntArray) -> Begun:
    """Passes of mixed precision with operand codes x (n, cols) and d (n, rows)."""
    durations = cycles_mixed_precision.mixed_durations(spec)
    timeline = cycles_mixed_precision.new_timeline(durations)
    bench = mixed_precision.ColumnBench(spec, dut, segment, timeline)

    def run() -> int:
        return mixed_precision.run_operands(
            bench.native, durations, timeline, bench.config, bench.state, bench.passes, bench.transfer, x, d
        )

    return Begun(bench, run, lambda: cycles_mixed_precision.finish_cycles(timeline))
