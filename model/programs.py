"""Programs of others, run so that they can fail in any way: time and output are bounded, nothing they start stays."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crosschop.model.errors import ToolError
from crosschop.model.signals import interrupts_put_off
from crosschop.model.user_files import MIB

# No tool has so much to say; what comes in a loop is more soon.
MOST_OUTPUT = 32 * MIB
POLL_SECONDS = 0.05
LONGEST_LINE = 300
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Ended:
    """A program that has ended by itself.

    Attributes:
        status: its exit code.
        text: what it said, on both streams; bytes that are no UTF-8 are replaced.
    """

    status: int
    text: str

    @property
    def lines(self) -> list[str]:
        """What it said, line by line, fit to be quoted."""
        return quotable(self.text)


def quotable(text: str) -> list[str]:
    """The lines of a text that are not empty, none too long or with control characters."""
    stripped = (line.strip() for line in text.splitlines())
    return ["".join(each if each.isprintable() else "?" for each in line[:LONGEST_LINE]) for line in stripped if line]


def how_it_ended(status: int) -> str:
    """The exit code of a process as Popen gives it, in words."""
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "unknown"
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL): by the system for want of memory, or by hand"
    if status in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
        return f"was ended from outside ({name})"
    return f"crashed ({name})"


def die_with_parent() -> None:
    """Ends this process when `crosschop` is killed so hard that it cannot do so itself (Linux)."""
    with suppress(OSError, AttributeError):
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group, and all that it started in it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def run_program(
    command: Sequence[str],
    name: str,
    seconds: float,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
) -> Ended:
    """Runs a program to its end.

    Args:
        command: program and arguments.
        name: of the program, for sentences.
        seconds: that it may take.
        environment: None for ours.
        folder: to run it in, None for ours.
        log: file that its output is appended to; None for a temporary one.

    Raises:
        ToolError: it cannot be started, does not end in time, says too much, or a signal ended it.
    """
    with tempfile.TemporaryFile() if log is None else log.open("ab+") as output:
        begin = os.lseek(output.fileno(), 0, os.SEEK_END)
        with _child(command, name, environment, folder, output) as child:
            _wait(child, name, seconds, lambda: os.fstat(output.fileno()).st_size - begin)
        output.seek(begin)
        text = output.read(MOST_OUTPUT).decode("utf-8", errors="replace")
    if child.returncode < 0:
        raise ToolError(f"{name} {how_it_ended(child.returncode)}")
    return Ended(child.returncode, text)


@contextmanager
def _child(
    command: Sequence[str], name: str, environment: Mapping[str, str] | None, folder: Path | None, output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has begun, ended with all it started when the context is left.

    Signals wait until somebody looks after it. Behind a fork Python calls functions of its own besides, and drops what
    a handler raises in them: a Ctrl-C would be lost.
    """
    with interrupts_put_off() as let_interrupts_come:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=None if environment is None else dict(environment),
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            if error.errno == errno.ENOENT and folder is not None and not folder.is_dir():
                raise
            raise ToolError(f"{name} cannot be started: {command[0]}: {error.strerror}") from None
        try:
            let_interrupts_come()
            yield child
        finally:
            end_group(child)


def _wait(child: subprocess.Popen[bytes], name: str, seconds: float, said: Callable[[], int]) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            child.wait(POLL_SECONDS)
            return
        if said() > MOST_OUTPUT:
            raise ToolError(f"{name} said more than {MOST_OUTPUT // MIB} MiB and was stopped")
        if time.monotonic() > deadline:
            raise ToolError(f"{name} did not end within {seconds:g} s and was stopped")
