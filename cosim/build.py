"""Compiles the bench for one chip; builds are kept and found again by their content."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.kept_builds import kept_build
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import bench_sources, verilator_sources
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.cosim.verilator import CXX_FLAGS, Options, compile_bench, require_verilator
from crosschop.model.cache import cache_directory
from crosschop.model.chipspec import ChipSpec, rtl_parameters
from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.programs import how_it_ended, run_program

LOG_FILE = "build.log"
# Icarus 11 only warns of a parameter that does not exist, and then simulates with the default; and of a port of the
# controller that has another width than the bench's, which it then pads or cuts.
FATAL_WARNING = r"warning: parameter|/xc_bench\w*\.v:\d+: warning: Port \d+"
# Where the build failed; that an included file is missing is not called an error.
COMPLAINT = "error|not found"
OLDEST = 11
INSTALL = "apt-get install iverilog"
VERSION_SECONDS = 60
BUILD_SECONDS = 600


def require_icarus() -> str:
    """Version of Icarus Verilog.

    Raises:
        ToolError: it is not installed, too old, or does not tell its version.
    """
    missing = [program for program in ("iverilog", "vvp") if shutil.which(program) is None]
    if missing:
        raise MissingToolError(f"Icarus Verilog is not installed (no {', no '.join(missing)}): {INSTALL}")
    lines = run_program(["iverilog", "-V"], "iverilog -V", VERSION_SECONDS).lines
    found = re.search(r"Icarus Verilog version (\d+)", lines[0]) if lines else None
    if found is None:
        raise ToolError(f"iverilog -V tells no version but {lines[0] if lines else 'nothing'}: {INSTALL}")
    if int(found[1]) < OLDEST:
        raise ToolError(f"{lines[0]} is too old, version {OLDEST} or newer is needed: {INSTALL}")
    return lines[0]


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters of the bench: the controller's, and the array side's."""
    return {
        **rtl_parameters(spec),
        "CLOCK_PS": 2 * max(1, round(spec.timing.clock_ns * 500)),  # two halves of whole ps
        **kind_of(spec).hdl.bench_parameters(spec),
    }


def content_key(dut: Dut, bench: list[Path], parameters: dict[str, int], flags: list[object]) -> str:
    """Names a build by everything that goes into it."""
    digest = hashlib.sha256(json.dumps([dut.digest(), parameters, flags], sort_keys=True).encode())
    for source in bench:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


def _macros(dut: Dut) -> dict[str, str]:
    """The user's macros, and those by which the bench knows what to instantiate."""
    further = "".join(f", .{name}({value})" for name, value in dut.parameters)
    return {**dict(dut.defines), "XC_DUT": dut.module, "XC_DUT_PARAMETERS": further}


def build(spec: ChipSpec, dut: Dut, simulator: Simulator = ICARUS, waves: bool = False) -> Path:
    """Directory of the compiled bench for this chip and this controller.

    Args:
        spec: the chip.
        dut: the controller.
        simulator: for whom.
        waves: able to write waves; a bench for Icarus always is.

    Raises:
        ToolError: the simulator is missing, or rejects the sources; the message quotes its first line.
    """
    top = kind_of(spec).hdl.TOP
    bench = bench_sources(top)
    parameters = {**_parameters(spec, dut), "COVER": int(simulator.coverage)}
    folder = cache_directory() / "sim"
    if simulator.name == "icarus":
        key = content_key(dut, bench, parameters, [require_icarus(), FATAL_WARNING])
        return kept_build(folder / key, "sim.vvp", lambda scratch: _compile(top, dut, bench, parameters, scratch))
    tool = require_verilator()
    options = Options(coverage=simulator.coverage, waves=waves)
    flags: list[object] = [tool.version, str(tool.program), CXX_FLAGS, options.coverage, options.waves]
    # What was counted names the source by its path.
    places = [str(source) for source in dut.sources] if options.coverage else []
    key = content_key(dut, [*bench, *verilator_sources()], parameters, ["verilator", *flags, *places])
    runtime = cache_directory() / f"verilator-{hashlib.sha256(repr(flags).encode()).hexdigest()[:20]}"
    sources = [*verilator_sources(), *dut.sources, *bench]
    switches = [*dut_options(dut), *(f"-G{name}={value}" for name, value in parameters.items())]

    def compile_(scratch: Path) -> None:
        compile_bench(tool, top, sources, switches, options, scratch, runtime, scratch / LOG_FILE)

    return kept_build(folder / key, top, compile_)


def compile_aside(spec: ChipSpec, dut: Dut, directory: Path) -> None:
    """Compiles the bench for Icarus into a directory of the caller's, where nothing looks for it again.

    Raises:
        ToolError: Icarus rejects the sources; the message quotes its first line.
    """
    top = kind_of(spec).hdl.TOP
    _compile(top, dut, bench_sources(top), _parameters(spec, dut), directory)


def _parameters(spec: ChipSpec, dut: Dut) -> dict[str, int]:
    return {**bench_parameters(spec), "UNSEEN": dut.view.mask(spec.kind)}


def dut_options(dut: Dut) -> list[str]:
    """Macros of the user and of the bench, and where included files lie, as options of a compiler."""
    macros = [f"-D{name}={value}" for name, value in _macros(dut).items()]
    return [*macros, *(f"-I{folder}" for folder in dut.search_path)]


def _compile(top: str, dut: Dut, bench: list[Path], parameters: dict[str, int], directory: Path) -> None:
    commands = directory / "commands.f"
    commands.write_text("+timescale+1ns/1ps\n")
    values = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    command = ["iverilog", "-o", str(directory / "sim.vvp"), "-s", top, "-g2012", *dut_options(dut), *values]
    sources = [str(source) for source in (*dut.sources, *bench)]
    log = directory / LOG_FILE
    ended = run_program(
        [*command, "-f", str(commands), *sources], "Icarus Verilog", BUILD_SECONDS, folder=directory, log=log
    )
    failed = ended.status != 0 or not (directory / "sim.vvp").is_file()
    complaint = re.compile(COMPLAINT if failed else FATAL_WARNING, re.IGNORECASE)
    complaints = [line for line in ended.lines if complaint.search(line)]
    if complaints or failed:
        silent = f"it {how_it_ended(ended.status)} without a message and without a result"
        raise ToolError(f"Icarus Verilog cannot build the controller: {(complaints or ended.lines or [silent])[0]}")


def simulation_seconds(cycle_count: int) -> int:
    """A wall-clock limit for a simulation of about so many cycles, generous on a slow machine."""
    return 120 + math.ceil(cycle_count / 500)


def environment() -> dict[str, str]:
    """Environment for the simulator: nothing that slows it down, no colours in its log."""
    # cocotb's runner ends otherwise where it believes that pytest looks on.
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {
        **own,
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # cocotb would rewrite every imported module for pytest
        "OPENBLAS_NUM_THREADS": "1",  # idle threads spin
        "NO_COLOR": "1",
    }
