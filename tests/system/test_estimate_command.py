"""`crosschop estimate` and `crosschop compare`: figures against independent sums, origins, files, wrong input."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import call, left_over
from mutants import MUTANTS

from crosschop.model.chipspec import beats, cycles, load_chipspec, memory_bits
from crosschop.model.estimate.chip import area_of, slowdown_of
from crosschop.model.estimate.models import default_models

RTL = Path(__file__).resolve().parents[2] / "rtl"
TINY = Path(__file__).resolve().parents[1] / "synth" / "data" / "tiny.lib"  # a few cells: quick to map to
QUICK = ("--liberty", str(TINY), "--samples", "400")

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")


def answer(folder: Path, *arguments: str) -> dict[str, Any]:
    process = call(folder, *arguments, "--json", "--out", "out")
    assert process.returncode == 0, process.stderr
    found: dict[str, Any] = json.loads(process.stdout)
    return found


def numbers(value: Any) -> list[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        return [number for one in value.values() for number in numbers(one)]
    if isinstance(value, list):
        return [number for one in value for number in numbers(one)]
    return [float(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


@pytest.mark.parametrize("chip", ["agad_tiny", "ttv2_20", "agad_shared", "in_memory_sgd_20", "mixed_precision_20"])
def test_estimate(chip: str, tmp_path: Path) -> None:
    found = answer(tmp_path, "estimate", chip, *QUICK)
    assert (found["status"], found["chip"], found["engine"], found["seed"]) == ("pass", chip, "golden", 1)
    assert {Path(name).name for name in found["files"]} == {
        *("estimate.html", "estimate.json", "actions.json", "actions.csv", "time.png", "schedule.png", "area.png"),
    }
    assert all((tmp_path / name).stat().st_size > 0 for name in found["files"])
    lines = [line for part in found["parts"].values() for line in part]
    assert {line["origin"] for line in lines} == {"measured", "synthesised", "modelled"}
    for line in lines:
        assert line["source"], line
        assert 0 < line["low"] <= line["nominal"] <= line["high"] < math.inf, line
    # Area: the blocks are the total.
    *blocks, total = found["parts"]["Area"]
    for end in ("low", "nominal", "high"):
        assert sum(block[end] for block in blocks) == pytest.approx(total[end])
    # Cells of the blocks are the controller.
    logic = {line["name"]: line["nominal"] for line in found["parts"]["Controller logic"]}
    assert sum(value for name, value in logic.items() if name.startswith("cells of ")) == pytest.approx(logic["cells"])
    # Phases of every account are its time.
    for account in found["time"].values():
        assert sum(account["phases_ns"].values()) == pytest.approx(account["ns_per_sample"])
    memory = {line["name"]: line["nominal"] for line in found["parts"]["Memory"]}
    built = memory_bits(load_chipspec(chip)).total
    assert memory.get("stored, all memories as built", 0) == built
    assert all(math.isfinite(number) for number in numbers(found))
    text = (tmp_path / "out" / "estimate.html").read_text()
    assert "http://" not in text.replace("http://www.w3.org", "") and 'src="data:image/png' in text
    rows = list(csv.DictReader((tmp_path / "out" / "actions.csv").read_text().splitlines()))
    assert rows == [
        {name: str(value) if value is not None else "" for name, value in row.items()}
        for row in json.loads((tmp_path / "out" / "actions.json").read_text())["actions"]
    ]


def test_digital_time_of_a_transfer_by_hand(tmp_path: Path) -> None:
    """agad_tiny in the account of the RTL: pulses and read in front, the lanes beside them."""
    spec = load_chipspec("agad_tiny")
    account = answer(tmp_path, "estimate", "agad_tiny", *QUICK)["time"]["overlapped"]
    n_s, clock = spec.transfer.transfer_every, spec.timing.clock_ns
    assert account["phases_ns"]["read"] == pytest.approx(cycles(spec).read * clock / n_s)
    assert account["beside_ns"]["digital"] == pytest.approx(beats(spec) * clock / n_s)


@pytest.mark.sim
def test_with_rtl_cycles_are_measured(tmp_path: Path) -> None:
    golden = answer(tmp_path, "estimate", "agad_tiny", *QUICK)
    rtl = answer(tmp_path, "estimate", "agad_tiny", "--engine", "icarus", *QUICK)
    assert (golden["time"]["overlapped"]["origin"], rtl["time"]["overlapped"]["origin"]) == ("modelled", "measured")
    assert rtl["cycles_measured"] and not golden["cycles_measured"]
    assert rtl["time"]["overlapped"]["phases_ns"] == pytest.approx(golden["time"]["overlapped"]["phases_ns"])
    measured = [line for line in rtl["parts"]["Time"] if line["origin"] == "measured"]
    assert any(line["name"] == "overlapped: digital (beside)" for line in measured)


@pytest.mark.sim
def test_a_wrong_controller_is_not_estimated(tmp_path: Path) -> None:
    mutant = next(iter(MUTANTS))
    folder = tmp_path / "rtl"
    shutil.copytree(RTL, folder)
    source = folder / mutant.file
    source.write_text(source.read_text().replace(mutant.original, mutant.replacement))
    process = call(
        tmp_path, "estimate", "agad_tiny", "--engine", "icarus", "--rtl", str(folder), *QUICK, "--out", "out"
    )
    assert process.returncode == 1, process.stderr
    assert "the controller and the golden model differ" in process.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["logic_wires", "sky130_delay", "sky130_flip_flop_delay"])
def test_every_constant_of_the_clock_counts(name: str) -> None:
    """10 % more of it is a longer critical path, with the package's library."""
    spec, before = load_chipspec("in_memory_sgd_20"), default_models()
    constant = before.constants.constants[name]
    more = constant.model_copy(update={end: getattr(constant, end) * 1.1 for end in ("low", "nominal", "high")})
    changed = before.constants.model_copy(update={"constants": {**before.constants.constants, name: more}})
    after = replace(before, constants=changed)
    logic, _ = area_of(spec, before)
    periods = [logic.period(slowdown_of(models)) for models in (before, after)]
    assert periods[0] is not None and periods[1] is not None
    assert periods[1].nominal > periods[0].nominal


