"""The pseudo-random source of the random chopper and of the random column order."""

from __future__ import annotations

from crosschop.model.golden.compiled import compiled

# x^32 + x^30 + x^26 + x^25 + 1, right-shifting Galois form.
FEEDBACK = 0xA3000000
# Neighbouring states share all bits but one; a whole leap of the compared bits makes draws independent.
STEPS_PER_DRAW = 16
COMPARE_BITS = 16
COMPARE_MASK = (1 << COMPARE_BITS) - 1


@compiled
def lfsr_draw(state: int) -> int:
    """The state after one draw."""
    for _ in range(STEPS_PER_DRAW):
        low = state & 1
        state >>= 1
        if low:
            state ^= FEEDBACK
    return state
