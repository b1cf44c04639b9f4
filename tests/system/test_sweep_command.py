"""`crosschop sweep` as a user calls it: table and picture, stopped and resumed, on a cluster, bad input."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cluster import dask_scheduler, dask_worker
from command import call, left_over, start
from rich.console import Console

from crosschop.cosim.commands.sweep import ROWS_SHOWN, Row, _print
from crosschop.model.estimate.sweep.evaluate import METRICS, SPREAD

START_SECONDS = 300
SMALL = ("sweep", "agad_20", "--set", "reference.p_bits=9,13", "--set", "controller.lanes=5,20", "--samples", "500")
# Runs that take long enough to be stopped among.
LONG = ("sweep", "agad_20", "--set", "reference.p_bits=9,10,11,12,13", "--samples", "100000", "--seeds", "4",
        "--out", "out", "--json")  # fmt: skip
LONG_TASKS = 5 * (4 + 1)
FILES = ["pareto.png", "points.jsonl", "sweep.csv", "sweep.json"]


def kept(folder: Path) -> list[str]:
    """Keys of the complete lines."""
    keys = []
    for line in (folder / "out" / "points.jsonl").read_text().splitlines():
        try:
            keys.append(json.loads(line)["key"])
        except ValueError:
            continue
    return keys


def processes_below(folder: Path) -> list[int]:
    """Living processes that work for a command in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                inside = (entry / "cwd").readlink().is_relative_to(folder)
                zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:  # it has just ended
                continue
            if inside and not zombie:
                found.append(int(entry.name))
    return found


