"""Area of cells, drivers, converters and memories: by hand, in its limits, and what is said about a wrong file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.chipspec import ChipSpec, load_chipspec, shipped_chipspecs
from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.estimate.area.blocks import (
    AreaEstimate,
    LogicArea,
    analog_area,
    logic_line,
)
from crosschop.model.estimate.area.break_even import break_even, difference
from crosschop.model.estimate.area.closure import closures
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
from crosschop.model.estimate.constants import Constants, interpolate, load_constants
from crosschop.model.estimate.documentation import update
from crosschop.model.estimate.quantity import Range, exactly

README = Path(__file__).parents[2] / "model" / "estimate" / "README.md"
CONSTANTS = load_constants()
OPTIONS = Assumptions()
ENDS = ("low", "nominal", "high")

Load = Callable[[str], Constants]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(text: str) -> Constants:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        return load_constants(file)

    return load_text


def overridden(name: str, **keys: float) -> Constants:
    """The shipped constants with keys of one constant replaced."""
    data = CONSTANTS.model_dump()
    data["constants"][name].update(keys)
    return Constants.model_validate(data)


def at(constants: Constants, ends: dict[str, str]) -> Constants:
    """Constants without ranges, each at the end that `ends` names."""
    data = constants.model_dump()
    for name, end in ends.items():
        entry = data["constants"][name]
        entry["low"] = entry["nominal"] = entry["high"] = entry[end]
    return Constants.model_validate(data)


# ---------------------------------------------------------------- the file of constants


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("constants: {line_drivr: {low: 1}}", "unknown key constants.line_drivr, did you mean line_driver?"),
        ("constant: {cell: {low: 1}}", "unknown key constant, did you mean constants?"),
        ("constants: {cell: {lwo: 1}}", "unknown key constants.cell.lwo, did you mean low?"),
        ("constants: {cell: {low: -1}}", "constants.cell.low = -1, allowed: number > 0"),
        ("constants: {cell: {low: 0}}", "constants.cell.low = 0, allowed: number > 0"),
        ("constants: {cell: {low: .nan}}", "constants.cell.low = NaN, allowed: number > 0"),
        ("constants: {cell: {high: .inf}}", "constants.cell.high = Infinity, allowed: number > 0"),
        ('constants: {cell: {low: "12"}}', 'constants.cell.low = "12", allowed: number > 0'),
        ("constants: {cell: {low: null}}", "constants.cell.low = null, allowed: number > 0"),
        (
            "constants: {cell: {nominal: 300}}",
            "constants.cell: low = 12.0, nominal = 300.0, high = 200.0 are not in order",
        ),
        ("constants: {cell: {unit: um2}}", 'constants.cell.unit = "um2", allowed: F2'),
        ("tables: {logic_area: {unit: um2}}", 'tables.logic_area.unit = "um2", allowed: 1'),
        (
            "constants: {cell: {scaling: cubic}}",
            'constants.cell.scaling = "cubic", allowed: one of none, linear, quadratic, logic',
        ),
        ("constants: {cell: {scaling: linear}}", "constants.cell: scaling = linear needs node_nm"),
        (
            "constants: {cell: {source: neuram_2022}}",
            'constants.cell.source = "neuram_2022", did you mean neurram_2022?',
        ),
        ("constants: {cell: 12}", "constants.cell = 12, allowed: a section with the keys low, nominal"),
        ("constants: 3", "constants = 3, allowed: a section with entries by name"),
        ("constants: {cell: {meaning: ''}}", 'constants.cell.meaning = "", allowed: text, not empty'),
        ("constants: {cell: {node_nm: 1.5}}", "constants.cell.node_nm = 1.5, allowed: integer > 0, or null"),
        ("sources: {mine: {url: null}}", "missing key sources.mine.citation, allowed: text"),
        ("tables: {sram_64kb: {points: {22nm: -1}}}", "tables.sram_64kb.points.22nm = -1, allowed: number > 0"),
        ("tables: {sram_64kb: {points: {twenty: 1}}}", "twenty"),
        ("tables: {sram_64kb: {points: 3}}", "tables.sram_64kb.points = 3, allowed: a section of two or more nodes"),
        ("tables: {sram_64kB: {source: cacti_7}}", "unknown key tables.sram_64kB, did you mean sram_64kb?"),
        (
            "formulas: {adc_survey: {coefficients: {fom_quick: 1}}}",
            "unknown key formulas.adc_survey.coefficients.fom_quick",
        ),
        (
            "formulas: {adc_survey: {coefficients: {fom_fast: a}}}",
            'formulas.adc_survey.coefficients.fom_fast = "a", allowed: number',
        ),
        ("constants: {cell: {low: 1, low: 2}}", "not a valid file of constants: duplicate key low"),
        ("constants: [", "not a valid file of constants"),
        ("!!python/object/apply:os.getcwd []", "not a valid file of constants"),
        ("", "is empty"),
        ("- 1", "must be a mapping of sections, got [1]"),
    ],
)
def test_wrong_file_is_one_sentence(load: Load, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        load(text)
    assert len(caught.value.messages) == 1
    assert "mine.yaml" in caught.value.messages[0]
    assert says in caught.value.messages[0]
    assert "\n" not in caught.value.messages[0]
    assert caught.value.exit_code == 2


def test_every_error_has_its_sentence(load: Load) -> None:
    with pytest.raises(InputError) as caught:
        load("constants: {cel: {low: 1}, overheat: {low: 1}}")
    assert len(caught.value.messages) == 2


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load_constants(tmp_path / "none.yaml")


def test_override_is_deep_by_name(load: Load) -> None:
    mine = load(
        "sources: {chip: {citation: our test chip, url: null}}\n"
        "constants: {line_driver: {nominal: 500, source: chip}}\n"
        "tables: {sram_64kb: {points: {22nm: 0.2}}}\n"
        "formulas: {adc_survey: {coefficients: {area_intercept: 2}}}\n"
    )
    assert mine.value("line_driver") == Range(111.6, 500, 1150)
    assert mine.table("sram_64kb", 22) == 0.2
    assert mine.table("sram_64kb", 32) == CONSTANTS.table("sram_64kb", 32)
    assert mine.formulas["adc_survey"].coefficients["area_intercept"] == 2
    assert mine.formulas["adc_survey"].coefficients["fom_fast"] == 213.78
    assert mine.cite("line_driver") == "line_driver 111.6 .. 500 .. 1150 um2 at 130 nm, scaled linear [chip]"
    assert {name: value for name, value in mine.constants.items() if name != "line_driver"} == {
        name: value for name, value in CONSTANTS.constants.items() if name != "line_driver"
    }


def test_an_override_may_be_what_the_readme_shows(load: Load) -> None:
    example = README.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    # Linear from 65 nm.
    assert load(example).at_node("line_driver", 22).nominal == pytest.approx(350 * 22 / 65)


def _area_figures(constants: Constants) -> list[float]:
    """Everything that the constants of area decide."""
    found = [
        end
        for options in (OPTIONS, Assumptions(node_nm=130), Assumptions(node_nm=130, memory="openram"))
        for name in ("agad_512", "agad_20")
        for line in analog_area(load_chipspec(name), constants, options, LogicArea(exactly(1e5), "Yosys")).lines
        for end in (line.value.low, line.value.nominal, line.value.high)
    ]
    return found + [closure.ratio for closure in closures(constants)] + [slow_conversion_ns(constants, 8)]


@pytest.mark.parametrize(
    "name", [name for name in CONSTANTS.constants if not name.startswith(("endurance_", "sky130_", "logic_wires"))]
)
def test_every_constant_counts(name: str) -> None:
    """No constant of area is idle: 10 % more of it changes a figure."""
    before = CONSTANTS.constants[name]
    mine = overridden(name, **{end: getattr(before, end) * 1.1 for end in ENDS})
    assert _area_figures(mine) != _area_figures(CONSTANTS)


def test_sources_are_complete() -> None:
    """Every source is cited, by id or in the text of an entry, and what is not verified says so."""
    text = yaml.safe_dump({kind: CONSTANTS.model_dump()[kind] for kind in ("constants", "tables", "formulas")})
    unused = [name for name in CONSTANTS.sources if name not in text]
    assert not unused
    assert CONSTANTS.sources["ecram_review_2024"].note
    assert "not verified" in (CONSTANTS.sources["ecram_review_2024"].note or "")


# ---------------------------------------------------------------- components by hand


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


# ---------------------------------------------------------------- chips


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


def test_a_zero_cannot_come_out() -> None:
    with pytest.raises(CrosschopError, match="not positive and finite"):
        logic_line(LogicArea(exactly(1e-320 * 1e-10 or 0.0), "nothing"), CONSTANTS, 22)


# ---------------------------------------------------------------- bytes


# ---------------------------------------------------------------- with R against P and P^ref

AGAD, WITH_R = load_chipspec("agad_512"), load_chipspec("c_ttv2_512")


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


# ---------------------------------------------------------------- documentation


def test_readme_is_in_sync() -> None:
    text = README.read_text(encoding="utf-8")
    assert update(text) == text, "run make docs"


def test_figures_in_the_readme() -> None:
    """The finding in words has the figures of the model."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    found = break_even(AGAD, WITH_R, CONSTANTS)

    def mm2(value: float) -> str:
        return f"{value / 1e6:.2f}"

    saved, cost, net = found.saved, found.cost, found.net
    assert f"R costs {mm2(saved.nominal)} mm2 ({mm2(saved.low)} to {mm2(saved.high)})" in text
    assert f"P and P^ref {mm2(cost.nominal)} mm2 ({mm2(cost.low)} to {mm2(cost.high)})" in text
    assert f"AGAD is {mm2(net.nominal)} mm2 larger ({mm2(net.least)} to {mm2(net.most)})" in text
    width = found.word_bits
    assert f"words of {width.nominal:.1f} bits ({width.low:.2g} to {width.high:.1f})" in text
    own = break_even(AGAD, WITH_R, CONSTANTS, Assumptions(r_has_adcs=True)).net
    assert f"{own.nominal / 1e6:+.2f} mm2 nominal, {own.least / 1e6:.1f} to {own.most / 1e6:+.1f}" in text
