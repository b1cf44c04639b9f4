"""Where compiled things are kept between runs."""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import os
import shutil
from contextlib import suppress
from pathlib import Path

from crosschop.model.errors import ToolError

CACHE_VARIABLE = "CROSSCHOP_CACHE"
# Compiled code of earlier versions of the sources; each takes a few MB.
VERSIONS_KEPT = 4
# What a source says that compiles functions of crosschop.model into its own.
COMPILING = (b"crosschop.model.jit", b"numba")
# Parts of crosschop.model that hold nothing compiled and change no simulated figure
NOT_SIMULATING = (
    "cluster.py", "compiled_code.py", "estimate", "parallel.py", "programs.py", "reproduce", "resilience", "signals.py",
    "store.py",
)  # fmt: skip


def cache_directory() -> Path:
    """The directory named by CROSSCHOP_CACHE, or `crosschop` in the user's cache directory.

    Raises:
        ToolError: there is neither, as the user has no home directory.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crosschop"
    except RuntimeError:
        raise ToolError(f"no home directory: set {CACHE_VARIABLE} to a folder for compiled code") from None


@functools.cache
def sources_digest() -> str:
    """Digest of the sources of crosschop.model that simulate: what was computed by other ones may differ."""
    sources = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(sources.rglob("*.py")):
        if source.relative_to(sources).parts[0] in NOT_SIMULATING:
            continue
        digest.update(source.relative_to(sources).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def estimates_digest() -> str:
    """Digest of all that estimates come from: the sources above, those of model/estimate with their data, the RTL."""
    digest = hashlib.sha256(sources_digest().encode())
    for folder in (Path(__file__).parent / "estimate", Path(str(importlib.resources.files("crosschop.rtl")))):
        for source in sorted(folder.rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts and source.suffix not in (".md", ".png", ".svg"):
                digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def compiled_digest(others: Path) -> str:
    """Digest of all sources that become part of one compiled loop: those that simulate, and what compiles them in.

    Args:
        others: folder of the other sources.
    """
    digest = hashlib.sha256(sources_digest().encode())
    for source in sorted(others.rglob("*.py")):
        text = source.read_bytes()
        if any(words in text for words in COMPILING):
            digest.update(source.relative_to(others).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]


def use_compiled_code_cache() -> None:
    """Points numba at a cache that belongs to exactly these sources; call before numba is imported.

    Numba looks only at the file of the function it loads: after an edit of golden/fixed.py, or of cosim/native/call.py,
    it would go on using a loop with the old text compiled into it.
    """
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = "crosschop.model.compiled_code.Locator"
    try:
        versions = cache_directory() / "numba"
    except ToolError:
        versions = Path(os.devnull) / "numba"  # nothing can be kept there: everything is compiled anew
    current = versions / compiled_digest(Path(__file__).parents[1] / "cosim")
    os.environ["NUMBA_CACHE_DIR"] = str(current)
    with suppress(OSError):  # another process may be about the same
        if not current.exists():
            _drop_old(versions)


def _drop_old(versions: Path) -> None:
    if not versions.is_dir():
        return
    newest_first = sorted(versions.iterdir(), key=lambda version: version.stat().st_mtime, reverse=True)
    for old in newest_first[VERSIONS_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
