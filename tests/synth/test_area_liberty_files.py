"""Liberty files of the user's: broken ones end in one sentence, other spellings and missing delays do not matter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from area_circuits import MARKS, NANDS, RTL, SLOWDOWN, TEXT, TINY, circuit, of

from crosschop.model.errors import InputError
from crosschop.model.estimate.logic.liberty_reader import read_liberty

pytestmark = MARKS

BROKEN = {
    "not_a_liberty": ("Dear library,\n", "it does not begin with library"),
    "empty": ("", "it does not begin with library"),
    "cut": (TEXT[: len(TEXT) // 2], "it ends within a group"),
    "colon": (TEXT.replace("area : 10;", "area 10;"), "unexpected"),
    "no_cells": ("library (x) { }\n", "has no cell"),
    "no_area": (TEXT.replace("area : 10;", ""), "cell DFF has no area"),
    "area_not_a_number": (TEXT.replace("area : 10;", "area : big;"), "big"),
    "zero_area": (re.sub(r"area : \d+;", "area : 0;", TEXT), "area 0"),
    "no_flip_flop": (re.sub(r"ff \(IQ, IQN\) \{.*?\}", "", TEXT), "no flip-flop"),
    "no_gate": (re.sub(r"function : \"!\(A[&|]B\)\";", "", TEXT), "no gate of two inputs"),
    "unit": (TEXT.replace('"1ns"', '"1year"'), "time_unit"),
    "table": (TEXT.replace('index_2 ("0, 0.1");', 'index_2 ("0, 0.1, 0.2");'), "indices"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_liberty_is_one_sentence(name: str, tmp_path: Path) -> None:
    text, reason = BROKEN[name]
    assert text != TEXT
    liberty = tmp_path / "cells.lib"
    liberty.write_text(text)
    with pytest.raises(InputError) as error:
        of(circuit(tmp_path / "rtl", *NANDS), liberty)
    assert str(error.value).startswith(f"{liberty}: ") and reason in str(error.value)
    assert "\n" not in str(error.value) and error.value.exit_code == 2


LINES = """library (tiny) { // a comment
  comment : "see https://example.org/cells" ; /* and
  another */
  define_group (extra, library);
"""


def scaled(values: str) -> str:
    return re.sub(r"[\d.]+", lambda number: f"{float(number[0]) * 1000:g}", values).replace(", ", ", \\\n  ")


def test_comments_strings_and_units(tmp_path: Path) -> None:
    """The same library in ps and fF, with what other writers of Liberty put in."""
    text = TEXT.replace('"1ns"', '"1ps"').replace("(1, pf)", "(1,ff)").replace("library (tiny) {", LINES)
    text = re.sub(
        r'values \(([^)]*)\)|(index_[12]) \("([^)]*)"\)',
        lambda found: f"values ({scaled(found[1])})" if found[1] else f'{found[2]} ("{scaled(found[3])}")',
        text,
    )
    text = re.sub(r"capacitance : ([\d.]+);", lambda found: f"capacitance : {float(found[1]) * 1000:g} ;", text)
    path = tmp_path / "other.lib"
    path.write_text(text)
    plain, other = read_liberty(TINY).cells, read_liberty(path).cells
    assert plain.keys() == other.keys()
    for name, cell in plain.items():
        assert other[name].capacitance == pytest.approx(cell.capacitance)
        assert other[name].setup == pytest.approx(cell.setup)
        for arcs, others in ((cell.arcs, other[name].arcs), (cell.launches, other[name].launches)):
            assert arcs.keys() == others.keys()
            for pin in arcs:
                for one, two in zip(arcs[pin], others[pin], strict=True):
                    assert (one.related, one.inverting, one.following) == (two.related, two.inverting, two.following)
                    for slew, load in ((0.0, 0.0), (0.3, 0.05), (2.0, 0.3)):
                        for tables in ("rise", "fall"):
                            for table, same in zip(getattr(one, tables), getattr(two, tables), strict=True):
                                assert same(slew, load) == pytest.approx(table(slew, load))


@pytest.mark.parametrize("kind", ["missing", "directory"])
def test_a_liberty_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    liberty = tmp_path / ("no.lib" if kind == "missing" else "")
    with pytest.raises(InputError, match="cannot be read") as error:
        of(RTL, liberty)
    assert str(error.value).startswith(str(liberty))


def test_a_library_without_delays_gives_areas(tmp_path: Path) -> None:
    liberty = tmp_path / "area.lib"
    text = re.sub(r"      timing \(\) \{.*?\n      \}\n", "", TEXT, flags=re.DOTALL)
    assert "cell_rise" not in text
    liberty.write_text(text)
    found = of(circuit(tmp_path / "rtl", *NANDS), liberty)
    assert found.cell_area == 54
    assert found.timing is None and found.period(SLOWDOWN) is None


def test_flip_flops_without_arcs_have_assumed_times(tmp_path: Path) -> None:
    liberty = tmp_path / "noff.lib"
    head, flop = TEXT.split("  cell (DFF)")
    liberty.write_text(
        head + "  cell (DFF)" + re.sub(r"      timing \(\) \{.*?\n      \}\n", "", flop, flags=re.DOTALL)
    )
    timing = of(circuit(tmp_path / "rtl", *NANDS), liberty).timing
    assert timing is not None and not timing.flip_flop_times
    assert (timing.critical.clock_to_q, timing.critical.setup) == pytest.approx((0.35, 0.15))
