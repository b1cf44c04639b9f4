"""The tutorial of cosim/README.md, executed: every file and every command as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command import PROGRAM
from own_controllers import BLIND, ROOT, SERIAL, blocks, fill, serial_chip, tutorial

from crosschop.cosim import lint
from crosschop.cosim.dut import dut_of

EXIT_CODE = re.compile(r"\s*# exit code (\d+)$")


def shell(folder: Path, line: str) -> str:
    """What a command of the tutorial prints; it has to end as the tutorial says."""
    expected = EXIT_CODE.search(line)
    command = EXIT_CODE.sub("", line).replace(".venv/bin/crosschop", shlex.quote(str(PROGRAM)))
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=500, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{said}"
    return said


@pytest.mark.sim
def test_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    begin, check, bug = (block.splitlines() for block in blocks("sh"))
    (spec,) = blocks("yaml")
    (body,) = blocks("verilog")

    for line in begin:
        shell(tmp_path, line)
    folder = tmp_path / "my_chip"
    assert {path.name for path in folder.iterdir()} == {
        "my_chip.yaml", "my_chip_adapter.v", "Makefile", "test_my_chip.py", "serial",
    }  # fmt: skip
    (folder / "my_chip.yaml").write_text(spec)
    adapter = folder / "my_chip_adapter.v"
    adapter.write_text(fill(adapter.read_text(), body))

    verified, trained = (shell(tmp_path, line) for line in check)
    texts = tutorial().split("`verify` ends with")[1]
    promised = [line.strip() for line in re.findall(r"^    (.*)$", texts.split("5. A bug")[0], re.MULTILINE)]
    assert len(promised) == 3
    for line in promised:
        assert line in verified
    golden = shell(tmp_path, ".venv/bin/crosschop run agad_tiny --engine golden --samples 400")
    events = re.search(r"events +([0-9a-f]{16})", golden)
    assert events is not None and events[1] in trained

    shell(tmp_path, bug[0])
    failed = shell(tmp_path, bug[1])
    report = re.findall(r"^    (.*)$", texts.split("The report of the part")[1], re.MULTILINE)
    assert len(report) == 9
    for line in report:
        assert line in failed


def test_lines_of_the_adapter_are_counted() -> None:
    (body,) = blocks("verilog")
    assert f"between the lines of dashes, {len(body.splitlines())} lines" in tutorial()
    assert len(body.splitlines()) <= 25


def test_controller_is_not_ours() -> None:
    """Nothing of the shipped RTL stands in the second controller, and it has no memory."""
    ours = {line.strip() for path in (ROOT / "rtl").glob("*.v") for line in path.read_text().splitlines()}
    for path in SERIAL.rglob("*.v*"):
        lines = [line.strip() for line in path.read_text().splitlines()]
        same = {line for line in lines if line in ours and len(line) > 30 and not line.startswith("//")}
        assert not same
        assert not [line for line in lines if "xc_" in line]


def test_adapter_and_controller_are_clean(tmp_path: Path) -> None:
    spec = serial_chip(tmp_path, "agad_tiny", BLIND)
    dut = dut_of(spec)
    parameters = dut.parameters_for(spec)
    assert lint.verilator(dut.module, parameters, dut.sources, dut.options) == ""
    assert lint.icarus(dut.module, parameters, dut.sources, options=dut.options) == ""
