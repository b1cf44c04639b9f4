"""Makes of a checker and the sources below it what solvers read: SMT-LIB for induction, AIGER for reachability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosschop.model.estimate.logic.yosys import run_yosys

INSTALL = "pip install 'crosschop[formal]'"
# Modules and headers that checkers have in common, beside them
SHARED = "shared"
SMT, AIGER, MAP = "model.smt2", "model.aig", "model.ywmap"


@dataclass(frozen=True)
class Sources:
    """What a checker is built of.

    Attributes:
        files: Verilog of the controller.
        include_dirs: where included files lie.
        defines: macros and their values, "" for none.
        parameters: of one of the modules, beyond those that the checker sets.
    """

    files: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, int], ...] = ()

    def reading(self, directory: Path) -> list[str]:
        """Commands for Yosys in a directory, which gets links to the folders: an option cannot have a blank in it."""
        options = [f"-D{name}={value}" if value else f"-D{name}" for name, value in self.defines]
        for number, folder in enumerate(self.include_dirs):
            (directory / f"include{number}").symlink_to(folder.resolve())
            options.append(f"-Iinclude{number}")
        return [
            *(f'read_verilog -sv {" ".join(options)} "{file}"' for file in self.files),
            *(f"chparam -set {name} {value}" for name, value in self.parameters),
        ]


@dataclass(frozen=True)
class Model:
    """Files for the solvers.

    Attributes:
        top: the checker's module.
        smt: transition system for word-level solvers.
        aiger: the same in gates.
        properties: names in the order of the AIGER file.
    """

    top: str
    smt: Path
    aiger: Path
    properties: tuple[str, ...]


def make_model(
    directory: Path,
    checker: Path,
    sources: Sources,
    parameters: Mapping[str, int],
    defines: Mapping[str, str],
    cuts: Sequence[str] = (),
) -> Model:
    """Elaborates a checker.

    Registers without a reset and memories begin with any value. The outputs of a module that is cut are free in every
    cycle: what is proved then holds for whatever stands in its place.

    Args:
        directory: for everything that is written.
        checker: its file; its module has the same name, what it shares with others is in a folder beside it.
        sources: of what it checks.
        parameters: of the checker.
        defines: macros of the checker.
        cuts: names of modules.

    Raises:
        ToolError: Yosys is missing or rejects the sources.
    """
    top = checker.stem
    macros = " ".join(f"-D{name}={value}" for name, value in defines.items())
    values = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    commands = [
        *sources.reading(directory),
        *(
            f'read_verilog -formal {macros} "{file}"'
            for file in (*sorted(checker.parent.glob(f"{SHARED}/*.v")), checker)
        ),
        f"hierarchy -check -top {top}{values}",
        "proc",
        *(f"cutpoint *{module}" for module in cuts),
        "flatten",
        "opt_clean",
        "check -assert",
        "async2sync",
        "chformal -lower",
        # From here on no optimisation may choose the first value of a register: any one is possible
        "formalff -clk2ff -ff2anyinit",
        "memory_map -formal",
        "setundef -undriven -anyseq",
        "opt -full -keepdc",
        "setundef -anyseq",
        "opt_clean",
        "dffunmap",
        f"write_smt2 -stbv -wires {SMT}",
        "formalff -anyinit2ff",
        "techmap",
        "setundef -anyseq",
        "opt_expr -keepdc",
        "aigmap",
        "opt_clean",
        f"write_aiger -zinit -B -ywmap {MAP} {AIGER}",
    ]
    netlist = run_yosys(directory, commands, MAP)
    names = tuple(".".join(part.lstrip("\\") for part in path) for path in netlist["asserts"])
    return Model(top, directory / SMT, directory / AIGER, names)
