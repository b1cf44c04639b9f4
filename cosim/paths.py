"""Where the sources of a simulation lie."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from crosschop.model.errors import InputError


def shipped_rtl() -> Path:
    """Folder of the shipped controller."""
    return Path(str(importlib.resources.files("crosschop.rtl")))


def rtl_sources(directory: Path, module: str) -> list[Path]:
    """The sources of a controller, in the order of its file list MODULE.f.

    Raises:
        InputError: the folder has no file list, or a file of the list is missing.
    """
    file_list = directory / f"{module}.f"
    if not file_list.is_file():
        raise InputError(f"{directory}: no {file_list.name} there, the file list of the controller")
    lines = (line.split("//")[0].strip() for line in file_list.read_text().splitlines())
    sources = [directory / line for line in lines if line]
    for source in sources:
        if not source.is_file():
            raise InputError(f"{file_list}: {source.name} is missing")
    return sources


def bench_sources(top: str) -> list[Path]:
    """Transactors, monitors and one of the benches."""
    hdl = Path(str(importlib.resources.files("crosschop.cosim"))) / "hdl"
    # Of the benches one alone: each gives XC_DUT, where the user does not, its own meaning.
    return sorted(path for path in hdl.glob("*.v") if path.stem == top or not path.stem.startswith("xc_bench"))
