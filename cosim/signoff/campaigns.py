"""Lines of a sign-off that are campaigns of their own: random chips, mutants, upsets, coverage, proofs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crosschop.cosim.coverage.measure import cover_chip
from crosschop.cosim.formal.plan import EFFORTS
from crosschop.cosim.formal.run import run_proofs
from crosschop.cosim.fuzz.campaign import Run, fuzz
from crosschop.cosim.fuzz.case import BASES, Piece, Verdict
from crosschop.cosim.injection.detection import detect
from crosschop.cosim.mutation import campaign as mutation
from crosschop.cosim.mutation.equivalence import MEMORY_BITS
from crosschop.cosim.signoff.check import Context, Outcome, failed, passed
from crosschop.cosim.simulator import ICARUS, VERILATOR
from crosschop.model.chipspec import ChipSpec, memory_bits
from crosschop.model.parallel import cores
from crosschop.model.store import Store

CHIPS_FILE = "chips.jsonl"
MUTANTS_FILE = "mutants.jsonl"
PROOFS_FILE = "proofs.jsonl"
FUZZ_TRANSFERS = 60
# Of every campaign.
SEED = 1
# Elements of the array up to which code is counted too: every bit has counters, which a build of Verilator grows with.
MOST_COUNTED = 128 * 128


# A large array is verified slowly and its memories are beyond the proofs that a mutant is equivalent; mutants are
# changes of a source that has no size: what there is of lanes, beats and columns is there in this one, with a last beat
# that is not full.
FEW_LANES, FEW_BEATS, FEW_COLS = 4, 3, 5


def with_few_elements(spec: ChipSpec) -> ChipSpec:
    """The chip itself, or where its memories are large the same formats and configuration on a small array."""
    if memory_bits(spec).total <= MEMORY_BITS:
        return spec
    array = spec.array.model_copy(update={"rows": FEW_LANES * FEW_BEATS - 1, "cols": FEW_COLS})
    few = spec.model_copy(update={"array": array})
    if spec.controller.lanes is None:
        return few
    return few.model_copy(update={"controller": spec.controller.model_copy(update={"lanes": FEW_LANES})})


def of_algorithm(context: Context) -> str:
    """Random chips depend on the algorithm alone."""
    return context.spec.algorithm.name


def check_random_chips(context: Context, directory: Path) -> Outcome:
    """Random legal chips of the same algorithm under random stimulus."""
    store = Store[Piece, Verdict]((context.kept or directory) / CHIPS_FILE, Verdict)

    def work(pieces: Sequence[Piece], run: Run) -> Mapping[Piece, Verdict]:
        found = {piece: known for piece in pieces if (known := store.get(piece)) is not None}
        for piece, verdict in run([piece for piece in pieces if piece not in found]):
            store.put(piece, verdict)
            found[piece] = verdict
        return found

    base, count = BASES[context.spec.algorithm.name], context.effort.specs
    report = fuzz([base], SEED, count, FUZZ_TRANSFERS, work, workers=cores())
    if report.failure is not None:
        command = report.failure.small.command(None)
        return failed("a random chip differs from the golden model", [command, *map(str, report.failure.verdict.said)])
    (features,) = report.features.values()
    met = [name for name, chips in features.items() if chips]
    return passed(
        f"{sum(report.chips.values())} random {context.spec.algorithm.name} chips with {len(met)} of {len(features)} "
        f"features, {report.transfers:,} transfers compared",
        [f"seed {SEED}, digest {report.digest}"],
        chips=sum(report.chips.values()), transfers=report.transfers, features=features,
    )  # fmt: skip


def check_mutants(context: Context, directory: Path) -> Outcome:
    """Every mutant that is not equivalent is found by verification."""
    effort = mutation.Effort(formal="quick")
    kept = None if context.kept is None else context.kept / f"{context.spec.name}-{MUTANTS_FILE}"
    # A controller of the user's may not come in another size
    spec = context.spec if context.dut.own else with_few_elements(context.spec)
    campaign = mutation.mutate(spec, context.effort.mutants, SEED, directory, effort=effort, dut=context.dut, kept=kept)
    killed, equivalent = campaign.having("killed"), campaign.having("equivalent")
    where = "" if spec is context.spec else f" at {spec.array.rows} x {spec.array.cols}"
    found = f"{len(campaign.judged)} mutants{where}: {len(killed)} killed, {len(equivalent)} proven equivalent"
    figures = {"killed": len(killed), "equivalent": len(equivalent), "survived": len(campaign.survivors)}
    if campaign.survivors:
        diffs = [line for one in campaign.survivors for line in one.mutant.diff.splitlines()]
        return Outcome("fail", f"{found}, {len(campaign.survivors)} survive", diffs, figures)
    return Outcome("pass", found, [f"seed {SEED}, {campaign.drawn.possible:,} possible"], figures)


def check_upsets(context: Context, directory: Path) -> Outcome:
    """Bits flipped in the RTL show in the scoreboard where and when the golden model says so, and not elsewhere."""
    found = detect(context.spec, context.effort.upsets, SEED, directory, dut=context.dut)
    evidence = [
        f"{one.field.name}: {len(one.detected)} seen, {len(one.masked)} overwritten, {len(one.latent)} not read yet"
        for one in found
    ]
    missed = [f"{one.field.name}: {finding}" for one in found for finding in one.missed]
    upsets = sum(len(one.findings) for one in found)
    if missed:
        return failed(f"{len(missed)} of {upsets} bit flips are not seen, or elsewhere than they must be", missed)
    seen = sum(len(one.detected) for one in found)
    return passed(
        f"{upsets} bit flips in {len(found)} fields: {seen} seen where the golden model says, others without trace",
        evidence, upsets=upsets, detected=seen,
    )  # fmt: skip


def check_coverage(context: Context, directory: Path) -> Outcome:
    """Everything of the verification plan that this chip can meet, every line and branch of its controller.

    Of a large array the plan alone, see MOST_COUNTED.
    """
    elements = context.spec.array.rows * context.spec.array.cols
    counted = elements <= MOST_COUNTED
    simulator = replace(VERILATOR if counted else ICARUS, coverage=True)
    found = cover_chip(context.spec, context.dut, SEED, context.effort.covered, directory, simulator=simulator)
    line, branch, toggle = (found.share(kind) for kind in ("line", "branch", "toggle"))
    holes = [str(hole) for module in found.modules for hole in module.holes if hole.kind in ("line", "branch")]
    said = f"{found.bins.hit} of {found.bins.total} bins of the plan, "
    said += (
        f"{line.percent:.1f} % of the lines, {branch.percent:.1f} % of the branches"
        if counted
        else f"lines and branches not counted: {elements:,} elements, more than {MOST_COUNTED:,}"
    )
    evidence = [f"{found.transfers:,} transfers"]
    if counted:
        excluded = sum(module.excluded for module in found.modules)
        evidence += [f"{toggle.percent:.1f} % of the bits went both ways", f"{excluded} places excluded"]
    if found.mismatches:
        evidence.append(f"{found.mismatches} simulations differ from the golden model")
    if not found.complete:
        return failed(said, [*found.missing, *holes, *evidence])
    return passed(said, evidence, bins=found.bins.total)


def check_proofs(context: Context, directory: Path) -> Outcome:
    """Every property holds for every input."""
    kept = None if context.kept is None else context.kept / PROOFS_FILE
    effort = next(one for one in EFFORTS if one == context.effort.name)
    findings = run_proofs(context.spec, context.dut, effort, kept=kept)
    bad = [
        f"{one.proof}.{one.name}: {one.verdict} ({one.kind}, {one.depth} cycles)" for one in findings if not one.good
    ]
    counted = Counter(one.verdict for one in findings)
    said = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    if bad:
        return failed(f"{len(findings)} properties: {said}", bad)
    return passed(f"{len(findings)} properties: {said}", properties=len(findings))
