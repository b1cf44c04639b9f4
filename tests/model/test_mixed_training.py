"""Mixed precision in training: derived numbers, operand codes, cycle model, both engines."""

from __future__ import annotations

import numpy as np
import pytest
from digests import FNV_OFFSET_BASIS, fnv, mixed

from crosschop.model.chipspec import (
    SpecError,
    load_chipspec,
    memory_bits,
    operand_lsbs,
    rtl_configuration,
    rtl_parameters,
    samples_in,
    transfers_in,
    transfers_together,
)
from crosschop.model.cycles import total_cycles
from crosschop.model.cycles_mixed_precision import finish_cycles, mixed_durations, new_timeline, step_cycles
from crosschop.model.engines import run_float, run_golden
from crosschop.model.golden.mixed_precision import mixed_config, reset_mixed, step_column
from crosschop.model.golden.state import Transfer
from crosschop.model.training import mixed_precision as training

CHIP = "mixed_precision_20"
SMALL = ("array.rows=7", "array.cols=5", "controller.lanes=3", "algorithm.batch=4", "algorithm.learning_rate=0.01")


def test_gain_is_that_of_the_equation() -> None:
    """chi += lambda / delta_W * d x^T in pulses: the integers come to it within half a unit of the mantissa."""
    spec = load_chipspec(CHIP)
    x_lsb, d_lsb = operand_lsbs(spec)
    assert (x_lsb, d_lsb) == (4 / 2047, 4 / 2047)
    wanted = 0.001 / (2 / 20) * x_lsb * d_lsb * 2**10
    mantissa, shift = rtl_configuration(spec)["cfg_lr"], rtl_parameters(spec)["LR_SHIFT"]
    assert 2**11 <= mantissa < 2**12
    assert abs(mantissa - wanted * 2**shift) <= 0.5


@pytest.mark.parametrize("change", ["algorithm.learning_rate=1e-20", "hidden.frac_bits=30 hidden.bits=32 "
                                    "algorithm.operand_bits=2 algorithm.x_full_scale=1000"])  # fmt: skip
def test_gain_that_does_not_fit(change: str) -> None:
    with pytest.raises(SpecError, match=r"the gain into chi, .* chi LSB per product of codes .* needs a shift of"):
        load_chipspec(CHIP, change.split())


def test_sizes() -> None:
    spec = load_chipspec(CHIP, SMALL)
    # 3 beats of 3 lanes for 7 rows, 2 beats for 5 columns
    assert memory_bits(spec).h == 5 * 9 * 16
    assert memory_bits(spec).operands == (9 + 6) * 12
    assert memory_bits(spec).total == 5 * 9 * 16 + 15 * 12
    assert (transfers_in(spec, 12), samples_in(spec, 64), transfers_together(spec)) == (60, 12, 5)


def test_cycles_by_hand() -> None:
    """7 x 5 on 3 lanes: 5 operand beats, a pass of 15 beats, at a batch end 6 per column and 2 per write."""
    spec = load_chipspec(CHIP, [*SMALL, "timing.pulse_ns=10"])
    timeline = new_timeline(mixed_durations(spec))
    assert timeline.request[0] == 15 + 1
    step_cycles(mixed_durations(spec), timeline, False, 0)
    assert timeline.request[0] == 16 + 1 + 5 + 15
    step_cycles(mixed_durations(spec), timeline, True, 3)
    assert timeline.request[0] == 37 + 1 + 5 + (5 * 6 + 3 * 2 + 1)
    counts = finish_cycles(timeline)
    assert total_cycles(counts) == timeline.request[0]
    assert counts == {
        "clear": 15, "idle": 1, "update": 0, "stall": 5 + 15 + 5 + 37, "read": 2, "digital": 2 * (5 + 15), "hold": 0,
        "write": 6,
    }  # fmt: skip


def test_operands_are_rounded_and_clipped() -> None:
    spec = load_chipspec(CHIP, ["algorithm.operand_bits=6", "algorithm.x_full_scale=1", "algorithm.d_full_scale=0.5"])
    session = training.new_session(spec, 1, 20 * 50)
    clipped = 0
    for _ in range(50):
        training.request_sample(session)
        operands = session.operands
        for value, code, full_scale in (
            (operands.x, operands.x_codes, 1.0),
            (operands.d, operands.d_codes, 0.5),
        ):
            expected = np.clip(np.rint(value.astype(float) * 31 / full_scale), -31, 31)
            assert code.tolist() == expected.tolist()
            clipped += int((np.abs(code) == 31).sum())
    assert clipped > 50
    assert session.sample[0] == 50


def test_digest_covers_operands_and_pulses() -> None:
    """Over x, column, end of a batch in one number; then what rows mix to, of column 0 on 32 d, else on pulses."""
    spec = load_chipspec(CHIP, (*SMALL, "hidden.max_steps=3", "algorithm.learning_rate=0.3"))
    config = mixed_config(rtl_parameters(spec), rtl_configuration(spec))
    session, state, shadow = training.new_session(spec, 1, 200), reset_mixed(config), reset_mixed(config)
    record, retired = (Transfer(np.zeros(4, np.int64), np.zeros(config.rows, np.int64)) for _ in range(2))
    digest, written, negative = FNV_OFFSET_BASIS, 0, 0
    for transfer in range(200):
        column = transfer % config.cols
        if column == 0:
            training.request_sample(session)
        x, d = int(session.operands.x_codes[column]), session.operands.d_codes
        step_column(config, shadow, x, d, retired)
        rows = (mixed((32 * d).tolist()) if column == 0 else 0) + (
            mixed(retired.pulses.tolist()) if retired.pulses.any() else 0
        )
        ends = transfer // config.cols % 4 == 3
        digest = fnv(digest, ((x << 32) + 2 * column + ends, rows))
        training.step_golden(session, config, state, x, d, record)
        assert int(session.recording.digest[0]) == digest
        written, negative = written + bool(retired.pulses.any()), negative + bool((retired.pulses < 0).any())
    assert written > 20 and negative > 10


def test_engines_agree_and_learn() -> None:
    """The float engine differs by the roundings of chi alone."""
    spec = load_chipspec(CHIP, SMALL)
    transfers = transfers_in(spec, 3000)
    golden, again, other = (run_golden(spec, seed, transfers, lambda done: None) for seed in (1, 1, 2))
    real = run_float(spec, 1, transfers, lambda done: None)
    assert golden.digest == again.digest != other.digest
    assert golden.errors[0, 1] == real.errors[0, 1] > 20
    for result in (golden, real):
        assert result.weight_error < 8
        assert result.errors[-1, 0] == result.samples == 3000
        assert result.trace.shape[0] == 750
        assert result.pulses_a is None
    assert np.abs(golden.trace[:40, 3] - real.trace[:40, 3]).max() < 0.2  # chi in pulses
    assert golden.cycles["digital"] == real.cycles["digital"]
