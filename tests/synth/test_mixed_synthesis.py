"""Yosys reads xc_mixed_precision: no latches, no initial values, memories of the right size, a trace that can go."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import pytest
import test_synthesis as synth

from crosschop.model.chipspec import controller_module, load_chipspec, memory_bits, rtl_parameters, shipped_chipspecs

TOP = "xc_mixed_precision"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")

# Rows, columns and lanes without a common divisor, so that every store has padding
RECTANGLE = {"ROWS": 7, "COLS": 5, "LANES": 3, "OP_W": 6, "CHI_W": 11, "CHI_FRAC": 6, "LR_SHIFT": 15, "MAX_STEPS": 3}


def elaborate(parameters: dict[str, int]) -> list[str]:
    """Commands from the sources to one flat module, before any memory becomes flip-flops."""
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    names = (synth.RTL / f"{TOP}.f").read_text().split()
    return [
        *(f"read_verilog {synth.RTL / name}" for name in names),
        f"hierarchy -check -top {TOP} {values}",
        "proc",
        "flatten",
        "check -assert",
    ]


def expected_memories(parameters: dict[str, int]) -> dict[str, int]:
    lanes = parameters["LANES"]
    beats, x_beats = (-(-parameters[side] // lanes) for side in ("ROWS", "COLS"))
    return {
        "chi": parameters["COLS"] * beats * lanes * parameters["CHI_W"],
        "d": beats * lanes * parameters["OP_W"],
        "x": x_beats * lanes * parameters["OP_W"],
    }


@functools.cache
def chips() -> dict[str, dict[str, int]]:
    specs = {path.stem: load_chipspec(path) for path in shipped_chipspecs()}
    return {name: rtl_parameters(spec) for name, spec in specs.items() if controller_module(spec) == TOP}


@pytest.mark.parametrize("chip", [*sorted(chips()), "rectangle"])
def test_elaborates(chip: str, tmp_path: Path) -> None:
    parameters = {**chips()["mixed_precision_20"], **RECTANGLE} if chip == "rectangle" else chips()[chip]
    module = synth.yosys(tmp_path, [*elaborate(parameters), "opt_clean", "memory_collect"], TOP)
    assert synth.latches(module) == []
    assert synth.initial_values(module) == []
    assert synth.memories(module) == expected_memories(parameters)
    # Per lane: x * d, and the product with the gain. Once: lane number * OP_W, where x stands in its word
    assert synth.operators(module)["$mul"] == 2 * parameters["LANES"] + 1
    if chip in chips():
        assert sum(expected_memories(parameters).values()) == memory_bits(load_chipspec(chip)).total


def test_synthesizes_and_trace_costs_nothing_when_off(tmp_path: Path) -> None:
    parameters = {**chips()["mixed_precision_20"], **RECTANGLE}
    netlists = []
    for trace in (0, 1):
        (tmp_path / str(trace)).mkdir()
        commands = [*elaborate({**parameters, "TRACE_EN": trace}), f"synth -top {TOP} -flatten", "check -assert"]
        netlists.append(synth.yosys(tmp_path / str(trace), commands, TOP))
    off, on = netlists
    for module in netlists:
        assert synth.latches(module) == []
        assert synth.initial_values(module) == []

    trace_bits = {name: port["bits"] for name, port in off["ports"].items() if name.startswith("trc_")}
    assert len(trace_bits) == 8
    assert {bit for bits in trace_bits.values() for bit in bits} == {"0"}
    assert not [name for name in off["netnames"] if "gen_trace" in name]

    # The trace registers, and the operands that wait two cycles for the results
    outputs = sum(len(bits) for bits in trace_bits.values())
    waiting = 2 * (len(trace_bits["trc_x"]) + len(trace_bits["trc_d"]))
    assert 0.95 * (outputs + waiting) < synth.flip_flops(on) - synth.flip_flops(off) <= outputs + waiting


@pytest.mark.parametrize("ports", [1, 2])
def test_ports_of_memories(ports: int, tmp_path: Path) -> None:
    parameters = {**chips()["mixed_precision_shared"], **RECTANGLE, "MEM_PORTS": ports}
    # Operands are read at the places where they were stored, so that their address is one in any case
    assert synth.memory_ports(tmp_path, parameters, TOP) == {"chi": ports, "d": 1, "x": 1}
