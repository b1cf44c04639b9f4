"""hdl/xc_bench_mixed_precision.v as Python sees it: its name, the parameters of the array side, its record."""

from __future__ import annotations

from dataclasses import replace

from crosschop.cosim.record import Field
from crosschop.model.chipspec import ChipSpec, beats, given, mixed_section, step_bits
from crosschop.model.cycles_mixed_precision import mixed_durations

TOP = "xc_bench_mixed_precision"

ERROR_NAMES = ("operand request", "write request", "retire trace", "ready outputs")

# Of the retire trace: what the controller was given, without which nothing can be computed.
TRACE_INPUTS: tuple[str, ...] = ("x", "d")
INPUT_PINS: str | None = None

# Entries of chi that are handed over at a time: fewer wake Python too often, more are long to put together.
GROUP_ENTRIES = 4096


def group_columns(spec: ChipSpec) -> int:
    """Columns of a pass that are handed over at a time."""
    return max(1, min(spec.array.cols, GROUP_ENTRIES // (beats(spec) * spec.lanes)))


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters beyond the controller's: columns of a record, and the array side's cycles."""
    durations = mixed_durations(spec)
    return {
        "GROUP": group_columns(spec),
        "REQUEST_CYCLES": durations.request,
        "WRITE_CYCLES": durations.write,
    }


def longest_quiet(spec: ChipSpec) -> int:
    """Cycles that nothing may happen in, at most."""
    durations = mixed_durations(spec)
    return durations.depth + 4 * (durations.request + durations.write)


def trace_fields(spec: ChipSpec) -> tuple[Field, ...]:
    """What trc_* of xc_mixed_precision says of a column, each field by the name of its port without the prefix."""
    code = mixed_section(spec).operand_bits

    def per_row(name: str, width: int) -> Field:
        return Field(name, width, count=beats(spec) * spec.lanes, keep=spec.array.rows, signed=True, per_row=True)

    return (
        Field("col", max(1, (spec.array.cols - 1).bit_length())),
        Field("x", code, signed=True),
        per_row("d", code),
        per_row("chi", given(spec.hidden).bits),
        per_row("pulses", step_bits(spec)),
    )


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    """The fields from the least significant bit up, the order of `record` in the bench; a slot is a column."""
    rows, steps = spec.array.rows, step_bits(spec)
    trace = {field.name: field for field in trace_fields(spec)}
    fields = [
        Field("errors", 1, count=len(ERROR_NAMES), keep=len(ERROR_NAMES)),
        Field("hang", 1),
        Field("cycle", 32),
        Field("requests", 16),
        Field("groups", 16),
        trace.pop("d"),
        Field("group_writes", 16),
    ]
    for slot in range(group_columns(spec)):
        fields += [replace(field, name=f"{field.name}{slot}") for field in trace.values()]
    for slot in range(group_columns(spec)):
        fields += [
            Field(f"write_col{slot}", trace["col"].width),
            Field(f"write_pulses{slot}", steps, count=rows, keep=rows, signed=True),
        ]
    return tuple(fields)
