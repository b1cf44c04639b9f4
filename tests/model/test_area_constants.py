"""The file of constants: one sentence about each error in it, overrides by name, and no constant of area is idle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from area_inputs import CONSTANTS, ENDS, OPTIONS, README, overridden

from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.estimate.area.blocks import LogicArea, analog_area
from crosschop.model.estimate.area.closure import closures
from crosschop.model.estimate.area.components import slow_conversion_ns
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants, load_constants
from crosschop.model.estimate.quantity import Range, exactly

Load = Callable[[str], Constants]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(text: str) -> Constants:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        return load_constants(file)

    return load_text


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
