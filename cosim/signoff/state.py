"""What a controller holds: nothing of it outlives a reset, and nothing that it held at power-up matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from crosschop.cosim.corners import RESET_IN
from crosschop.cosim.job import Job, Result
from crosschop.cosim.signoff.check import Context, Outcome, describe, failed, passed
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import transfer_unit

# Scenarios of verify that end in resets: at any moment, and in a phase each.
RESETS = ("chip: reset", "narrow: reset")
TRANSFERS = 200
# Of what registers and memories hold at power-up.
INITIAL_SEEDS = (1, 2)
# More tell nothing new about the first values.
POWER_UP_TRANSFERS = 500


def check_resets(context: Context, directory: Path) -> Outcome:
    """After a reset in any phase the controller behaves as new, and does nothing before the first sample."""
    met: Counter[str] = Counter()
    compared, resets = 0, 0
    for seed in range(1, context.effort.seeds + 1):
        folder = directory / f"seed{seed}"
        folder.mkdir()
        results = verify(context.spec, seed, TRANSFERS, folder, dut=context.dut, only=RESETS)
        if found := _differences(list(results.values())):
            return failed(f"seed {seed}: the controller is not as new after a reset", found)
        for part, result in results.items():
            met.update({name: count for name, count in result.corners.items() if name.startswith(RESET_IN.format(""))})
            compared += result.transfers
            segments = Job.load(folder / part).segments
            resets += sum((segment.abort is not None) * 2 + (segment.reset_in is not None) for segment in segments)
    phases = {name.removeprefix(RESET_IN.format("")): count for name, count in met.items()}
    never = [phase for phase, count in phases.items() if not count]
    evidence = [
        f"seeds 1..{context.effort.seeds}; resets aimed at a phase that found the controller in it: "
        + ", ".join(f"{phase} {count:,}" for phase, count in phases.items() if count),
        "after a reset into the clear sweep, and before the first sample: no request, no write, no record",
    ]
    if never:
        evidence.append(f"never met, as this chip is not in them: {', '.join(never)}")
    unit = transfer_unit(context.spec)
    return passed(
        f"as new after {resets:,} resets, at random moments and in {len(phases) - len(never)} of "
        f"{len(phases)} phases; {compared:,} {unit}s between them equal",
        evidence, resets=resets, phases=phases, transfers=compared,
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
        counts = [[(one.transfers, one.samples, one.cycles, one.writes) for one in each] for each in (icarus, drawn)]
        if counts[0] != counts[1]:
            return failed(f"Verilator with initial seed {seed} and Icarus differ", list(map(str, counts)))
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
