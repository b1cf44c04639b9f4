"""Results, caches and kept answers where the disk, another process or whoever reads the output does not play along."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import PROGRAM, call, left_over, start

from crosschop.cosim import output
from crosschop.cosim.output import install, require_writable
from crosschop.model.errors import InputError, ToolError
from crosschop.model.store import Store

GOLDEN = ("run", "agad_tiny", "--engine", "golden", "--samples", "100")
NO_READER = 141


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system can be mounted by root alone")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fail(result: subprocess.CompletedProcess[str], code: int) -> str:
    """The one sentence of a command that failed."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    if result.stdout:
        assert json.loads(result.stdout) == {
            "status": "error", "exit_code": code, "errors": [sentence.removeprefix("error: ")]
        }  # fmt: skip
    return sentence


# ---------------------------------------------------------------- the folder of the results


def test_full_disk_for_the_results(full_disk: Path, tmp_path: Path) -> None:
    sentence = fail(call(tmp_path, *GOLDEN, "--json", "--out", "disk/out/deep"), 3)
    assert sentence.startswith("error: --out disk/out/deep: ")
    assert sentence.endswith("cannot be written there: No space left on device")
    assert list(full_disk.iterdir()) == []


def test_full_disk_for_temporary_files(full_disk: Path, tmp_path: Path) -> None:
    with start(tmp_path, *GOLDEN, "--json", "--out", "out", TMPDIR=str(full_disk)) as process:
        stdout, stderr = process.communicate(timeout=300)
    result = subprocess.CompletedProcess(GOLDEN, process.returncode, stdout, stderr)
    assert "No space left on device" in fail(result, 3)
    assert list(full_disk.iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_the_name_of_a_result_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out" / "result.json").mkdir(parents=True)
    sentence = fail(call(tmp_path, *GOLDEN, "--out", "out", "--json"), 3)
    assert sentence == "error: --out out: result.json cannot be written there: Is a directory"
    assert left_over(tmp_path) == [Path("out"), Path("out/result.json")]


@pytest.mark.parametrize("out", ["x" * 300, "a\nb" * 100, "/dev/null/out", "/proc/self/x", "a\0b"])
def test_names_that_no_folder_can_have(out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^--out "):
        require_writable(Path(out))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "out", ["with blanks", 'quote\'s "out"', "r\u00e9sultats \u4e2d\u6587", "$(touch bad);&|*", "-"]
)
def test_names_that_are_only_unusual(out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("source").write_text("x")
    require_writable(Path(out))
    (path,) = install({"name": Path("source")}, Path(out)).values()
    assert (path, path.read_text()) == (Path(out) / "name", "x")
    assert {path.name for path in tmp_path.iterdir()} == {"source", out}


def test_two_commands_with_one_folder(tmp_path: Path) -> None:
    both = [start(tmp_path, *GOLDEN, "--seed", str(seed), "--out", "a/b", "--json") for seed in (1, 2)]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["report.html", "result.json", "run.png"]
    assert json.loads((tmp_path / "a/b/result.json").read_text())["seed"] in (1, 2)


def test_a_folder_that_another_process_takes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    make = Path.mkdir

    def mkdir(path: Path, *arguments: object, **options: object) -> None:
        make(path, *arguments, **options)
        if len(taken) < 3:
            taken.append(path)
            path.rmdir()

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", mkdir)
        require_writable(tmp_path / "out")
    assert len(taken) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = output.tempfile.NamedTemporaryFile

    def filled(**options: object) -> object:
        (tmp_path / "a" / "b" / "theirs").write_text("x")
        return make(**options)  # type: ignore[call-overload]

    monkeypatch.setattr(output.tempfile, "NamedTemporaryFile", filled)
    require_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "theirs").exists()


def test_no_result_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {}
    for name in ("one", "two"):
        sources[name] = tmp_path / f"source-{name}"
        sources[name].write_text(f"new {name}")
    out = tmp_path / "out"
    out.mkdir()
    (out / "one").write_text("old one")
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if ".two." in path.name:
            write(path, content[:1])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ToolError, match="the results cannot be written there: No space left on device"):
        install(sources, out)
    assert {path.name: path.read_text() for path in out.iterdir()} == {"one": "old one"}


# ---------------------------------------------------------------- standard output and terminal


@pytest.mark.parametrize("command", [("spec", "show", "agad_20"), GOLDEN])
def test_nobody_reads_the_output(command: tuple[str, ...], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, *command], cwd=tmp_path, stdout=write, stderr=write, check=False, timeout=300,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    os.close(write)
    assert done.returncode == NO_READER
    assert left_over(tmp_path) == []


def test_full_device_as_output(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, "spec", "show", "agad_20"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: No space left on device: on the standard output")
    assert done.stderr.count("\n") == 1


def test_closed_output(tmp_path: Path) -> None:
    command = f"exec {PROGRAM} {' '.join(GOLDEN)} --json --out out >&- 2>&- <&-"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False, timeout=300)
    assert done.returncode == 0
    assert (tmp_path / "out" / "result.json").exists()


