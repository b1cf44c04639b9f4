"""hdl/xc_bench_in_memory_sgd.v as Python sees it: its name, the parameters of the array side, its record."""

from __future__ import annotations

from crosschop.cosim.record import Field
from crosschop.model.chipspec import ChipSpec, cycles, given

TOP = "xc_bench_in_memory_sgd"

ERROR_NAMES = ("update request", "retire trace", "ready outputs")

# Of the retire trace: what the controller was given, without which nothing can be computed.
TRACE_INPUTS: tuple[str, ...] = ()
INPUT_PINS: str | None = None

# Updates that are looked at together, where nobody wants to look at each: a call of Python takes as long as many
# of them.
BATCH = 512
# Train lengths that the bench then holds, a power of two: those of a batch under way and of the next one, so that
# samples are there without a gap.
GROUP = 2 * BATCH
# The same one by one: more than are offered in advance.
FEW = 8
# Samples that random stimulus offers in advance. The bench knows of an update three cycles after the handshake that it
# ended with, and updates may take one cycle each: with fewer there would be idle cycles.
AHEAD = 4


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters beyond the controller's."""
    return {"FEW": FEW, "GROUP": GROUP, "BATCH": BATCH, "PULSE_CYCLES": cycles(spec).pulse}


def longest_quiet(spec: ChipSpec) -> int:
    """Cycles that nothing may happen in, at most."""
    return given(spec.driver).max_pulses * cycles(spec).pulse


def trace_fields(spec: ChipSpec) -> tuple[Field, ...]:
    """What trc_* of xc_in_memory_sgd says of an update, each field by the name of its port without the prefix."""
    return (Field("sample", 32),)


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    """The fields from the least significant bit up, the order of `record` in the bench; the same for every chip."""
    return (
        Field("errors", 1, count=len(ERROR_NAMES), keep=len(ERROR_NAMES)),
        Field("hang", 1),
        Field("cycle", 32),
        Field("retired", 32),
        *trace_fields(spec),
        Field("updates", 32),
        Field("begin", 32),
    )
