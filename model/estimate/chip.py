"""The whole estimate of a chip: time, area, logic, memory, wear, retention, in lines that say where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from crosschop.model.chipspec import ChipSpec
from crosschop.model.estimate.area.blocks import AreaEstimate, LogicArea, analog_area, macro_cycles
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.counts.memory import misprinted, moved_lines, stored_lines, work_of
from crosschop.model.estimate.counts.wear import retention_lines, wear_lines
from crosschop.model.estimate.logic.result import LogicSynthesis, Slowdown, frequency
from crosschop.model.estimate.logic.synthesis import synthesise
from crosschop.model.estimate.models import Models
from crosschop.model.estimate.network import Network, network_lines, place
from crosschop.model.estimate.quantity import Line, Origin, Range, exactly
from crosschop.model.estimate.time.account import Per, Unit
from crosschop.model.estimate.time.activity import activity_of
from crosschop.model.estimate.time.estimate import TimeEstimate, estimate_time
from crosschop.model.results import RunResult


@dataclass(frozen=True)
class Part:
    """Lines under one heading, and sentences about them."""

    title: str
    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """All that a chip is estimated to take.

    Attributes:
        spec: the chip.
        result: the run that counted pulses, writes and cycles.
        assumptions: beyond the chipspec.
        time: of a sample.
        logic: the controller in cells.
        area: by block, um2.
        parts: every line, in the order in which they are read.
    """

    spec: ChipSpec
    result: RunResult
    assumptions: Assumptions
    time: TimeEstimate
    logic: LogicSynthesis
    area: AreaEstimate
    parts: tuple[Part, ...]

    @property
    def logic_area(self) -> LogicArea:
        """The controller's cells, before placement."""
        return _cells(self.logic, self.assumptions)

    @property
    def lines(self) -> list[Line]:
        """Every line of every part."""
        return [line for part in self.parts for line in part.lines]


def area_of(spec: ChipSpec, models: Models) -> tuple[LogicSynthesis, AreaEstimate]:
    """The controller in cells, and the area of the chip with it.

    Raises:
        InputError: a source, the library or a node is unusable, the controller is the user's.
        ToolError: Yosys is missing or fails.
    """
    models.require_known_controller(spec)
    logic = synthesise(spec, models.rtl_folder, models.liberty_file)
    return logic, analog_area(spec, models.constants, models.assumptions, _cells(logic, models.assumptions))


def estimate_chip(result: RunResult, models: Models, networks: Sequence[Network] = ()) -> Estimate:
    """The estimate of the chip that a run was of.

    Args:
        result: a finished run; its counters are RTL's or the cycle model's.
        models: what it is made with.
        networks: at most one, to be placed on tiles of this chip.

    Raises:
        InputError: the run is too short; a source, the library or a node is unusable.
        ToolError: Yosys is missing or fails.
        CrosschopError: the run's counters are not those of the cycle model.
    """
    spec, assumptions = result.spec, models.assumptions
    time = estimate_time(spec, activity_of(result))
    logic, area = area_of(spec, models)
    per_sample = exactly(time.with_passes.ns)
    endurance = models.constants.value(f"endurance_{assumptions.device}")
    parts = [
        Part("Time", tuple(_time_lines(time)), tuple(_time_remarks(time))),
        Part("Area", (*area.lines, _total(area)), (f"at {assumptions.node_nm:g} nm",)),
        Part("Controller logic", tuple(logic_lines(logic, models)), tuple(_logic_remarks(logic, spec, models))),
        Part("Memory", tuple(_memory_lines(result, models, time)), tuple(_memory_remarks(spec, models))),
        Part("Endurance", tuple(wear_lines(result, {"a": endurance, "w": endurance}, per_sample))),
        Part(
            "Retention",
            tuple(retention_lines(spec, assumptions.training_samples, per_sample)),
            (f"a training of {assumptions.training_samples:,} samples, {time.with_passes.ns:.4g} ns each",),
        ),
    ]
    for network in networks:
        mapping = place(network, spec)
        lines = network_lines(mapping, per_sample, area.total)
        parts.append(Part(f"Network {network.name}", tuple(lines), (network.summary,)))
    return Estimate(spec, result, assumptions, time, logic, area, tuple(parts))


def _cells(logic: LogicSynthesis, assumptions: Assumptions) -> LogicArea:
    return LogicArea(exactly(logic.cell_area), _provenance(logic), assumptions.liberty_node_nm)


def _provenance(logic: LogicSynthesis) -> str:
    return f"Yosys {logic.yosys}, {logic.liberty} ({logic.liberty_digest[:8]})"


def _total(area: AreaEstimate) -> Line:
    return Line("total", area.total, "um2", "modelled", "all blocks, every constant at the same end")


def slowdown_of(models: Models) -> Slowdown:
    """How much slower the controller will be than in the library."""
    own, constants = models.liberty is None, models.constants
    gates, flip_flops = (
        constants.value(name) if own else exactly(1.0) for name in ("sky130_delay", "sky130_flip_flop_delay")
    )
    return Slowdown(constants.value("logic_wires"), gates, flip_flops)


