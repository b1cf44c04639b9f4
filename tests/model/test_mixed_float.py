"""Mixed precision in floats: by hand, and against the golden model where both are exact."""

from __future__ import annotations

import numpy as np

from crosschop.model.algorithms.mixed_precision import MixedOptions, MixedPrecision
from crosschop.model.golden.mixed_precision import MixedConfig, reset_mixed, step_column
from crosschop.model.golden.state import HEAD_COLUMN, Transfer


def test_by_hand() -> None:
    """Two samples per batch, at most one pulse: what W did not get stays, on either side of zero."""
    algorithm = MixedPrecision(MixedOptions(rows=3, cols=2, gain=0.5, batch=2))
    d = np.array([1.0, -3.0, 8.0])
    assert [algorithm.step_column(x, d)[1].tolist() for x in (1.0, -1.0)] == [[0, 0, 0], [0, 0, 0]]
    assert algorithm.chi.tolist() == [[0.5, -1.5, 4.0], [-0.5, 1.5, -4.0]]
    column, pulses = algorithm.step_column(0.5, d)
    assert (column, pulses.tolist()) == (0, [0, -1, 1])
    assert algorithm.chi[0].tolist() == [0.75, -1.25, 5.0]
    column, pulses = algorithm.step_column(0.0, d)
    assert (column, pulses.tolist()) == (1, [0, 1, -1])
    assert algorithm.chi[1].tolist() == [-0.5, 0.5, -3.0]
    assert (algorithm.samples, algorithm.column, algorithm.batch_ends) == (2, 0, False)


def test_without_a_limit() -> None:
    algorithm = MixedPrecision(MixedOptions(rows=2, cols=1, gain=1.0, batch=1, max_steps=None))
    assert algorithm.step_column(2.0, np.array([3.75, -3.75]))[1].tolist() == [7, -7]
    assert algorithm.chi.tolist() == [[0.5, -0.5]]


def test_equals_golden_where_both_are_exact() -> None:
    """A gain of 3 / 2^4 with 4 fraction bits loses nothing, and chi is far from its range."""
    config = MixedConfig(
        rows=4, cols=3, chi_bits=31, chi_frac=4, lr=3, lr_shift=0, max_steps=2, chi_rounding=0, batch=4
    )  # fmt: skip
    state = reset_mixed(config)
    transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(4, dtype=np.int64))
    algorithm = MixedPrecision(MixedOptions(rows=4, cols=3, gain=3 / 16, batch=4, max_steps=2))
    draw = np.random.default_rng(1)
    pulsed = 0
    for _ in range(200):
        x, d = draw.integers(-4, 5, 3), draw.integers(-4, 5, 4)
        for k in range(3):
            step_column(config, state, x[k], d, transfer)
            column, pulses = algorithm.step_column(float(x[k]), d.astype(float))
            assert column == transfer.head[HEAD_COLUMN]
            assert pulses.tolist() == transfer.pulses.tolist()
            assert (algorithm.chi[k] * 16).tolist() == state.chi[k].tolist()
            pulsed += np.count_nonzero(pulses)
    assert pulsed > 100
