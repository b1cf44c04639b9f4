"""Sources of a controller that cannot be used, or hurt: one sentence each, and nothing left."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from crosschop.cosim import build, runner
from crosschop.cosim.cli import main
from crosschop.cosim.paths import shipped_rtl

pytestmark = pytest.mark.sim

LIST = "xc_in_memory_sgd.f"
TOP = "xc_in_memory_sgd.v"

Verify = Callable[..., str]


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    """A copy of the smallest controller's sources."""
    folder = tmp_path / "my rtl"
    folder.mkdir()
    for name in (shipped_rtl() / LIST).read_text().split():
        shutil.copy(shipped_rtl() / name, folder)
    shutil.copy(shipped_rtl() / LIST, folder)
    return folder


@pytest.fixture
def verify(rtl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Verifies a chip with these sources; gives the sentence of the error once everything else is as it shall be."""
    work, temporary, cache = (tmp_path / name for name in ("work", "temporary", "cach\u00e9 of mine"))
    for folder in (work, temporary):
        folder.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(build, "cache_directory", lambda: cache)

    def call(code: int, *more: str) -> str:
        command = ["verify", "in_memory_sgd_20", "--transfers", "20", "--json", "--rtl", str(rtl), *more]
        result = click.testing.CliRunner().invoke(main, command)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        answer = json.loads(result.output.splitlines()[-1])
        assert list(work.iterdir()) == list(temporary.iterdir()) == []
        if code in (0, 1):
            return str((answer["first_mismatch"] or {}).get("field"))
        assert (answer["status"], answer["exit_code"]) == ("error", code)
        (message,) = answer["errors"]
        assert "\n" not in message
        return str(message)

    return call


def change(rtl: Path, old: str, new: str) -> None:
    text = (rtl / TOP).read_text()
    assert text.count(old) == 1
    (rtl / TOP).write_text(text.replace(old, new))


# ---------------------------------------------------------------- the file list


def test_names_with_blanks_and_letters_of_all_kinds(verify: Verify) -> None:
    assert verify(0) == "None"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", f"{LIST}: names no source"),
        (b"// nothing\n\n", f"{LIST}: names no source"),
        (b"absent.v\n", f"{LIST}: absent.v is missing"),
        (b"/absent/absolute.v\n", f"{LIST}: absolute.v is missing"),
        (b".\n", "is a folder, pipe or device, not a file"),
        (b"pipe.v\n", f"{LIST}: pipe.v is a folder, pipe or device, not a file"),
        (b"/dev/zero\n", f"{LIST}: zero is a folder, pipe or device, not a file"),
        (b"\xff\xfe\n", f"{LIST}: is not UTF-8 text"),
        (b"a\0b\n", "is missing"),
        (b"x" * 300 + b"\n", "xxx is missing"),
        (b"large.v\n", f"{LIST}: large.v is larger than 64 MiB"),
    ],
)
def test_file_list(content: bytes, sentence: str, verify: Verify, rtl: Path) -> None:
    os.mkfifo(rtl / "pipe.v")
    with (rtl / "large.v").open("wb") as file:
        file.truncate(65 << 20)
    (rtl / LIST).write_bytes(content)
    assert verify(2).endswith(sentence)


def test_a_list_that_is_a_folder(verify: Verify, rtl: Path) -> None:
    (rtl / LIST).unlink()
    (rtl / LIST).mkdir()
    assert verify(2) == f"{rtl}: no {LIST} there, the file list of the controller"


def test_a_source_that_may_not_be_read(verify: Verify, rtl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != TOP)  # root may read everything
    assert verify(2).endswith("cannot be read: Permission denied")


def test_absolute_names_are_names(verify: Verify, rtl: Path) -> None:
    names = (rtl / LIST).read_text().split()
    (rtl / LIST).write_text("".join(f"{rtl / name}\n" for name in names))
    assert verify(0) == "None"


# ---------------------------------------------------------------- what does not compile


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("reg update_reg;\n", "reg update_reg\n", "syntax error"),
        ("reg update_reg;\n", "reg update_reg;\n`include \"absent.vh\"\n", "absent.vh"),
        ("reg update_reg;\n", "reg update_reg;\nxc_absent inst ();\n", "xc_absent"),
        ("module xc_in_memory_sgd", "module another", "xc_in_memory_sgd"),
        ("    output wire [31:0] stat_cycles_hold,\n", "", "stat_cycles_hold"),
        ("output wire [31:0] trc_sample", "output wire [15:0] trc_sample", "trc_sample"),
        ("input  wire        m_upd_ready", "input  wire [1:0]  m_upd_ready", "m_upd_ready"),
    ],
    ids=["syntax", "include", "module", "top", "port", "narrow_port", "wide_port"],
)  # fmt: skip
def test_sources(old: str, new: str, text: str, verify: Verify, rtl: Path) -> None:
    change(rtl, old, new)
    sentence = verify(3)
    assert sentence.startswith("Icarus Verilog cannot build the controller: ")
    assert text in sentence


def test_no_text_at_all(verify: Verify, rtl: Path) -> None:
    (rtl / TOP).write_bytes(bytes(range(256)) * 10)
    assert verify(3).startswith("Icarus Verilog cannot build the controller: ")


def test_endless_generate(verify: Verify, rtl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "BUILD_SECONDS", 3)
    loop = "genvar i;\ngenerate for (i = 0; i >= 0; i = i + 1) begin : gen_i\n    wire x;\nend endgenerate\n"
    change(rtl, "reg update_reg;\n", f"reg update_reg;\n{loop}")
    assert verify(3) == "Icarus Verilog did not end within 3 s and was stopped"


# ---------------------------------------------------------------- what does not simulate


@pytest.mark.parametrize("when", ["", "#30 "], ids=["at_once", "later"])
def test_a_controller_that_ends_the_simulation(when: str, verify: Verify, rtl: Path) -> None:
    change(rtl, "reg update_reg;\n", f"reg update_reg;\ninitial {when}$finish;\n")
    assert verify(3) == "the simulation ended without a result: the controller ended it by $finish"


def test_a_controller_that_ends_it_with_a_message(verify: Verify, rtl: Path) -> None:
    change(rtl, "reg update_reg;\n", 'reg update_reg;\ninitial begin #9 $display("Error: no more"); $finish; end\n')
    assert verify(3).endswith("the controller ended it by $finish (Error: no more)")


def test_a_loop_in_zero_time(verify: Verify, rtl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "simulation_seconds", lambda cycles: 5)
    change(
        rtl,
        "reg update_reg;\n",
        "reg update_reg;\nreg a_reg = 1'b0;\nalways @(a_reg) a_reg <= #0 !a_reg;\ninitial a_reg = #1 1'b1;\n",
    )
    assert verify(3).endswith("s and was stopped: a loop in zero time, or a slow machine")


def test_a_controller_that_talks_without_end(verify: Verify, rtl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MOST_OUTPUT", 1 << 20)
    change(rtl, "reg update_reg;\n", 'reg update_reg;\ninitial forever $display("%0d", {1000{1\'b1}});\n')
    assert verify(3) == "the simulation said more than 1 MiB and was stopped"
