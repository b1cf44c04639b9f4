"""Area of a chip by block: cells, drivers, converters and memories modelled, controller logic from synthesis.

At each end of the range every constant stands at that end. Blocks of one family share constants with each other, blocks
of different families do not, which is what `net` needs to subtract two chips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crosschop.model.chipspec import ChipSpec
from crosschop.model.chipspec.devices import Device, PcmPair
from crosschop.model.chipspec.schema import Converter
from crosschop.model.estimate.area.components import (
    KB64,
    WIDE_WORD,
    adc_area,
    cell_area,
    feature_nm,
    memory_area,
    placed,
    slow_conversion_ns,
    sram_cycle,
)
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.counts.memory import TITLES, stores
from crosschop.model.estimate.quantity import Line, Origin, Range, exactly, total

Family = Literal["analog", "memory", "logic"]


@dataclass(frozen=True)
class LogicArea:
    """Area of synthesised cells, before placement.

    Attributes:
        cells: um2 at `node_nm`.
        source: Yosys, Liberty and their versions.
        node_nm: node of the Liberty file, nm.
        origin: of `cells`.
    """

    cells: Range
    source: str
    node_nm: float = 130
    origin: Origin = "synthesised"


@dataclass(frozen=True)
class Block:
    """One line of an area estimate and the constants that it shares with others."""

    family: Family
    line: Line


@dataclass(frozen=True)
class AreaEstimate:
    """Area of a chip by block, um2."""

    blocks: tuple[Block, ...]

    @property
    def lines(self) -> list[Line]:
        """The blocks as lines of an estimate."""
        return [block.line for block in self.blocks]

    @property
    def total(self) -> Range:
        """All blocks, every constant at the same end."""
        return total(line.value for line in self.lines)

    def of(self, family: Family) -> Range | None:
        """The blocks of one family; None where there are none."""
        values = [block.line.value for block in self.blocks if block.family == family]
        return total(values) if values else None

    def __getitem__(self, name: str) -> Range:
        return next(line.value for line in self.lines if line.name == name)


@dataclass(frozen=True)
class Crossbar:
    """One crossbar array: its name, what a crosspoint holds, how many of its lines have drivers of their own."""

    name: Literal["A", "R", "W"]
    devices: int
    driven_lines: int


def _devices(device: Device) -> int:
    return 2 if isinstance(device, PcmPair) else 1


def crossbars(spec: ChipSpec, options: Assumptions) -> list[Crossbar]:
    """The arrays of a chip; R has crosspoints like those of the array that it belongs to, A or in in-memory SGD W."""
    rows, cols = spec.array.rows, spec.array.cols
    arrays = [Crossbar("W", _devices(spec.device.w), rows + cols)]
    if spec.device.a is not None:
        arrays.insert(0, Crossbar("A", _devices(spec.device.a), rows + cols))
    if spec.array_r is not None:
        arrays.insert(-1, Crossbar("R", arrays[0].devices, rows if options.r_shares_drivers else rows + cols))
    return arrays


def conversion_ns(spec: ChipSpec) -> float:
    """One conversion of an ADC, ns: it may take the whole product where it has no time of its own."""
    return spec.timing.conversion_ns or spec.timing.mvm_ns


def _bits(converter: Converter, options: Assumptions) -> int:
    return options.bits_of_ideal if converter.bits is None else converter.bits


@dataclass(frozen=True)
class _Bank:
    """ADCs of one kind."""

    name: str
    lines: int
    lines_per_adc: int
    bits: int
    conversion_ns: float

    @property
    def adcs(self) -> int:
        return -(-self.lines // self.lines_per_adc)


def _banks(spec: ChipSpec, options: Assumptions) -> list[_Bank]:
    banks: list[_Bank] = []
    read, conversion = spec.converter.read_adc, conversion_ns(spec)
    if read is not None:
        names = ["read ADCs of A"] + ["read ADCs of R"] * (spec.array_r is not None and options.r_has_adcs)
        banks += [_Bank(name, spec.array.rows, read.lines_per_adc, read.bits, conversion) for name in names]
    passes = [("forward", spec.array.rows), ("backward", spec.array.cols)]
    arrays = ["W"] + ["R"] * (read is None and spec.array_r is not None and options.r_has_adcs)
    bits, share = _bits(spec.converter.adc, options), spec.converter.adc.lines_per_adc
    banks += [
        _Bank(f"{name} ADCs of {array}", lines, share, bits, conversion) for array in arrays for name, lines in passes
    ]
    return banks


def _modelled(name: str, value: Range, source: str) -> Line:
    return Line(name, value, "um2", "modelled", source)


def _analog_lines(spec: ChipSpec, constants: Constants, options: Assumptions) -> list[Line]:
    """Cells, drivers and converters; no overhead."""
    node, lines = options.node_nm, []
    arrays = crossbars(spec, options)
    cell, driver = cell_area(constants, options), constants.at_node("line_driver", node)
    for array in arrays:
        devices = spec.array.rows * spec.array.cols * array.devices
        source = f"{devices} devices x {constants.cite('cell')}, F = {feature_nm(options):g} nm"
        lines.append(_modelled(f"cells of {array.name}", cell * exactly(devices), source))
    for array in arrays:
        source = f"{array.driven_lines} lines x {constants.cite('line_driver')}"
        lines.append(_modelled(f"line drivers of {array.name}", driver * exactly(array.driven_lines), source))
    for bank in _banks(spec, options):
        each = adc_area(constants, node, bank.bits, bank.conversion_ns)
        source = (
            f"{bank.adcs} ADCs of {bank.bits} bits, {bank.lines_per_adc} lines each, {bank.conversion_ns:g} ns per "
            f"conversion: survey regression [adc_survey_2024] .. x {constants.number('adc_spread'):g} .. x "
            f"{constants.value('adc_spread').high:g}; low: {constants.cite('adc_neuron')}, which takes "
            f"{slow_conversion_ns(constants, bank.bits):g} ns"
        )
        lines.append(_modelled(bank.name, each * exactly(bank.adcs), source))
    dacs = spec.array.rows + spec.array.cols
    dac = constants.at_node("dac", node) * exactly(dacs)
    lines.append(_modelled("DACs of W", dac, f"{dacs} lines x {constants.cite('dac')}"))
    return lines


def _overhead(lines: Sequence[Line], constants: Constants) -> Line:
    base, factor = total(line.value for line in lines), constants.value("overhead")
    value = Range(*(b * (f - 1) for b, f in zip(base.ends, factor.ends, strict=True)))
    return _modelled(
        "routing and other overhead", value, f"(factor - 1) x the blocks above, {constants.cite('overhead')}"
    )


def memories(spec: ChipSpec) -> list[tuple[str, int, int]]:
    """Name, bits and bits of a word of every memory that the controller has, as built."""
    return [
        (f"memory {TITLES[store.name]}", store.bits_built, store.word_bits) for store in stores(spec) if store.memory
    ]


def macro_cycles(spec: ChipSpec, constants: Constants, node_nm: float) -> list[tuple[str, float]]:
    """Name and shortest cycle, ns, of every memory from 64 kb on, built as one macro; smaller ones are faster."""
    found = [(name, sram_cycle(constants, node_nm, bits)) for name, bits, _ in memories(spec) if bits >= KB64]
    return [(name, cycle) for name, cycle in found if cycle is not None]


def _memory_lines(spec: ChipSpec, constants: Constants, options: Assumptions) -> list[Line]:
    ports = spec.controller.memory_ports
    lines = []
    for name, bits, word in memories(spec):
        if options.memory == "openram":
            how = f"{constants.cite('openram_macro')} + {constants.cite('openram_bit')}"
        else:
            how = f"{constants.cite('sram_spread')} x tables sram_64kb, sram_4mb [cacti_7]"
            if ports == 2:
                how += f" x {constants.cite('sram_two_ports')}"
            if word > WIDE_WORD:
                how += f" x {constants.cite('sram_wide_word')}"
        value = memory_area(constants, options, bits, word, ports)
        lines.append(_modelled(name, value, f"{bits} bits in words of {word}, {ports} port(s): {how}"))
    return lines


def logic_line(logic: LogicArea, constants: Constants, node_nm: float) -> Line:
    """The controller's logic, placed and carried to a node.

    Raises:
        InputError: a node outside of the table logic_area.
    """
    factor = constants.scale("logic", logic.node_nm, node_nm)
    source = (
        f"{logic.source}: cells / {constants.cite('logic_utilisation')} x {constants.cite('logic_clock_tree')} x "
        f"{factor:.4g} from {logic.node_nm:g} to {node_nm:g} nm [stillmaker_2017]"
    )
    return Line("controller logic", placed(logic.cells, constants) * exactly(factor), "um2", logic.origin, source)


def analog_area(
    spec: ChipSpec, constants: Constants, options: Assumptions | None = None, logic: LogicArea | None = None
) -> AreaEstimate:
    """Area of a chip by block, um2; with the controller's logic where it is given.

    Not in it: generators of the pulse trains, digital input registers of forward passes, pads, test logic, the digital
    unit that computes activations, the network between tiles.

    Raises:
        InputError: a node without figures.
    """
    options = options or Assumptions()
    analog = _analog_lines(spec, constants, options)
    analog.append(_overhead(analog, constants))
    blocks = [Block("analog", line) for line in analog]
    blocks += [Block("memory", line) for line in _memory_lines(spec, constants, options)]
    if logic is not None:
        blocks.append(Block("logic", logic_line(logic, constants, options.node_nm)))
    return AreaEstimate(tuple(blocks))
