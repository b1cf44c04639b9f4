"""Tools that fail in a chosen way: shell scripts of their names, in a folder that comes first on the PATH."""

from __future__ import annotations

from pathlib import Path

VERSION = "Icarus Verilog version 11.0 (stable) (fake)"
# Puts what it is told into the file behind -o, as a compiler does.
COMPILES = 'while [ "$1" != -o ]; do shift; done; echo fake > "$2"'


def icarus(build: str, version: str = f"echo '{VERSION}'") -> str:
    """A fake iverilog.

    Args:
        build: shell commands of a build.
        version: shell commands for -V.
    """
    return f'if [ "$1" = -V ]; then\n{version}\nexit\nfi\n{build}\n'


def put(folder: Path, **scripts: str) -> Path:
    """Writes fake tools and gives the folder that they are in."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
    return folder
