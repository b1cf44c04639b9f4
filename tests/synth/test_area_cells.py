"""Logic area: cells, registers and blocks by hand and by `stat` of Yosys, memories that never become flip-flops."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from area_circuits import MARKS, NANDS, RTL, SGD, SPECS, TINY, circuit, mapped, of, on

from crosschop.model.chipspec import ChipSpec, memory_bits
from crosschop.model.estimate.logic import synthesis, yosys
from crosschop.model.estimate.logic.synthesis import modules_to_keep, synthesise

pytestmark = MARKS

# Cell areas of tiny.lib, by hand
AREA = {"INV": 1, "BUF": 2, "NAND2": 3, "NOR2": 4, "DFF": 10}


def with_lanes(chip: str, lanes: int) -> ChipSpec:
    spec = SPECS[chip]
    return spec.model_copy(update={"controller": spec.controller.model_copy(update={"lanes": lanes})})


def test_eight_nands_and_three_flip_flops(tmp_path: Path) -> None:
    found = of(circuit(tmp_path / "rtl", *NANDS))
    assert found.cells == {"DFF": 3, "NAND2": 8}
    assert (found.cell_area, found.sequential_area, found.flip_flops) == (8 * 3 + 3 * 10, 30, 3)
    assert [(block.name, block.cell_area, block.cells) for block in found.blocks] == [(SGD, 54, 11)]
    assert [(one.bits, one.instances) for one in found.registers] == [(3, 1)]
    assert (found.liberty, found.yosys) == ("tiny", "0.70")


def test_areas_are_those_of_yosys(tmp_path: Path) -> None:
    """The counts of cells with their multiples, against `stat` of Yosys on the same netlist made flat."""
    spec = SPECS["agad_tiny"]
    mapped(tmp_path, RTL, "xc_controller", {**synthesis.rtl_parameters(spec), "TRACE_EN": 0})
    flat = [
        "read_json netlist.json",
        *yosys.DISSOLVE,
        "tee -o stat.json stat -json -liberty cells.lib",
        "write_json x.json",
    ]
    yosys.run_yosys(tmp_path, flat, "x.json")
    text = (tmp_path / "stat.json").read_text()
    stat = json.loads(text[text.index("{") :])["design"]
    found = on("agad_tiny")
    assert found.cell_area == pytest.approx(stat["area"])
    assert found.sequential_area == pytest.approx(stat["sequential_area"])
    counts = {name: number for name, number in stat["num_cells_by_type"].items() if name in AREA}
    assert counts == found.cells
    assert found.cell_area == pytest.approx(sum(AREA[name] * number for name, number in counts.items()))


def test_flip_flops_of_a_lane_by_hand() -> None:
    """agad_20: z, d: 14 bits each, of d the top one is a copy; h twice, p twice; increments of 13 bits, H and P."""
    found = on("agad_20")
    lane = [one for one in found.registers if one.name.startswith("xc_transfer_lane.")]
    assert {one.instances for one in lane} == {5}
    bits = sum(one.bits for one in lane)
    [repeated] = [one for block in found.blocks for one in block.repeated]
    assert (repeated.module, repeated.number) == ("xc_transfer_lane", 5)
    assert repeated.sequential_area == bits * AREA["DFF"]
    # z 14, d 13..14, h 16 + 16, p 13 + 13, increments 12..13 of H (Q2.10) and 13 of P
    assert 14 + 13 + 32 + 26 + 12 + 13 <= bits <= 14 + 14 + 32 + 26 + 13 + 13


def test_stores_that_stay_flip_flops_are_reported() -> None:
    """The signs of the chopper: one per column, nothing for TTv2."""
    for chip, bits in (("c_ttv2_20", 20), ("ttv2_20", 0)):
        chopper = [one for one in on(chip).registers if one.name.startswith("xc_chopper.")]
        assert sum(one.bits for one in chopper if "chop" in one.name and "xfer" not in one.name) == bits


def test_algorithms_in_order_of_what_they_need() -> None:
    area = {chip: on(chip).cell_area for chip in ("agad_20", "agad_beta1", "c_ttv2_20", "ttv2_20", "in_memory_sgd_20")}
    assert area["in_memory_sgd_20"] < area["ttv2_20"] < area["c_ttv2_20"] < area["agad_beta1"] < area["agad_20"]
    assert on("agad_20").cell_area < on("agad_corrected").cell_area


def test_twice_the_lanes_are_twice_the_area_of_lanes() -> None:
    few, many = (synthesise(with_lanes("agad_20", lanes), RTL, TINY) for lanes in (5, 10))
    lanes = [next(block for block in one.blocks if block.module == "xc_transfer_lanes") for one in (few, many)]
    assert lanes[1].cell_area == pytest.approx(2 * lanes[0].cell_area, rel=0.03)
    repeated = [block.repeated[0] for block in lanes]
    assert [one.number for one in repeated] == [5, 10]
    assert repeated[0].cell_area == pytest.approx(repeated[1].cell_area, rel=0.01)


def test_the_trace_is_not_on_the_chip() -> None:
    spec = SPECS["agad_tiny"]
    assert spec.controller.trace
    without = spec.model_copy(update={"controller": spec.controller.model_copy(update={"trace": False})})
    assert synthesise(without, RTL, TINY) == on("agad_tiny")
    assert not [one for one in on("agad_tiny").registers if "trc" in one.name]


def test_memories_never_become_flip_flops(tmp_path: Path) -> None:
    """And where they do, in a controller whose memories are registers, it shows."""
    rtl = tmp_path / "rtl"
    shutil.copytree(RTL, rtl)
    ram = rtl / "xc_ram_1r1w.v"
    text = ram.read_text()
    bits = "reg [DATA_W*DEPTH-1:0] mem;"
    for old, new in (
        ("reg [DATA_W-1:0] mem [0:DEPTH-1];", bits),
        ("rd_data_reg <= mem[rd_addr];", "rd_data_reg <= mem[rd_addr*DATA_W +: DATA_W];"),
        ("mem[wr_addr] <= wr_data;", "mem[wr_addr*DATA_W +: DATA_W] <= wr_data;"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    ram.write_text(text)
    spec = SPECS["agad_tiny"]
    control, found = synthesise(spec, rtl, TINY), on("agad_tiny")
    assert found.memory_bits == memory_bits(spec).total == 504
    assert control.memory_bits == 0
    # The words, and the registers at their outputs, which belong to the memories
    outputs = sum(memory.width for memory in found.memories)
    assert control.flip_flops == found.flip_flops + 504 + outputs
    store = next(block for block in found.blocks if block.module == "xc_state_store")
    assert (store.flip_flops, store.sequential_area, store.memory_bits) == (0, 0, 504)


def test_a_table_is_logic(tmp_path: Path) -> None:
    """Yosys makes a memory without a write port of a long case; it is no SRAM."""
    cases = "\n".join(f"{i}: y_reg <= {(i * 37 + 11) % 251};" for i in range(64))
    body = f"reg [7:0] y_reg;\nassign y = y_reg;\nalways @(posedge clk) case (a)\n{cases}\nendcase"
    found = of(circuit(tmp_path / "rtl", body, "input wire [5:0] a, output wire [7:0] y"))
    assert found.memories == ()
    assert found.flip_flops == 8
    assert found.cell_area > 8 * 10 + 50


def test_what_is_kept() -> None:
    """Kept are the blocks and what stands there twice with registers, not what has a memory."""

    def module(*kinds: str) -> dict[str, Any]:
        return {"cells": {str(number): {"type": kind} for number, kind in enumerate(kinds)}}

    hierarchy = {
        "modules": {
            "top": module("block", "ram", "$and"),
            "block": module("lane", "lane", "ram", "ram", "adder", "adder", "once"),
            "lane": module("adder", "$dff"),
            "adder": module("$add"),
            "once": module("$sdffe"),
            "ram": module("$memrd", "$memwr_v2", "$dff"),
        }
    }
    assert modules_to_keep(hierarchy, "top") == ["block", "lane", "ram"]
    assert Counter(modules_to_keep(hierarchy, "block")) == Counter(["lane", "ram", "adder", "once"])
