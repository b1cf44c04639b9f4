"""A result of the logic synthesis is kept by the contents of all that it depends on."""

from __future__ import annotations

from pathlib import Path

import pytest
from area_circuits import MARKS, NANDS, SGD, TINY, circuit, of

from crosschop.model.estimate.logic import yosys

pytestmark = MARKS


def test_a_second_call_is_instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSCHOP_CACHE", str(tmp_path / "cache"))
    rtl = circuit(tmp_path / "rtl", *NANDS)
    first = of(rtl)
    [kept] = (tmp_path / "cache" / "synthesis").iterdir()
    assert kept.suffix == ".json"

    def not_again(*_: object) -> None:
        raise AssertionError("Yosys ran again")

    with monkeypatch.context() as patch:
        patch.setattr(yosys, "run_yosys", not_again)
        assert of(rtl) == first
        # A comment is another source, another library another figure
        source = rtl / f"{SGD}.v"
        original = source.read_text()
        source.write_text(original + "// changed\n")
        with pytest.raises(AssertionError):
            of(rtl)
        source.write_text(original)
        other = tmp_path / "other.lib"
        other.write_text(TINY.read_text() + "\n")
        with pytest.raises(AssertionError):
            of(rtl, other)
        patch.setattr(yosys, "yosys_version", lambda: "0.71")
        with pytest.raises(AssertionError):
            of(rtl)

    for damage in (b"", b"{", b'{"module": 3}', kept.read_bytes()[:-20], b"\xff\xfe"):
        kept.write_bytes(damage)
        assert of(rtl) == first
        assert len(kept.read_bytes()) > 500
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_an_included_file_counts(tmp_path: Path) -> None:
    rtl = circuit(tmp_path / "rtl", '`include "logic.vh"', "input wire [7:0] a, b, output wire [7:0] y")
    areas = []
    for operator in ("~(a & b)", "~(a | b)"):
        (rtl / "logic.vh").write_text(f"assign y = {operator};\n")
        areas.append(of(rtl).cell_area)
    assert areas == [8 * 3, 8 * 4]


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("CROSSCHOP_CACHE", str(tmp_path / "cache"))
    assert of(circuit(tmp_path / "rtl", *NANDS)).cell_area == 54
