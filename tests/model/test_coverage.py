"""The verification plan, the merging of what runs have counted, exclusions; no simulator."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from crosschop.cosim.coverage.code import by_module, merge_counts, places, read_counts
from crosschop.cosim.coverage.collect import merge_points
from crosschop.cosim.coverage.conditions import CONDITIONS
from crosschop.cosim.coverage.exclusions import Exclusions, excluded_places, load_exclusions
from crosschop.cosim.coverage.measure import REGRESSION, Measured, merge
from crosschop.cosim.coverage.plan import load_plan
from crosschop.cosim.coverage.sample_common import clamp_met, codes_met, remainder_met, saturation_met, steps_met
from crosschop.cosim.dut import dut_of
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError, ToolError

TESTS = Path(__file__).parents[1]


def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_the_tests_of_the_plan_exist() -> None:
    for feature in load_plan().features:
        for test in feature.tests:
            file, _, function = test.partition("::")
            assert (TESTS / file).exists(), f"{feature.name}: {test}"
            assert not function or function in _functions(TESTS / file), f"{feature.name}: {test}"


def test_every_bin_can_be_met_by_a_chip_of_the_regression() -> None:
    plan = load_plan()
    can = [plan.bins_of(load_chipspec(name, sets)) for name, sets in REGRESSION]
    reached = {f"{point}:{one}" for chip in can for point, bins in chip.items() for one in bins}
    assert reached == {name for name, _, _ in plan.every_bin()}
    words = [text for _, _, point in plan.every_bin() for text in point.bins.values()]
    words += [one.chips for one in load_exclusions().exclusions]
    assert {word for text in words for word in text.split()} == set(CONDITIONS)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    kind: transfer\n", "    kind: analog\n", "features.0.kind"),
        ("{ttv2: ttv2,", "{ttv2: ttv3,", "no condition ttv3"),
        ("    says: Every", "    say: Every", "Extra inputs are not permitted"),
        ("      - name: chopper\n", "      - name: algorithm\n", "named twice: transfer.options.algorithm"),
        ("features:", "features: &a [*a]\nmore:", "not a valid verification plan"),
    ],
)
def test_a_wrong_plan_ends_in_a_sentence(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    text = (shipped_rtl().parent / "cosim" / "coverage" / "plan.yaml").read_text()
    assert old in text
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=sentence):
        load_plan(path)


def test_merging_gives_the_union() -> None:
    first = {"a.b": {"x": 1, "y": 0}, "a.c": {"z": 2}}
    second = {"a.b": {"x": 0, "y": 3, "w": 0}}
    assert merge_points([first, second]) == {"a.b": {"x": 1, "y": 3, "w": 0}, "a.c": {"z": 2}}


def test_without_a_chip_its_options_are_missing() -> None:
    plan = load_plan()

    def of(entries: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
        specs = [load_chipspec(name, sets) for name, sets in entries]
        # As if every chip met all that it can
        runs = [Measured({p: dict.fromkeys(b, 1) for p, b in plan.bins_of(s).items()}, [], 1, 0) for s in specs]
        return merge(runs, [dut_of(spec) for spec in specs], whole=True).missing

    assert of(REGRESSION) == []
    without = tuple(entry for entry in REGRESSION if entry[0] not in ("agad_shared", "c_ttv2_rect"))
    assert {"transfer.options.memory_ports:one", "transfer.options.algorithm:c_ttv2"} <= set(of(without))


# Verilator's format, written by hand: a module with an if/else over lines 3..6, and a register of one bit.
SOURCE = ["module m;", "always @(posedge clk) begin", "  if (a)", "    x <= 1;", "  else", "    x <= 0;", "end"]


def _data(path: Path, *counts: int) -> Path:
    fields = [
        {"f": "/rtl/m.v", "l": "2", "n": "1", "t": "line", "o": "block", "S": "2"},
        {"f": "/rtl/m.v", "l": "3", "n": "3", "t": "branch", "o": "if", "S": "3-4"},
        {"f": "/rtl/m.v", "l": "3", "n": "4", "t": "branch", "o": "else", "S": "6"},
        {"f": "/rtl/m.v", "l": "1", "n": "9", "t": "toggle", "o": "x:0->1"},
    ]
    lines = ["# SystemC::Coverage-3"]
    for entry, count in zip(fields, counts, strict=True):
        lines.append("C '" + "".join(f"\x01{key}\x02{value}" for key, value in entry.items()) + f"' {count}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_counts_are_read_merged_and_shown_as_holes(tmp_path: Path) -> None:
    first, second = (
        read_counts(_data(tmp_path / name, *counts)) for name, counts in (("a", (5, 5, 0, 0)), ("b", (2, 0, 2, 0)))
    )
    (module,) = by_module(places(first), {"m.v": SOURCE})
    assert {kind: (share.hit, share.total) for kind, share in module.shares.items()} == {
        "line": (3, 4), "branch": (1, 2), "toggle": (0, 1),
    }  # fmt: skip
    assert [str(hole) for hole in module.holes] == [
        "m.v:1: toggle x:0->1: module m;", "m.v:3: branch else: if (a)", "m.v:6: line : x <= 0;",
    ]  # fmt: skip
    (union,) = by_module(places(merge_counts([first, second])), {"m.v": SOURCE})
    assert [str(share) for share in union.shares.values()] == ["4/4", "2/2", "0/1"]


def test_foreign_data_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.dat").write_text("hello\n")
    with pytest.raises(ToolError, match="not the coverage data of Verilator"):
        read_counts(tmp_path / "c.dat")
    with pytest.raises(ToolError, match="has left no coverage data"):
        read_counts(tmp_path / "missing.dat")


def _exclude(line: str, branch: str = "else", chips: str = "") -> Exclusions:
    entry = {
        "reason": "cannot happen, as a test knows", "branch": branch, "chips": chips,
        "places": {"m.v": [line], "other.v": ["x"]},
    }  # fmt: skip
    return Exclusions.model_validate({"exclusions": [entry]})


def test_exclusions(tmp_path: Path) -> None:
    texts = {"m.v": SOURCE}
    never, taken = read_counts(_data(tmp_path / "a", 5, 5, 0, 0)), read_counts(_data(tmp_path / "b", 5, 3, 2, 0))
    out = excluded_places(_exclude("if (a)"), never, texts)
    (module,) = by_module(places(never), texts, out)
    assert [str(module.shares[kind]) for kind in ("line", "branch")] == ["3/3", "1/1"]
    assert module.excluded == 2
    with pytest.raises(InputError, match="it was reached after all"):
        excluded_places(_exclude("if (a)"), taken, texts)
    with pytest.raises(InputError, match="the source has no such line"):
        excluded_places(_exclude("if (b)"), never, texts)
    with pytest.raises(InputError, match="that line has no such branch"):
        excluded_places(_exclude("if (a)", "case"), never, texts, whole=True)


def test_exclusions_of_one_chip(tmp_path: Path) -> None:
    texts = {"m.v": SOURCE}
    never, taken = read_counts(_data(tmp_path / "a", 5, 5, 0, 0)), read_counts(_data(tmp_path / "b", 5, 3, 2, 0))
    # What another chip's parameters bring about is no error
    assert excluded_places(_exclude("if (a)", "case"), never, texts) == frozenset()
    in_turn = _exclude("if (a)", chips="in_turn")
    tiny, random = load_chipspec("agad_tiny"), load_chipspec("agad_tiny", ["algorithm.column_order=random"])
    assert in_turn.of([tiny]) == in_turn
    assert in_turn.of([random]) == in_turn.of([tiny, random]) == Exclusions(exclusions=[])
    assert len(excluded_places(in_turn, never, texts)) == 2
    assert excluded_places(in_turn, taken, texts) == frozenset()  # reached: it counts
    with pytest.raises(ValueError, match="no condition in_order"):
        _exclude("if (a)", chips="in_order")


def test_the_regression_has_no_exclusion_of_some_chips() -> None:
    specs = [load_chipspec(name, sets) for name, sets in REGRESSION]
    assert not any(one.chips for one in load_exclusions().of(specs).exclusions)


def test_shipped_exclusions_name_lines_that_exist() -> None:
    for file, line, _ in load_exclusions().each():
        assert line in [text.strip() for text in (shipped_rtl() / file).read_text().splitlines()], (file, line)


@pytest.mark.parametrize("shift", [0, 1, 4])
def test_remainders_are_those_of_fractions(shift: int) -> None:
    for product in range(-70, 71):
        exact = Fraction(product, 1 << shift)
        rest = exact - (exact.numerator // exact.denominator)
        sign = "negative" if product < 0 else "positive"
        kind = "nothing" if rest == 0 else f"half_{sign}" if rest == Fraction(1, 2) else f"else_{sign}"
        assert remainder_met(np.array([product]), shift, halves=True) == [kind]
        assert remainder_met(np.array([product]), shift, halves=False) == [kind.replace(f"half_{sign}", "half")]


def test_classes_of_codes_sums_and_steps() -> None:
    assert codes_met(np.array([-8, -7, -1, 0, 1, 7]), 4) == [
        "missing", "lowest", "minus_one", "zero", "plus_one", "highest",
    ]  # fmt: skip
    assert codes_met(np.array([-6, 6, 2]), 4) == []
    assert saturation_met(np.array([8, -9]), 4) == ["above", "below"]
    assert saturation_met(np.array([7, -8]), 4) == ["inside"]
    assert steps_met(np.array([3, -3]), 3) == ["most_up", "most_down"]
    assert steps_met(np.array([1, 0, -1]), 1) == ["none", "one_up", "one_down"]
    # 2 fraction bits, at most one pulse: worth two pulses is 8 and more
    assert clamp_met(np.array([8, -8]), 8, 2, 1) == ["up", "down"]
    assert clamp_met(np.array([7, -7]), 8, 2, 1) == []
