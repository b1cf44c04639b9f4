"""How many lanes a controller needs: the fewest at which its digital work delays no sample, and what lanes cost.

Cycles are those of the cycle model, which every simulation asserts equal to the RTL; clock and cells are those of the
controller mapped by Yosys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, given
from crosschop.model.chipspec.algorithms import TransferAlgorithm
from crosschop.model.cycles import (
    PHASES,
    SCHEDULER_PHASES,
    CycleConfig,
    cycle_config,
    new_timeline,
    step_cycles,
    update_cycles,
)
from crosschop.model.errors import InputError
from crosschop.model.estimate.chip import slowdown_of
from crosschop.model.estimate.counts.memory import stores
from crosschop.model.estimate.logic.result import frequency
from crosschop.model.estimate.logic.synthesis import synthesise
from crosschop.model.estimate.models import Models
from crosschop.model.estimate.quantity import Range

# After so many transfers every one takes the cycles of the one before: all that is kept is when its last beat came.
_SETTLED = 8


@dataclass(frozen=True)
class Steady:
    """Clock cycles of a sample when a run has settled, every train as long as the other and W written each time.

    Attributes:
        cycles: all of them.
        waiting: those in which A is neither updated nor read: the digital work is the reason.
    """

    cycles: float
    waiting: float


@dataclass(frozen=True)
class Need:
    """The lanes for one number of samples per read.

    Attributes:
        samples: n_s.
        slots: length of every train, pulse slots; 0 is a sample without any.
        lanes: the fewest at which no sample waits; None where samples wait with a lane for every row.
        steady: with them, or with a lane for every row.
        fewer: with one lane less, so with a beat more; None where one lane is enough.
    """

    samples: int
    slots: int
    lanes: int | None
    steady: Steady
    fewer: Steady | None


@dataclass(frozen=True)
class Cost:
    """A controller with so many lanes of so many cycles.

    Attributes:
        lanes, stages: number of lanes, and cycles of one.
        word_bits: of its memories together, read and written in every cycle.
        frequency: f_max, MHz; None where the library has no delays.
        cell_area: um2 of the mapped controller, memories and trace left out.
        path: where the slowest path begins and ends.
    """

    lanes: int
    stages: int
    word_bits: int
    frequency: Range | None
    cell_area: float
    path: str


def steady(config: CycleConfig, samples: int, slots: int) -> Steady:
    """Cycles of a sample of a controller with these durations."""
    timeline = new_timeline(config)
    updating = samples * update_cycles(config.pulse, slots)
    for _ in range(_SETTLED):
        step_cycles(config, timeline, updating, True)
    before = timeline.counts.copy()
    step_cycles(config, timeline, updating, True)
    spent = dict(zip(PHASES, (int(cycles) for cycles in timeline.counts - before), strict=True))
    total = sum(spent[phase] for phase in SCHEDULER_PHASES)
    return Steady(total / samples, (total - spent["update"] - spent["read"]) / samples)


def longest_train(spec: ChipSpec) -> int:
    """Pulse slots of the longest train, l_max.

    Raises:
        InputError: the chip has no array A.
    """
    if not isinstance(spec.algorithm, TransferAlgorithm):
        raise InputError(f"{spec.name}: lanes are sized for chips with an array A; {spec.algorithm.name} has none")
    return given(spec.driver).max_pulses


def steady_of(spec: ChipSpec, lanes: int, samples: int, slots: int) -> Steady:
    """Cycles of a sample of this chip with so many lanes, n_s, and pulse slots in every train."""
    beats = -(-spec.array.rows // lanes)
    return steady(cycle_config(spec)._replace(beats=beats, depth=spec.array.cols * beats), samples, slots)


def need(spec: ChipSpec, samples: int, slots: int) -> Need:
    """The fewest lanes at which no sample waits.

    Raises:
        InputError: the chip has no array A, or no train is that long.
    """
    longest, rows = longest_train(spec), spec.array.rows
    if not 0 <= slots <= longest:
        raise InputError(f"{spec.name}: --slots {slots}, allowed: 0 to driver.max_pulses = {longest}")
    most = steady_of(spec, rows, samples, slots)
    if most.waiting > 0:
        return Need(samples, slots, None, most, None)
    low, high = 1, rows
    while low < high:  # more lanes are never later
        middle = (low + high) // 2
        low, high = (low, middle) if steady_of(spec, middle, samples, slots).waiting == 0 else (middle + 1, high)
    fewer = None if low == 1 else steady_of(spec, low - 1, samples, slots)
    return Need(samples, slots, low, steady_of(spec, low, samples, slots), fewer)


def costs(variants: Sequence[ChipSpec], models: Models) -> Iterator[Cost]:
    """What each variant's controller costs.

    Raises:
        InputError: a source or the library is unusable, the controller is the user's.
        ToolError: Yosys is missing or fails.
    """
    slowdown = slowdown_of(models)
    for variant in variants:
        models.require_known_controller(variant)
        logic = synthesise(variant, models.rtl_folder, models.liberty_file)
        period = logic.period(slowdown)
        path = "" if logic.timing is None else f"{logic.timing.critical.start} to {logic.timing.critical.end}"
        yield Cost(
            lanes=variant.lanes,
            stages=variant.controller.lane_stages,
            word_bits=sum(store.word_bits for store in stores(variant) if store.memory),
            frequency=None if period is None else frequency(period),
            cell_area=logic.cell_area,
            path=path,
        )


def candidates(spec: ChipSpec, needs: Sequence[Need]) -> list[int]:
    """Numbers of lanes to look at: those needed, the chip's own, and powers of two around them."""
    found = {wanted.lanes for wanted in needs if wanted.lanes is not None} | {spec.lanes}
    powers = (1 << exponent for exponent in range(spec.array.rows.bit_length()))
    return sorted(found | {power for power in powers if min(found) // 2 <= power <= 2 * max(found)})
