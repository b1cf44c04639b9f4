"""Separates mutants that change nothing: the chip's netlist with and without the change, compared and proven by Yosys.

Both controllers are elaborated with the chip's parameters and flattened, so that what the chip does not use counts for
nothing. A mutant is equivalent if, after simplification, both netlists are the same; or if every register and every
output is proven equal (`equiv_simple`, `equiv_induct`): from any state in which both have the same in all registers and
memories, they do the same for ever. Reset and the clear sweep make such a state. An undefined bit equals an undefined
bit alone. What is not proven has survived.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.mutation.change import Mutant
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.model.estimate.logic.yosys import end_yosys, start_yosys
from crosschop.model.parallel import cores

STATUS_FILE, BEFORE_FILE, AFTER_FILE = "status", "before.il", "after.il"
# Registers of more memory than this make proofs too long; a memory is then one cell with equal inputs.
MEMORY_BITS = 4096
# Cycles of the induction.
DEPTH = 5
SECONDS = 300
POLL_SECONDS = 0.02
UNPROVEN = re.compile(r"and (\d+) are unproven")
# Names that Yosys makes up, with the numbers of lines and of what it made before; types of cells have one dollar.
MADE_UP = re.compile(r"\$[^\s$]*\$\S*|^autoidx \d+", re.MULTILINE)


@dataclass
class _Running:
    mutant: Mutant
    directory: Path
    process: subprocess.Popen[bytes]
    begun: float


def check_equivalence(
    dut: Dut, parameters: dict[str, int], memory_bits: int, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Yields each mutant with `equivalent` or `survived`.

    Args:
        dut: the controller.
        parameters: of its module.
        memory_bits: in all memories of the controller.
        mutants: to be compared with it.
        directory: for Yosys's files.

    Raises:
        ToolError: Yosys is missing.
    """
    waiting = list(mutants)
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                mutant = waiting.pop(0)
                folder = directory / mutant.identity
                folder.mkdir(parents=True)
                commands = _commands(dut, parameters, memory_bits, mutant, folder)
                running.append(_Running(mutant, folder, start_yosys(folder, commands), time.monotonic()))
            time.sleep(POLL_SECONDS)
            for one in list(running):
                late = time.monotonic() - one.begun > SECONDS
                if one.process.poll() is not None or late:
                    running.remove(one)
                    end_yosys(one.process)
                    yield one.mutant, _verdict(one.directory)
    finally:
        for one in running:
            end_yosys(one.process)


def elaborations(dut: Dut, parameters: dict[str, int], memory_bits: int, mutant: Mutant, directory: Path) -> list[str]:
    """Commands that leave the designs `before` and `after`, flattened, in a folder that gets the mutant's file."""
    changed = directory / mutant.file
    changed.write_bytes(mutant.text)
    after = [changed if number == mutant.number else path for number, path in enumerate(dut.sources)]
    memories = ["memory_map"] if memory_bits <= MEMORY_BITS else ["memory_collect"]
    values = "".join(f" -chparam {name} {value}" for name, value in parameters.items())

    def elaborate(files: Sequence[Path], name: str, text: str) -> list[str]:
        options = " ".join(("-DSYNTHESIS", *dut.options))
        return [
            *(f'read_verilog {"-sv " if path.suffix == ".sv" else ""}{options} "{path}"' for path in files),
            f"hierarchy -check -top {dut.module}{values}",
            "proc",
            "flatten",
            "opt",
            *memories,
            "opt",
            f"rename {dut.module} {name}",
            "opt_clean -purge",
            "setattr -unset src w:* c:* m:*",
            f"write_rtlil {text}",
            f"design -stash {name}",
        ]

    return [*elaborate(dut.sources, "before", BEFORE_FILE), *elaborate(after, "after", AFTER_FILE)]


def _commands(dut: Dut, parameters: dict[str, int], memory_bits: int, mutant: Mutant, directory: Path) -> list[str]:
    return [
        *elaborations(dut, parameters, memory_bits, mutant, directory),
        "design -copy-from before -as before before",
        "design -copy-from after -as after after",
        "equiv_make before after equiv",
        "hierarchy -top equiv",
        "opt_clean -purge",
        "opt_merge -share_all",
        "equiv_simple -undef",
        f"equiv_induct -undef -seq {DEPTH}",
        f"tee -q -o {STATUS_FILE} equiv_status",
    ]


def _verdict(directory: Path) -> Verdict:
    before, after = (directory / name for name in (BEFORE_FILE, AFTER_FILE))
    if before.is_file() and after.is_file() and _renamed(before) == _renamed(after):
        return Verdict("equivalent", "the same netlist")
    status = directory / STATUS_FILE
    found = UNPROVEN.search(status.read_text()) if status.is_file() else None
    if found is not None and found[1] == "0":
        return Verdict("equivalent", "proof by induction")
    return Verdict("survived")


def _renamed(netlist: Path) -> str:
    """A netlist whose made-up names are numbers in the order in which they appear."""
    numbers: dict[str, str] = {}
    text = netlist.read_text().replace(f"module \\{netlist.stem}", "module")
    return MADE_UP.sub(lambda name: numbers.setdefault(name[0], f"#{len(numbers)}"), text)
