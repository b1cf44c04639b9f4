"""What a controller holds: nothing of it outlives a reset, and nothing that it held at power-up matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crosschop.cosim.job import Job, Result
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.signoff.check import Context, Outcome, describe, failed, passed
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.cosim.verify import parts, plan, verify
from crosschop.model.chipspec import transfer_unit, transfers_together
from crosschop.model.cycles import phases_of

# Scenarios of verify that end in resets.
RESETS = ("chip: reset under way", "narrow: reset under way")
# Transfers between two resets.
BETWEEN = 2
# Of what registers and memories hold at power-up.
INITIAL_SEEDS = (1, 2)
# More tell nothing new about the first values.
POWER_UP_TRANSFERS = 500
UNKNOWN = "unknown"


def check_resets(context: Context, directory: Path) -> Outcome:
    """After a reset in any phase the controller behaves as new, and does nothing before the first sample."""
    spec, phases = context.spec, phases_of(context.spec)
    found: Counter[str] = Counter()
    compared = 0
    for seed in range(1, context.effort.seeds + 1):
        tasks = []
        for part, (chip, scenarios) in parts(spec, RESETS).items():
            resets = scenarios[0].resets
            transfers = resets * BETWEEN * transfers_together(chip)
            segments = plan(chip, scenarios, seed, transfers, part)
            # Every other one comes at a random moment, the others each wait for a phase: rare ones come by no chance.
            chosen = tuple(
                segment if number % 2 else replace(segment, abort=0, abort_in=phases[number // 2 % len(phases)])
                for number, segment in enumerate(segments)
            )
            folder = directory / f"{part}-seed{seed}"
            folder.mkdir()
            tasks.append(Task(Job(chip, chosen), folder))
        for result in run_jobs(tasks, dut=context.dut):
            if result.mismatch is not None:
                return failed(f"seed {seed}: the controller is not as new after a reset", describe(result.mismatch))
            found.update(result.resets)
            compared += result.transfers
    counted = {phase: found[phase] for phase in (*phases, UNKNOWN) if found[phase]}
    never = [phase for phase in phases if not found[phase]]
    evidence = [
        f"seeds 1..{context.effort.seeds}, two resets before each stretch: in the clear sweep or idle, and under way",
        "resets by phase (digital, hold and write run beside the others): "
        + ", ".join(f"{phase} {count:,}" for phase, count in counted.items()),
        "after the first reset and before the first sample: no request, no write, no record",
    ]
    if UNKNOWN in counted:
        evidence.append("the controller has no cycle counters, so its resets come at random moments")
    elif never:
        evidence.append(f"never met: {', '.join(never)}, which the controller is rarely or never in")
    total = sum(counted[phase] for phase in ("clear", "idle", "update", "stall", "read", UNKNOWN) if phase in counted)
    where = "at random moments" if UNKNOWN in counted else f"in {len(phases) - len(never)} of {len(phases)} phases"
    return passed(
        f"as new after {total:,} resets {where}, {compared:,} {transfer_unit(spec)}s between them equal",
        evidence, resets=counted, transfers=compared,
    )  # fmt: skip


def _differences(results: Sequence[Result]) -> list[str]:
    mismatch = next((result.mismatch for result in results if result.mismatch is not None), None)
    return [] if mismatch is None else describe(mismatch)


def check_power_up(context: Context, directory: Path) -> Outcome:
    """What registers and memories hold at power-up shows nowhere: neither as x nor, when it is random, as a value."""
    transfers = min(context.effort.transfers, POWER_UP_TRANSFERS)

    def run(name: str, simulator: Simulator) -> list[Result]:
        folder = directory / name
        folder.mkdir()
        return list(verify(context.spec, 1, transfers, folder, dut=context.dut, simulator=simulator).values())

    icarus = run("icarus", ICARUS)
    if found := _differences(icarus):
        return failed("what is not initialised shows at an output (Icarus)", found)
    compared = sum(result.transfers for result in icarus)
    for seed in INITIAL_SEEDS:
        drawn = run(f"verilator-{seed}", Simulator("verilator", initial_seed=seed))
        if found := _differences(drawn):
            return failed(f"what registers hold at power-up matters (Verilator, initial seed {seed})", found)
        if drawn != icarus:
            return failed(f"Verilator with initial seed {seed} and Icarus differ", [str(drawn), str(icarus)])
    seeds = " and ".join(map(str, INITIAL_SEEDS))
    return passed(
        f"no x on what is looked at in {compared:,} {transfer_unit(context.spec)}s (Icarus), the same with "
        f"{len(INITIAL_SEEDS)} random states at power-up (Verilator)",
        [
            "registers and memories have no initial value; Icarus begins with x in all of them",
            f"Verilator, initial seeds {seeds}: every field, count and cycle counter as under Icarus",
        ],
        transfers=compared, initial_seeds=list(INITIAL_SEEDS),
    )  # fmt: skip
