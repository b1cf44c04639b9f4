"""The cache of compiled benches: whole or not at all, shared by processes, and never larger than its limits."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosschop.cosim import kept_builds
from crosschop.cosim.kept_builds import kept_build
from crosschop.model.errors import ToolError


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that uses no build yet."""
    monkeypatch.setattr(kept_builds, "_held", {})


def forget() -> None:
    for descriptor in kept_builds._held.values():
        os.close(descriptor)
    kept_builds._held.clear()


class Maker:
    """Makes a product and counts how often."""

    def __init__(self, size: int = 4) -> None:
        self.times = 0
        self.size = size

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / "product").write_bytes(b"x" * self.size)
        (folder / "log").write_text("log")


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_made_once(tmp_path: Path) -> None:
    make = Maker()
    for _ in range(3):
        assert kept_build(tmp_path / "sim" / "a1", "product", make) == tmp_path / "sim" / "a1"
        forget()
    assert make.times == 1
    assert names(tmp_path / "sim") == ["a1"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "gone", "digest", "folder", "old"])
def test_a_damaged_build_is_made_again(damage: str, tmp_path: Path) -> None:
    make, target = Maker(1000), tmp_path / "sim" / "a1"
    kept_build(target, "product", make)
    forget()
    product, digest = target / "product", target / "product.sha256"
    if damage in ("truncated", "empty"):
        product.write_bytes(product.read_bytes()[: 500 if damage == "truncated" else 0])
    elif damage == "digest":
        digest.write_bytes(b"\xff")
    elif damage == "old":
        digest.unlink()
    else:
        product.unlink()
        if damage == "folder":
            product.mkdir()
    kept_build(target, "product", make)
    assert make.times == 2
    assert product.read_bytes() == b"x" * 1000
    assert names(tmp_path / "sim") == ["a1"]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ToolError("no")

    with pytest.raises(ToolError, match="no"):
        kept_build(tmp_path / "sim" / "a1", "product", fail)
    assert names(tmp_path / "sim") == []


@pytest.mark.parametrize("kind", ["file", "device", "long"])
def test_no_place_for_builds(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = {"file": tmp_path / "file", "device": Path("/dev/null"), "long": tmp_path / ("x" * 300)}[kind]
    with pytest.raises(ToolError) as caught:
        kept_build(cache / "sim" / "a1", "product", Maker())
    assert caught.value.messages[0].startswith(f"{cache}: compiled benches cannot be kept there: ")
    assert caught.value.messages[0].endswith("; CROSSCHOP_CACHE names another folder")


def _race(cache: Path, answers: multiprocessing.SimpleQueue[int]) -> None:
    def make(folder: Path) -> None:
        time.sleep(0.3)
        (folder / "product").write_text("same")

    target = kept_build(cache / "a1", "product", make)
    answers.put(len((target / "product").read_text()))


def test_several_processes_make_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    workers = [context.Process(target=_race, args=(tmp_path / "sim", answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert [answers.get() for _ in workers] == [4] * 4
    assert names(tmp_path / "sim") == ["a1"]


def test_the_longest_unused_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_builds, "MOST_BUILDS", 3)
    cache = tmp_path / "sim"
    for number in range(4):
        kept_build(cache / f"a{number}", "product", Maker())
        os.utime(cache / f"a{number}", (number, number))
        forget()
    kept_build(cache / "a1", "product", Maker())  # used again: now it is the newest
    forget()
    kept_build(cache / "b", "product", Maker())
    assert names(cache) == ["a1", "a3", "b"]


def test_the_largest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_builds, "MOST_BYTES", 2500)
    cache = tmp_path / "sim"
    for number in range(4):
        kept_build(cache / f"a{number}", "product", Maker(1000))
        os.utime(cache / f"a{number}", (number, number))
        forget()
    assert names(cache) == ["a2", "a3"]


def test_what_is_in_use_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_builds, "MOST_BUILDS", 1)
    cache = tmp_path / "sim"
    kept_build(cache / "mine", "product", Maker())
    forget()
    program = (
        "import sys; from pathlib import Path; from crosschop.cosim.kept_builds import kept_build;"
        "kept_build(Path(sys.argv[1]), 'product', None); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(cache / "mine")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        for number in range(3):
            kept_build(cache / f"a{number}", "product", Maker())
            forget()
        assert names(cache) == ["a2", "mine"]
        other.communicate()
    kept_build(cache / "last", "product", Maker())
    assert names(cache) == ["last"]


def test_what_killed_builds_left_goes_after_a_while(tmp_path: Path) -> None:
    cache = tmp_path / "sim"
    for name, age in (("a1-old", 7200), ("a2-new", 0)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (time.time() - age,) * 2)
    kept_build(cache / "b", "product", Maker())
    assert names(cache) == ["a2-new", "b"]


def test_hundreds_of_builds_in_one_process(tmp_path: Path) -> None:
    for number in range(kept_builds.MOST_HELD + 20):
        kept_build(tmp_path / "sim" / f"{number:x}", "product", Maker())
    assert len(kept_builds._held) == kept_builds.MOST_HELD
