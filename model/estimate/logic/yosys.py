"""Yosys in a process of its own: the scripts of the logic synthesis, and running them."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.programs import end_group, how_it_ended

INSTALL = "pip install 'crosschop[area]'"
SECONDS = 3600
# Last lines of a failing Yosys that are quoted
LINES_QUOTED = 3

# Names in the folder in which Yosys runs; scripts have no other paths in them, so that a blank in one cannot matter
RTL, LIBERTY, ELABORATED = "rtl", "cells.lib", "elaborated.il"
HIERARCHY, NETLIST, FLAT = "hierarchy.json", "netlist.json", "flat.json"
LOG = "log"

# Yosys's own script for libraries with delays, without a delay target: smallest delay first, then area off the
# critical path
ABC_MAPPING = "+strash;&get,-n;&fraig,-x;&put;scorr;dc2;dretime;strash;&get,-n;&nf;&put"
# What needs delays: buffers where a gate drives many, the sizes of gates
ABC_SIZING = ";buffer,-c;topo;stime,-p;upsize;dnsize;stime,-p"

# Modules that stay as they are do not keep a constant or an unused port: -hier. Memories are never turned into
# flip-flops, tables without a write port are logic.
GATES = (
    # As synth -run coarse:fine -hieropt, without its checks: they take minutes for vectors of thousands of bits
    "opt_expr",
    "opt_clean",
    "opt -nodffe -nosdff",
    "fsm",
    "opt -hier",
    "wreduce",
    "peepopt",
    "opt_clean",
    "alumacc",
    "share",
    "opt -hier",
    "memory -nomap",
    "opt_clean",
    "memory_map -rom-only",
    "opt -fast -full -hier",
    "techmap",
    "opt -fast -hier",
    f"dfflibmap -liberty {LIBERTY}",
    "opt_clean",
)
# Modules that were kept dissolve
DISSOLVE = ("setattr -mod -unset keep_hierarchy *", "flatten")


def elaboration(sources: list[str], top: str, parameters: dict[str, int]) -> list[str]:
    """Commands from the sources to the hierarchy of the chip's modules."""
    values = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    return [
        *(f'read_verilog {"-sv " if name.endswith(".sv") else ""}-I{RTL} "{RTL}/{name}"' for name in sources),
        f"hierarchy -check -top {top}{values}",
        "proc",
        "opt_clean",
        f"write_rtlil {ELABORATED}",
        f"write_json {HIERARCHY}",
    ]


def mapping(kept: list[str], *, timed: bool) -> list[str]:
    """Commands from the hierarchy to cells of the library; the modules `kept` stay, all others dissolve.

    Args:
        kept: selections of modules.
        timed: whether the library has delays.
    """
    return [
        f"read_rtlil {ELABORATED}",
        *(f"setattr -mod -set keep_hierarchy 1 {name}" for name in kept),
        "flatten",
        *GATES,
        f"abc -liberty {LIBERTY} -script {ABC_MAPPING}{ABC_SIZING if timed else ''}",
        "opt_clean -purge",
        f"write_json {NETLIST}",
    ]


def flattening(result: str) -> list[str]:
    """Commands from the mapped netlist to the same in one module."""
    return [f"read_json {NETLIST}", *DISSOLVE, "opt_clean", f"write_json {result}"]


@functools.cache
def yosys_version() -> str:
    """Version of the Yosys in this environment.

    Raises:
        ToolError: there is none.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise MissingToolError(f"logic synthesis needs Yosys, which is not installed: {INSTALL}")
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def start_yosys(directory: Path, commands: list[str]) -> subprocess.Popen[bytes]:
    """Starts Yosys on commands in a directory; everything that it and ABC write lands there. `end_yosys` ends both.

    Raises:
        ToolError: there is no Yosys.
    """
    yosys_version()
    script = directory / "run.ys"
    script.write_text("\n".join(commands) + "\n")
    program = f"from pyosys import libyosys as y; y.run_pass('script {script.name}', y.Design())"
    with (directory / LOG).open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(directory)},
            start_new_session=True,
        )


def run_yosys(directory: Path, commands: list[str], result: str) -> dict[str, Any]:
    """Runs commands in a directory and gives the JSON netlist that they write there as `result`.

    Raises:
        ToolError: Yosys is missing, fails or does not end within an hour.
    """
    process = start_yosys(directory, commands)
    try:
        status = process.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise ToolError(f"Yosys did not end within {SECONDS} s") from None
    finally:
        end_yosys(process)
    if status < 0:
        raise ToolError(f"Yosys {how_it_ended(status)}")
    netlist = directory / result
    if status != 0 or not netlist.is_file():
        raise ToolError(f"Yosys failed: {_reason((directory / LOG).read_text(errors='replace'), status)}")
    try:
        found: dict[str, Any] = json.loads(netlist.read_text())
    except ValueError:
        raise ToolError(f"Yosys wrote a damaged {result}") from None
    return found


def end_yosys(process: subprocess.Popen[bytes]) -> None:
    """Ends Yosys and the ABC that it may have started."""
    end_group(process)


def _reason(log: str, status: int) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [number for number, line in enumerate(lines) if "ERROR" in line]
    if errors:
        return " ".join(lines[errors[0] : errors[0] + LINES_QUOTED])
    return " / ".join(lines[-LINES_QUOTED:]) or f"exit code {status}, no message"
