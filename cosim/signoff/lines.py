"""The checks of a sign-off, in the order of the page."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

from crosschop.cosim import lint
from crosschop.cosim.dut import not_compared
from crosschop.cosim.engines import MismatchError, run_rtl
from crosschop.cosim.job import WAVE_FILE
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.replay.check import check_retire_trace
from crosschop.cosim.signoff.campaigns import (
    check_coverage,
    check_mutants,
    check_proofs,
    check_random_chips,
    check_upsets,
    of_algorithm,
)
from crosschop.cosim.signoff.check import Check, Context, Outcome, describe, failed, passed
from crosschop.cosim.signoff.state import check_power_up, check_resets
from crosschop.cosim.signoff.structure import check_structure, check_trace_goes
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import transfer_unit
from crosschop.model.cycles import phases_of
from crosschop.model.engines import run_golden, transfers_in_sweeps
from crosschop.model.errors import MissingToolError, ToolError

# Of the run whose waves are read back.
REPLAYED_SWEEPS = 2


def quiet(done: int) -> None:
    """Progress that nobody looks at."""


def _clean(tool: Callable[[], str]) -> Outcome:
    said = tool().strip().splitlines()
    return failed(f"{len(said)} lines of warnings", said) if said else passed("no warning")


def _lint_verilator(context: Context, directory: Path) -> Outcome:
    dut = context.dut
    parameters = dut.parameters_for(context.spec)
    return _clean(lambda: lint.verilator(dut.module, parameters, dut.sources, dut.options))


def _lint_icarus(context: Context, directory: Path) -> Outcome:
    dut = context.dut
    parameters = dut.parameters_for(context.spec)
    return _clean(lambda: lint.icarus(dut.module, parameters, dut.sources, options=dut.options))


def _lint_style(context: Context, directory: Path) -> Outcome:
    return _clean(lambda: lint.verible(shipped_rtl(), context.dut.sources))


def _verify(context: Context, directory: Path) -> Outcome:
    compared, resets = 0, 0
    cycles: dict[str, int] = {}
    unit = transfer_unit(context.spec)
    for seed in range(1, context.effort.seeds + 1):
        folder = directory / f"seed{seed}"
        folder.mkdir()
        results = verify(context.spec, seed, context.effort.transfers, folder, dut=context.dut)
        for result in results.values():
            if result.mismatch is not None:
                return failed(f"seed {seed}: the RTL differs from the golden model", describe(result.mismatch))
            compared += result.transfers
            for phase, count in result.cycles.items():
                cycles[phase] = cycles.get(phase, 0) + count
        jobs = [json.loads((folder / part / "job.json").read_text()) for part in results]
        resets += sum(len(job["segments"]) for job in jobs)
    view = context.dut.view
    counted = ", ".join(f"{phase} {cycles[phase]:,}" for phase in phases_of(context.spec))
    timed = "every counter equal to the cycle model, " if view.compares_counters else ""
    bits = "every bit that is seen" if view.unobserved else "every bit"
    return passed(
        f"{compared:,} {unit}s on the chip and on its narrow variant equal in {bits}, {timed}after {resets:,} resets",
        [f"seeds 1..{context.effort.seeds}", *not_compared(view), *([f"cycles: {counted}"] if timed else [])],
        transfers=compared, resets=resets, cycles=cycles,
    )  # fmt: skip


def _training(context: Context, directory: Path) -> Outcome:
    spec = context.spec
    transfers = transfers_in_sweeps(spec, context.effort.sweeps)
    golden = run_golden(spec, 1, transfers, quiet)
    try:
        icarus = run_rtl(spec, 1, transfers, quiet, directory, dut=context.dut)
    except MismatchError as error:
        return failed("the RTL differs from the golden model", describe(error.mismatch))
    # Of a controller whose counters are not compared the cycles are those of the model.
    if (icarus.digest, icarus.weight_error, icarus.cycles) != (golden.digest, golden.weight_error, golden.cycles):
        return failed("the engines differ", [f"icarus {icarus.digest}", f"golden {golden.digest}"])
    return passed(
        f"{icarus.transfers:,} {transfer_unit(spec)}s of training: events, weight error and cycles as without RTL",
        [f"digest {icarus.digest}, weight error {icarus.weight_error:.2f} %"],
        transfers=icarus.transfers, digest=icarus.digest,
    )  # fmt: skip


def _replay(context: Context, directory: Path) -> Outcome:
    spec = context.spec
    transfers = transfers_in_sweeps(spec, REPLAYED_SWEEPS)
    try:
        run_rtl(spec, 1, transfers, quiet, directory, (0, transfers + 1), dut=context.dut)
    except MismatchError as error:
        return failed("the RTL differs from the golden model", describe(error.mismatch))
    found = check_retire_trace(directory / WAVE_FILE, spec, scope=f"{kind_of(spec).hdl.TOP}.dut")
    if found.mismatch is not None:
        return failed("the retire trace in the waves differs from the golden model", describe(found.mismatch))
    return passed(
        f"{found.transfers:,} {transfer_unit(spec)}s read back from the waves of a simulation and equal",
        [f"compared: {', '.join(found.compared)}"], transfers=found.transfers,
    )  # fmt: skip


def _shipped(context: Context) -> bool:
    return not context.dut.own


CHECKS: tuple[Check, ...] = (
    Check("lint-verilator", "Verilator -Wall is silent", _lint_verilator),
    Check("lint-icarus", "Icarus -Wall is silent", _lint_icarus),
    Check("lint-style", "Verible finds nothing against the rules of rtl/lint", _lint_style, _shipped),
    Check("structure", "Synthesis: no latches, initial values, loops; the memories of the chipspec", check_structure),
    Check("trace", "Synthesis: the retire trace can go without a rest", check_trace_goes, _shipped),
    Check("verify", "RTL = golden model bit for bit, RTL = cycle model cycle for cycle, resets under way", _verify),
    Check("reset", "After a reset in any phase as new; nothing comes before the first sample", check_resets),
    Check("power-up", "What registers and memories hold at power-up shows nowhere, as x or as a value", check_power_up),
    Check("training", "Training with the RTL in the loop = training without", _training),
    Check("replay", "The retire trace, read back from recorded waves without a simulator = golden model", _replay,
          lambda context: not context.dut.view.unobserved),
    Check("random-chips", "Random legal chips of the same algorithm, random stimulus: RTL = golden model",
          check_random_chips, _shipped, of_algorithm),
    Check("coverage", "Every bin of the verification plan that the chip can meet, every line and branch of the RTL",
          check_coverage),
    Check("proofs", "Formal properties hold for every input", check_proofs),
    Check("mutants", "Verification finds every mutant of the RTL that is not equivalent", check_mutants),
    Check("upsets", "Bit flips in stores, counters and streams show where the golden model says", check_upsets),
)  # fmt: skip


def run_check(check: Check, context: Context, directory: Path) -> Outcome:
    """Runs one check; a missing tool is a line that has not been run."""
    begun = time.monotonic()
    try:
        outcome = check.run(context, directory)
    except MissingToolError as error:
        outcome = Outcome("not run", error.messages[0], [], {})
    except ToolError as error:
        said = "\n".join(error.messages).splitlines()
        outcome = failed(said[0], said[1:])
    return dataclasses.replace(outcome, seconds=round(time.monotonic() - begun, 1))
