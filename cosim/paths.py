"""Where the sources of a simulation lie."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from crosschop.model.errors import InputError

FILE_LIST = "xc_controller.f"


def shipped_rtl() -> Path:
    """Folder of the shipped controller."""
    return Path(str(importlib.resources.files("crosschop.rtl")))


def rtl_sources(directory: Path) -> list[Path]:
    """The controller's sources, in the order of its file list.

    Raises:
        InputError: the folder has no file list, or a file of the list is missing.
    """
    file_list = directory / FILE_LIST
    if not file_list.is_file():
        raise InputError(f"{directory}: no {FILE_LIST} there, the file list of the controller")
    lines = (line.split("//")[0].strip() for line in file_list.read_text().splitlines())
    sources = [directory / line for line in lines if line]
    for source in sources:
        if not source.is_file():
            raise InputError(f"{file_list}: {source.name} is missing")
    return sources


def bench_sources() -> list[Path]:
    """Transactors, monitors and the bench."""
    hdl = Path(str(importlib.resources.files("crosschop.cosim"))) / "hdl"
    return sorted(hdl.glob("*.v"))
