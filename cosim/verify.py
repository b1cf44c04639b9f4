"""Verification of a controller: constrained-random stimulus with idle and back-pressure against the golden model."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import require_trace
from crosschop.cosim.job import STREAMS, Job, Result, Segment
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.scenario import Scenario, pieces_before_phase, with_stations
from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.model.chipspec import ChipSpec, rtl_configuration, transfers_together
from crosschop.model.errors import InputError

# Transfers to compare in each of the two parts, unless the user wants another number.
DEFAULT_TRANSFERS = 2000


# The part that is verified where it is asked for, since it takes a minute.
LONG = "long"


def variants_of(spec: ChipSpec) -> dict[str, ChipSpec]:
    """The other chips of a verification by their part: narrow, and long where there are 16-bit counts."""
    scenarios = kind_of(spec).scenarios
    narrow = {"narrow": scenarios.narrow_variant(spec)}
    return {**narrow, LONG: scenarios.long_variant(spec)} if scenarios.LONG_SCENARIOS else narrow


def parts(spec: ChipSpec, only: Sequence[str] = ()) -> dict[str, tuple[ChipSpec, tuple[Scenario, ...]]]:
    """The simulations of a verification: the chip as it is, and its narrow variant; the long part where it is named.

    Args:
        spec: the chip.
        only: beginnings of names such as `narrow: small codes`; the scenarios that have one. None: all but the long.

    Raises:
        InputError: no scenario has a name that begins so.
    """
    scenarios = kind_of(spec).scenarios
    every = {"chip": scenarios.CHIP_SCENARIOS, "narrow": scenarios.NARROW_SCENARIOS, LONG: scenarios.LONG_SCENARIOS}
    named = {part: {f"{part}: {scenario.name}": scenario for scenario in found} for part, found in every.items()}
    names = [name for found in named.values() for name in found]
    for wanted in only:
        if not any(name.startswith(wanted) for name in names):
            raise InputError(f"--only {wanted}: no segment's name begins so, there are {'; '.join(names)}")
    beginnings = tuple(only or ("chip", "narrow"))
    chosen = {
        part: tuple(scenario for name, scenario in found.items() if name.startswith(beginnings))
        for part, found in named.items()
    }
    chips = {"chip": spec, **variants_of(spec)}
    return {part: (chips[part], found) for part, found in chosen.items() if found}


def plan(spec: ChipSpec, scenarios: Sequence[Scenario], seed: int, transfers: int, label: str) -> tuple[Segment, ...]:
    """Segments of the scenarios, `transfers` compared in total or their own lengths; of whole passes if it has them."""
    chip = rtl_configuration(spec)
    total = sum(scenario.weight for scenario in scenarios)
    together = transfers_together(spec)
    # Of whole passes each scenario has one
    shares = max(transfers // together, len(scenarios) if together > 1 else 1)
    weights = itertools.accumulate((scenario.weight for scenario in scenarios), initial=0)
    ends = [-(-shares * weight // total) for weight in weights]
    segments: list[Segment] = []
    for scenario, (first, end) in zip(scenarios, itertools.pairwise(ends), strict=True):
        if first == end:  # fewer transfers than scenarios
            continue
        # A stream of its own: what a scenario does depends on no other one
        generator = np.random.default_rng([seed, zlib.crc32(f"{label}: {scenario.name}".encode())])
        drawn = tuple(int(rate) for rate in generator.choice([0, 8, 64, 200], len(STREAMS)))
        whole = Segment(
            name=f"{label}: {scenario.name}",
            transfers=(end - first) * together if scenario.length is None else scenario.length,
            seed=int(generator.integers(1, 1 << 31)),
            configuration={**chip, **scenario.configure(spec, chip)},
            rates=drawn if scenario.rates is None else scenario.rates,
            codes=scenario.codes,
            lengths=scenario.lengths,
        )
        if scenario.resets:
            segments += kind_of(spec).scenarios.with_resets(whole, scenario.resets, spec, generator)
        elif scenario.reset_in is not None:
            segments += pieces_before_phase(whole, scenario.reset_in, together, generator)
        elif scenario.changes:
            segments.append(kind_of(spec).scenarios.with_changes(whole, scenario.changes, spec, generator))
        elif scenario.stations:
            segments.append(with_stations(whole, scenario, spec, chip))
        else:
            segments.append(whole)
    return tuple(segments)


def transfers_of(spec: ChipSpec, only: Sequence[str], seed: int, transfers: int) -> int:
    """Transfers to be compared in all parts: `transfers` in each, or whole passes, or a length of its own."""
    planned = (plan(chip, found, seed, transfers, part) for part, (chip, found) in parts(spec, only).items())
    return sum(segment.compared for segments in planned for segment in segments)


def verify(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    directory: Path,
    progress: Callable[[int], None] | None = None,
    waves: tuple[int, int] | None = None,
    dut: Dut | None = None,
    only: Sequence[str] = (),
    simulator: Simulator = ICARUS,
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
        only: see `parts`.
        simulator: what runs it.

    Raises:
        InputError: the chip has no retire trace, or no scenario has a name as in `only`.
        ToolError: the simulator is missing or failed.
    """
    require_trace(spec)
    tasks, chosen = [], parts(spec, only)
    for part, (chip, scenarios) in chosen.items():
        (directory / part).mkdir()
        segments = plan(chip, scenarios, seed, transfers, part)
        tasks.append(Task(Job(chip, segments, waves, simulator=simulator), directory / part))
    return dict(zip(chosen, run_jobs(tasks, progress, dut), strict=True))