@pytest.mark.parametrize(
    "environment",
    [{"COLUMNS": "1"}, {"COLUMNS": "2", "NO_COLOR": "1", "TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"},
     {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"TERM": "nonsense"}, {"COLUMNS": "x"}],
    ids=str,
)  # fmt: skip
def test_odd_terminals(environment: dict[str, str], tmp_path: Path) -> None:
    result = call(tmp_path, "spec", "show", "agad_20", **environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("name: agad_20\n")


def test_a_file_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text('"\\e]0;title\\a\\e[2J\\n": 1\n')
    result = call(tmp_path, "spec", "check", "chip.yaml")
    assert result.returncode == 2
    assert "\x1b" not in result.stderr
    assert "\\x1b]0;title\\x07\\x1b[2J\\n" in result.stderr


# ---------------------------------------------------------------- answers that are kept


@dataclass(frozen=True)
class Piece:
    key: str

    def about(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class Figures:
    count: int
    error: float
    parts: tuple[int, ...] = ()


def test_damaged_lines_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    Store(path, Figures).put(Piece("good"), Figures(1, 0.5, (1, 2)))
    damaged = [
        b'{"key": "a", "outcome": {"count": 1, "err', b'{"key": "b", "outcome": {"count": "many", "error": 1.0}}',
        b'{"key": "c", "outcome": {"count": 1}}', b'{"key": "d", "outcome": {"count": 1, "error": 1.0, "more": 2}}',
        b'{"key": "e", "outcome": [1, 2]}', b'{"key": ["f"], "outcome": {"count": 1, "error": 1.0}}', b"[]", b"null",
        b"\xff\xfe\0", b'{"outcome": {"count": 1, "error": 1.0}}', b"[" * 100_000, b'{"key": "g", "outcome": null}',
        b'{"key": "h", "outcome": {"count": ' + b"9" * 10_000 + b', "error": 1.0}}',
    ]  # fmt: skip
    with path.open("ab") as file:
        file.write(b"\n".join(damaged))
    Store(path, Figures).put(Piece("later"), Figures(2, 1.5))
    kept = Store(path, Figures)
    assert kept.get(Piece("good")) == Figures(1, 0.5, (1, 2))
    assert kept.get(Piece("later")) == Figures(2, 1.5)
    assert [name for name in "abcdefgh" if kept.get(Piece(name)) is not None] == []


def test_a_full_disk_loses_no_earlier_answer(full_disk: Path) -> None:
    store = Store(full_disk / "points.jsonl", Figures)
    kept = 0
    with pytest.raises(ToolError, match="No space left on device; what was kept before stays"):
        for kept in range(10_000):
            store.put(Piece(str(kept)), Figures(kept, 0.5, tuple(range(100))))
    assert kept > 20
    again = Store(full_disk / "points.jsonl", Figures)
    assert all(again.get(Piece(str(number))) for number in range(kept))
    assert again.get(Piece(str(kept))) is None


def test_a_folder_where_answers_are_kept(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        Store(tmp_path, Figures)


def test_a_sweep_on_a_full_disk(full_disk: Path, tmp_path: Path) -> None:
    (full_disk / "filler").write_bytes(b"x" * (60 << 10))
    arguments = (
        "sweep",
        "agad_tiny",
        "--set",
        "reference.p_bits=11,13",
        "--seed",
        "1",
        "--samples",
        "40",
        "--x",
        "cycles",
    )
    result = call(tmp_path, *arguments, "--workers", "1", "--out", "disk", "--json")
    assert "No space left on device" in fail(result, 3)
    assert {path.name for path in full_disk.iterdir()} <= {"filler", "points.jsonl"}


# ---------------------------------------------------------------- compiled Python

TWICE = """
import sys
import crosschop.model
from numba import njit

@njit(cache=True)
def twice(x):
    return 2 * x

print(twice(21), sum(twice.stats.cache_hits.values()))
"""


def compiled(tmp_path: Path, cache: Path | str, **environment: str) -> tuple[str, str]:
    """What a compiled function gives and how often it came from the cache; and what was complained about."""
    script = tmp_path / "twice.py"
    script.write_text(TWICE)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "CROSSCHOP_CACHE": str(cache), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("kept", [0, 10, 100])
def test_damaged_compiled_code_is_compiled_again(kept: int, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert compiled(tmp_path, cache) == ("42 0", "")
    assert compiled(tmp_path, cache) == ("42 1", "")
    files = [path for path in cache.rglob("*") if path.suffix in (".nbi", ".nbc")]
    assert len(files) == 2
    for path in files:
        path.write_bytes(path.read_bytes()[:kept])
        assert compiled(tmp_path, cache) == ("42 0", "")
        assert compiled(tmp_path, cache) == ("42 1", "")


@pytest.mark.parametrize("kind", ["file", "device", "long"])
def test_compiled_code_that_cannot_be_kept(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = {"file": tmp_path / "file", "device": Path("/dev/null"), "long": tmp_path / ("x" * 300)}[kind]
    result, complaint = compiled(tmp_path, cache)
    assert result == "42 0"
    assert complaint.startswith(f"compiled code cannot be kept in {cache}")
    assert complaint.count("\n") == 1


def test_no_home(tmp_path: Path) -> None:
    result, complaint = compiled(tmp_path, "", HOME="/proc/nobody", XDG_CACHE_HOME="")
    assert result == "42 0"
    assert complaint.startswith("compiled code cannot be kept in /proc/nobody/.cache/crosschop")


def test_a_cache_that_can_only_be_read_is_read(full_disk: Path, tmp_path: Path) -> None:
    assert compiled(tmp_path, full_disk) == ("42 0", "")
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    assert compiled(tmp_path, full_disk) == ("42 1", "")
