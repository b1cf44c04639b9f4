"""Yosys reads the controller of every shipped chip: no latches, no initial values, memories of the right size.

Yosys runs in a process of its own, since it ends the process it is in on an error.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crosschop.model.chipspec import load_chipspec, rtl_parameters, shipped_chipspecs

RTL = Path(__file__).resolve().parents[2] / "rtl"
TOP = "xc_controller"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")

LATCH = "module bad (input wire en, input wire d, output reg q);\nalways @* if (en) q = d;\nendmodule\n"
INITIAL = "module bad (input wire clk, output reg q);\ninitial q = 1;\nalways @(posedge clk) q <= !q;\nendmodule\n"
LOOP = "module bad (input wire a, output wire q);\nwire b = q ^ a;\nassign q = !b;\nendmodule\n"

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


def elaborate(parameters: dict[str, int]) -> list[str]:
    """Commands from the sources to one flat module, before any memory becomes flip-flops."""
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    return [
        *(f"read_verilog {path}" for path in sorted(RTL.glob("*.v"))),
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


def expected_memories(parameters: dict[str, int]) -> dict[str, int]:
    entries = parameters["COLS"] * -(-parameters["ROWS"] // parameters["LANES"]) * parameters["LANES"]
    p_w = parameters["ADC_W"] + parameters["P_FRAC"]
    bits = {"h": entries * parameters["H_W"], "pref": entries * p_w}
    return {**bits, "p": entries * p_w} if parameters["P_EN"] else bits


@functools.cache
def chips() -> dict[str, dict[str, int]]:
    return {path.stem: rtl_parameters(load_chipspec(path)) for path in shipped_chipspecs()}


@pytest.mark.parametrize("chip", sorted(chips()))
def test_elaborates(chip: str, tmp_path: Path) -> None:
    parameters = chips()[chip]
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
