"""Area of R against that of P and P^ref: the net over all corners, break-evens by bisection."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from area_inputs import AGAD, CONSTANTS, ENDS, OPTIONS, WITH_R, overridden

from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.estimate.area.blocks import LogicArea, analog_area, logic_line
from crosschop.model.estimate.area.break_even import break_even, difference
from crosschop.model.estimate.area.components import KB64, adc_area, memory_area
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.quantity import Range


def at(constants: Constants, ends: dict[str, str]) -> Constants:
    """Constants without ranges, each at the end that `ends` names."""
    data = constants.model_dump()
    for name, end in ends.items():
        entry = data["constants"][name]
        entry["low"] = entry["nominal"] = entry["high"] = entry[end]
    return Constants.model_validate(data)


def test_net_is_saved_and_cost() -> None:
    found = break_even(AGAD, WITH_R, CONSTANTS)
    cell, line = 512**2 * 125.8 * 0.022**2, 476 * 22 / 130
    assert found.saved.nominal == pytest.approx(1.44 * (cell + 1024 * line))
    # 13 bits: between 64 kb and 4 Mb.
    bits = 512**2 * 13
    density = 0.096 * (bits / KB64) ** (math.log(0.105 / 0.096) / math.log(64))
    assert found.cost.nominal == pytest.approx(2 * 2 * 1.21 * density * bits)
    for end in ENDS:
        assert getattr(found.net, end) == pytest.approx(getattr(found.cost, end) - getattr(found.saved, end))
    assert found.net.least == pytest.approx(found.cost.low - found.saved.high)
    assert found.net.most == pytest.approx(found.cost.high - found.saved.low)


@pytest.mark.parametrize("options", [OPTIONS, Assumptions(r_has_adcs=True)])
def test_widest_interval_is_that_of_all_corners(options: Assumptions) -> None:
    """Every combination of ends, the same constant at the same end in both chips."""
    families = [("cell",), ("line_driver",), ("overhead",), ("sram_spread", "sram_two_ports", "sram_wide_word")]
    others = ["sram_fixed", "dac", "adc_neuron", "logic_utilisation", "logic_clock_tree"]
    nets = []
    for choice in itertools.product(("low", "high"), repeat=len(families)):
        ends = {name: end for family, end in zip(families, choice, strict=True) for name in family}
        corner = at(CONSTANTS, {**ends, **dict.fromkeys(others, "nominal")})
        one, other = (analog_area(spec, corner, options).total for spec in (AGAD, WITH_R))
        # The model of the converter is a choice, too: its end is that of the estimate.
        nets += [getattr(one, end) - getattr(other, end) for end in ENDS]
    found = break_even(AGAD, WITH_R, CONSTANTS, options).net
    assert min(nets) == pytest.approx(found.least)
    assert max(nets) == pytest.approx(found.most)


def test_ranges_are_not_subtracted_as_if_independent() -> None:
    one, other = (analog_area(spec, CONSTANTS) for spec in (AGAD, WITH_R))
    found = difference(one, other)
    assert found.most - found.least < 0.1 * (one.total.high - other.total.low - (one.total.low - other.total.high))
    same = difference(one, one)
    assert (same.least, same.nominal, same.most) == (0, 0, 0)


def test_net_with_logic() -> None:
    cells = [LogicArea(Range(9e4, 1e5, 1.1e5), "a"), LogicArea(Range(5e4, 6e4, 7e4), "b")]
    bare = break_even(AGAD, WITH_R, CONSTANTS).net
    found = break_even(AGAD, WITH_R, CONSTANTS, logic=(cells[0], cells[1])).net
    logic = [logic_line(each, CONSTANTS, 22).value for each in cells]
    assert found.nominal - bare.nominal == pytest.approx(logic[0].nominal - logic[1].nominal)
    assert found.most - bare.most == pytest.approx(logic[0].high - logic[1].high)


def bisect(net: Callable[[float], float], low: float, high: float) -> float:
    """Where an increasing function passes 0."""
    assert net(low) <= 0 <= net(high)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if net(middle) < 0 else (low, middle)
    return low


@pytest.mark.parametrize("lanes", [8, 64])
@pytest.mark.parametrize("options", [OPTIONS, Assumptions(r_has_adcs=True), Assumptions(r_shares_drivers=True)])
@pytest.mark.parametrize("end", ENDS)
def test_break_even_width_by_bisection(options: Assumptions, end: str, lanes: int) -> None:
    agad = load_chipspec("agad_512", [f"controller.lanes={lanes}"])
    found = break_even(agad, WITH_R, CONSTANTS, options)
    opposite = {"low": "high", "nominal": "nominal", "high": "low"}[end]  # dear memory makes narrow words

    def net(width: float) -> float:
        memory = memory_area(CONSTANTS, options, 512**2 * width, lanes * width, 2)
        return 2 * float(getattr(memory, opposite)) - float(getattr(found.saved, end))

    assert bisect(net, 1e-6, 1000) == pytest.approx(getattr(found.word_bits, end), rel=1e-9)


def test_break_even_width_through_the_whole_estimate() -> None:
    """With converters for R the width is 11.5 bits: AGAD is smaller with 11 and larger with 12, lines counted whole."""
    options = Assumptions(r_has_adcs=True)

    def net(width: int) -> float:
        agad = load_chipspec("agad_512", [f"reference.p_bits={width}"])
        return break_even(agad, WITH_R, CONSTANTS, options).net.nominal

    width = break_even(AGAD, WITH_R, CONSTANTS, options).word_bits.nominal
    assert net(math.floor(width)) < 0 < net(math.ceil(width))


def test_break_even_of_memory_line_and_converters() -> None:
    """Put in, each makes the net zero."""
    found = break_even(AGAD, WITH_R, CONSTANTS)
    factor = found.um2_per_bit.nominal / found.um2_per_bit_now.nominal
    cheap = overridden("sram_spread", low=factor * 0.9, nominal=factor)
    assert break_even(AGAD, WITH_R, cheap).net.nominal == pytest.approx(0, abs=1e-3)
    line = found.line_um2.nominal * 130 / 22
    dear = overridden("line_driver", nominal=line, high=line * 2)
    assert break_even(AGAD, WITH_R, dear).net.nominal == pytest.approx(0, abs=1e-3)
    adc = adc_area(CONSTANTS, 22, 9, 40).nominal * 1.44
    bare = break_even(AGAD, WITH_R, CONSTANTS).saved.nominal
    assert bare + adc * found.adcs_of_r.nominal == pytest.approx(found.cost.nominal)
    assert found.adcs_of_r.nominal > found.rows  # not even a converter for every row of R costs as much
    assert found.adcs_of_r.low <= found.adcs_of_r.nominal <= found.adcs_of_r.high
    # R's own converters are an option of the net, not of this number.
    assert break_even(AGAD, WITH_R, CONSTANTS, Assumptions(r_has_adcs=True)).adcs_of_r == found.adcs_of_r


def test_beta_1_halves_the_cost() -> None:
    beta1 = load_chipspec("agad_512", ["algorithm.beta=1", "reference.p_bits=9"])
    found = break_even(beta1, WITH_R, CONSTANTS)
    nine = load_chipspec("agad_512", ["reference.p_bits=9"])
    assert found.cost.nominal == pytest.approx(break_even(nine, WITH_R, CONSTANTS).cost.nominal / 2)
    assert found.word_bits.nominal > break_even(nine, WITH_R, CONSTANTS).word_bits.nominal


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (WITH_R, WITH_R, "chip c_ttv2_512 must have P.ref and no array R"),
        (AGAD, AGAD, "chip agad_512 must have array R, no P.ref, and 512 rows and 512 cols"),
        (AGAD, load_chipspec("c_ttv2_64"), "chip c_ttv2_64 must have array R, no P.ref, and 512 rows"),
    ],
)
def test_break_even_needs_a_pair(one: ChipSpec, other: ChipSpec, says: str) -> None:
    with pytest.raises(InputError, match=says):
        break_even(one, other, CONSTANTS)
