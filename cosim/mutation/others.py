"""What a mutant that survived verification of its chip has to survive as well: lint, proofs, and random chips."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.formal.plan import Effort as FormalEffort
from crosschop.cosim.formal.plan import Proof, plan
from crosschop.cosim.formal.run import Task, require_solvers, run_tasks
from crosschop.cosim.fuzz.campaign import Source as Chips
from crosschop.cosim.fuzz.campaign import draw_cases, run_pieces
from crosschop.cosim.fuzz.case import BASES, Piece
from crosschop.cosim.lint import verilator
from crosschop.cosim.mutation.change import Mutant, mutated
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.cosim.verify import DEFAULT_TRANSFERS
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.parallel import cores
from crosschop.model.programs import quotable


def run_lint(
    dut: Dut, parameters: dict[str, int], mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Looks for what a linter says of a mutant and not of the controller; yields each with its verdict.

    Args:
        dut: the controller.
        parameters: of its module.
        mutants: to be looked at.
        directory: for the sources.

    Raises:
        MissingToolError: Verilator is not installed.
    """
    if not mutants:
        return
    clean = not verilator(dut.module, parameters, dut.sources, dut.options)
    for mutant in mutants:
        changed = mutated(dut, mutant, directory / mutant.identity)
        said = verilator(dut.module, parameters, changed.sources, changed.options) if clean else ""
        warning = next((line for line in quotable(said) if line.startswith("%")), "")
        kind = warning.split(":")[0].removeprefix("%")
        yield mutant, Verdict("killed", f"lint: {kind}", 0, Path(mutant.file).name) if warning else Verdict("survived")


def run_chips(
    spec: ChipSpec, dut: Dut, count: int, seed: int, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Verifies mutants in random chips of the same algorithm; yields each with its verdict.

    Args:
        spec: the chip.
        dut: its controller, one that has all parameters of the contract.
        count: random chips for each mutant.
        seed: of the chips.
        mutants: to be verified.
        directory: for the sources.

    Raises:
        MissingToolError: hypothesis is not installed.
    """
    cases = draw_cases(Chips(BASES[spec.algorithm.name], (), DEFAULT_TRANSFERS, seed), count)
    for mutant in mutants:
        folder = directory / mutant.identity
        files = mutated(dut, mutant, folder).sources
        for path in files:
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / f"{dut.module}.f").write_text("".join(f"{path.name}\n" for path in files))
        pieces = [Piece(case, folder, mutant.identity) for case in cases]
        verdict = Verdict("survived")
        for piece, found in run_pieces(pieces, cores()):
            if found.status != "pass":
                field = found.mismatch["field"] if found.mismatch else found.status
                said = " ".join(found.said) or piece.case.command(None)
                verdict = Verdict("killed", f"random chip: {field}", found.transfers, said)
                break
        yield mutant, verdict


def run_formal(
    spec: ChipSpec, dut: Dut, effort: FormalEffort, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Looks for violations of the properties of each mutant's module; yields each mutant with its verdict.

    A bounded search from reset: nothing has to be proved, a mutant is killed by what it violates.

    Args:
        spec: the chip.
        dut: its controller.
        effort: bounds and time limits of the searches.
        mutants: to be searched.
        directory: for the sources.

    Raises:
        MissingToolError: a solver is not installed.
    """
    require_solvers()
    for mutant in mutants:
        try:
            changed = mutated(dut, mutant, directory / mutant.identity)
            proofs = proofs_about(mutant.module, plan(spec, changed, effort), changed)
            tasks = [Task(proof, changed) for proof in proofs]
            findings = [found for _, answer in run_tasks(tasks) for found in answer.as_findings()]
        except MissingToolError:
            raise
        except ToolError:  # no proof, no kill
            findings = []
        failed = next((one for one in findings if one.verdict == "failed"), None)
        if failed is None:
            yield mutant, Verdict("survived")
        else:
            by = f"formal: {failed.proof}.{failed.name}"
            yield mutant, Verdict("killed", by, failed.depth, "; ".join(failed.words))


def proofs_about(module: str, proofs: Sequence[Proof], dut: Dut) -> list[Proof]:
    """Of a plan those of a module, without induction: its own checker's, or where it has none those of the whole."""
    checkers = {path.stem: path.stem.replace("xc_", "fv_", 1) for path in dut.sources if path.stem != dut.module}
    own = [proof for proof in proofs if proof.checker == checkers.get(module)]
    chosen = own or [proof for proof in proofs if proof.checker not in checkers.values()]
    return [dataclasses.replace(proof, limits=dataclasses.replace(proof.limits, induction=0)) for proof in chosen]


def has_every_parameter(spec: ChipSpec, dut: Dut) -> bool:
    """Whether a controller can be that of another chip: it is no user's adapter."""
    return dut.module == dut_of(spec).module
