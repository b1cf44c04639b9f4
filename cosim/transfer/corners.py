"""The corners of xc_controller; the bench's vectors `phases` and `events` have the same order."""

from __future__ import annotations

from crosschop.cosim.corners import Corners, Together
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import COUNTER, ControllerConfig, ControllerState, IntArray, Transfer
from crosschop.model.golden.transfer import accumulate, transfer_gain, whole_pulses
from crosschop.model.jit import compiled

PHASES = ("clear", "idle", "update", "stall", "read", "digital", "lanes", "hold", "write")
TICK, UPDATE, READ, BEAT, LAST, WAITS, WRITE, WRITTEN, RETIRED, FLIP = range(10)

# What `step_and_look` finds, in the order of its bits.
LOOKED_AT = (
    "H at its lower end",
    "H at its upper end",
    "most pulses down",
    "most pulses up",
    "code at its lower end",
    "code at its upper end",
    "P at its lower end",
    "P at its upper end",
    "P^ref at its lower end",
    "P^ref at its upper end",
    "pulses held back",
)

CORNERS = Corners(
    phases=PHASES,
    coincidences={
        "tick taken out of idle": Together((TICK,), (UPDATE, READ)),
        "tick taken as an update ends": Together((TICK, UPDATE)),
        "tick taken as a read ends": Together((TICK, READ)),
        "tick, end of an update and code beat": Together((TICK, UPDATE, BEAT)),
        "last code beat as an update ends": Together((UPDATE, LAST)),
        "last code beat, end of an update, no tick": Together((UPDATE, LAST), (TICK,)),
        "read ends while a write waits": Together((READ, WRITE)),
        "read and write end together": Together((READ, WRITTEN)),
        "tick, end of a read and of a write": Together((TICK, READ, WRITTEN)),
        "tick, end of an update and of a write": Together((TICK, UPDATE, WRITTEN)),
        "codes wait for a write": Together((WAITS, WRITE)),
        "write ends while codes wait": Together((WAITS, WRITTEN)),
        "retirement as a read ends": Together((READ, RETIRED)),
        "retirement as an update ends": Together((UPDATE, RETIRED)),
        "sign flips as an update ends": Together((FLIP, UPDATE)),
        "sign flips while a write waits": Together((FLIP, WRITE)),
        "sign flips with the first code beat": Together((FLIP, BEAT)),
    },
    values=(*LOOKED_AT, "group of empty trains", "group of longest trains", "configuration changed"),
)


MOST_PULSES, HELD_BACK = 0b1100, 1 << LOOKED_AT.index("pulses held back")


@compiled
def _ends(value: int, low: int, high: int, place: int) -> int:
    """Whether a number is at the lower and at the upper end of its range, as bits from `place` on."""
    return ((value == low) | (value == high) << 1) << place


@compiled
def step_and_look(
    config: ControllerConfig, state: ControllerState, codes: IntArray, bits: int, transfer: Transfer
) -> int:
    """One golden transfer of codes (rows,) of so many bits; which of LOOKED_AT some row met, a bit each."""
    column = state.counters[COUNTER.column]
    held_back = state.counters[COUNTER.sweep] < config.warmup
    gain = transfer_gain(config, state.reads[column])
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    lowest = -(1 << (config.h_bits - 1))
    met = 0
    for row in range(config.rows):
        # H before its pulses leave
        h = accumulate(config, state.h[column, row], state.pref[column, row], codes[row], state.chop[column], gain)
        met |= _ends(h, lowest, -lowest - 1, 0) | _ends(codes[row], low, high, 4)
        met |= _ends(whole_pulses(config, h), -config.max_steps, config.max_steps, 2)
    if held_back and met & MOST_PULSES:
        met |= HELD_BACK
    step_transfer(config, state, codes, transfer)
    if config.reference:
        low, high = low << config.p_frac, high << config.p_frac
        for row in range(config.rows):
            met |= _ends(state.p[column, row], low, high, 6) | _ends(state.pref[column, row], low, high, 8)
    return met
