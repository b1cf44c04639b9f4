"""Verification of a controller: constrained-random stimulus with idle and back-pressure against the golden model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import require_trace
from crosschop.cosim.job import STREAMS, Job, Result, Segment
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.scenario import Scenario
from crosschop.model.chipspec import ChipSpec, rtl_configuration, transfers_together


def parts(spec: ChipSpec) -> dict[str, tuple[ChipSpec, tuple[Scenario, ...]]]:
    """The two simulations of a verification: the chip as it is, and its narrow variant."""
    scenarios = kind_of(spec).scenarios
    return {
        "chip": (spec, scenarios.CHIP_SCENARIOS),
        "narrow": (scenarios.narrow_variant(spec), scenarios.NARROW_SCENARIOS),
    }


def plan(spec: ChipSpec, scenarios: Sequence[Scenario], seed: int, transfers: int, label: str) -> tuple[Segment, ...]:
    """Segments of all scenarios, `transfers` compared in total (at least one each), in mixed precision whole passes."""
    generator = np.random.default_rng(seed)
    chip = rtl_configuration(spec)
    total = sum(scenario.weight for scenario in scenarios)
    together = transfers_together(spec)
    shares = transfers // together
    counts = [max(1, shares * scenario.weight // total) for scenario in scenarios]
    counts[-1] = max(1, counts[-1] + shares - sum(counts))
    segments: list[Segment] = []
    for scenario, count in zip(scenarios, counts, strict=True):
        drawn = tuple(int(rate) for rate in generator.choice([0, 8, 64, 200], len(STREAMS)))
        whole = Segment(
            name=f"{label}: {scenario.name}",
            transfers=count * together,
            seed=int(generator.integers(1, 1 << 31)),
            configuration={**chip, **scenario.configure(spec, chip)},
            rates=drawn if scenario.rates is None else scenario.rates,
            codes=scenario.codes,
            lengths=scenario.lengths,
        )
        segments += (
            kind_of(spec).scenarios.with_resets(whole, scenario.resets, spec, generator) if scenario.resets else [whole]
        )
    return tuple(segments)


def verify(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    directory: Path,
    progress: Callable[[int], None] | None = None,
    waves: tuple[int, int] | None = None,
    dut: Dut | None = None,
) -> dict[str, Result]:
    """Compares the RTL controller with the golden model: the chip as it is, and its narrow variant.

    Args:
        spec: the chip.
        seed: seed of all stimulus.
        transfers: transfers to compare in each of the two parts.
        directory: for the simulations' files, one folder per part.
        progress: called with the transfers compared so far, in both parts.
        waves: window of transfers whose waves are kept, first and end, in each part.
        dut: the controller, None for that of the chip (cosim/dut.py makes others).

    Raises:
        InputError: the chip has no retire trace.
        ToolError: the simulator is missing or failed.
    """
    require_trace(spec)
    tasks = []
    for part, (chip, scenarios) in parts(spec).items():
        (directory / part).mkdir()
        tasks.append(Task(Job(chip, plan(chip, scenarios, seed, transfers, part), waves), directory / part))
    return dict(zip(parts(spec), run_jobs(tasks, progress, dut), strict=True))
