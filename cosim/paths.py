"""Where the sources of a simulation lie."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from crosschop.model.chipspec import ControllerKind
from crosschop.model.estimate.logic.rtl_files import rtl_sources

__all__ = ["bench_sources", "native_sources", "plain_source", "rtl_sources", "shipped_rtl", "verilator_sources"]


def shipped_rtl() -> Path:
    """Folder of the shipped controller."""
    return Path(str(importlib.resources.files("crosschop.rtl")))


def _hdl() -> Path:
    return Path(str(importlib.resources.files("crosschop.cosim"))) / "hdl"


def verilator_sources() -> list[Path]:
    """What Verilator needs beside the benches: its control file, the main program."""
    return [_hdl() / "xc_bench.vlt", _hdl() / "xc_verilator_main.cpp"]


def bench_sources(top: str) -> list[Path]:
    """Transactors, monitors and one of the benches."""
    # Of the benches one alone: each gives XC_DUT, where the user does not, its own meaning. Ours have no writers.
    others = ("xc_bench", "xc_trace")
    return sorted(path for path in _hdl().glob("*.v") if path.stem == top or not path.stem.startswith(others))


def native_sources(kind: ControllerKind) -> tuple[Path, Path, Path]:
    """What the engine `native` needs for a kind of controller: its top in Verilog, its bench in C++, their header."""
    suffix = "" if kind == "transfer" else f"_{kind}"
    return _hdl() / f"xc_bench_native{suffix}.v", _hdl() / f"xc_native_{kind}.cpp", _hdl() / "xc_native.h"


def plain_source(kind: ControllerKind) -> Path:
    """The plain Verilog bench of a kind of controller, for comparison."""
    return _hdl() / "plain" / f"xc_plain_{kind}.v"
