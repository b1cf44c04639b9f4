"""The corners of xc_in_memory_sgd; the bench's vectors `phases` and `events` have the same order."""

from __future__ import annotations

from crosschop.cosim.corners import Corners, Together

PHASES = ("idle", "update")
TICK, UPDATE, RETIRED = range(3)

CORNERS = Corners(
    phases=PHASES,
    coincidences={
        "tick taken out of idle": Together((TICK,), (UPDATE,)),
        "tick taken as an update ends": Together((TICK, UPDATE)),
        "update ends without a tick": Together((UPDATE,), (TICK,)),
        "retirement as the next update ends": Together((UPDATE, RETIRED)),
        "retirement, end of an update and a tick": Together((TICK, UPDATE, RETIRED)),
    },
    values=("empty train", "longest train"),
)
