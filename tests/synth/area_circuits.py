"""What the tests of logic area map: small circuits, the shipped chips, a library with round numbers (data/tiny.lib)."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from crosschop.model.chipspec import load_chipspec, shipped_chipspecs
from crosschop.model.estimate.logic import yosys
from crosschop.model.estimate.logic.result import Slowdown
from crosschop.model.estimate.logic.synthesis import LogicSynthesis, modules_to_keep, synthesise
from crosschop.model.estimate.quantity import Range

RTL = Path(__file__).resolve().parents[2] / "rtl"
TINY = Path(__file__).parent / "data" / "tiny.lib"
TEXT = TINY.read_text()
SGD = "xc_in_memory_sgd"
SPECS = {path.stem: load_chipspec(path) for path in shipped_chipspecs()}
SLOWDOWN = Slowdown(wires=Range(1.2, 1.3, 1.4), library=Range(1.0, 1.1, 1.2), flip_flops=Range(1.0, 1.5, 2.0))
NANDS = (
    "reg [2:0] q;\nalways @(posedge clk) q <= d;\nassign y = ~(a & b);\nassign z = q;",
    "input wire [7:0] a, b, input wire [2:0] d, output wire [7:0] y, output wire [2:0] z",
)

# What each file with these tests has for its pytestmark: one process and one cache for all of them
MARKS = [
    pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70"),
    pytest.mark.xdist_group("area"),
    pytest.mark.usefixtures("own_cache"),
]


def on(chip: str, liberty: Path = TINY) -> LogicSynthesis:
    return synthesise(SPECS[chip], RTL, liberty)


def circuit(directory: Path, body: str, ports: str, parameter: str = "parameter TRACE_EN = 1") -> Path:
    """An RTL folder with a circuit under the name of the controller without parameters."""
    directory.mkdir(exist_ok=True)
    text = f"module {SGD} #({parameter}) (input wire clk, {ports});\n{body}\nendmodule\n"
    (directory / f"{SGD}.v").write_text(text)
    (directory / f"{SGD}.f").write_text(f"{SGD}.v\n")
    return directory


def of(rtl: Path, liberty: Path = TINY) -> LogicSynthesis:
    return synthesise(SPECS["in_memory_sgd_20"], rtl, liberty)


def mapped(directory: Path, rtl: Path, top: str, parameters: dict[str, int]) -> dict[str, Any]:
    """The netlist in cells of tiny.lib, made in a directory."""
    (directory / "rtl").symlink_to(rtl)
    shutil.copy(TINY, directory / "cells.lib")
    names = (rtl / f"{top}.f").read_text().split()
    hierarchy = yosys.run_yosys(directory, yosys.elaboration(names, top, parameters), yosys.HIERARCHY)
    kept = [re.sub(r"\W", "?", name) for name in modules_to_keep(hierarchy, top)]
    return yosys.run_yosys(directory, yosys.mapping(kept, timed=True), yosys.NETLIST)
