"""The corners of xc_controller; the bench's vectors `phases` and `events` have the same order."""

from __future__ import annotations

from numba import njit

from crosschop.cosim.corners import Corners, Together, count_ends
from crosschop.model.golden.state import COUNTER, HEAD_COLUMN, ControllerConfig, ControllerState, IntArray, Transfer
from crosschop.model.golden.transfer import accumulate, transfer_gain, whole_pulses

PHASES = ("clear", "idle", "update", "stall", "read", "digital", "lanes", "hold", "write")
TICK, UPDATE, READ, BEAT, LAST, WAITS, WRITE, WRITTEN, RETIRED, FLIP = range(10)

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
    values=(
        "code at its lower end",
        "code at its upper end",
        "H at its lower end",
        "H at its upper end",
        "P at its lower end",
        "P at its upper end",
        "P^ref at its lower end",
        "P^ref at its upper end",
        "group of empty trains",
        "group of longest trains",
        "most pulses up",
        "most pulses down",
        "pulses held back",
        "configuration changed",
    ),
)


@njit(cache=True)
def _ends_of_h(config: ControllerConfig, state: ControllerState, codes: IntArray) -> tuple[bool, bool, bool, bool]:
    """Whether H, before its pulses leave, comes to its lower and to its upper end; most pulses down and up."""
    column = state.counters[COUNTER.column]
    gain = transfer_gain(config, state.reads[column])
    low = high = down = up = False
    for row in range(config.rows):
        h = accumulate(config, state.h[column, row], state.pref[column, row], codes[row], state.chop[column], gain)
        steps = whole_pulses(config, h)
        low |= h == -(1 << (config.h_bits - 1))
        high |= h == (1 << (config.h_bits - 1)) - 1
        down |= steps == -config.max_steps
        up |= steps == config.max_steps
    return low, high, down, up


def count_before(corners: dict[str, int], config: ControllerConfig, state: ControllerState, codes: IntArray) -> None:
    """Corners of a transfer with these codes (rows,), before the golden step."""
    low, high, down, up = _ends_of_h(config, state, codes)
    corners["H at its lower end"] += low
    corners["H at its upper end"] += high
    corners["most pulses down"] += down
    corners["most pulses up"] += up
    corners["pulses held back"] += (down or up) and bool(state.counters[COUNTER.sweep] < config.warmup)


def count_after(
    corners: dict[str, int],
    config: ControllerConfig,
    state: ControllerState,
    transfer: Transfer,
    codes: IntArray,
    bits: int,
) -> None:
    """Corners of P and P^ref, and of the codes (rows,) of so many bits, after the golden step."""
    largest = 1 << (bits - 1)
    count_ends(corners, "code", codes, -largest, largest - 1)
    if config.reference:
        column = int(transfer.head[HEAD_COLUMN])
        for what, found in (("P", state.p), ("P^ref", state.pref)):
            count_ends(corners, what, found[column], -largest << config.p_frac, (largest - 1) << config.p_frac)
