"""Files of the user, read so that none can hang us or fill the memory: regular ones alone, up to a size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from crosschop.model.errors import InputError

MIB = 1 << 20


def read_user_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        InputError: it cannot be read, is a folder, pipe or device, or is larger.
    """
    try:
        # Without O_NONBLOCK opening a pipe waits until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL or half a surrogate pair in the name
        raise InputError(f"{os.fspath(path)!r}: is no name of a file") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "folder" if stat.S_ISDIR(mode) else "pipe or device"
        raise InputError(f"{path}: cannot be read: it is a {what}, not a regular file")
    try:
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise InputError(f"{path}: is larger than {most / MIB:g} MiB")
    return content


def read_user_text(path: Path, most: int) -> str:
    """The content of a regular file of UTF-8 text.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        InputError: as `read_user_bytes`, or it is not UTF-8.
    """
    try:
        return read_user_bytes(path, most).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text") from None


def is_file(path: Path) -> bool:
    """Whether there is a regular file; no name, however long or odd, is an error."""
    try:
        return path.is_file()
    except OSError:
        return False
