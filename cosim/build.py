"""Compiles the bench for one chip; builds are kept and found again by their content."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cocotb_tools.runner import get_runner

from crosschop.cosim.dut import Dut
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import bench_sources, verilator_sources
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.cosim.verilator import CXX_FLAGS, Options, compile_bench, require_verilator
from crosschop.model.cache import cache_directory
from crosschop.model.chipspec import ChipSpec, rtl_parameters
from crosschop.model.errors import MissingToolError, ToolError

LOG_FILE = "build.log"
# Icarus 11 only warns of a parameter that does not exist, and then simulates with the default.
FATAL_WARNING = "warning: parameter"


def require_icarus() -> str:
    """Version of Icarus Verilog.

    Raises:
        ToolError: it is not installed.
    """
    if shutil.which("iverilog") is None or shutil.which("vvp") is None:
        raise MissingToolError("Icarus Verilog (iverilog, vvp) is not installed: apt-get install iverilog")
    answer = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=False)
    return answer.stdout.splitlines()[0] if answer.stdout else "unknown"


def bench_parameters(spec: ChipSpec) -> dict[str, int]:
    """Parameters of the bench: the controller's, and the array side's."""
    return {
        **rtl_parameters(spec),
        "CLOCK_PS": 2 * max(1, round(spec.timing.clock_ns * 500)),  # two halves of whole ps
        **kind_of(spec).hdl.bench_parameters(spec),
    }


def _content_key(dut: Dut, bench: list[Path], parameters: dict[str, int], flags: list[object]) -> str:
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
    parameters = _parameters(spec, dut)
    folder = cache_directory() / "sim"
    if simulator.name == "icarus":
        key = _content_key(dut, bench, parameters, [require_icarus()])
        return _built(folder / key, "sim.vvp", lambda scratch: _compile(top, dut, bench, parameters, scratch))
    tool = require_verilator()
    options = Options(coverage=simulator.coverage, waves=waves)
    flags: list[object] = [tool.version, str(tool.program), CXX_FLAGS, options.coverage, options.waves]
    # What was counted names the source by its path.
    places = [str(source) for source in dut.sources] if options.coverage else []
    key = _content_key(dut, [*bench, *verilator_sources()], parameters, ["verilator", *flags, *places])
    runtime = cache_directory() / f"verilator-{hashlib.sha256(repr(flags).encode()).hexdigest()[:20]}"
    sources = [*verilator_sources(), *dut.sources, *bench]
    switches = [*dut_options(dut), *(f"-G{name}={value}" for name, value in parameters.items())]

    def compile_(scratch: Path) -> None:
        compile_bench(tool, top, sources, switches, options, scratch, runtime, scratch / LOG_FILE)

    return _built(folder / key, top, compile_)


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


def _built(target: Path, product: str, compile_: Callable[[Path], None]) -> Path:
    """A directory with a product, built unless it is there.

    Built aside and moved into place, so that an interrupted build, or two at a time, leave nothing half done.
    """
    if (target / product).exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        compile_(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not (target / product).exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _compile(top: str, dut: Dut, bench: list[Path], parameters: dict[str, int], directory: Path) -> None:
    log = directory / LOG_FILE
    runner = get_runner("icarus")
    failed = False
    try:
        runner.build(
            sources=[*dut.sources, *bench],
            includes=dut.search_path,
            defines=_macros(dut),
            hdl_toplevel=top,
            parameters=parameters,
            build_dir=directory,
            always=True,
            log_file=log,
            timescale=("1ns", "1ps"),
        )
    except (subprocess.CalledProcessError, SystemExit, RuntimeError):
        failed = True
    messages = log.read_text().splitlines() if log.exists() else []
    complaint = "error" if failed else FATAL_WARNING
    complaints = [line for line in messages if complaint in line.lower()]
    if complaints or failed:
        first = (complaints or messages or ["no message"])[0]
        raise ToolError(f"Icarus Verilog cannot build the controller: {first}")


def simulation_seconds(cycle_count: int) -> int:
    """A wall-clock limit for a simulation of about so many cycles, generous on a slow machine."""
    return 120 + math.ceil(cycle_count / 500)


def environment() -> dict[str, str]:
    """Environment for the simulator: nothing that slows it down, no colours in its log."""
    return {
        **os.environ,
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # cocotb would rewrite every imported module for pytest
        "OPENBLAS_NUM_THREADS": "1",  # idle threads spin
        "NO_COLOR": "1",
    }
