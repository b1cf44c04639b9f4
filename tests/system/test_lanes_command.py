"""`crosschop lanes`: numbers found, costs, measured cycles; mistakes get a sentence."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from command import call


@pytest.mark.sim
@pytest.mark.verilator
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")
def test_lanes_of_a_chip(tmp_path: Path) -> None:
    done = call(tmp_path, "lanes", "agad_tiny", "--samples-per-read", "2", "--measure", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (wanted,) = found["needs"]
    # U = 2 samples of 5 slots of 2 cycles; 4 rows: one lane takes 4 beats
    assert (wanted["samples"], wanted["lanes"], wanted["fewer"]) == (2, 1, None)
    assert wanted["steady"] == {"cycles": 2 * 5 + 6 / 2, "waiting": 0}
    there = [(cost["lanes"], cost["stages"]) for cost in found["costs"]]
    assert there == [(lanes, stages) for lanes in (1, 2, 4) for stages in (3, 4)]
    measured = found["measured"]["2"]
    # Trains of a training are shorter than the longest at times
    assert 6 / 2 + 1 < measured["cycles"] <= wanted["steady"]["cycles"] + 0.1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["lanes.json", "lanes.png"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("mixed_precision_20",), "lanes are sized for chips with an array A; mixed_precision has none"),
        (("agad_20", "--slots", "9"), "--slots 9, allowed: 0 to driver.max_pulses = 5"),
        (("agad_20", "--samples-per-read", "0"), "0 is not in the range 1<=x<=65535"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    done = call(tmp_path, "lanes", *arguments)
    assert done.returncode == 2
    assert sentence in " ".join((done.stdout + done.stderr).split())
    assert not (tmp_path / "build").exists()
