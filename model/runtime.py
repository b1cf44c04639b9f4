"""The paper's runtime of an update pass: arithmetic and analog operations in series (Table 1 and its caption).

The paper's model, kept for comparison; what the controller really takes is in cycles.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, keeps_p
from crosschop.model.chipspec.algorithms import Agad, InMemorySgd, MixedPrecision

# Operations per second for one array in Table 1: 70 % of 1 TFLOPS, shared by four.
PAPER_FLOPS = 0.175e12


@dataclass(frozen=True)
class Runtime:
    """Time of one input sample, ns.

    Attributes:
        digital_ns: arithmetic; memory access, comparisons and sign flips are free.
        pulses_ns: pulse trains of the update.
        read_ns: column reads of A.
        write_ns: pulses to W, one per column read, in mixed precision one per column and batch.
    """

    digital_ns: float
    pulses_ns: float
    read_ns: float
    write_ns: float

    @property
    def analog_ns(self) -> float:
        """Pulses and column reads."""
        return self.pulses_ns + (self.read_ns + self.write_ns)

    @property
    def total_ns(self) -> float:
        """Both, one after the other."""
        return self.digital_ns + self.analog_ns


def operations(spec: ChipSpec) -> float:
    """Arithmetic operations per sample: 2 N (rows + cols) for the pulses, and what the algorithm does per element read.

    Per element of a column: scale and add into H (2), subtract P^ref (1), move P (3).
    """
    rows, cols, algorithm = spec.array.rows, spec.array.cols, spec.algorithm
    if isinstance(algorithm, InMemorySgd):
        return rows + cols
    if isinstance(algorithm, MixedPrecision):
        return 2 * rows * cols + rows
    per_element = 2 + isinstance(algorithm, Agad) + 3 * keeps_p(spec)
    return rows + cols + per_element * rows / algorithm.transfer_every


def paper_runtime(spec: ChipSpec, pulses: float, digital_flops: float) -> Runtime:
    """Time of one input sample.

    Args:
        spec: the chip; array, algorithm and the durations of a pulse and of a product count.
        pulses: mean length of the pulse trains, l_avg.
        digital_flops: operations per second of the digital unit, for one array.
    """
    algorithm, timing = spec.algorithm, spec.timing
    digital = operations(spec) / digital_flops * 1e9
    if isinstance(algorithm, MixedPrecision):
        return Runtime(digital, 0.0, 0.0, spec.array.cols / algorithm.batch * timing.pulse_ns)
    if isinstance(algorithm, InMemorySgd):
        return Runtime(digital, pulses * timing.pulse_ns, 0.0, 0.0)
    every = algorithm.transfer_every
    return Runtime(digital, pulses * timing.pulse_ns, timing.mvm_ns / every, timing.pulse_ns / every)
