"""Area of whole chips: by hand, the blocks of each kind, the options, and more for more rows or a larger node."""

from __future__ import annotations

from pathlib import Path

import pytest
from area_inputs import CONSTANTS, ENDS
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.chipspec import load_chipspec, shipped_chipspecs
from crosschop.model.estimate.area.blocks import AreaEstimate, analog_area
from crosschop.model.estimate.area.components import adc_survey_area
from crosschop.model.estimate.assumptions import Assumptions


def test_agad_512_by_hand() -> None:
    """Nominal values at 22 nm from the figures of the sources: cells, drivers, converters, 13 and 16 bits of memory."""
    area = analog_area(load_chipspec("agad_512"), CONSTANTS)
    assert area["cells of A"].nominal == pytest.approx(512**2 * 125.8 * 0.022**2)
    assert area["line drivers of W"].nominal == pytest.approx(1024 * 476 * 22 / 130)
    nine_bits = adc_survey_area(CONSTANTS, 22, 9, 25e6)
    assert area["read ADCs of A"].nominal == pytest.approx(512 * nine_bits)
    assert area["memory H"].nominal == pytest.approx(2 * 1.21 * 0.105 * 512**2 * 16)
    analog = area.of("analog")
    assert analog is not None
    bare = analog.nominal / 1.44
    assert area["routing and other overhead"].nominal == pytest.approx(0.44 * bare)
    assert area.total.nominal == pytest.approx(sum(line.value.nominal for line in area.lines))
    assert area.of("logic") is None


def names(area: AreaEstimate) -> list[str]:
    return [line.name for line in area.lines]


def test_blocks_of_each_kind_of_chip() -> None:
    blocks = {
        name: names(analog_area(load_chipspec(name), CONSTANTS))
        for name in ("agad_64", "agad_beta1", "ttv2_64", "in_memory_sgd_64", "mixed_precision_64")
    }
    assert [name for name in blocks["agad_64"] if name.startswith("memory")] == ["memory H", "memory P", "memory P^ref"]
    assert "memory P" not in blocks["agad_beta1"]
    assert "cells of R" in blocks["ttv2_64"] and "cells of R" not in blocks["agad_64"]
    assert "read ADCs of A" not in blocks["in_memory_sgd_64"]
    assert not [name for name in blocks["in_memory_sgd_64"] if name.startswith("memory")]
    assert blocks["mixed_precision_64"][-2:] == ["memory operands d", "memory operands x"]


def test_options() -> None:
    spec = load_chipspec("c_ttv2_512")
    plain = analog_area(spec, CONSTANTS)
    shared = analog_area(spec, CONSTANTS, Assumptions(r_shares_drivers=True))
    assert shared["line drivers of R"].nominal == pytest.approx(plain["line drivers of R"].nominal / 2)
    assert shared["line drivers of A"] == plain["line drivers of A"]
    private = analog_area(spec, CONSTANTS, Assumptions(r_has_adcs=True))
    assert private["read ADCs of R"] == private["read ADCs of A"] == plain["read ADCs of A"]
    half_pitch = analog_area(spec, CONSTANTS, Assumptions(feature_nm=40))
    assert half_pitch["cells of A"].nominal == pytest.approx(plain["cells of A"].nominal * (40 / 22) ** 2)
    # 512 rows, 8 to an ADC of 5 ns: 64 converters; the read ADCs are not shared and have the same time.
    timed = analog_area(
        load_chipspec("c_ttv2_512", ["timing.conversion_ns=5", "converter.adc.lines_per_adc=8"]), CONSTANTS
    )
    assert timed["forward ADCs of W"].nominal == pytest.approx(64 * adc_survey_area(CONSTANTS, 22, 9, 200e6))
    assert timed["read ADCs of A"].nominal == pytest.approx(512 * adc_survey_area(CONSTANTS, 22, 9, 200e6))
    slow = analog_area(load_chipspec("c_ttv2_512", ["timing.mvm_ns=80"]), CONSTANTS)
    assert slow["read ADCs of A"].nominal == pytest.approx(512 * adc_survey_area(CONSTANTS, 22, 9, 12.5e6))
    sgd = load_chipspec("in_memory_sgd_64")
    assert "backward ADCs of R" in names(analog_area(sgd, CONSTANTS, Assumptions(r_has_adcs=True)))


def test_a_pair_is_two_devices() -> None:
    spec = load_chipspec("agad_64", ["device.w.preset=pcm", "device.w.model=pcm_pair"])
    area = analog_area(spec, CONSTANTS)
    assert area["cells of W"].nominal == pytest.approx(2 * area["cells of A"].nominal)


@pytest.mark.parametrize("path", shipped_chipspecs(), ids=lambda path: path.stem)
@pytest.mark.parametrize("node", [130, 90, 22, 14])
def test_every_chip_has_an_area_with_sources(path: Path, node: float) -> None:
    """Range refuses zero and NaN, so a sum is proof."""
    area = analog_area(load_chipspec(path), CONSTANTS, Assumptions(node_nm=node))
    assert area.total.low > 0
    for line in area.lines:
        assert line.unit == "um2" and line.origin == "modelled"
        assert "[" in line.source, line.source


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["agad_20", "c_ttv2_20", "in_memory_sgd_20", "mixed_precision_20"]),
    rows=st.integers(1, 2000),
    more=st.integers(1, 2000),
    node=st.floats(14, 130),
    share=st.integers(1, 64),
)
def test_more_rows_more_area(name: str, rows: int, more: int, node: float, share: int) -> None:
    options, share = Assumptions(node_nm=node), min(share, rows)
    shared = [f"converter.adc.lines_per_adc={share}", "timing.conversion_ns=5"]
    chips = [load_chipspec(name, [f"array.rows={count}", *shared]) for count in (rows, rows + more)]
    small, large = (analog_area(chip, CONSTANTS, options) for chip in chips)
    # A shared converter serves more rows before there is another, and few rows need less speed; all else grows.
    for one in small.lines:
        other = large[one.name]
        if "ADC" not in one.name and "overhead" not in one.name:
            assert other.nominal >= one.value.nominal
    if share == 1:
        for end in ENDS:
            assert getattr(large.total, end) > getattr(small.total, end)


@settings(max_examples=30, deadline=None)
@given(node=st.floats(14, 129))
def test_larger_node_larger_area(node: float) -> None:
    spec = load_chipspec("agad_64")
    small, large = (analog_area(spec, CONSTANTS, Assumptions(node_nm=each)) for each in (node, node + 1))
    for end in ENDS:
        assert getattr(large.total, end) > getattr(small.total, end)
