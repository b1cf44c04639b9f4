"""`crosschop run` and `crosschop verify` as a user and as a script meet them: exit codes, JSON, files, sentences."""

from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path

import pytest
from checking import mutate
from command import call, left_over
from mutants import MUTANTS

BUG = next(mutant for mutant in MUTANTS if mutant.name == "steps_arithmetic_shift")
KEYS = {
    "status", "engine", "seed", "samples", "transfers", "mismatches", "first_mismatch", "weight_error", "cycles",
}  # fmt: skip
MISMATCH_KEYS = {"transfer", "cycle", "segment", "column", "row", "field", "expected", "got", "events"}
PHASES = {"clear", "idle", "update", "stall", "read", "digital", "hold", "write"}
SAMPLES = 400
SEED = 7

simulates = pytest.mark.sim


def one_object(text: str) -> dict:
    """The one JSON object that a text consists of, on one line."""
    assert text.count("\n") == 1
    assert text.endswith("\n")
    content = json.loads(text)
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("engine", ["golden", "float", pytest.param("icarus", marks=simulates)])
def test_run_json(engine: str, tmp_path: Path) -> None:
    arguments = ["run", "agad_tiny", "--engine", engine, "--samples", str(SAMPLES + 1), "--seed", str(SEED)]
    result = call(tmp_path, *arguments, "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    content = one_object(result.stdout)
    assert content.keys() >= KEYS
    assert (content["status"], content["engine"], content["seed"]) == ("pass", engine, SEED)
    assert (content["samples"], content["transfers"]) == (SAMPLES, SAMPLES // 2)  # whole transfers of two samples
    assert (content["mismatches"], content["first_mismatch"]) == (0, None)
    assert content["compared"] == (SAMPLES // 2 if engine == "icarus" else 0)
    assert 0 < content["weight_error"] < 100
    assert set(content["cycles"]) == PHASES
    assert content["cycles"]["read"] == SAMPLES // 2 * 6
    assert {Path(name) for name in content["files"]} == {path for path in left_over(tmp_path) if path.suffix}
    assert (tmp_path / "out" / "result.json").exists()
    assert (tmp_path / "out" / "wave.fst").exists() == (engine == "icarus")
    assert result.stderr

    silent = call(tmp_path, *arguments, "--out", "again")
    assert (silent.returncode, silent.stdout) == (0, "")
    own, other = ((tmp_path / name / "result.json").read_text() for name in ("out", "again"))
    assert own == other


@simulates
def test_verify_json(tmp_path: Path) -> None:
    result = call(tmp_path, "verify", "agad_tiny", "--transfers", "150", "--seed", str(SEED), "--json")
    assert result.returncode == 0, result.stderr
    content = one_object(result.stdout)
    assert content.keys() >= KEYS
    assert (content["status"], content["engine"], content["seed"]) == ("pass", "icarus", SEED)
    assert content["transfers"] == 2 * 150
    assert 150 < content["samples"] <= 2 * 2 * 150
    assert (content["mismatches"], content["first_mismatch"], content["weight_error"]) == (0, None, None)
    assert set(content["cycles"]) == PHASES
    assert "PASS" in result.stderr
    assert "300 transfers compared" in result.stderr
    assert left_over(tmp_path) == []  # no waves asked for, nothing to write


def _reproducing_command(stderr: str) -> list[str]:
    (line,) = [line for line in stderr.splitlines() if line.strip().startswith("crosschop ")]
    return shlex.split(line)[1:]


@simulates
@pytest.mark.parametrize("command", ["run", "verify"])
def test_mismatch(command: str, tmp_path: Path) -> None:
    rtl = mutate(BUG, tmp_path)  # its name is used relative to the folder below
    size = ["--samples", str(SAMPLES)] if command == "run" else ["--transfers", "100"]
    work = tmp_path / "work"
    work.mkdir()
    arguments = [command, "agad_tiny", "--seed", str(SEED), *size, "--rtl", "../rtl", "--set", "algorithm.beta=0.25"]
    result = call(work, *arguments, "--json", "--out", "out")
    assert result.returncode == 1, result.stderr
    content = one_object(result.stdout)
    assert content.keys() >= KEYS
    assert content["status"] == "mismatch"
    assert content["mismatches"] == (1 if command == "run" else 2)
    first = content["first_mismatch"]
    assert set(first) == MISMATCH_KEYS
    assert first["field"] == "H"
    assert int(first["got"]) == int(first["expected"]) + 1024
    assert 0 <= first["row"] < 4
    assert 0 <= first["column"] < 3
    assert first["cycle"] > 0
    assert first["events"]
    assert left_over(work) == []  # nothing is written on a failed run

    for text in ("FAIL", f"transfer {first['transfer']},", f"column {first['column']}", first["expected"]):
        assert text in result.stderr
    for event in first["events"]:
        assert event in result.stderr
    printed = result.stderr if command == "run" else result.stderr.split("FAIL")[1]
    again = call(work, *_reproducing_command(printed), "--json", "--out", "out")
    assert again.returncode == 1
    assert one_object(again.stdout)["first_mismatch"] == first
    waves = {Path("out/wave.fst")} if command == "run" else {Path("out/chip-wave.fst"), Path("out/narrow-wave.fst")}
    assert {path for path in left_over(work) if path.suffix} == waves
    assert all((work / wave).stat().st_size > 500 for wave in waves)
    assert rtl.exists()


@pytest.mark.parametrize("old", ["notes.txt", "result.json"])
def test_other_files_in_the_output_directory_stay(old: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / old).write_text("mine")
    (out / "deep").mkdir()
    (out / "deep" / "file").write_text("mine too")
    result = call(tmp_path, "run", "agad_tiny", "--engine", "golden", "--samples", "100", "--out", "out")
    assert result.returncode == 0, result.stderr
    assert (out / "deep" / "file").read_text() == "mine too"
    if old == "result.json":
        assert json.loads((out / old).read_text())["status"] == "pass"  # its own file is replaced
    else:
        assert (out / old).read_text() == "mine"
    assert not [path for path in left_over(tmp_path) if "partial" in path.name]


BAD_INPUT = [
    (["run", "no_such_chip"], "no_such_chip"),
    (["verify", "missing.yaml"], "missing.yaml"),
    (["run", "agad_tiny", "--waves", "5"], "5"),
    (["run", "agad_tiny", "--waves", "9:9"], "9:9"),
    (["verify", "agad_tiny", "--waves", "a:b"], "a:b"),
    (["run", "agad_tiny", "--samples", "1"], "agad_tiny: 1 samples are less than one transfer, allowed: 2"),
    (["run", "agad_tiny", "--samples", "0"], "0"),
    (["run", "agad_tiny", "--set", "controller.trace=false"], "controller.trace"),
    (["verify", "agad_tiny", "--set", "controller.trace=false"], "controller.trace"),
    (["run", "agad_tiny", "--set", "controller.lanes=0"], "controller.lanes"),
    (["run", "agad_tiny", "--rtl", "nowhere"], "nowhere"),
    (["run", "agad_tiny", "--engine", "verilated"], "verilated"),
    (["verify", "agad_tiny", "--transfers", "0"], "0"),
    (["run", "agad_tiny", "--seed", "-1"], "-1"),
    (["run", "agad_tiny", "--samples", "1" + 24 * "0"], "--samples"),
    (["run", "agad_tiny", "--out", "/proc/nowhere"], "--out /proc/nowhere"),
    (["run", "agad_tiny", "--engine", "golden", "--rtl", "tmp"], "--engine icarus"),
    (["run", "agad_tiny", "--engine", "float", "--waves", "0:3"], "--engine icarus"),
    (["run", "agad_tiny", "--samples", "100", "--waves", "50:60"], "50 transfers"),
    (["verify", "agad_tiny", "--transfers", "20", "--waves", "20:21"], "20 transfers"),
]


@pytest.mark.parametrize(("arguments", "text"), BAD_INPUT, ids=[" ".join(arguments) for arguments, _ in BAD_INPUT])
def test_bad_input(arguments: list[str], text: str, tmp_path: Path) -> None:
    result = call(tmp_path, *arguments, "--json")
    assert result.returncode == 2
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert one_object(result.stdout) == {
        "status": "error",
        "exit_code": 2,
        "errors": [sentence.removeprefix("error: ")],
    }
    assert text in sentence
    assert "Traceback" not in result.stderr
    assert left_over(tmp_path) == []


@simulates
def test_folder_without_file_list(tmp_path: Path) -> None:
    result = call(tmp_path, "verify", "agad_tiny", "--rtl", "tmp", "--json")
    assert (result.returncode, one_object(result.stdout)["status"]) == (2, "error")
    assert "error: tmp: no xc_controller.f there, the file list of the controller\n" in result.stderr
    assert left_over(tmp_path) == []


def test_out_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    result = call(tmp_path, "run", "agad_tiny", "--engine", "golden", "--samples", "100", "--out", "out")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out").read_text() == "mine"


@simulates
def test_sources_that_do_not_compile(tmp_path: Path) -> None:
    rtl = mutate(BUG, tmp_path)
    (rtl / "xc_chopper.v").write_text("module xc_chopper (;\n")
    work = tmp_path / "work"
    work.mkdir()
    result = call(work, "verify", "agad_tiny", "--rtl", str(rtl), "--json")
    assert (result.returncode, one_object(result.stdout)["exit_code"]) == (3, 3)
    assert "error: Icarus Verilog cannot build the controller: " in result.stderr
    assert "xc_chopper.v:1: syntax error" in result.stderr
    assert "Traceback" not in result.stderr
    assert left_over(work) == []


@pytest.mark.parametrize("command", ["run", "verify"])
def test_no_simulator(command: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = call(tmp_path, command, "agad_tiny", "--json", PATH=str(tmp_path / "empty"))
    assert (result.returncode, one_object(result.stdout)["exit_code"]) == (3, 3)
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "not installed" in sentence
    assert "apt-get install iverilog" in sentence
    assert "Traceback" not in result.stderr
    assert left_over(tmp_path) == [Path("empty")]


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    result = call(tmp_path, "run", "agad_tiny", "--samples", "20", CROSSCHOP_CACHE="/proc/nocache")
    assert result.returncode == 3
    assert "error: /proc/nocache: " in result.stderr
    assert "Traceback" not in result.stderr


def test_bug_of_ours_is_no_mismatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import click.testing

    from crosschop.cosim import cli
    from crosschop.cosim.commands import spec

    def broken(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(spec, "load_chipspec", broken)
    result = click.testing.CliRunner().invoke(cli.main, ["spec", "show", "agad_tiny", "--json"])
    assert result.exit_code == 70
    assert "RuntimeError: a bug" in result.output
    assert "internal error" in result.output


def test_an_error_that_an_interrupt_caused_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code drops a KeyboardInterrupt of a callback, and fails later by another exception."""
    import os
    import signal

    import click.testing

    from crosschop.cosim import cli
    from crosschop.cosim.commands import spec

    def stumbling(*arguments: object) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("no compiled object yet")

    monkeypatch.setattr(spec, "load_chipspec", stumbling)
    result = click.testing.CliRunner().invoke(cli.main, ["spec", "show", "agad_tiny"])
    assert result.exit_code == 130
    assert "error: interrupted" in result.output and "Traceback" not in result.output