def logic_lines(logic: LogicSynthesis, models: Models) -> list[Line]:
    """Lines of the synthesised controller: cells by block, share of flip-flops, clock."""
    source = _provenance(logic)

    def line(name: str, value: Range, unit: str, how: str = source) -> Line:
        return Line(name, value, unit, "synthesised", how)

    found = [
        line(f"cells of {block.name}", exactly(block.cell_area), "um2", f"module {block.module}; {source}")
        for block in logic.blocks
        if block.cell_area > 0
    ]
    found.append(line("cells", exactly(logic.cell_area), "um2"))
    found.append(line("number of cells", exactly(sum(logic.cells.values())), "cells"))
    if logic.flip_flops:
        found.append(line("flip-flops", exactly(logic.flip_flops), "cells"))
        found.append(line("sequential share", exactly(100 * logic.sequential_area / logic.cell_area), "percent"))
    slowdown = slowdown_of(models)
    period = logic.period(slowdown)
    if period is not None and logic.timing is not None:
        path, behind = logic.timing.critical, logic.timing.behind_memory
        cited = [models.constants.cite("logic_wires")]
        if models.liberty is None:
            cited += [models.constants.cite(name) for name in ("sky130_delay", "sky130_flip_flop_delay")]
        slower = ", ".join(cited)
        how = f"{path.gates} gates from {path.start} to {path.end}; {slower}; {source}"
        found += [line("critical path", period, "ns", how), line("f_max", frequency(period), "MHz", how)]
        if behind is not None and behind.logic > 0:
            how = f"{behind.gates} gates to {behind.end}, its access time not included; {slower}; {source}"
            delay = (exactly(behind.logic) * slowdown.wires + exactly(behind.setup)) * slowdown.library
            found.append(line("slowest path behind a memory", delay, "ns", how))
    return found


def _logic_remarks(logic: LogicSynthesis, spec: ChipSpec, models: Models) -> list[str]:
    remarks = [
        f"cells of {logic.liberty} at {models.assumptions.liberty_node_nm:g} nm, before a layout, not for sign-off; "
        "memories are not in it"
        + ("" if models.liberty is None else "; the node of the library is that of --assume liberty_node_nm")
    ]
    period = logic.period(slowdown_of(models))
    if period is None:
        return [*remarks, "the library has no delays, so there is no f_max"]
    asked = 1e3 / spec.timing.clock_ns
    ratio = asked / frequency(period).nominal
    if ratio <= 1:
        return [*remarks, f"the chipspec's clock of {asked:.4g} MHz is met in this library"]
    return [
        *remarks,
        f"the chipspec's clock of {asked:.4g} MHz asks for logic {ratio:.3g} times as fast as this library",
    ]


def _memory_lines(result: RunResult, models: Models, time: TimeEstimate) -> list[Line]:
    """Stored, moved, and how fast a memory can be had as one macro."""
    spec, node = result.spec, models.assumptions.node_nm
    origin: Origin = "measured" if result.cycles_measured else "modelled"
    moved = moved_lines(spec, work_of(result), exactly(time.with_passes.ns), exactly(time.paper.ns), origin)
    cycles = [
        Line(
            f"shortest cycle of {name}",
            exactly(cycle),
            "ns",
            "modelled",
            "tables sram_cycle_64kb, sram_cycle_4mb [cacti_7]",
        )
        for name, cycle in macro_cycles(spec, models.constants, node)
    ]
    return [*stored_lines(spec), *moved, *cycles]


def _memory_remarks(spec: ChipSpec, models: Models) -> list[str]:
    """Memories that are slower than the clock, and the figure that summaries of the paper misprint."""
    node, clock = models.assumptions.node_nm, spec.timing.clock_ns
    slow = [name for name, cycle in macro_cycles(spec, models.constants, node) if cycle > clock]
    remarks = []
    if slow:
        remarks.append(
            f"{', '.join(slow)}: one macro is slower than the clock of {clock:g} ns at {node:g} nm, so each has to be "
            "built of banks that take turns"
        )
    wrong = misprinted(spec)
    return remarks if wrong is None else [*remarks, wrong]


def _time_lines(time: TimeEstimate) -> list[Line]:
    """Per sample and per transfer, in ns and in cycles; utilisation."""
    found = [
        line
        for per in get_args(Per)
        for unit in get_args(Unit)
        for account in time.accounts
        for line in account.lines(per, unit)
    ]
    return [*found, *(line for line in time.lines() if line.unit in ("percent", "ns once after reset"))]


def _time_remarks(time: TimeEstimate) -> list[str]:
    spec = time.spec
    remarks = [f"{account.name}: {account.sentence}" for account in time.accounts if account.sentence]
    for name, bounds in time.bounds.items():
        limit = max(bounds, key=lambda one: bounds[one])
        least = bounds[limit] * spec.timing.clock_ns
        remarks.append(f"{name}: no schedule takes less than {least:.4g} ns a sample, for {limit} (closed form)")
    if spec.timing.conversion_ns == 0:
        remarks.append(
            "timing.conversion_ns is 0: conversions are part of timing.mvm_ns; "
            "the read ADC works while A is read, the ADCs of W in the passes"
        )
    return remarks
