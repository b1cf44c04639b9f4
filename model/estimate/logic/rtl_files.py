"""The sources of a controller: its file list, and what they include."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

from crosschop.model.errors import InputError
from crosschop.model.user_files import MIB, is_file, read_user_text

# Far beyond any controller.
MOST_BYTES = 64 * MIB
LONGEST_NAME = 255

INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"', re.MULTILINE)


def rtl_sources(directory: Path, module: str) -> list[Path]:
    """The sources of a controller, in the order of its file list MODULE.f.

    Raises:
        InputError: the folder has no file list, the list is empty or no text, or a file of it cannot be read.
    """
    file_list = directory / f"{module}.f"
    if not is_file(file_list):
        raise InputError(f"{directory}: no {file_list.name} there, the file list of the controller")
    lines = (line.split("//")[0].strip() for line in read_user_text(file_list, MOST_BYTES).splitlines())
    sources = [directory / line for line in lines if line]
    if not sources:
        raise InputError(f"{file_list}: names no source")
    for source in sources:
        require_source(source, f"{file_list}: {source.name[:LONGEST_NAME]}")
    return sources


def require_source(path: Path, named: str) -> None:
    """A source is a regular file that can be read; compilers say less clearly what else it is.

    Args:
        path: the file.
        named: begins the sentence about it.

    Raises:
        InputError: it is not.
    """
    if not is_file(path):
        there = os.path.exists(path)  # noqa: PTH110 - Path.exists fails for a name that is too long
        raise InputError(f"{named} is {'a folder, pipe or device, not a file' if there else 'missing'}")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{named} is larger than {MOST_BYTES // MIB} MiB")
    if not os.access(path, os.R_OK):
        raise InputError(f"{named} cannot be read: {os.strerror(errno.EACCES)}")


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
                waiting += [path for folder in folders if is_file(path := folder / name)][:1]
    return found
