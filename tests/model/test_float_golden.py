"""The float algorithms and the integer controller on the same codes: apart by no more than rounding adds up to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crosschop.model.algorithms import Agad, TransferAlgorithm, new_algorithm
from crosschop.model.chipspec import ChipSpec, given, lambda_h, load_chipspec, p_frac, rate_gain, read_lsb
from crosschop.model.chipspec import algorithms as schema
from crosschop.model.chipspec import rtl_configuration as configuration_of
from crosschop.model.chipspec import rtl_parameters as parameters_of
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import controller_config, new_transfer, reset_state


def float_of(spec: ChipSpec) -> TransferAlgorithm:
    return new_algorithm(spec, np.random.default_rng(1))


def sums(spec: ChipSpec, codes: np.ndarray, algorithm: TransferAlgorithm) -> tuple[np.ndarray, np.ndarray, float]:
    """H plus all pulses sent, per element, in floats and in integers, after the same codes; largest |omega - p^ref|.

    With reset `subtract` a pulse moves 1 from H to the pulses: the sum knows nothing of when a threshold is crossed.
    """
    config = controller_config(parameters_of(spec), configuration_of(spec))
    state, transfer = reset_state(config), new_transfer(config)
    shape = (config.cols, config.rows)
    sent_float, sent_golden, largest = np.zeros(shape), np.zeros(shape), 0.0
    for one in codes:
        column = algorithm.column
        omega = one * read_lsb(spec)
        pref = algorithm.pref[column] if isinstance(algorithm, Agad) else np.zeros_like(omega)
        largest = max(largest, float(np.abs(omega - pref).max()))
        _, pulses = algorithm.transfer(omega)
        sent_float[column] += pulses
        step_transfer(config, state, one, transfer)
        assert transfer.head[0] == column
        sent_golden[column] += transfer.pulses
        assert np.abs(state.h).max() < (1 << (config.h_bits - 1)) - 1  # no saturation
    return algorithm.h + sent_float, state.h / (1 << config.h_frac) + sent_golden, largest


def error_bound(spec: ChipSpec, largest: float, reads: int) -> float:
    """What rounding adds up to over `reads` reads of an element, in pulses.

    Per read: the increment of H is rounded to 2^-frac_bits (half of it, or a whole one by floor or toward zero); the
    mantissa of lambda_H has a relative error of at most 2^-rate_bits, and once more after a division by the index of a
    read, with a reciprocal of 16 bits; P, hence P^ref, is off by its own rounding (1/2 or 1 LSB of P), which the leaky
    mean sums to 1 / beta of it; beta is exact here.
    """
    hidden = given(spec.hidden)
    half = {"half_up": 0.5, "floor": 1.0, "to_zero": 1.0}
    h_part = half[hidden.rounding] * 2.0**-hidden.frac_bits
    mantissa = 2.0**-hidden.rate_bits
    if spec.transfer.read_correction is not None:
        mantissa += 2.0**-hidden.rate_bits + 2.0**-16
    gain_part = lambda_h(spec) * mantissa * largest
    if not isinstance(spec.algorithm, schema.Agad):
        return reads * (h_part + gain_part)
    p_part = lambda_h(spec) * read_lsb(spec) * 2.0 ** -p_frac(spec) * half[given(spec.reference).rounding]
    return reads * (h_part + gain_part + p_part / spec.algorithm.beta)


NO_REFERENCE = ("algorithm.beta=null", "reference=null", "array_r={target: symmetry_point}")
C_TTV2 = ("algorithm.name=c_ttv2", *NO_REFERENCE)
TTV2 = ("algorithm.name=ttv2", "algorithm.chop=null", *NO_REFERENCE)
CHIPS: list[tuple[str, ...]] = [
    (),
    ("hidden.rounding=floor", "reference.rounding=to_zero"),
    ("hidden.rate_bits=4",),
    ("algorithm.beta=0.25", "hidden.frac_bits=8", "reference.p_bits=11"),
    ("algorithm.beta=1", "reference.p_bits=9"),
    ("algorithm.chop.period=1",),
    ("hidden.max_steps=3", "algorithm.gamma0=300"),
    ("algorithm.read_correction=4",),
    ("algorithm.read_correction=255", "algorithm.chop.period=7"),
    C_TTV2,
    (*C_TTV2, "algorithm.chop.period=3", "hidden.rounding=floor"),
    (*C_TTV2, "algorithm.read_correction=3"),
    TTV2,
]
READS = 40


def random_codes(spec: ChipSpec) -> np.ndarray:
    """Codes with an offset per row, as an array of real devices has."""
    draw = np.random.default_rng(6)
    level = draw.integers(-60, 61, spec.array.rows)
    return np.asarray(level + draw.integers(-60, 61, (READS * spec.array.cols, spec.array.rows)), dtype=np.int64)


def small_chip(*overrides: str) -> ChipSpec:
    return load_chipspec("agad_20", ("array={rows: 8, cols: 4}", *overrides))


@pytest.mark.parametrize("overrides", CHIPS)
def test_float_and_golden_stay_together(overrides: tuple[str, ...]) -> None:
    spec = small_chip(*overrides)
    in_floats, in_integers, largest = sums(spec, random_codes(spec), float_of(spec))
    bound = error_bound(spec, largest, READS)
    assert rate_gain(spec).mantissa >= 1 << (given(spec.hidden).rate_bits - 1)
    assert np.abs(in_floats - in_integers).max() <= bound
    assert np.abs(in_floats).max() > bound  # the bound is no triviality


AGAD_WRONG: list[dict[str, Any]] = [{"chop_period": 9}, {"lambda_h": 1.02}, {"beta": 0.25}, {"read_correction": 2}]


@pytest.mark.parametrize(
    ("overrides", "wrong"),
    [
        *(((), wrong) for wrong in AGAD_WRONG),
        (C_TTV2, {"chop_period": 9}),
        (C_TTV2, {"lambda_h": 1.05}),  # choppers cancel the offsets, so H and its errors are smaller
        (C_TTV2, {"read_correction": 2}),
        (TTV2, {"lambda_h": 1.02}),
        (TTV2, {"read_correction": 20}),
        (("algorithm.read_correction=10",), {"read_correction": 3}),
    ],
)
def test_bound_catches(overrides: tuple[str, ...], wrong: dict[str, Any]) -> None:
    """lambda_h: a factor."""
    spec = small_chip(*overrides, "algorithm.gamma0=300", "hidden.max_steps=3")
    algorithm = float_of(spec)
    if "beta" in wrong:
        assert isinstance(algorithm, Agad)
        algorithm.beta = wrong["beta"]
    else:
        changes = {**wrong, "lambda_h": wrong.get("lambda_h", 1.0) * lambda_h(spec)}
        algorithm.options = replace(algorithm.options, **changes)
    in_floats, in_integers, largest = sums(spec, random_codes(spec), algorithm)
    assert np.abs(in_floats - in_integers).max() > error_bound(spec, largest, READS)
