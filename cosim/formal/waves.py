"""A trace of a solver as a VCD file and in words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from crosschop.cosim.formal.model import INSTALL
from crosschop.cosim.formal.transitions import Signal
from crosschop.model.errors import MissingToolError

# Signals at the ports of a controller or of a checker, in this order, are what a reader wants to see first
WORTH_TELLING = ("rst", "cfg_", "s_", "m_", "trc_", "in_")
CYCLES_TOLD = 3
PERIOD = 10


def vcd(signals: Sequence[Signal], values: Mapping[str, list[int]]) -> str:
    """The trace as the text of a VCD file, a cycle every 10 ns; names with dots become scopes."""
    try:
        from vcd import VCDWriter
    except ImportError:
        raise MissingToolError(f"waves of a trace need pyvcd, which is not installed: {INSTALL}") from None
    text = io.StringIO()
    with VCDWriter(text, timescale="1 ns", date="", comment="") as writer:
        variables = []
        for signal in signals:
            *scope, name = signal.name.replace("[", "_").replace("]", "").split(".")
            variables.append((signal, writer.register_var(".".join(["top", *scope]), name, "wire", size=signal.width)))
        cycles = len(next(iter(values.values()), []))
        for cycle in range(cycles):
            for signal, variable in variables:
                writer.change(variable, cycle * PERIOD, values[signal.name][cycle])
        writer.close(cycles * PERIOD)
    return text.getvalue()


def in_words(signals: Sequence[Signal], values: Mapping[str, list[int]]) -> tuple[str, ...]:
    """What the ports show in the last cycles of the trace."""
    told = [
        signal
        for prefix in WORTH_TELLING
        for signal in signals
        if signal.name.startswith(prefix) and "." not in signal.name
    ]
    cycles = len(next(iter(values.values()), []))
    lines = []
    for cycle in range(max(0, cycles - CYCLES_TOLD), cycles):
        shown = (f"{signal.name} {values[signal.name][cycle]:#x}" for signal in told)
        lines.append(f"cycle {cycle}: {', '.join(shown)}")
    return tuple(lines)