def until(condition: Any, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_small_sweep(tmp_path: Path) -> None:
    process = call(tmp_path, *SMALL, "--seeds", "2", "--out", "out", "--json")
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout)
    assert (answer["status"], answer["seeds"], answer["x"], answer["y"]) == ("pass", [1, 2], "area", "error")
    assert [point["set"] for point in answer["points"]] == [
        {"reference.p_bits": p_bits, "controller.lanes": lanes} for p_bits in ("9", "13") for lanes in ("5", "20")
    ]
    by_point = {tuple(point["set"].values()): point for point in answer["points"]}
    # H 16, P and P^ref p_bits each, 400 entries; lanes that divide the rows change neither bits nor accuracy.
    assert [point["bits"] for point in by_point.values()] == [13600, 13600, 16800, 16800]
    assert by_point["9", "5"]["error"] == by_point["9", "20"]["error"]
    assert by_point["9", "5"]["ns"] == pytest.approx(5 * by_point["9", "5"]["cycles"])
    assert any(point["pareto"] for point in answer["points"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert {Path(file).name for file in answer["files"]} == {*FILES} - {"points.jsonl"}
    written = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert written == {key: value for key, value in answer.items() if key != "files"}
    rows = list(csv.DictReader((tmp_path / "out" / "sweep.csv").read_text().splitlines()))
    assert [float(row["error"]) for row in rows] == [point["error"] for point in answer["points"]]
    assert (tmp_path / "out" / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert "seeds 1-2, 500 samples" in process.stderr
    assert "* nothing is better in both area and weight error" in process.stderr
    assert processes_below(tmp_path) == []
    # Again: nothing is run, the answer is the same; other axes of the picture need no run either.
    again = call(tmp_path, *SMALL, "--seeds", "2", "--out", "out", "--json", "--x", "ns")
    assert again.returncode == 0, again.stderr
    assert "12 of 12 runs and estimates are there from an earlier call" in again.stderr
    figures = [[{**point, "pareto": None} for point in one["points"]] for one in (answer, json.loads(again.stdout))]
    assert figures[0] == figures[1]
    assert left_over(tmp_path / "tmp") == []


def test_a_table_of_ten_thousand_points_is_cut() -> None:
    """What nothing beats stays, and of that at most so many rows, all along it."""
    for front, shown in ((10, 10), (10_000, ROWS_SHOWN)):
        rows = []
        for number in range(10_000):
            figures = {name: float(number) for name in METRICS} | {"error": -float(number), SPREAD: None}
            rows.append(Row({"k": f"k{number}."}, figures, number < front))
        text = StringIO()
        _print(Console(file=text, width=200), ["k"], rows, "area", "error")
        numbers = [int(found) for found in re.findall(r"k(\d+)\.", text.getvalue())]
        assert shown / 2 < len(numbers) <= shown
        assert numbers == sorted(numbers)
        assert numbers[-1] - numbers[0] > 0.9 * front - 2
        assert f"{10_000 - front} points that others beat are in sweep.csv only" in text.getvalue()


@pytest.mark.slow
def test_illegal_points_are_skipped_when_asked(tmp_path: Path) -> None:
    arguments = ("sweep", "agad_20", "--set", "reference.p_bits=8,9", "--samples", "100", "--seed", "4", "--json")
    process = call(tmp_path, *arguments, "--skip-illegal")
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout)
    assert (len(answer["points"]), answer["seeds"], answer["points"][0]["error_spread"]) == (1, [4], None)
    (skipped,) = answer["skipped"]
    assert skipped["set"] == {"reference.p_bits": "8"}
    assert f"skipped reference.p_bits=8: {skipped['reason']}" in process.stderr
    assert (tmp_path / "build" / "sweeps" / "agad_20" / "sweep.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_and_resumed(number: signal.Signals, tmp_path: Path) -> None:
    with start(tmp_path, *LONG, "--workers", "2") as process:
        points = tmp_path / "out" / "points.jsonl"
        until(lambda: points.exists() and len(kept(tmp_path)) > LONG_TASKS // 5 + 2, process)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as the terminal does
        else:
            process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    before = kept(tmp_path)
    assert 0 < len(before) < LONG_TASKS
    assert "Traceback" not in stderr
    assert "distributed" not in stderr
    if number != signal.SIGKILL:
        assert process.returncode == 130, stderr
        sentence = f"interrupted, {len(before)} of {LONG_TASKS} runs and estimates are kept"
        assert stderr.strip().splitlines()[-1] == f"error: {sentence}, the same command goes on from there"
        assert json.loads(stdout)["exit_code"] == 130
        assert left_over(tmp_path / "tmp") == []
    until(lambda: processes_below(tmp_path) == [])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["points.jsonl"]
    if number == signal.SIGKILL:
        # As if it had struck in the middle of writing.
        points.write_text(points.read_text()[:-40])
        before = kept(tmp_path)
    process_again = call(tmp_path, *LONG)
    assert process_again.returncode == 0, process_again.stderr
    assert f"{len(before)} of {LONG_TASKS} runs and estimates are there from an earlier call" in process_again.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    keys = kept(tmp_path)
    assert keys[: len(before)] == before
    assert len(keys) == len(set(keys)) == LONG_TASKS  # nothing was lost, nothing run twice


@pytest.mark.slow
def test_on_a_cluster(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # A chipspec that only the command can read: workers need none of its files.
    (tmp_path / "mine.yaml").write_text("extends: agad_tiny\nname: mine\nsummary: s\n")
    arguments = ("sweep", "mine.yaml", "--set", "reference.p_bits=9,11", "--samples", "200", "--seeds", "2", "--json")
    with dask_scheduler(elsewhere) as (address, head):
        lonely = call(tmp_path, *arguments, "--scheduler", address, "--out", "far")
        assert lonely.returncode == 3
        assert f"error: --scheduler {address}: the scheduler has no workers\n" in lonely.stderr
        with dask_worker(elsewhere, address):
            process = call(tmp_path, *arguments, "--scheduler", address, "--out", "far")
            assert process.returncode == 0, process.stderr
            # The scheduler goes while work is under way.
            long = (*LONG, "--scheduler", address)
            with start(tmp_path, *long) as cut:
                until(lambda: (tmp_path / "out" / "points.jsonl").exists(), cut)
                head.kill()
                stdout, stderr = cut.communicate(timeout=90)
    assert cut.returncode == 3, stderr
    assert stderr.strip().splitlines()[-1] == f"error: the dask scheduler at {address} is gone"
    assert json.loads(stdout)["exit_code"] == 3
    assert "Traceback" not in stderr
    near = call(tmp_path, *arguments, "--out", "near")
    assert near.returncode == 0, near.stderr
    assert json.loads(near.stdout)["points"] == json.loads(process.stdout)["points"]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense://x:1", "nonsense", "h:port", "no-such-host.invalid:1"])
def test_no_scheduler_there(address: str, tmp_path: Path) -> None:
    process = call(tmp_path, *SMALL, "--scheduler", address, "--json")
    assert process.returncode == 3, process.stderr
    sentence = process.stderr.strip().splitlines()[-1]
    assert sentence.startswith(f"error: --scheduler {address}: no dask scheduler answers there (")
    assert json.loads(process.stdout) == {
        "status": "error", "exit_code": 3, "errors": [sentence.removeprefix("error: ")],
    }  # fmt: skip
    assert "Traceback" not in process.stderr
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no_such_chip"], "no_such_chip: no such file or shipped chipspec"),
        (["agad_20", "--set", "reference.p_bits"], "--set reference.p_bits: is not KEY=VALUE"),
        (["agad_20", "--set", "reference.p_bits=9,,10"], "a value is missing beside a comma"),
        (["agad_20", "--set", "array.rows={1"], "--set array.rows={1: } is missing"),
        (
            ["agad_20", "--set", "reference.p_bits=8,9,13"],
            "point reference.p_bits=8: ",
        ),
        (["agad_20", "--set", "reference.p_bits=8,9,13"], "1 of 3 points are illegal, --skip-illegal leaves them out"),
        (["agad_20", "--set", "reference.p_bit=9,13"], "none of 2 points is legal, the first, reference.p_bit=9: "),
        (["agad_20", "--set", "reference.p_bits=7,8", "--skip-illegal"], "none of 2 points is legal"),
        (["agad_20", "--samples", "3"], "3 samples are less than one transfer"),
        (["agad_20", "--seed", "1", "--seeds", "2"], "--seed and --seeds: allowed is one of them"),
        (["agad_20", "--samples", "9", "--set", "task.samples=5,10"], "--samples and --set task.samples"),
        (["agad_20", "--x", "error"], "two different metrics are needed"),
        (["agad_20", "--x", "speed"], "'speed' is not one of"),
        (["agad_20", "--workers", "0"], "0 is not in the range"),
        (["agad_20", "--workers", "2", "--scheduler", "h:1"], "--workers goes with this machine"),
        (["agad_20", "--out", "/dev/null/x"], "--out /dev/null/x: Not a directory"),
    ],
)
def test_bad_input(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    process = call(tmp_path, "sweep", *arguments, "--json")
    assert process.returncode == 2, process.stderr
    assert sentence in process.stderr
    (error,) = [line for line in process.stderr.splitlines() if line.startswith("error: ")]
    assert json.loads(process.stdout) == {
        "status": "error", "exit_code": 2, "errors": [error.removeprefix("error: ")],
    }  # fmt: skip
    assert left_over(tmp_path) == []
