"""The paper's runtime of an update pass: arithmetic and analog operations in series (Table 1 and its caption).

The paper's model, kept for comparison; what the controller really takes is in cycles.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, keeps_p
from crosschop.model.chipspec.algorithms import Agad, InMemorySgd, MixedPrecision


@dataclass(frozen=True)
class Runtime:
    """Time of one input sample, ns.

    Attributes:
        digital_ns: arithmetic; memory access, comparisons and sign flips are free.
        analog_ns: pulses and column reads.
    """

    digital_ns: float
    analog_ns: float

    @property
    def total_ns(self) -> float:
        """Both, one after the other."""
        return self.digital_ns + self.analog_ns


def operations(spec: ChipSpec) -> float:
    """Arithmetic operations per sample: 2 N for the pulses, and what the algorithm does per element read.

    Per element of a column: scale and add into H (2), subtract P^ref (1), move P (3).
    """
    n, algorithm = spec.array.cols, spec.algorithm
    if isinstance(algorithm, InMemorySgd):
        return 2 * n
    if isinstance(algorithm, MixedPrecision):
        return 2 * n * n + n
    per_element = 2 + isinstance(algorithm, Agad) + 3 * keeps_p(spec)
    return 2 * n + per_element * n / algorithm.transfer_every


def paper_runtime(spec: ChipSpec, pulses: float, digital_flops: float) -> Runtime:
    """Time of one input sample.

    Args:
        spec: the chip; array, algorithm and the durations of a pulse and of a product count.
        pulses: mean length of the pulse trains, l_avg.
        digital_flops: operations per second of the digital unit, for one array.
    """
    algorithm, timing = spec.algorithm, spec.timing
    if isinstance(algorithm, MixedPrecision):
        analog = spec.array.cols / algorithm.batch * timing.pulse_ns
    elif isinstance(algorithm, InMemorySgd):
        analog = pulses * timing.pulse_ns
    else:
        analog = pulses * timing.pulse_ns + (timing.pulse_ns + timing.mvm_ns) / algorithm.transfer_every
    return Runtime(operations(spec) / digital_flops * 1e9, analog)
