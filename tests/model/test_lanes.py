"""Lanes: the fewest without waiting against the closed form of rtl/README.md, their cycles against Table 1's terms."""

from __future__ import annotations

import math

import pytest

from crosschop.model.chipspec import load_chipspec
from crosschop.model.cycles import CycleConfig, cycle_config
from crosschop.model.errors import InputError
from crosschop.model.estimate.lanes import longest_train, need, steady, steady_of


@pytest.mark.parametrize("samples", [1, 2, 5, 10])
@pytest.mark.parametrize("slots", [1, 3, 5])
@pytest.mark.parametrize("chip", ["agad_512", "ttv2_512", "agad_64"])
def test_fewest_lanes_are_those_of_the_closed_form(chip: str, slots: int, samples: int) -> None:
    """LANES = ceil(ROWS / (U - C)), U = n_s * slots * p, where R and w leave no other wait (rtl/README.md, Cycles)."""
    spec, config = load_chipspec(chip), cycle_config(load_chipspec(chip))
    assert config.read + config.conversion >= config.write + 3
    assert config.read >= 6
    beats = samples * slots * config.pulse - config.conversion
    found = need(spec, samples, slots)
    assert found.lanes == max(1, math.ceil(spec.array.rows / beats))
    assert found.steady.waiting == 0
    assert found.steady.cycles == slots * config.pulse + config.read / samples  # updates and read, nothing else
    if found.lanes > 1:
        assert found.fewer is not None
        assert found.fewer.waiting > 0


def test_agad_takes_the_cycles_of_ttv2() -> None:
    """Of Table 1's operating point, n_s = 2: 25 + 40 / 2 cycles of 1 ns; the paper has 56.3 and 62.1 ns in series."""
    for chip in ("ttv2_512", "c_ttv2_512", "agad_512"):
        assert steady_of(load_chipspec(chip), 11, 2, 5).cycles == 45


def test_one_port_doubles_the_beats() -> None:
    """LANES >= ROWS / floor((U - C + 1) / 2): U = 2 * 25 gives 25 beats, so 21 lanes in place of 11."""
    assert need(load_chipspec("agad_512", ["controller.memory_ports=1"]), 2, 5).lanes == 21


def test_no_number_of_lanes_is_enough() -> None:
    """Empty trains: one cycle for one sample, then a conversion of five."""
    spec = load_chipspec("agad_tiny", ["timing.conversion_ns=5"])
    found = need(spec, 1, 0)
    assert found.lanes is None
    assert found.steady.waiting > 0


def test_a_wait_is_seen() -> None:
    """By hand: one sample of 4 cycles and a read of 10; 6 beats end 2 cycles behind the update."""
    config = CycleConfig(depth=6, pulse=1, read=10, conversion=0, write=1, beats=6)
    assert steady(config, 1, 4).waiting == 2
    assert steady(config._replace(beats=4), 1, 4).waiting == 0


def test_wrong_questions() -> None:
    with pytest.raises(InputError, match="lanes are sized for chips with an array A; mixed_precision has none"):
        longest_train(load_chipspec("mixed_precision_20"))
    with pytest.raises(InputError, match=r"--slots 6, allowed: 0 to driver\.max_pulses = 5"):
        need(load_chipspec("agad_20"), 5, 6)
