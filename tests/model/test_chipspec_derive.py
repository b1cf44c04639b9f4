"""Chipspecs: what is derived, by arithmetic of its own."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from crosschop.model.chipspec import (
    beta_mantissa,
    chop_setting,
    controller_module,
    cycles,
    lambda_h,
    load_chipspec,
    memory_bits,
    rate_gain,
    read_lsb,
    rtl_configuration,
    rtl_parameters,
    shipped_chipspecs,
    step_bits,
)


def test_gain_of_agad_20() -> None:
    spec = load_chipspec("agad_20", ["algorithm.gamma0=3000"])
    # lambda n_s n / (gamma0 delta) = 0.1 * 5 * 20 / (3000 * 0.1) pulses per weight unit
    assert lambda_h(spec) == pytest.approx(10 / 300)
    assert read_lsb(spec) == pytest.approx(4 / 255)
    # H LSB per P LSB: 2^10 H LSB per pulse, 2^4 P LSB per code
    exact = (10 / 300) * (4 / 255) * 1024 / 16
    gain = rate_gain(spec)
    assert 2048 <= gain.mantissa < 4096, "every bit of the mantissa is used"
    assert abs(gain.mantissa / 2**gain.shift - exact) <= 0.5 / 2**gain.shift
    assert (gain.mantissa, gain.shift) == (2193, 16)


@pytest.mark.parametrize("bits", [1, 2, 7, 12, 16])
@pytest.mark.parametrize("rate", [0.001, 0.02987, 0.1, 0.7, 2.9])
def test_gain_mantissa_is_normal_and_nearest(bits: int, rate: float) -> None:
    spec = load_chipspec("agad_20", [f"hidden.rate_bits={bits}", f"algorithm.learning_rate={rate}"])
    gain = rate_gain(spec)
    assert gain.mantissa.bit_length() == bits
    exact = rate * 5 * 20 / (spec.algorithm.gamma0 * 0.1) * 4 / 255 * 64
    assert abs(gain.mantissa / 2**gain.shift - exact) <= 0.5000001 / 2**gain.shift


def test_cycles() -> None:
    rect = cycles(load_chipspec("agad_rect"))
    assert (rect.pulse, rect.read, rect.conversion, rect.write) == (10, 40, 3, 30)
    slow = cycles(load_chipspec("agad_20", ["timing.clock_ns=3", "timing.pulse_ns=0.1", "timing.conversion_ns=3.1"]))
    assert (slow.pulse, slow.read, slow.conversion, slow.write) == (1, 14, 2, 1)
    # Lines that share an ADC: one conversion after the other, and the whole rounded up once
    shared = ["timing.clock_ns=3", "timing.conversion_ns=3.1", "converter.read_adc.lines_per_adc=7"]
    assert cycles(load_chipspec("agad_20", shared)).conversion == 8, "21.7 ns"
    forward = ["timing.clock_ns=3", "timing.conversion_ns=3.1", "converter.adc.lines_per_adc=7"]
    assert cycles(load_chipspec("agad_20", forward)).conversion == 2
    exact = cycles(load_chipspec("agad_20", ["timing.clock_ns=0.1", "timing.pulse_ns=0.3", "timing.mvm_ns=0.7"]))
    assert (exact.pulse, exact.read) == (3, 7), "0.3 / 0.1 is 2.999... in floats"


def test_memory_bits() -> None:
    rect = memory_bits(load_chipspec("agad_rect"))  # 13 rows in 4 beats of 4 lanes: 16 entries per column
    assert (rect.h, rect.p, rect.pref) == (7 * 16 * 16, 7 * 16 * 13, 7 * 16 * 13)
    assert rect.total == rect.h + rect.p + rect.pref
    beta1 = memory_bits(load_chipspec("agad_beta1"))
    assert (beta1.h, beta1.p, beta1.pref) == (400 * 16, 0, 400 * 9)


def test_parameters_of_the_controller() -> None:
    spec = load_chipspec("agad_rect")
    parameters = rtl_parameters(spec)
    assert {name: parameters[name] for name in ("ROWS", "COLS", "LANES", "ADC_W", "P_FRAC", "P_EN")} == {
        "ROWS": 13, "COLS": 7, "LANES": 4, "ADC_W": 9, "P_FRAC": 4, "P_EN": 1,
    }  # fmt: skip
    assert (parameters["H_DECAY"], parameters["H_MOMENTUM_SHIFT"], parameters["MAX_STEPS"]) == (1, 1, 3)
    assert (parameters["BETA"], parameters["BETA_W"], parameters["CHOP_MODE"]) == (128, 8, 2)
    assert step_bits(spec) == 3
    configuration = rtl_configuration(spec)
    assert configuration["cfg_chop"] == math.floor(0.1 * 65536 + 0.5)
    assert configuration["cfg_lr_h"] == rate_gain(spec).mantissa
    assert (configuration["cfg_transfer_every"], configuration["cfg_warmup"]) == (5, 2)
    wide = rtl_parameters(load_chipspec("agad_wide"))
    assert (wide["H_ROUND"], wide["P_ROUND"]) == (1, 2)
    beta1 = load_chipspec("agad_beta1")
    assert (rtl_parameters(beta1)["P_EN"], rtl_parameters(beta1)["P_FRAC"], beta_mantissa(beta1)) == (0, 0, 256)
    assert chop_setting(load_chipspec("agad_20")) == 10
    assert chop_setting(load_chipspec("agad_20", ["algorithm.chop={mode: off, period: null}"])) == 0


@pytest.mark.parametrize("path", shipped_chipspecs(), ids=lambda path: path.stem)
def test_parameters_are_legal_for_the_controller(path: Path) -> None:
    spec = load_chipspec(path)
    if controller_module(spec) != "xc_controller":
        return
    p = rtl_parameters(spec)
    assert 0 <= p["LR_SHIFT"] <= 48 and 0 <= p["P_FRAC"] <= 16 and p["H_FRAC"] < p["H_W"] - 1 <= 31
    assert p["BETA"] <= 1 << p["BETA_W"] and p["LFSR_SEED"] != 0 and p["COL_SEED"] != 0
    assert p["BETA"] > 0 or not p["REF_EN"]
    assert p["P_EN"] <= p["REF_EN"]
