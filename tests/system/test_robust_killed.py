"""Commands that are stopped at any moment: no process stays, results are whole or absent, the next call works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROGRAM, call, left_over, start
from fake_tools import COMPILES, icarus, put

START_SECONDS = 120
END_SECONDS = 60
INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
RUN = ("run", "agad_tiny", "--samples", "20", "--out", "out", "--json")


def processes(folder: Path) -> list[str]:
    """Command lines of the living processes that name the folder, of fake tools and what they started too."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if line and (str(folder) in line or str(folder) in environment):
                found.append(line)
    return found


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


# After SIGKILL a simulator ends as it looks for its parent, which a fake one does not.
@pytest.mark.parametrize(
    ("stage", "number"),
    [("build", number) for number in SIGNALS] + [("simulation", number) for number in SIGNALS[:-1]],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value,
)
def test_stopped(stage: str, number: signal.Signals, tmp_path: Path) -> None:
    here = tmp_path / "here"
    # SIGKILL leaves us no time to end what a tool has started: it ends when it is done
    hang = f"touch {here}; exec sleep 3600" if number == signal.SIGKILL else f"touch {here}; sleep 3600 & sleep 3600"
    tools = put(
        tmp_path / "bin",
        iverilog=icarus(hang if stage == "build" else COMPILES),
        vvp=hang,
    )
    cache = tmp_path / "cache"
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "CROSSCHOP_CACHE": str(cache)}
    with start(tmp_path, *RUN, **environment) as process:
        wait_for(here.exists, process.args)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        stdout, stderr = process.communicate(timeout=END_SECONDS)
    wait_for(lambda: processes(tmp_path) == [], processes(tmp_path))
    assert "Traceback" not in stderr
    assert not (tmp_path / "out").exists()
    if number == signal.SIGKILL:
        return
    assert process.returncode == INTERRUPTED
    assert json.loads(stdout)["exit_code"] == INTERRUPTED
    assert stderr.endswith("error: interrupted, nothing was written\n")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path for path in cache.rglob("*") if "-" in path.name] == []


def test_a_killed_build_disturbs_nobody(tmp_path: Path) -> None:
    """Its scratch folder lies in the cache when the next call builds the same."""
    cache = tmp_path / "cache"
    (cache / "sim" / "0123456789abcdef-killed").mkdir(parents=True)
    tools = put(tmp_path / "bin", iverilog=icarus(COMPILES), vvp="exit 5")
    result = call(tmp_path, *RUN, PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", CROSSCHOP_CACHE=str(cache))
    assert result.returncode == 3
    assert "icarus ended with exit code 5" in result.stderr
    assert len(list((cache / "sim").iterdir())) == 2


def test_nohup(tmp_path: Path) -> None:
    """A command that is to outlive its terminal does."""
    here = tmp_path / "here"
    tools = put(
        tmp_path / "bin", iverilog=icarus(f"touch {here}; while [ -e {here} ]; do sleep 0.1; done; exit 1"), vvp=""
    )
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "CROSSCHOP_CACHE": str(tmp_path / "c"),
    }
    command = f"trap '' HUP; exec {PROGRAM} {' '.join(RUN)}"
    with subprocess.Popen(
        ["sh", "-c", command], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_for(here.exists, command)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        here.unlink()
        process.communicate(timeout=END_SECONDS)
    assert process.returncode == 3


def test_stopped_while_it_reads(tmp_path: Path) -> None:
    """Before any simulation: SIGTERM in the middle of reading chips."""
    with start(tmp_path, "spec", "check", *["agad_20"] * 100_000) as process:
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=END_SECONDS)
    assert "Traceback" not in stderr
    assert process.returncode in (INTERRUPTED, -signal.SIGTERM)  # the latter before Python has started
    assert left_over(tmp_path) == []
