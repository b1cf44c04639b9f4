"""hdl/xc_bench.v as Python sees it: its name, the parameters of the array side, the record of its monitors."""

from __future__ import annotations

from crosschop.cosim.record import Field
from crosschop.model.chipspec import ChipSpec, beats, cycles, given, p_bits, step_bits

TOP = "xc_bench"

ERROR_NAMES = ("update request", "read request", "write request", "retire trace", "ready outputs")
# Have lanes past the last row, which are zero.
PADDED_FIELDS = ("trc_codes", "h", "p", "pref", "pulses")


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters beyond the controller's: samples per read, and the array side's cycles."""
    durations = cycles(spec)
    return {
        "GROUP": spec.transfer.transfer_every,
        "PULSE_CYCLES": durations.pulse,
        "READ_CYCLES": durations.read,
        "CONVERSION_CYCLES": durations.conversion,
        "WRITE_CYCLES": durations.write,
    }


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    """The fields from the least significant bit up, the order of `record` in hdl/xc_bench.v."""
    rows, cols, lanes = spec.array.rows, spec.array.cols, spec.lanes
    padded = beats(spec) * lanes
    column = max(1, (cols - 1).bit_length())
    code, p_width, steps = given(spec.converter.read_adc).bits, p_bits(spec), step_bits(spec)

    def per_row(name: str, width: int) -> Field:
        return Field(name, width, count=padded, keep=rows, signed=True)

    return (
        Field("errors", 1, count=len(ERROR_NAMES), keep=len(ERROR_NAMES)),
        Field("hang", 1),
        Field("cycle", 32),
        Field("reads", 16),
        Field("read_col", column),
        Field("read_chop", 1, count=cols, keep=cols),
        Field("read_changed", 1),
        Field("read_updates", 32),
        per_row("codes", code),
        Field("retired", 16),
        Field("col", column),
        Field("chop", 1),
        Field("flip", 1),
        per_row("trc_codes", code),
        per_row("h", given(spec.hidden).bits),
        per_row("p", p_width),
        per_row("pref", p_width),
        per_row("pulses", steps),
        Field("written", 16),
        Field("write_col", column),
        Field("write_pulses", steps, count=rows, keep=rows, signed=True),
    )
