"""Yosys reads the controller of every shipped chip: no latches, no initial values, memories of the right size.

What a chip's options leave out is not there at all, down to the last register.

Yosys runs in a process of its own, since it ends the process it is in on an error.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crosschop.model.chipspec import controller_module, load_chipspec, rtl_parameters, shipped_chipspecs

RTL = Path(__file__).resolve().parents[2] / "rtl"
TOP = "xc_controller"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")

LATCH = "module bad (input wire en, input wire d, output reg q);\nalways @* if (en) q = d;\nendmodule\n"
INITIAL = "module bad (input wire clk, output reg q);\ninitial q = 1;\nalways @(posedge clk) q <= !q;\nendmodule\n"
LOOP = "module bad (input wire a, output wire q);\nwire b = q ^ a;\nassign q = !b;\nendmodule\n"

# What makes the other algorithms, and what they may have, over any chip
TTV2 = {"REF_EN": 0, "P_EN": 0, "P_FRAC": 0}
OPTIONS: dict[str, dict[str, int]] = {
    "beta1": {"P_EN": 0},
    "c_ttv2": TTV2,
    "ttv2": {**TTV2, "CHOP_MODE": 0},
    "correction": {"CORRECTION": 16},
    "random_order": {"COL_RANDOM": 1},
    "random_order_and_flips": {"COL_RANDOM": 1, "CHOP_MODE": 2},
    "one_port": {"MEM_PORTS": 1},
    "one_port_count": {"MEM_PORTS": 1, "COL_RANDOM": 1},
    "all": {**TTV2, "COL_RANDOM": 1, "CHOP_MODE": 2, "CORRECTION": 255},
}

# Bug: file, original, replacement
Change = tuple[str, str, str]

# Cuts the read correction, the random column order and the wait for the only memory port out of the sources
WITHOUT_OPTIONS: tuple[Change, ...] = (
    ("xc_transfer_lanes.v", "        .gain(gain),\n", "        .gain(cfg_lr_h),\n"),
    ("xc_transfer_lanes.v", "        index_reg <= xfer_index;\n", ""),
    ("xc_read_index.v", "    if (CORRECTION != 0) begin : gen_index\n", "    if (0) begin : gen_index\n"),
    ("xc_transfer_lanes.v", "MEM_PORTS == 1 && (valid_1_reg || valid_3_reg)", "1'b0"),
    ("xc_transfer_scheduler.v", "outstanding_reg && !lanes_wait &&", "outstanding_reg &&"),
    ("xc_transfer_scheduler.v", "    if (addr_load) begin\n        addr_next = addr_start;\n    end\n", ""),
    ("xc_transfer_scheduler.v", "        col_next = col_after;\n",
     "        col_next = (col_reg == LAST_COL[COL_W-1:0]) ? {COL_W{1'b0}} : col_reg + 1'b1;\n"),
)  # fmt: skip

Netlist = dict[str, Any]


def yosys(directory: Path, commands: list[str], top: str) -> Netlist:
    """Run Yosys commands and give the top module of the netlist they leave."""
    netlist = directory / "netlist.json"
    script = directory / "run.ys"
    script.write_text("\n".join([*commands, f"write_json {netlist}"]) + "\n")
    program = f"from pyosys import libyosys as y; y.run_pass('script {script}', y.Design())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    output = done.stdout + done.stderr
    assert done.returncode == 0 and netlist.exists(), output[-2000:]
    module: Netlist = json.loads(netlist.read_text())["modules"][top]
    return module


def elaborate(parameters: dict[str, int], rtl: Path = RTL) -> list[str]:
    """Commands from the sources to one flat module, before any memory becomes flip-flops."""
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    return [
        *(f"read_verilog {path}" for path in sorted(rtl.glob("*.v"))),
        f"hierarchy -check -top {TOP} {values}",
        "proc",
        "flatten",
        "check -assert",
    ]


def latches(module: Netlist) -> list[str]:
    """Names of the latches."""
    return [name for name, cell in module["cells"].items() if "latch" in cell["type"].lower()]


def initial_values(module: Netlist) -> list[str]:
    """Nets and memories with an initial value."""
    nets = [name for name, net in module["netnames"].items() if "init" in net["attributes"]]
    cells = module["cells"].items()
    return nets + [name for name, cell in cells if set(cell["parameters"].get("INIT", "x")) != {"x"}]


def memories(module: Netlist) -> dict[str, int]:
    """Bits of every memory, by the name of its instance."""
    found = {}
    for cell in module["cells"].values():
        if cell["type"] in ("$mem", "$mem_v2"):
            width, size = (int(cell["parameters"][key], 2) for key in ("WIDTH", "SIZE"))
            path = str(cell["parameters"]["MEMID"])
            match = re.search(r"(\w+)_ram_inst", path)
            assert match is not None, path
            found[match[1]] = width * size
    return found


def flip_flops(module: Netlist) -> int:
    """Number of flip-flop bits after synthesis."""
    return sum(cell["type"].startswith(("$_DFF", "$_SDFF")) for cell in module["cells"].values())


def registers(module: Netlist) -> dict[str, int]:
    """Bits of every register that is left, by its name without the path."""
    bits = {
        bit
        for cell in module["cells"].values()
        if re.match(r"[$]s?dff", cell["type"])
        for bit in cell["connections"]["Q"]
    }
    found: dict[str, int] = {}
    for name, net in module["netnames"].items():
        own = name.rsplit(".", 1)[-1].lstrip("\\")
        if own.endswith("_reg"):
            kept = sum(bit in bits for bit in net["bits"])
            found |= {own: found.get(own, 0) + kept} if kept else {}
    return found


def operators(module: Netlist) -> Counter[str]:
    """Number of arithmetic cells."""
    return Counter(cell["type"] for cell in module["cells"].values() if cell["type"] in ("$mul", "$sub", "$add"))


def cost(module: Netlist) -> Counter[tuple[str, ...]]:
    """Number of cells of each type and widths; a scope is a name, not a cell."""
    return Counter(
        (cell["type"], *(f"{key}={cell['parameters'][key]}" for key in sorted(cell["parameters"]) if "WIDTH" in key))
        for cell in module["cells"].values()
        if cell["type"] != "$scopeinfo"
    )


def reduced(directory: Path, parameters: dict[str, int], rtl: Path = RTL) -> Netlist:
    """The netlist of operators and registers after everything constant or unused is gone."""
    return yosys(directory, [*elaborate(parameters, rtl), "opt -full", "memory_collect", "opt_clean"], TOP)


def changed(directory: Path, *changes: Change) -> Path:
    """A copy of the RTL with changes."""
    rtl = directory / "rtl"
    shutil.copytree(RTL, rtl, ignore=shutil.ignore_patterns("__pycache__"))
    for file, original, replacement in changes:
        text = (rtl / file).read_text()
        assert text.count(original) == 1, (file, original)
        (rtl / file).write_text(text.replace(original, replacement))
    return rtl


def expected_memories(parameters: dict[str, int]) -> dict[str, int]:
    entries = parameters["COLS"] * -(-parameters["ROWS"] // parameters["LANES"]) * parameters["LANES"]
    p_w = parameters["ADC_W"] + parameters["P_FRAC"]
    bits = {"h": entries * parameters["H_W"]}
    if parameters["REF_EN"]:
        bits["pref"] = entries * p_w
    if parameters["P_EN"]:
        bits["p"] = entries * p_w
    # Reads per chop period where the columns are not in step: 16 bits for a regular period, else as far as the
    # correction looks
    width = {1: 16}.get(parameters["CHOP_MODE"], max(parameters["CORRECTION"] - 1, 0).bit_length())
    if width and (parameters["COL_RANDOM"] or parameters["CHOP_MODE"] == 2):
        bits["count"] = parameters["COLS"] * width
    return bits


@functools.cache
def chips() -> dict[str, dict[str, int]]:
    specs = {path.stem: load_chipspec(path) for path in shipped_chipspecs()}
    return {name: rtl_parameters(spec) for name, spec in specs.items() if controller_module(spec) == TOP}


@pytest.mark.parametrize("chip", [*sorted(chips()), *sorted(OPTIONS)])
def test_elaborates(chip: str, tmp_path: Path) -> None:
    parameters = chips()[chip] if chip in chips() else {**chips()["agad_tiny"], **OPTIONS[chip]}
    module = yosys(tmp_path, [*elaborate(parameters), "opt_clean", "memory_collect"], TOP)
    assert latches(module) == []
    assert initial_values(module) == []
    assert memories(module) == expected_memories(parameters)


def synthesize(directory: Path, trace: int) -> Netlist:
    directory.mkdir()
    parameters = {**chips()["agad_tiny"], "TRACE_EN": trace}
    return yosys(directory, [*elaborate(parameters), f"synth -top {TOP} -flatten", "check -assert"], TOP)


def test_synthesizes_and_trace_costs_nothing_when_off(tmp_path: Path) -> None:
    off, on = synthesize(tmp_path / "off", 0), synthesize(tmp_path / "on", 1)
    for module in (off, on):
        assert latches(module) == []
        assert initial_values(module) == []

    trace_bits = {name: port["bits"] for name, port in off["ports"].items() if name.startswith("trc_")}
    assert len(trace_bits) == 11
    assert {bit for bits in trace_bits.values() for bit in bits} == {"0"}
    assert not [name for name in off["netnames"] if "gen_trace" in name]

    # The trace registers, and the codes and old P^ref that wait two cycles for the results; Yosys merges the few
    # that are always equal, like trc_beat and trc_last of two beats
    trace_outputs = sum(len(bits) for bits in trace_bits.values())
    waiting = 2 * (len(trace_bits["trc_codes"]) + len(trace_bits["trc_pref"]))
    assert 0.95 * (trace_outputs + waiting) < flip_flops(on) - flip_flops(off) <= trace_outputs + waiting


def of_p(module: Netlist) -> dict[str, int]:
    """What is left of P and P^ref: memories and registers."""
    left = {**memories(module), **registers(module)}
    return {name: bits for name, bits in left.items() if re.match(r"(p|pref|d|trc_p|trc_pref)(_|$)", name)}


def test_no_reference_leaves_h_alone(tmp_path: Path) -> None:
    agad = chips()["agad_tiny"]
    lanes = agad["LANES"]
    netlists = [
        yosys(tmp_path, [*elaborate(parameters), "opt_clean"], TOP)
        for parameters in ({**agad, **TTV2}, {**agad, "P_EN": 0}, agad)
    ]
    # Multiplications: by the gain; by beta. Subtractions: of P^ref; of P
    ttv2, beta1, full = map(operators, netlists)
    assert ttv2["$mul"] == beta1["$mul"] == lanes and full["$mul"] == 2 * lanes
    assert beta1["$sub"] == ttv2["$sub"] + lanes and full["$sub"] == ttv2["$sub"] + 2 * lanes

    left = reduced(tmp_path, {**agad, **TTV2})
    assert list(memories(left)) == ["h"]
    assert of_p(left) == {}
    trace_bits = left["ports"]["trc_p"]["bits"] + left["ports"]["trc_pref"]["bits"]
    assert len(trace_bits) == 2 * lanes * agad["ADC_W"] and set(trace_bits) == {"0"}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (("xc_transfer_lane.v", "if (REF_EN == 0) begin : gen_no_ref", "if (0) begin : gen_no_ref"),
         {"p_1_reg", "p_2_reg", "trc_p_reg", "trc_pref_reg"}),
        (("xc_state_store.v", "if (REF_EN != 0) begin : gen_pref", "if (1) begin : gen_pref"),
         {"pref", "pref_2_reg", "pref_3_reg", "trc_pref_reg"}),
    ],
)  # fmt: skip
def test_rest_of_p_is_caught(tmp_path: Path, change: Change, left: set[str]) -> None:
    module = reduced(tmp_path, {**chips()["agad_tiny"], **TTV2}, changed(tmp_path, change))
    assert set(of_p(module)) == left


def of_chopper(module: Netlist) -> set[str]:
    return {name for name in registers(module) if re.search("chop|flip|sweep_reg", name)}


def test_no_chopper_leaves_no_sign(tmp_path: Path) -> None:
    agad = chips()["agad_tiny"]
    # The scheduler has a sweep counter too, for the warm-up
    assert of_chopper(reduced(tmp_path, {**agad, "CHOP_MODE": 0})) == {"sweep_reg"}
    signs = {"chop_reg", "xfer_chop_reg", "trc_chop_reg", "flip_reg", "xfer_flip_reg", "trc_flip_reg"}
    regular = reduced(tmp_path, {**agad, "CHOP_MODE": 1})
    assert of_chopper(regular) == {*signs, "sweep_reg"}
    assert registers(regular)["sweep_reg"] == 2 * 16
    assert registers(regular)["chop_reg"] == agad["COLS"] + 1  # and the sign that the lanes work with


def test_options_that_are_off_cost_nothing(tmp_path: Path) -> None:
    off = {**chips()["agad_tiny"], "CORRECTION": 0, "COL_RANDOM": 0}
    never = changed(tmp_path, *WITHOUT_OPTIONS)
    for mode in (0, 1, 2):
        parameters = {**off, "CHOP_MODE": mode}
        assert cost(reduced(tmp_path, parameters)) == cost(reduced(tmp_path, parameters, never))


@pytest.mark.parametrize(
    "change",
    [
        ("xc_read_gain.v", "if (CORRECTION == 0) begin : gen_constant", "if (0) begin : gen_constant"),
        ("xc_transfer_scheduler.v", "    assign addr_load = 1'b0;\n", "    assign addr_load = read_done;\n"),
    ],
)
def test_cost_of_an_option_that_is_off_is_caught(tmp_path: Path, change: Change) -> None:
    off = {**chips()["agad_tiny"], "CORRECTION": 0, "COL_RANDOM": 0}
    assert cost(reduced(tmp_path, off, changed(tmp_path, change))) != cost(reduced(tmp_path, off))


def test_options_cost_what_they_need(tmp_path: Path) -> None:
    agad = {**chips()["agad_tiny"], "CORRECTION": 0, "COL_RANDOM": 0}
    plain = reduced(tmp_path, agad)

    def added(options: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        module = reduced(tmp_path, {**agad, **options})
        more = {name: bits - registers(plain).get(name, 0) for name, bits in registers(module).items()}
        count = {name: bits for name, bits in memories(module).items() if name not in memories(plain)}
        return {name: bits for name, bits in more.items() if bits}, count

    # One multiplication for all lanes, and nothing per column while they are in step
    index = {"xfer_index_reg": 5, "index_reg": 5}
    assert added({"CORRECTION": 16}) == ({**index, "gain_reg": agad["LR_W"]}, {})
    muls = [operators(yosys(tmp_path, [*elaborate({**agad, "CORRECTION": cap}), "opt_clean"], TOP)) for cap in (0, 16)]
    assert muls[1]["$mul"] == muls[0]["$mul"] + 1

    # Regular flips count reads of each column in place of sweeps
    registers_added, memory = added({"COL_RANDOM": 1})
    assert memory == {"count": 16 * agad["COLS"]}
    assert registers_added == {"state_reg": 32, "position_reg": 2, "rd_data_reg": 16, "sweep_reg": -16}


# From the sources to memories, in the hierarchy; an address that nobody looks at is the one at the port
PORTS_OF_MEMORIES = (
    *("proc", "opt_expr -mux_undef", "opt_clean"),
    *("opt_dff", "opt_clean", "memory_dff", "opt_clean", "memory_collect", "opt_clean"),
)


def memory_ports(directory: Path, parameters: dict[str, int], top: str = TOP, rtl: Path = RTL) -> dict[str, int]:
    """Addresses of every memory, by the name of its instance: 1 where reads and writes share them, else 2."""
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    reads = [f"read_verilog {path}" for path in sorted(rtl.glob("*.v"))]
    commands = [*reads, f"hierarchy -check -top {top} {values}", *PORTS_OF_MEMORIES, "flatten", "opt_clean"]
    found = {}
    for cell in yosys(directory, commands, top)["cells"].values():
        if cell["type"] == "$mem_v2":
            name = re.search(r"(\w+)_ram_inst", str(cell["parameters"]["MEMID"]))
            assert name is not None
            assert [int(cell["parameters"][key], 2) for key in ("RD_PORTS", "WR_PORTS", "RD_CLK_ENABLE")] == [1, 1, 1]
            found[name[1]] = 1 if cell["connections"]["RD_ADDR"] == cell["connections"]["WR_ADDR"] else 2
    return found


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("chip", ["agad_shared", "agad_tiny"])
def test_ports_of_memories(chip: str, ports: int, tmp_path: Path) -> None:
    """At the same bits every memory has as many addresses as the chip has ports, that of the counts too."""
    parameters = {**chips()[chip], "COL_RANDOM": 1, "MEM_PORTS": ports}
    assert memory_ports(tmp_path, parameters) == dict.fromkeys(("h", "p", "pref", "count"), ports)
    module = yosys(tmp_path, [*elaborate(parameters), "opt_clean", "memory_collect"], TOP)
    assert memories(module) == expected_memories(parameters)


def enabled(module: Netlist, values: dict[str, int]) -> tuple[int, set[int]]:
    """Enables of reading and of writing the only memory of a module, under values of its input ports."""
    known: dict[str | int, int] = {"0": 0, "1": 1}
    known |= {module["ports"][name]["bits"][0]: value for name, value in values.items()}
    gates = [cell for cell in module["cells"].values() if cell["type"].startswith("$_")]
    functions = {"$_NOT_": lambda a, b=0: 1 - a, "$_AND_": lambda a, b: a & b, "$_OR_": lambda a, b: a | b}
    for _ in gates:  # as often as there are gates: every one has its inputs by then
        for gate in gates:
            inputs = [gate["connections"][port][0] for port in ("A", "B") if port in gate["connections"]]
            if all(bit in known for bit in inputs) and gate["type"] in functions:
                known[gate["connections"]["Y"][0]] = functions[gate["type"]](*(known[bit] for bit in inputs))
    (memory,) = (cell for cell in module["cells"].values() if cell["type"] == "$mem_v2")
    (reads,) = memory["connections"]["RD_EN"]
    return known[reads], {known[bit] for bit in memory["connections"]["WR_EN"]}


def test_one_port_never_reads_and_writes(tmp_path: Path) -> None:
    commands = [f"read_verilog {RTL}/xc_ram_1rw.v", "hierarchy -top xc_ram_1rw", *PORTS_OF_MEMORIES, "simplemap"]
    module = yosys(tmp_path, [*commands, "opt"], "xc_ram_1rw")
    seen = {(rd, wr): enabled(module, {"rd_en": rd, "wr_en": wr}) for rd in (0, 1) for wr in (0, 1)}
    assert seen == {(0, 0): (0, {0}), (1, 0): (1, {0}), (0, 1): (0, {1}), (1, 1): (0, {1})}


def test_second_port_is_caught(tmp_path: Path) -> None:
    change = ("xc_ram.v", "if (MEM_PORTS == 1) begin : gen_one_port", "if (0) begin : gen_one_port")
    ports = memory_ports(tmp_path, {**chips()["agad_shared"]}, rtl=changed(tmp_path, change))
    assert ports == dict.fromkeys(("h", "p", "pref"), 2)


def test_latch_is_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.v").write_text(LATCH)
    assert latches(yosys(tmp_path, [f"read_verilog {tmp_path}/bad.v", "proc"], "bad"))


def test_initial_value_is_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.v").write_text(INITIAL)
    assert initial_values(yosys(tmp_path, [f"read_verilog {tmp_path}/bad.v", "proc"], "bad")) == ["q"]


def test_loop_is_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.v").write_text(LOOP)
    with pytest.raises(AssertionError, match="Found 1 problems in 'check -assert'"):
        yosys(tmp_path, [f"read_verilog {tmp_path}/bad.v", "check -assert"], "bad")
