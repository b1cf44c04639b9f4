"""AGAD in floats against a trace of aihwkit, which the integer controller follows too, and against the equations.

Equations: Rasch et al., Nat. Commun. 15:7133 (2024), Eqs 10-13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crosschop.model.algorithms import Agad, TransferOptions
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import ControllerConfig, new_transfer, reset_state

# Row 0 of an AGAD run of aihwkit (rpu_dynamic_transfer_device.cpp): 1 x 3, n_s = 1, in_chop_prob = 0.5 (period 2),
# tail 1 (beta = 0.5), lr_scale = 50, forget_buffer with momentum 0, constant steps of 0.01, one pulse c_j per sample.
# After sample t: column read, H, p, p^ref, pulse to W. p rounded to three digits from t = 9 on.
TRACE: dict[int, tuple[int, list[float], list[float], list[float], int]] = {
    1: (0, [0.5, 0, 0], [0.005, 0, 0], [0, 0, 0], 0),
    2: (1, [0.5, 0, 0], [0.005, 0.01, 0], [0, 0, 0], 0),
    4: (0, [0, 0, 0], [0.0225, 0.01, 0.015], [0, 0, 0], 0),
    5: (1, [0, 0, 0], [0.0225, 0.03, 0.015], [0, 0, 0], 0),
    7: (0, [0.625, 0, 0], [0.01625, 0.03, 0.0375], [0.0225, 0, 0], 0),
    9: (2, [0.625, 0.5, 0.375], [0.016, 0.025, 0.034], [0.0225, 0.03, 0.0375], 0),
    10: (0, [0, 0.5, 0.375], [-0.002, 0.025, 0.034], [0.0225, 0.03, 0.0375], 1),
}
A_AFTER = {1: [1, 1, 1], 2: [2, 2, 2], 4: [4, 4, 4], 5: [3, 5, 5], 7: [1, 3, 5], 9: [-1, 1, 3], 10: [-2, 0, 2]}

Step = Callable[[float], tuple[int, int]]


def check_trace(chop: Callable[[], list[int]], step: Step, stores: Callable[[], tuple[np.ndarray, ...]]) -> None:
    """Plays the ten samples.

    aihwkit copies p into p^ref when a column is read for the first time after its flip, here it is copied with the
    flip: the reference *used* is the same, so p^ref is compared as it stood when its column was read.
    """
    a = np.zeros(3, dtype=int)
    used = np.zeros(3)
    for t in range(1, 11):
        a += chop()
        column = (t - 1) % 3
        used[column] = stores()[2][column]
        read, pulses = step(0.01 * int(a[column]))
        assert read == column
        if t not in TRACE:
            assert pulses == 0
            continue
        k, h, p, pref, expected_pulses = TRACE[t]
        assert (k, A_AFTER[t]) == (column, a.tolist())
        got_h, got_p, _ = stores()
        np.testing.assert_allclose(got_h, h, atol=1e-12)
        np.testing.assert_allclose(got_p, p, atol=1e-12 if t < 9 else 5.1e-4)
        np.testing.assert_allclose(used, pref, atol=1e-12)
        assert pulses == expected_pulses


# aihwkit holds writes back during the first n_samp + 1 = 3 sweeps.
OPTIONS = TransferOptions(
    rows=1, cols=3, lambda_h=50.0, max_steps=1, reset="decay", momentum=0.0, warmup_sweeps=3, chop_period=2
)


def trace_algorithm(beta: float = 0.5, **changes: Any) -> Agad:
    return Agad(replace(OPTIONS, **changes), beta, np.random.default_rng(0))


def play_float(algorithm: Agad) -> None:
    def step(omega: float) -> tuple[int, int]:
        column, pulses = algorithm.transfer(np.array([omega]))
        return column, int(pulses[0])

    check_trace(
        lambda: algorithm.chop.tolist(), step, lambda: (algorithm.h[:, 0], algorithm.p[:, 0], algorithm.pref[:, 0])
    )


def test_trace_of_aihwkit() -> None:
    play_float(trace_algorithm())


@pytest.mark.parametrize(
    "wrong",
    [
        trace_algorithm(beta=-0.5),
        trace_algorithm(beta=0.4),
        trace_algorithm(warmup_sweeps=1),
        trace_algorithm(warmup_sweeps=4),
        trace_algorithm(reset="subtract"),
        trace_algorithm(chop_period=3),
    ],
)
def test_trace_catches(wrong: Agad) -> None:
    """Another sign or size of beta, a warm-up that lets t = 4 write or holds t = 10 back, another reset or period."""
    with pytest.raises(AssertionError):
        play_float(wrong)


TRACE_CONFIG = ControllerConfig(
    rows=1, cols=3, p_frac=8, reference=True, p_store=True, beta=128, beta_bits=8, h_bits=16, h_frac=10, lr_h=2,
    lr_shift=0, correction=0, max_steps=1, h_decay=True, h_momentum_shift=0, h_rounding=0, p_rounding=0,
    transfer_every=1, chop_mode=1, chop=2, warmup=3, lfsr_seed=1, random_order=False, column_seed=1,
)  # fmt: skip


def test_trace_of_aihwkit_in_integers() -> None:
    """One LSB is 0.01, so gain 50 is 2 H LSB (2^-10 pulses) per P LSB (2^-8): every value of the trace is exact."""
    state, transfer = reset_state(TRACE_CONFIG), new_transfer(TRACE_CONFIG)

    def step(omega: float) -> tuple[int, int]:
        step_transfer(TRACE_CONFIG, state, np.array([round(omega / 0.01)], dtype=np.int64), transfer)
        return int(transfer.head[0]), int(transfer.pulses[0])

    check_trace(
        lambda: (1 - 2 * state.chop).tolist(),
        step,
        lambda: (state.h[:, 0] / 1024, state.p[:, 0] * 0.01 / 256, state.pref[:, 0] * 0.01 / 256),
    )


def test_equation_13_is_a_leaky_mean() -> None:
    """A constant omega: p_n = omega (1 - (1 - beta)^n). With the printed minus it would tend to -omega."""
    algorithm = trace_algorithm(beta=0.25, chop_period=None)
    for _ in range(3 * 20):
        algorithm.transfer(np.array([0.3]))
    np.testing.assert_allclose(algorithm.p, 0.3 * (1 - 0.75**20), rtol=1e-12)


@pytest.mark.parametrize("chop", [1, -1])
def test_one_transfer_is_equations_10_to_13(chop: int) -> None:
    """h += lambda_H c (omega - p^ref); whole pulses toward zero, at most max_steps; then p, then p^ref at the flip."""
    algorithm = trace_algorithm(warmup_sweeps=0, reset="subtract", max_steps=2, chop_period=1)
    algorithm.h[0], algorithm.p[0], algorithm.pref[0] = -0.4, 0.02, 0.01
    algorithm.chop[0] = chop
    _, pulses = algorithm.transfer(np.array([0.16]))
    h = -0.4 + 50 * chop * (0.16 - 0.01)  # 7.1 or -7.9
    assert pulses.tolist() == [2 * chop]
    assert algorithm.h[0, 0] == pytest.approx(h - 2 * chop)
    assert algorithm.p[0, 0] == algorithm.pref[0, 0] == pytest.approx(0.5 * 0.02 + 0.5 * 0.16)
    assert algorithm.chop[0] == -chop


def test_random_chopper_rate() -> None:
    algorithm = trace_algorithm(chop_period=None, chop_probability=0.1)
    flips, reads = 0, 5000
    for _ in range(reads):
        before = algorithm.chop.copy()
        algorithm.transfer(np.array([0.0]))
        flips += int((algorithm.chop != before).sum())
    assert flips / reads == pytest.approx(0.1, abs=5 * np.sqrt(0.1 * 0.9 / reads))
