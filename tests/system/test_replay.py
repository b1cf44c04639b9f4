"""`crosschop replay` as a user and as a script meet it: exit codes, JSON, sentences."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from command import call, left_over

DATA = Path(__file__).parents[1] / "data" / "aihwkit"
MATRICES = {"agad": 6, "c_ttv2": 4, "ttv2": 4}


def one_object(text: str) -> dict:
    assert text.count("\n") == 1
    content = json.loads(text)
    assert isinstance(content, dict)
    return content


def corrupted(folder: Path) -> str:
    """A trace with one wrong number: W of row 2, column 1 after update 77."""
    content = json.loads(gzip.decompress((DATA / "agad_5x3.json.gz").read_bytes()))
    content["steps"][76]["W"][2 * 5 + 1] += 0.01
    (folder / "trace.json").write_text(json.dumps(content))
    return "trace.json"


@pytest.mark.parametrize("algorithm", MATRICES)
def test_recorded_traces_pass(algorithm: str, tmp_path: Path) -> None:
    shutil.copy(DATA / f"{algorithm}_5x3.json.gz", tmp_path / "trace.json.gz")
    result = call(tmp_path, "replay", "trace.json.gz", "--format", "aihwkit", "--json")
    assert result.returncode == 0, result.stderr
    content = one_object(result.stdout)
    compared = 120 * MATRICES[algorithm]
    assert (content["status"], content["format"], content["trace"]) == ("pass", "aihwkit", "trace.json.gz")
    assert (content["algorithm"], content["steps"], content["transfers"]) == (algorithm, 120, 120)
    assert (content["compared"], content["mismatches"], content["first_mismatch"]) == (compared, 0, None)
    assert len(content["deviation"]) == MATRICES[algorithm]
    assert max(content["deviation"].values()) < 1e-8 < content["tolerance"]
    assert f"PASS {algorithm}: 120 steps, {compared} matrices compared" in result.stderr

    silent = call(tmp_path, "replay", "trace.json.gz", "--format", "aihwkit")
    assert (silent.returncode, silent.stdout) == (0, "")
    assert left_over(tmp_path) == [Path("trace.json.gz")]


def test_first_divergence(tmp_path: Path) -> None:
    result = call(tmp_path, "replay", corrupted(tmp_path), "--format", "aihwkit", "--json")
    assert result.returncode == 1
    content = one_object(result.stdout)
    assert (content["status"], content["steps"], content["mismatches"]) == ("mismatch", 77, 1)
    found = content["first_mismatch"]
    assert (found["step"], found["matrix"], found["row"], found["column"]) == (77, "W", 2, 1)
    assert found["expected"] == pytest.approx(found["got"] + 0.01)
    assert "FAIL" in result.stderr
    assert "where      step 77, row 2, column 1" in result.stderr
    assert "matrix     W\n" in result.stderr
    assert f"expected   {found['expected']:.9g}\n" in result.stderr
    assert f"got        {found['got']:.9g}\n" in result.stderr


def test_unknown_keys_are_named(tmp_path: Path) -> None:
    content = json.loads(gzip.decompress((DATA / "ttv2_5x3.json.gz").read_bytes()))
    (tmp_path / "trace.json").write_text(json.dumps({**content, "seed": 3}))
    result = call(tmp_path, "replay", "trace.json", "--format", "aihwkit", "--json")
    assert result.returncode == 0
    assert one_object(result.stdout)["ignored"] == ["seed"]
    assert "ignored    seed" in result.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (b"{}", ["--format", "aihwkit"], "error: trace.json: algorithm is missing, allowed: agad, "),
        (b"x", ["--format", "aihwkit"], "error: trace.json: not a JSON file\n"),
        (b"\x1f\x8b", ["--format", "aihwkit"], "error: trace.json: damaged gzip file\n"),
        (None, ["--format", "aihwkit"], "does not exist"),
        (b"{}", [], "--format"),
        (b"{}", ["--format", "vcd"], "--spec is missing: of which chip is the vcd trace"),
        (b"{}", ["--format", "aihwkit", "--spec", "agad_tiny"], "--spec, --set and --scope go with retire traces"),
    ],
)
def test_bad_input(content: bytes | None, arguments: list[str], sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "trace.json").write_bytes(content)
    result = call(tmp_path, "replay", "trace.json", *arguments, "--json")
    assert result.returncode == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("error: ")
    failure = one_object(result.stdout)
    assert (failure["status"], failure["exit_code"]) == ("error", 2)
