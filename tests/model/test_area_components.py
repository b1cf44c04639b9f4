"""Area of single components by hand: scaling to a node, converters, memories and logic."""

from __future__ import annotations

import math

import pytest
from area_inputs import CONSTANTS, OPTIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.estimate.area.blocks import LogicArea, logic_line
from crosschop.model.estimate.area.components import (
    KB64,
    MB4,
    adc_area,
    adc_survey_area,
    memory_area,
    memory_laws,
    slow_conversion_ns,
)
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import interpolate
from crosschop.model.estimate.quantity import Range, exactly


def test_scaling() -> None:
    assert CONSTANTS.at_node("line_driver", 22).nominal == pytest.approx(476 * 22 / 130)
    assert CONSTANTS.at_node("adc_neuron", 22).nominal == pytest.approx(1270 * (22 / 130) ** 2)
    assert CONSTANTS.at_node("flip_flop", 65).nominal == pytest.approx(20.02 * 0.23)
    # Between 32 nm (0.072) and 20 nm (0.033), a power law.
    power = math.log(0.072 / 0.033) / math.log(32 / 20)
    assert CONSTANTS.table("logic_area", 22) == pytest.approx(0.033 * (22 / 20) ** power)


def test_a_node_outside_of_a_table() -> None:
    with pytest.raises(InputError, match=r"node_nm = 5 lies outside of the table logic_area .* from 7 to 130 nm"):
        CONSTANTS.table("logic_area", 5)


def test_interpolation_meets_its_points() -> None:
    points = [(1.0, 2.0), (2.0, 8.0), (4.0, 8.0)]
    assert [interpolate(points, x) for x, _ in points] == [2, 8, 8]
    assert interpolate(points, math.sqrt(2)) == pytest.approx(4)
    assert interpolate(points, 3) == pytest.approx(8)
    assert interpolate(points[:2], 4) == pytest.approx(32)  # goes on beyond the end


def test_survey_has_two_regimes() -> None:
    """Up to 1 GS/s the figure of merit does not depend on the rate, so the area does by f^0.18072 alone."""
    slow = [adc_survey_area(CONSTANTS, 22, 8, rate) for rate in (1e5, 1e6)]
    fast = [adc_survey_area(CONSTANTS, 22, 8, rate) for rate in (1e10, 1e11)]
    assert slow[1] / slow[0] == pytest.approx(10**0.18072)
    # 2.8719 ln 10 dB of merit lost per decade, by 0.29912 / 10 dB.
    assert fast[1] / fast[0] == pytest.approx(10 ** (0.18072 + 0.29912 * 2.8719 * math.log(10) / 10))
    assert adc_survey_area(CONSTANTS, 22, 3, 1e6) == adc_survey_area(CONSTANTS, 22, 4, 1e6)


def test_adc_range() -> None:
    area = adc_area(CONSTANTS, 130, 8, 40)
    assert area.low == 1270
    assert area.nominal == pytest.approx(27142, rel=1e-3)
    assert area.high == pytest.approx(6.4 * area.nominal)
    assert slow_conversion_ns(CONSTANTS, 8) == 270 + 8 * 300


def test_memory_by_hand() -> None:
    """4 Mb at 22 nm: 0.105 um2 per bit; two ports 1.3 to 2.1 times, wide words 1.21, 0.9 to 1.37 around."""
    plain = memory_area(CONSTANTS, OPTIONS, MB4, 64, 1)
    assert plain.nominal == pytest.approx(0.105 * MB4)
    assert plain.low == pytest.approx(0.9 * 0.105 * MB4)
    assert plain.high == pytest.approx(1.37 * 0.105 * MB4)
    assert memory_area(CONSTANTS, OPTIONS, MB4, 64, 2).nominal == pytest.approx(2 * plain.nominal)
    wide = memory_area(CONSTANTS, OPTIONS, MB4, 65, 2)
    assert (wide.low, wide.nominal, wide.high) == pytest.approx(
        (1.3 * plain.low, 2 * 1.21 * plain.nominal, 2.1 * 1.21 * plain.high)
    )
    assert memory_area(CONSTANTS, OPTIONS, KB64, 64, 1).nominal == pytest.approx(0.096 * KB64)
    # Geometric middle of 64 kb and 4 Mb, then beyond 4 Mb.
    assert memory_area(CONSTANTS, OPTIONS, 512 * 1024, 64, 1).nominal == pytest.approx(
        math.sqrt(0.096 * 0.105) * 512 * 1024
    )
    assert memory_area(CONSTANTS, OPTIONS, 4 * MB4, 64, 1).nominal == pytest.approx(4 * plain.nominal)
    # 100 bits: flip-flops of 20.02 um2, placed.
    flops = 100 * 20.02 * CONSTANTS.table("logic_area", 22)
    assert memory_area(CONSTANTS, OPTIONS, 100, 10, 1).nominal == pytest.approx(flops * 1.1 / 0.7)


def test_memory_at_130_nm() -> None:
    assert memory_area(CONSTANTS, Assumptions(node_nm=130), MB4, 64, 1).nominal == pytest.approx(200 * 0.13**2 * MB4)
    open_macros = Assumptions(node_nm=130, memory="openram")
    ten = memory_area(CONSTANTS, open_macros, 10 * 16384, 32, 2).nominal
    assert ten == pytest.approx(10 * (96890 + 11.45 * 16384))
    # Hardly denser than a flip-flop of 20.02 um2.
    assert ten / (10 * 16384) == pytest.approx(17.4, abs=0.1)
    with pytest.raises(InputError, match="memory = openram needs node_nm = 130, got 22"):
        memory_area(CONSTANTS, Assumptions(memory="openram"), 1024, 8, 2)


@settings(deadline=None)
@given(bits=st.floats(1, 1e9), end=st.integers(0, 2), wide=st.booleans(), opened=st.booleans())
def test_bits_of_an_area_are_the_inverse(bits: float, end: int, wide: bool, opened: bool) -> None:
    options = Assumptions(node_nm=130, memory="openram") if opened else OPTIONS
    law = memory_laws(CONSTANTS, options, wide, 2)[end]
    assert law.bits(law.area(bits)) == pytest.approx(bits, rel=1e-9)
    assert law.area(bits * 1.01) > law.area(bits)
    assert law.bits(0) == 0


def test_logic_by_hand() -> None:
    line = logic_line(LogicArea(Range(90, 100, 110), "Yosys 0.70"), CONSTANTS, 45)
    assert (line.value.low, line.value.nominal, line.value.high) == pytest.approx(
        (90 * 1.05 / 0.8 * 0.16, 100 * 1.1 / 0.7 * 0.16, 110 * 1.15 / 0.6 * 0.16)
    )
    assert line.origin == "synthesised"
    assert line.source.startswith("Yosys 0.70: cells / ")


def test_a_zero_cannot_come_out() -> None:
    with pytest.raises(CrosschopError, match="not positive and finite"):
        logic_line(LogicArea(exactly(1e-320 * 1e-10 or 0.0), "nothing"), CONSTANTS, 22)
