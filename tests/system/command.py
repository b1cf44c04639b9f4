"""Calls `crosschop` as a shell does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("crosschop")


def _as_in_the_foreground() -> None:
    """A shell's background jobs, and so what CI may start, ignore some signals; a user's command does not."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command in a folder of its own, in a process group of its own, its temporary files under `folder`/tmp."""
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_as_in_the_foreground,
    )


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, waited for."""
    with start(folder, *arguments, **environment) as process:
        stdout, stderr = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def left_over(folder: Path) -> list[Path]:
    """All files in the folder but what the test put there itself: an empty `tmp`."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path != folder / "tmp")
