"""Compiles the bench for one chip; builds are kept and found again by their content."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cocotb_tools.runner import get_runner

from crosschop.cosim.dut import Dut
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import bench_sources
from crosschop.model.cache import cache_directory
from crosschop.model.chipspec import ChipSpec, rtl_parameters
from crosschop.model.errors import MissingToolError, ToolError

SIMULATOR = "icarus"
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


def _content_key(dut: Dut, bench: list[Path], parameters: dict[str, int], version: str) -> str:
    digest = hashlib.sha256(json.dumps([dut.digest(), parameters, version], sort_keys=True).encode())
    for source in bench:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


def _macros(dut: Dut) -> dict[str, str]:
    """The user's macros, and those by which the bench knows what to instantiate."""
    further = "".join(f", .{name}({value})" for name, value in dut.parameters)
    return {**dict(dut.defines), "XC_DUT": dut.module, "XC_DUT_PARAMETERS": further}


def build(spec: ChipSpec, dut: Dut) -> Path:
    """Directory of the compiled bench for this chip and this controller.

    Raises:
        ToolError: Icarus is missing, or rejects the sources; the message quotes its first line.
    """
    version = require_icarus()
    top = kind_of(spec).hdl.TOP
    bench = bench_sources(top)
    parameters = {**bench_parameters(spec), "UNSEEN": dut.view.mask(spec.kind)}
    target = cache_directory() / "sim" / _content_key(dut, bench, parameters, version)
    if (target / "sim.vvp").exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved into place, so that an interrupted build, or two at a time, leave nothing half done.
    scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        _compile(top, dut, bench, parameters, scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not (target / "sim.vvp").exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _compile(top: str, dut: Dut, bench: list[Path], parameters: dict[str, int], directory: Path) -> None:
    log = directory / LOG_FILE
    runner = get_runner(SIMULATOR)
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
