"""Yosys reads xc_in_memory_sgd: no latches, no initial values, no memory, a trace that can go."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import test_synthesis as synth

TOP = "xc_in_memory_sgd"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")


def elaborate(trace: int) -> list[str]:
    """Commands from the sources to one flat module."""
    names = (synth.RTL / f"{TOP}.f").read_text().split()
    return [
        *(f"read_verilog {synth.RTL / name}" for name in names),
        f"hierarchy -check -top {TOP} -chparam TRACE_EN {trace}",
        "proc",
        "flatten",
        "check -assert",
    ]


@pytest.mark.parametrize("trace", [0, 1])
def test_elaborates(trace: int, tmp_path: Path) -> None:
    module = synth.yosys(tmp_path, [*elaborate(trace), "opt_clean", "memory_collect"], TOP)
    assert synth.latches(module) == []
    assert synth.initial_values(module) == []
    assert synth.memories(module) == {}


def test_the_state_and_two_counters_are_all(tmp_path: Path) -> None:
    left = []
    for trace in (0, 1):
        module = synth.yosys(tmp_path, [*elaborate(trace), "opt -full", "opt_clean"], TOP)
        left.append(synth.registers(module))
        zero = [name for name, port in module["ports"].items() if set(port["bits"]) == {"0"}]
        expected = {f"stat_cycles_{phase}" for phase in ("clear", "stall", "read", "digital", "hold", "write")}
        assert set(zero) == expected | (set() if trace else {"trc_valid", "trc_sample"})
    assert left[0] == {"update_reg": 33, "idle_reg": 32}  # the state, and the counter of its cycles
    assert left[1] == {**left[0], "trc_valid_reg": 1, "trc_sample_reg": 32}


def test_synthesizes_and_trace_costs_nothing_when_off(tmp_path: Path) -> None:
    counts = []
    for trace in (0, 1):
        directory = tmp_path / str(trace)
        directory.mkdir()
        module = synth.yosys(directory, [*elaborate(trace), f"synth -top {TOP} -flatten", "check -assert"], TOP)
        assert synth.latches(module) == []
        counts.append(synth.flip_flops(module))
        assert bool([name for name in module["netnames"] if "gen_trace" in name]) == bool(trace)
    assert counts == [65, 98]
