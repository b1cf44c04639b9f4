"""The sources of a controller: its file list, and what they include."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crosschop.model.errors import InputError

INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"', re.MULTILINE)


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


def with_includes(folders: Sequence[Path], sources: Sequence[Path]) -> list[Path]:
    """The sources, and the files that they include from one of the folders, each once."""
    found: list[Path] = []
    waiting = list(sources)
    while waiting:
        source = waiting.pop(0)
        if source not in found:
            found.append(source)
            names = INCLUDE.findall(source.read_text(errors="replace"))
            for name in names:
                waiting += [path for folder in folders if (path := folder / name).is_file()][:1]
    return found
