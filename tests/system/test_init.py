"""`crosschop init`: what it writes has the ports of the contract, is clean, hangs as long as it is empty."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import call, left_over
from own_controllers import BLIND, ROOT, SERIAL, fill

from crosschop.cosim import lint
from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Job
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.starting_point import starting_point
from crosschop.cosim.support import algorithms
from crosschop.cosim.verify import parts, plan
from crosschop.model.chipspec import ChipSpec, controller_module, load_chipspec

HEADER = re.compile(r"^module (\w+) #\n\((.*?)\n\)\n\((.*?)\n\);", re.MULTILINE | re.DOTALL)
PORT = re.compile(r"^ *(input|output) +wire +(\[.*\] +)?(\w+)", re.MULTILINE)
PARAMETER = re.compile(r"^ *parameter +(?:\[.*\] +)?(\w+)", re.MULTILINE)


def written(folder: Path, algorithm: str) -> ChipSpec:
    """The chip of a starting point."""
    chip = load_chipspec(f"{algorithm}_20")
    for name, text in starting_point("mine", chip.name, chip).items():
        (folder / name).write_text(text)
    return load_chipspec(folder / "mine.yaml")


def header(verilog: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Parameters and ports (direction, width, name) of a module, in their order."""
    found = HEADER.search(verilog)
    assert found is not None
    return PARAMETER.findall(found[2]), [tuple(part.strip() for part in port) for port in PORT.findall(found[3])]


@pytest.mark.parametrize("algorithm", algorithms())
def test_adapter_has_the_header_of_the_contract(algorithm: str, tmp_path: Path) -> None:
    chip = written(tmp_path, algorithm)
    ours = header((ROOT / "rtl" / f"{controller_module(chip)}.v").read_text())
    adapter = (tmp_path / "mine_adapter.v").read_text()
    assert header(adapter) == ours
    # Every port stands below a comment of its own or of its line's neighbour.
    for group in re.split(r"\n\s*\n", HEADER.search(adapter)[3]):
        assert "//" in group or "/*" in group, group


@pytest.mark.parametrize("algorithm", algorithms())
def test_what_is_written_is_clean(algorithm: str, tmp_path: Path) -> None:
    chip = written(tmp_path, algorithm)
    dut = dut_of(chip)
    assert dut.module == "mine_adapter"
    parameters = dut.parameters_for(chip)
    assert lint.verilator(dut.module, parameters, dut.sources, dut.options) == ""
    assert lint.icarus(dut.module, parameters, dut.sources, options=dut.options) == ""


@pytest.mark.sim
@pytest.mark.parametrize("algorithm", ["agad", "in_memory_sgd", "mixed_precision"])
def test_an_empty_adapter_is_a_hang(algorithm: str, tmp_path: Path) -> None:
    chip = written(tmp_path, algorithm)
    narrow, scenarios = parts(chip)["narrow"]
    (tmp_path / "work").mkdir()
    job = Job(narrow, plan(narrow, scenarios, 1, 20, "narrow"))
    (result,) = run_jobs([Task(job, tmp_path / "work")], dut=dut_of(chip))
    assert result.mismatch is not None
    assert (result.mismatch.field, result.transfers) == ("progress", 0)


def test_command(tmp_path: Path) -> None:
    result = call(tmp_path, "init", "my_chip", "--algorithm", "c_ttv2", "--json")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    names = ["my_chip.yaml", "my_chip_adapter.v", "Makefile", "test_my_chip.py"]
    assert content == {
        "status": "pass",
        "chip": "my_chip",
        "extends": "c_ttv2_20",
        "files": [f"my_chip/{name}" for name in names],
    }
    spec = load_chipspec(tmp_path / "my_chip" / "my_chip.yaml")
    assert (spec.algorithm.name, spec.controller.lanes, spec.dut.timing) == ("c_ttv2", 1, "own")
    helped = subprocess.run(["make", "-C", str(tmp_path / "my_chip")], capture_output=True, text=True, check=True)
    for target in ("verify", "run", "waves", "signoff"):
        assert f"make {target}" in helped.stdout
        said = subprocess.run(
            ["make", "-n", "-C", str(tmp_path / "my_chip"), target], capture_output=True, text=True, check=True
        )
        command = "verify" if target == "waves" else target
        assert f"crosschop {command} my_chip.yaml" in said.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "my_chip").mkdir()
    (tmp_path / "my_chip" / "Makefile").write_text("mine")
    result = call(tmp_path, "init", "my_chip")
    assert (result.returncode, result.stderr) == (2, "error: my_chip: Makefile exists, nothing was written\n")
    assert left_over(tmp_path) == [Path("my_chip"), Path("my_chip/Makefile")]
    assert (tmp_path / "my_chip" / "Makefile").read_text() == "mine"
    (tmp_path / "my_chip" / "Makefile").rename(tmp_path / "my_chip" / "notes.txt")
    assert call(tmp_path, "init", "my_chip").returncode == 0  # a file of another name is in nobody's way


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["My-Chip"], "'My-Chip' is no name for a chip"),
        (["chip", "--name", "Chip"], "'Chip' is no name for a chip"),
        (["chip", "--extends", "no_such"], "no_such: no such file or shipped chipspec"),
        (["chip", "--algorithm", "sgd"], "'sgd' is not one of"),
        (["/proc/chip"], "/proc/chip"),
    ],
)
def test_bad_input(arguments: list[str], text: str, tmp_path: Path) -> None:
    result = call(tmp_path, "init", *arguments, "--json")
    assert result.returncode == 2
    assert text in json.loads(result.stdout)["errors"][0]
    assert "Traceback" not in result.stderr
    assert left_over(tmp_path) == []


def test_a_chip_of_the_user_can_be_extended(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: agad_tiny\nname: base\nsummary: s\narray: {rows: 3}\n")
    assert call(tmp_path, "init", "mine", "--extends", "base.yaml").returncode == 0
    assert load_chipspec(tmp_path / "mine" / "mine.yaml").array.rows == 3


@pytest.mark.sim
def test_the_pytest_file_passes(tmp_path: Path) -> None:
    """With the serial controller in the adapter."""
    chip = load_chipspec("agad_tiny")
    for name, text in starting_point("mine", chip.name, chip).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "serial").symlink_to(SERIAL)
    adapter, spec = tmp_path / "mine_adapter.v", tmp_path / "mine.yaml"
    adapter.write_text(fill(adapter.read_text(), BLIND.text))
    sources = ", ".join(f"serial/serial_{name}.v" for name in ("noise", "element", "transfer"))
    text = spec.read_text().replace("sources: []", f"sources: [{sources}]")
    spec.write_text(text.replace("include_dirs: []", "include_dirs: [serial/include]"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "training", "test_mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout
