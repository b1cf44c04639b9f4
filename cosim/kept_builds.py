"""Compiled benches on the disk: found by their key, whole or not at all, the oldest removed when they are many."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crosschop.model.cache import CACHE_VARIABLE
from crosschop.model.errors import ToolError
from crosschop.model.user_files import MIB

# A bench takes 100 kB to 4 MB: a day's work with some dozens of chips and changes of the sources stays.
MOST_BUILDS = 200
MOST_BYTES = 500 * MIB
# Scratch folders of others are left alone for so long; a build that was killed left an older one.
SCRATCH_SECONDS = 3600
# Its digest stands beside a product: one that was damaged, as by a full disk or a power cut, is built again.
DIGEST_SUFFIX = ".sha256"

# Builds that this process uses, by a descriptor that holds a shared lock on their folder. Who goes through hundreds of
# chips has done with the first ones.
MOST_HELD = 64
_held: dict[Path, int] = {}


def kept_build(target: Path, product: str, make: Callable[[Path], None]) -> Path:
    """A directory with a product, made unless it is there; nobody removes it as long as this process lives.

    Made aside and moved into place, so that an interrupted build, or two at a time, leave nothing half done.

    Args:
        target: the directory; its name is the key of what is in it.
        product: file in it.
        make: puts the product into the directory that it is given.

    Raises:
        ToolError: as `make` raises it, or the cache cannot be written.
    """
    while not _hold(target, product):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
        except OSError as error:
            raise _not_kept(target.parent, error) from None
        try:
            with _locked(scratch, fcntl.LOCK_SH):
                make(scratch)
                try:
                    (scratch / f"{product}{DIGEST_SUFFIX}").write_text(_digest(scratch / product))
                    _put_in_place(scratch, target, product)
                except OSError as error:
                    raise _not_kept(target.parent, error) from None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        _prune(target.parent)
    return target


def _put_in_place(scratch: Path, target: Path, product: str) -> None:
    try:
        scratch.rename(target)
    except OSError:
        # Something is there: another process's build, which will do, or a damaged one, which has to go.
        if _hold(target, product):
            return
        aside = scratch.with_name(f"{scratch.name}-damaged")
        with suppress(OSError):
            target.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        scratch.rename(target)


def _hold(target: Path, product: str) -> bool:
    """Whether the build is there and whole; from then on it is held."""
    if target in _held:
        if (target / product).exists():
            return True
        os.close(_held.pop(target))
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    with suppress(OSError):  # a file system without locks; then nothing is ever removed by us
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        there = os.path.samestat(os.fstat(descriptor), target.stat())  # it may have been removed just now
        whole = there and (target / f"{product}{DIGEST_SUFFIX}").read_text() == _digest(target / product)
    except (OSError, ValueError):
        whole = False
    if not whole:
        os.close(descriptor)
        return False
    _held[target] = descriptor
    if len(_held) > MOST_HELD:
        os.close(_held.pop(next(iter(_held))))
    with suppress(OSError):
        os.utime(target)  # it is used: the others are older
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Holds a lock on a folder; raises OSError where another process has one that excludes it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, kind)
        except OSError:
            if kind & fcntl.LOCK_EX:
                raise
        yield
    finally:
        os.close(descriptor)


def _prune(folder: Path) -> None:
    """Removes what is beyond the limits, the longest unused first, and what killed builds left; nothing in use."""
    with suppress(OSError):
        entries = [(entry, entry.stat().st_mtime) for entry in folder.iterdir()]
        entries.sort(key=lambda each: each[1], reverse=True)
        size = 0
        for number, (entry, used) in enumerate(entries):
            size += sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
            left = "-" in entry.name and used < time.time() - SCRATCH_SECONDS
            if number >= MOST_BUILDS or size > MOST_BYTES or left:
                with suppress(OSError), _locked(entry, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    # Away from its name first: nobody shall find one of which half is gone.
                    doomed = entry.with_name(f"{entry.name}-old")
                    entry.rename(doomed)
                    shutil.rmtree(doomed, ignore_errors=True)


def _not_kept(folder: Path, error: OSError) -> ToolError:
    advice = f"{CACHE_VARIABLE} names another folder"
    return ToolError(f"{folder.parent}: compiled benches cannot be kept there: {error.strerror}; {advice}")
