"""Speed of the logic: paths by hand and by ABC, none lost at the boundary of a module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from area_circuits import MARKS, RTL, SGD, SLOWDOWN, SPECS, TINY, circuit, mapped, of, on

from crosschop.model.errors import InputError
from crosschop.model.estimate.logic import synthesis, yosys
from crosschop.model.estimate.logic.liberty_reader import read_liberty
from crosschop.model.estimate.logic.netlist import Netlist
from crosschop.model.estimate.logic.result import frequency
from crosschop.model.estimate.logic.static_timing import slowest_paths
from crosschop.model.estimate.quantity import Range

pytestmark = MARKS

LANE = """
module lane (input wire clk, input wire a, input wire carry, output wire next);
reg a_reg;
always @(posedge clk) a_reg <= a;
assign next = a_reg & carry;
endmodule
"""


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
