"""One row of one transfer: H, whole pulses, P and P^ref (Eqs 10-13 of the paper in integers)."""

from __future__ import annotations

from crosschop.model.golden.compiled import compiled
from crosschop.model.golden.fixed import ROUND_HALF_UP, clamp, round_shift, saturate, trunc_to_zero
from crosschop.model.golden.state import ControllerConfig

# Bits of a reciprocal below the point.
RECIPROCAL_BITS = 16


@compiled
def transfer_gain(config: ControllerConfig, reads: int) -> int:
    """lambda_H of a read after `reads` others in the chop period of its column, divided by its index if so configured.

    The division is a product with round(2^16 / index), rounded half up; the index stops at `correction`.
    """
    if config.correction == 0:
        return config.lr_h
    index = min(reads + 1, config.correction)
    reciprocal = ((1 << RECIPROCAL_BITS) + index // 2) // index
    return round_shift(config.lr_h * reciprocal, RECIPROCAL_BITS, ROUND_HALF_UP)


@compiled
def accumulate(config: ControllerConfig, h: int, pref: int, code: int, chop: int, gain: int) -> int:
    """H after adding c * (omega - p^ref) * gain; without a dynamic reference p^ref is 0."""
    error = (code << config.p_frac) - pref
    z = -error if chop else error
    return saturate(h + round_shift(z * gain, config.lr_shift, config.h_rounding), config.h_bits)


@compiled
def whole_pulses(config: ControllerConfig, h: int) -> int:
    """Pulses that H is worth, toward zero, at most max_steps."""
    return clamp(trunc_to_zero(h, config.h_frac), -config.max_steps, config.max_steps)


@compiled
def reset_hidden(config: ControllerConfig, h: int, steps: int) -> int:
    """What remains in H after `steps` pulses."""
    if steps == 0:
        return h
    if not config.h_decay:
        return h - (steps << config.h_frac)
    if config.h_momentum_shift == 0:
        return 0
    return trunc_to_zero(h, config.h_momentum_shift)


@compiled
def leaky_mean(config: ControllerConfig, p: int, code: int) -> int:
    """P after this code. It stays between P and the code, so within the range of the codes: no saturation."""
    wide = code << config.p_frac
    if not config.p_store:  # beta = 1
        return wide
    return p + round_shift((wide - p) * config.beta, config.beta_bits, config.p_rounding)
