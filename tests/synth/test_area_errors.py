"""What the logic synthesis cannot map ends in one sentence, and an interrupt leaves nothing behind."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from area_circuits import MARKS, NANDS, RTL, SGD, TEXT, TINY, circuit, of

from crosschop.model.errors import InputError, ToolError
from crosschop.model.estimate.logic import yosys
from crosschop.model.estimate.logic.liberty_reader import read_liberty
from crosschop.model.estimate.logic.netlist import Netlist

pytestmark = MARKS


def test_a_cell_that_the_library_lacks(tmp_path: Path) -> None:
    ports = "input wire e, d, output wire y"
    cell = {"type": "$_TBUF_", "connections": {}, "parameters": {}}
    module = {"ports": {}, "netnames": {}, "cells": {"one": cell}}
    with pytest.raises(InputError, match=r"top: the Liberty file has no cell for \$_TBUF_"):
        Netlist({"modules": {"top": module}}, "top", read_liberty(TINY))
    latch = "reg y_reg;\nalways @* if (e) y_reg = d;\nassign y = y_reg;"
    with pytest.raises(ToolError, match=r"Yosys failed: .*latches are not supported"):
        of(circuit(tmp_path / "rtl", latch, ports))


def test_rtl_that_yosys_rejects(tmp_path: Path) -> None:
    for text, reason in (("assign y = ;", "syntax error"), ("nothing x (.a(y));", "nothing")):
        with pytest.raises(ToolError, match=f"^Yosys failed: .*{reason}") as error:
            of(circuit(tmp_path / "rtl", text, "output wire y"))
        assert "\n" not in str(error.value) and error.value.exit_code == 3
    with pytest.raises(ToolError, match=r"Yosys failed.*TRACE_EN"):
        of(circuit(tmp_path / "rtl", "", "output wire y", parameter="parameter OTHER = 1"))
    (tmp_path / "rtl" / f"{SGD}.f").unlink()
    with pytest.raises(InputError, match=r"no xc_in_memory_sgd\.f"):
        of(tmp_path / "rtl")


def test_paths_with_blanks(tmp_path: Path) -> None:
    liberty = tmp_path / "my cells.lib"
    liberty.write_text(TEXT)
    assert of(circuit(tmp_path / "my rtl", *NANDS), liberty).cell_area == 54


def test_no_yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yosys.yosys_version.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ToolError) as error:
        of(circuit(tmp_path / "rtl", *NANDS))
    assert str(error.value).endswith("pip install 'crosschop[area]'") and error.value.exit_code == 3
    yosys.yosys_version.cache_clear()


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """Neither a file nor a process, Yosys and ABC included."""
    scratch, kept = tmp_path / "scratch", tmp_path / "cache"
    scratch.mkdir()
    program = (
        # A shell lets what it starts in the background ignore interrupts
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from crosschop.model.chipspec import load_chipspec\n"
        "from crosschop.model.estimate.logic.synthesis import synthesise\n"
        f"synthesise(load_chipspec('agad_64'), Path({str(RTL)!r}), Path({str(TINY)!r}))\n"
    )
    environment = {**os.environ, "TMPDIR": str(scratch), "CROSSCHOP_CACHE": str(kept)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    # The second script is the mapping: the hierarchy is there
    while not list(scratch.glob("*/hierarchy.json")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    assert process.returncode != 0
    assert list(scratch.iterdir()) == []
    assert list(kept.rglob("*.json")) == []
    assert not running_in(scratch)


def running_in(directory: Path) -> list[str]:
    """Processes that work in a directory, gone or not."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            target = link.readlink()
        except OSError:
            continue
        if directory in target.parents:
            found.append(str(target))
    return found
