"""Lines of a sign-off that are campaigns of their own: random chips, mutants, upsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from crosschop.cosim.fuzz.campaign import Run, fuzz
from crosschop.cosim.fuzz.case import BASES, Piece, Verdict
from crosschop.cosim.injection.detection import detect
from crosschop.cosim.mutation import campaign as mutation
from crosschop.cosim.signoff.check import Context, Outcome, failed, passed
from crosschop.model.parallel import cores
from crosschop.model.store import Store

CHIPS_FILE = "chips.jsonl"
MUTANTS_FILE = "mutants.jsonl"
FUZZ_TRANSFERS = 60
# Of every campaign.
SEED = 1


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
    effort = mutation.Effort()
    kept = None if context.kept is None else context.kept / f"{context.spec.name}-{MUTANTS_FILE}"
    campaign = mutation.mutate(
        context.spec, context.effort.mutants, SEED, directory, effort=effort, dut=context.dut, kept=kept
    )
    killed, equivalent = campaign.having("killed"), campaign.having("equivalent")
    found = f"{len(campaign.judged)} mutants: {len(killed)} killed, {len(equivalent)} proven equivalent"
    figures = {"killed": len(killed), "equivalent": len(equivalent), "survived": len(campaign.survivors)}
    if campaign.survivors:
        diffs = [line for one in campaign.survivors for line in one.mutant.diff.splitlines()]
        return Outcome("fail", f"{found}, {len(campaign.survivors)} survive", diffs, figures)
    return Outcome("pass", found, [f"seed {SEED}, {campaign.drawn.possible:,} possible"], figures)


def check_upsets(context: Context, directory: Path) -> Outcome:
    """Bits flipped in the RTL show in the scoreboard where and when the golden model says so, and not elsewhere."""
    found = detect(context.spec, context.effort.upsets, SEED, directory, dut=context.dut)
    evidence = [
        f"{one.field.name}: seen {len(one.detected)}, overwritten unread {len(one.masked)}, not yet read {len(one.latent)}"
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
