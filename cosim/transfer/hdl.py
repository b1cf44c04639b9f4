"""hdl/xc_bench.v as Python sees it: its name, the parameters of the array side, the record of its monitors."""

from __future__ import annotations

from crosschop.cosim.record import Field
from crosschop.model.chipspec import ChipSpec, beats, cycles, given, p_bits, step_bits

TOP = "xc_bench"

ERROR_NAMES = ("update request", "read request", "write request", "retire trace", "ready outputs")
# Have lanes past the last row, which are zero.
PADDED_FIELDS = ("codes", "h", "p", "pref", "pulses")
# Of the retire trace: what the controller was given, without which nothing can be computed.
TRACE_INPUTS: tuple[str, ...] = ("codes",)
# The same at the input pins, by the name of the stream.
INPUT_PINS: str | None = "s_adc"


# Codes in a batch of reads: more are long to put together, fewer wake Python too often.
BATCH_CODES, MOST_READS = 2048, 16


def batch_reads(spec: ChipSpec) -> int:
    """Reads whose codes can be handed over at a time, a power of two."""
    return max(2, min(MOST_READS, 1 << (BATCH_CODES // (beats(spec) * spec.lanes)).bit_length() >> 1))


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters beyond the controller's: samples per read, reads in a batch, and the array side's cycles."""
    durations = cycles(spec)
    return {
        "GROUP": spec.transfer.transfer_every,
        "BATCH": batch_reads(spec),
        "PULSE_CYCLES": durations.pulse,
        "READ_CYCLES": durations.read,
        "CONVERSION_CYCLES": durations.conversion,
        "WRITE_CYCLES": durations.write,
    }


def longest_quiet(spec: ChipSpec) -> int:
    """Cycles that nothing may happen in, at most."""
    durations = cycles(spec)
    longest = max(given(spec.driver).max_pulses * durations.pulse, durations.read + durations.conversion)
    return spec.array.cols * beats(spec) + 4 * (longest + durations.write)


def _per_row(spec: ChipSpec, name: str, width: int) -> Field:
    return Field(name, width, count=beats(spec) * spec.lanes, keep=spec.array.rows, signed=True, per_row=True)


def trace_fields(spec: ChipSpec) -> tuple[Field, ...]:
    """What trc_* of xc_controller says of a transfer, each field by the name of its port without the prefix."""
    p_width = p_bits(spec)
    return (
        Field("col", max(1, (spec.array.cols - 1).bit_length())),
        Field("chop", 1),
        Field("flip", 1),
        _per_row(spec, "codes", given(spec.converter.read_adc).bits),
        _per_row(spec, "h", given(spec.hidden).bits),
        _per_row(spec, "p", p_width),
        _per_row(spec, "pref", p_width),
        _per_row(spec, "pulses", step_bits(spec)),
    )


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    """The fields from the least significant bit up, the order of `record` in hdl/xc_bench.v."""
    rows, cols = spec.array.rows, spec.array.cols
    trace = trace_fields(spec)
    column, steps = trace[0].width, step_bits(spec)
    return (
        Field("errors", 1, count=len(ERROR_NAMES), keep=len(ERROR_NAMES)),
        Field("hang", 1),
        Field("cycle", 32),
        Field("reads", 16),
        Field("read_col", column),
        Field("read_chop", 1, count=cols, keep=cols),
        Field("read_changed", 1),
        Field("read_updates", 32),
        _per_row(spec, "taken", given(spec.converter.read_adc).bits),
        Field("retired", 16),
        *trace,
        Field("written", 16),
        Field("write_col", column),
        Field("write_pulses", steps, count=rows, keep=rows, signed=True),
    )
