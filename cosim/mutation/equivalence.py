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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.mutation.change import Mutant, mutated
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.model.estimate.logic.yosys import end_yosys, start_yosys
from crosschop.model.parallel import cores, run_parallel

STATUS_FILE, BEFORE, AFTER = "status", "before", "after"
# Registers of more memory than this make proofs too long; a memory is then one cell with equal inputs.
MEMORY_BITS = 4096
# Cycles of the induction.
DEPTH = 5
SECONDS = 300
UNPROVEN = re.compile(r"and (\d+) are unproven")
# Names that Yosys makes up, with the numbers of lines and of what it made before; types of cells have one dollar.
MADE_UP = re.compile(r"\$[^\s$]*\$\S*|^autoidx \d+", re.MULTILINE)


@dataclass(frozen=True)
class _Task:
    dut: Dut
    parameters: dict[str, int]
    memory_bits: int
    mutant: Mutant
    before: Path
    directory: Path


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
    if not mutants:
        return
    directory.mkdir(parents=True, exist_ok=True)
    _run(directory, elaboration(dut, parameters, memory_bits, BEFORE))
    before = directory / f"{BEFORE}.il"
    tasks = [_Task(dut, parameters, memory_bits, one, before, directory / one.identity) for one in mutants]
    for task, verdict in run_parallel(_compare, tasks, cores()):
        yield task.mutant, verdict


def elaboration(dut: Dut, parameters: dict[str, int], memory_bits: int, name: str) -> list[str]:
    """Commands that leave the controller flattened as a module of this name, in a file NAME.il, too."""
    memories = ["memory_map"] if memory_bits <= MEMORY_BITS else ["memory_collect"]
    values = "".join(f" -chparam {key} {value}" for key, value in parameters.items())
    options = " ".join(("-DSYNTHESIS", *dut.options))
    return [
        *(f'read_verilog {"-sv " if path.suffix == ".sv" else ""}{options} "{path}"' for path in dut.sources),
        f"hierarchy -check -top {dut.module}{values}",
        "proc",
        "flatten",
        "opt",
        *memories,
        "opt",
        f"rename {dut.module} {name}",
        "opt_clean -purge",
        "setattr -unset src w:* c:* m:*",
        f"write_rtlil {name}.il",
    ]


def _run(directory: Path, commands: list[str]) -> None:
    process = start_yosys(directory, commands)
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        pass  # no result is no proof
    finally:
        end_yosys(process)


def _compare(task: _Task) -> Verdict:
    task.directory.mkdir(parents=True)
    changed = mutated(task.dut, task.mutant, task.directory)
    _run(task.directory, elaboration(changed, task.parameters, task.memory_bits, AFTER))
    after = task.directory / f"{AFTER}.il"
    if not after.is_file() or not task.before.is_file():
        return Verdict("survived")
    if _renamed(task.before) == _renamed(after):
        return Verdict("equivalent", "the same netlist")
    _run(
        task.directory,
        [
            f'read_rtlil "{task.before}"',
            f"read_rtlil {after.name}",
            f"equiv_make {BEFORE} {AFTER} equiv",
            "hierarchy -top equiv",
            "opt_clean -purge",
            "opt_merge -share_all",
            "equiv_simple -undef",
            f"equiv_induct -undef -seq {DEPTH}",
            f"tee -q -o {STATUS_FILE} equiv_status",
        ],
    )
    return _verdict(task.directory)


def _verdict(directory: Path) -> Verdict:
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