def test_network_and_overridden_constants(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("constants:\n  line_driver: {low: 300, nominal: 350, high: 400, node_nm: 22}\n")
    plain = answer(tmp_path, "estimate", "agad_20", *QUICK)
    ours = answer(
        tmp_path, "estimate", "agad_20", *QUICK, "--constants", "ours.yaml", "--network", "mlp3_mnist", "--assume",
        "training_samples=5000", "--assume", "node_nm=22",
    )  # fmt: skip
    drivers = {line["name"]: line["nominal"] for line in ours["parts"]["Area"]}
    assert drivers["line drivers of W"] == pytest.approx(40 * 350)
    assert {line["name"]: line["nominal"] for line in plain["parts"]["Area"]}["line drivers of W"] != 40 * 350
    network = {line["name"]: line["nominal"] for line in ours["parts"]["Network mlp3_mnist"]}
    assert network["parameters"] == 235146  # 235 K in the paper
    tiles = sum(math.ceil(rows / 20) * math.ceil(cols / 20) for rows, cols in ((256, 785), (128, 257), (10, 129)))
    assert network["tiles"] == tiles
    held = {line["name"]: line["nominal"] for line in ours["parts"]["Retention"]}
    assert (held["retention of W"], held["retention of A"]) == (5000, 20 * 5)


WRONG = [
    (["agad_20", "--assume", "node=45"], "--assume node=45: unknown key node, did you mean node_nm?"),
    (["agad_20", "--assume", "node_nm=3"], "--assume: node_nm = 3, allowed: number 14..130"),
    (["agad_20", "--assume", "node_nm"], "--assume node_nm: must have the form KEY=VALUE"),
    (["agad_20", "--constants", "bad.yaml"], "bad.yaml: unknown key constants.line_drivers, did you mean line_driver?"),
    (["agad_20", "--constants", "none.yaml"], "'none.yaml' does not exist"),
    (["agad_20", "--liberty", "bad.yaml"], "bad.yaml"),
    (["agad_20", "--network", "vgg"], "vgg: no such file or shipped network"),
    (["agad_20", "--samples", "3"], "3 samples are less than one transfer"),
    (["agad_21"], "agad_21"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG, ids=[" ".join(one[1:]) or one[0] for one, _ in WRONG])
def test_wrong_input(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("constants:\n  line_drivers: {low: 1}\n")
    process = call(tmp_path, "estimate", *arguments, "--out", "out")
    assert process.returncode == 2, process.stderr
    assert sentence in process.stderr
    assert "Traceback" not in process.stderr
    assert [path.name for path in left_over(tmp_path)] == ["bad.yaml"]


HIDE = """
import sys
sys.modules["pyosys"] = None
import importlib.util as util
find_spec = util.find_spec
util.find_spec = lambda name, package=None: None if name.startswith("pyosys") else find_spec(name, package)
"""


def test_without_yosys(tmp_path: Path) -> None:
    """As where the package that Yosys comes in is not installed."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    process = call(
        tmp_path, "estimate", "agad_tiny", *QUICK, "--out", "out",
        PYTHONPATH=str(tmp_path / "hide"), CROSSCHOP_CACHE=str(tmp_path / "tmp" / "cache"),
    )  # fmt: skip
    assert process.returncode == 3, process.stderr
    assert "pip install" in process.stderr and "crosschop[area]" in process.stderr
    assert not (tmp_path / "out").exists()


def test_compare(tmp_path: Path) -> None:
    chips = ("c_ttv2_20", "agad_20", "agad_beta1", "mixed_precision_20")
    found = answer(tmp_path, "compare", *chips, *QUICK)
    assert found["chips"] == list(chips)
    rows = {row["metric"]: row["values"] for row in found["rows"]}
    assert rows["analog cells"] == [1200, 800, 800, 400]  # arrays A, R, W; A, W; A, W; W of 20 x 20
    # The paper's table of memory: N^2 + 2N, 3N^2 + 2N, 2N^2 + 2N, N^2 + 2NB bytes
    assert rows["digital memory, paper (8 bits per entry)"] == [440, 1240, 840, 4400]
    assert rows["retention of R"] == [1_000_000, None, None, None]
    alone = answer(tmp_path, "estimate", "agad_20", *QUICK)
    total = alone["parts"]["Area"][-1]
    assert rows["area"][1]["nominal"] == pytest.approx(total["nominal"] / 1e6)
    assert [(pair["agad"], pair["with_r"]) for pair in found["pairs"]] == [
        ("agad_20", "c_ttv2_20"), ("agad_beta1", "c_ttv2_20"),
    ]  # fmt: skip
    # The net is the difference of the two totals.
    for pair, agad in zip(found["pairs"], (1, 2), strict=True):
        for end in ("low", "nominal", "high"):
            difference = rows["area"][agad][end] - rows["area"][0][end]
            assert pair["net"][end] == pytest.approx(difference * 1e6)
    assert any("dropping R saves" in sentence for sentence in found["sentences"])
    assert any("these are bits" in sentence for sentence in found["sentences"])
    pictures = {Path(name).name for name in found["files"] if name.endswith(".png")}
    assert pictures == {f"compare-{name}.png" for name in ("time", "area", "memory", "cells", "pulses", "retention")}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["agad_20"], "compare needs two chips or more"),
        (["agad_20", "agad_20"], "two of the chips are called agad_20"),
        (["agad_20", "agad_21"], "agad_21"),
    ],
    ids=str,
)
def test_compare_wrong_input(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    process = call(tmp_path, "compare", *arguments, *QUICK, "--out", "out")
    assert process.returncode == 2, process.stderr
    assert sentence in process.stderr
    assert not (tmp_path / "out").exists()
