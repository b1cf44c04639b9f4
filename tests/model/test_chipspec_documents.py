"""Chipspecs: documents and command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosschop.cosim.cli import main
from crosschop.model.chipspec import (
    SpecError,
    load_chipspec,
    rtl_parameters,
)
from crosschop.model.chipspec.documentation import describe, resolved, update

README = Path(__file__).parents[2] / "chipspecs" / "README.md"
HEADER = "extends: agad_20\nname: chip\nsummary: a chip for a test\n"

Write = Callable[..., Path]


def test_readme_is_in_sync() -> None:
    text = README.read_text(encoding="utf-8")
    assert update(text) == text, "run make docs"


def test_readme_without_markers() -> None:
    with pytest.raises(ValueError, match="no markers"):
        update("# A README\n")


def test_example_in_the_readme_loads(write: Write) -> None:
    example = README.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    spec = load_chipspec(write(example, "my_chip.yaml"), ["algorithm.beta=0.25", "converter.dac.bits=null"])
    assert (spec.array.rows, spec.controller.lanes, spec.algorithm.chop.mode) == (32, 8, "random")
    for line in README.read_text(encoding="utf-8").splitlines():
        if line.startswith("    error: my_chip.yaml: "):
            override = "array.rows=0" if "rows" in line else "algorithm.betta=1"
            with pytest.raises(SpecError) as caught:
                load_chipspec("my_chip.yaml", [override])
            assert line.strip().removeprefix("error: my_chip.yaml: ") in caught.value.messages[0]


def test_command_show() -> None:
    result = CliRunner().invoke(main, ["spec", "show", "agad_tiny", "--set", "hidden.bits=12", "--json"])
    assert result.exit_code == 0 and result.stderr == ""
    assert json.loads(result.stdout) == describe(load_chipspec("agad_tiny", ["hidden.bits=12"]))
    text = CliRunner().invoke(main, ["spec", "show", "agad_512"])
    assert text.exit_code == 0
    assert resolved(load_chipspec("agad_512")) in text.stdout
    for name, value in rtl_parameters(load_chipspec("agad_512")).items():
        assert [name, str(value)] in [line.split() for line in text.stdout.splitlines()]
    assert str(512 * 512 * 16) in text.stdout


def test_command_check(write: Write) -> None:
    write(HEADER + "array: {rows: 0}\n", "bad.yaml")
    result = CliRunner().invoke(main, ["spec", "check", "agad_20", "bad.yaml", "missing.yaml"])
    assert result.exit_code == 2
    assert result.stdout == "ok  agad_20\n"
    assert result.stderr.splitlines()[0] == "error: bad.yaml: array.rows = 0, allowed: integer 1..4096"
    assert result.stderr.splitlines()[1].startswith("error: missing.yaml: no such file")
    as_json = CliRunner().invoke(main, ["spec", "check", "agad_20", "bad.yaml", "--json"])
    answer = json.loads(as_json.stdout)
    assert (as_json.exit_code, answer["ok"], [file["ok"] for file in answer["files"]]) == (2, False, [True, False])


@pytest.mark.parametrize("arguments", [["spec", "show", "missing"], ["nonsense"], ["spec", "check"]])
def test_command_bad_input(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_command_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0 and result.stdout.startswith("crosschop ")
