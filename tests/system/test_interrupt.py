"""A command that is stopped leaves nothing behind: no simulator, no files, a sentence and exit code 130."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import left_over, start

START_SECONDS = 90  # until something runs, on a busy machine and without compiled code
END_SECONDS = 20
EXIT_INTERRUPTED = 130


def _processes(folder: Path) -> list[str]:
    """Command lines of the living processes that name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(folder) in line:
            found.append(line)
    return found


def _wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _stop(process: subprocess.Popen[str], number: signal.Signals, whole_group: bool) -> None:
    """As Ctrl-C does (the foreground group), or as kill does."""
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    begin = time.monotonic()
    try:
        stdout, stderr = process.communicate(timeout=END_SECONDS)
    finally:
        process.kill()
    assert time.monotonic() - begin < END_SECONDS
    assert process.returncode == EXIT_INTERRUPTED
    assert stdout in ("", '{"status": "error", "exit_code": 130, "errors": ["interrupted, nothing was written"]}\n')
    assert stderr.endswith("error: interrupted, nothing was written\n")
    assert "Traceback" not in stderr


@pytest.mark.sim
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["run", "verify"])
def test_simulation(command: str, number: signal.Signals, tmp_path: Path) -> None:
    size = ["--samples", "100000000"] if command == "run" else ["--transfers", "10000000", "--waves", "0:5"]
    simulators = 1 if command == "run" else 2
    temporary = tmp_path / "tmp"
    with start(tmp_path, command, "agad_20", *size, "--out", "out", "--json") as process:

        def running() -> bool:
            vvp = [line for line in _processes(temporary) if "vvp" in line.split()[0]]
            return len(vvp) == simulators and len(list(temporary.rglob("progress"))) == simulators

        _wait_for(running, process)
        _stop(process, number, whole_group=number == signal.SIGINT)
    assert _processes(temporary) == []
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_golden_engine(number: signal.Signals, tmp_path: Path) -> None:
    arguments = ("run", "agad_20", "--engine", "golden", "--samples", "100000000", "--out", "out")
    with start(tmp_path, *arguments) as process:
        _wait_for(lambda: list((tmp_path / "tmp").iterdir()), process)
        time.sleep(1)  # into the training
        _stop(process, number, whole_group=True)
    assert left_over(tmp_path) == []
