"""The area model against published silicon and against rows that it was not made from.

A closure that misses is printed with its ratio and stays as it is: no constant is tuned to a chip. Where constants come
from the very chip that is compared, the name says so; such a line checks the arithmetic, not the constants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosschop.model.estimate.area.components import (
    MemoryLaw,
    adc_area,
    adc_survey_area,
    cell_area,
    closed_form_density,
    interpolated_without,
    memory_area,
    memory_laws,
    placed,
    slow_conversion_ns,
)
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.quantity import Range, exactly, total

KB16 = 16 * 1024
TECHNOLOGY = (22, 45)  # nodes for which a macro of 16 kb was run


@dataclass(frozen=True)
class Closure:
    """One published figure beside the model's.

    Attributes:
        what: chip and figure.
        model: by the functions of the estimate.
        published: the figure.
        unit: of both.
        source: id of a source in the constants.
    """

    what: str
    model: Range
    published: float
    unit: str
    source: str

    @property
    def ratio(self) -> float:
        """Nominal value of the model over the published one."""
        return self.model.nominal / self.published

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies in the model's range; None where the model has a value and no range."""
        if self.model.low == self.model.high:
            return None
        return self.model.low <= self.published <= self.model.high

    def __str__(self) -> str:
        within = {True: ", inside", False: ", outside", None: ""}[self.inside]
        model = f"{self.model.nominal:.4g}" if self.inside is None else str(self.model)
        return f"{self.what}: model {model} {self.unit}, published {self.published:g}, ratio {self.ratio:.3f}{within}"


def closures(constants: Constants) -> list[Closure]:
    """All comparisons, in a fixed order.

    Raises:
        InputError: overriding constants took away a node that is compared.
    """
    return [
        *_neurram(constants),
        *_hermes(constants),
        *_converters(constants),
        *_cacti(constants),
        *_open_macros(constants),
        *_worked_example(constants),
    ]


def _neurram(constants: Constants) -> Iterator[Closure]:
    """Core of 256 x 256 cells at 130 nm, 256 neurons, 512 driven lines."""
    options, source = Assumptions(node_nm=130), "neurram_2022"
    cells = cell_area(constants, options) * exactly(256 * 256)
    drivers = constants.at_node("line_driver", 130) * exactly(512)
    neurons = constants.at_node("adc_neuron", 130) * exactly(256)
    overhead = constants.value("overhead")
    own = [exactly(part.nominal) for part in (neurons, drivers, cells)]
    core = total(own) * exactly(overhead.high)
    name = "NeuRRAM core from its own constants"
    yield Closure(f"{name}, area", core * exactly(1e-6), 1.161, "mm2", source)
    for part, area, share in zip(("neurons", "drivers", "cells"), own, (28, 21, 12), strict=True):
        yield Closure(f"{name}, {part}", exactly(100 * area.nominal / core.nominal), share, "%", source)
    rest = exactly(100 * (1 - 1 / overhead.high))
    yield Closure(f"{name}, everything else", rest, 39, "%", source)
    adcs = adc_area(constants, 130, 8, slow_conversion_ns(constants, 8)) * exactly(256)
    blind = (cells + drivers + adcs) * overhead * exactly(1e-6)
    yield Closure("NeuRRAM core with ADCs of 8 bits from the survey at its speed, area", blind, 1.161, "mm2", source)


def _hermes(constants: Constants) -> Iterator[Closure]:
    """Core of 256 x 256 cells of four devices at 14 nm, 256 ADCs; its digital unit is not in the model."""
    options, source = Assumptions(node_nm=14), "hermes_2022"
    ramp = 2**8 * constants.number("adc_cco_lsb")
    core = total(
        [
            cell_area(constants, options) * exactly(256 * 256 * 4),
            constants.at_node("line_driver", 14) * exactly(512),
            adc_area(constants, 14, 8, ramp) * exactly(256),
            constants.at_node("dac", 14) * exactly(256),
        ]
    ) * constants.value("overhead")
    yield Closure("HERMES core without its digital unit, area", core * exactly(1e-6), 0.62, "mm2", source)
    # Input pulses of 7 bits at 1 GHz; the ramp of the ADC runs with them (nominal) or after them (high).
    pulses = 2.0**7
    yield Closure("HERMES core, product", Range(pulses, pulses, pulses + ramp), 132.9, "ns", source)


def _converters(constants: Constants) -> Iterator[Closure]:
    """The regression's own examples, then published ADCs against the range of the model."""
    for node, area in ((130, 27142), (45, 5211), (22, 1712), (14, 847)):
        model = exactly(adc_survey_area(constants, node, 8, 25e6))
        yield Closure(f"survey regression, 8 bits, 25 MS/s, {node} nm", model, area, "um2", "adc_survey_2024")
    for name, node, bits, rate, area in (
        ("Kull, 32 nm, 8 bits, 1.2 GS/s", 32, 8, 1.2e9, 1500),
        ("Kull, 14 nm, 10 bits, 1.5 GS/s", 14, 10, 1.5e9, 1600),
        ("ADC of MNSIM's list, 40 nm, 6 bits, 1 GS/s", 40, 6, 1e9, 580),
    ):
        model = adc_area(constants, node, bits, 1e9 / rate)
        yield Closure(name, model, area, "um2", "mnsim_2023")


def _cacti(constants: Constants) -> Iterator[Closure]:
    """The closed form against every row; each row against the rows of the other nodes."""
    sizes = (("sram_64kb", "64 kb"), ("sram_4mb", "4 Mb"))
    for table, size in sizes:
        for node, density in sorted(constants.tables[table].nodes.items()):
            what = f"SRAM {size}, {node:g} nm, closed form"
            yield Closure(what, closed_form_density(constants, node), density, "um2/bit", "cacti_7")
    for table, size in sizes:
        nodes = constants.tables[table].nodes
        for node in sorted(nodes)[1:-1]:
            model = exactly(interpolated_without(nodes, node))
            yield Closure(f"SRAM {size}, {node:g} nm, from other nodes", model, nodes[node], "um2/bit", "cacti_7")
    for node, density in zip(TECHNOLOGY, (0.110, 0.46), strict=True):
        law = _plain(memory_laws(constants, Assumptions(node_nm=node), wide=False, ports=1)[1], constants)
        what = f"SRAM 16 kb, {node} nm, 64 kb and the fixed part"
        yield Closure(what, exactly(law.area(KB16) / KB16), density, "um2/bit", "cacti_7")


def _plain(law: MemoryLaw, constants: Constants) -> MemoryLaw:
    """The law without the factor of real macros over CACTI's."""
    spread = constants.number("sram_spread")
    return MemoryLaw(law.flip_flop, law.fixed / spread, law.slope / spread, law.knee, law.exponent, law.top)


def _open_macros(constants: Constants) -> Iterator[Closure]:
    options = Assumptions(node_nm=130, memory="openram")
    for name, words, word, area in (
        ("OpenRAM 1 kB of SKY130", 256, 32, 479.78 * 397.5),
        ("OpenRAM 2 kB of SKY130", 512, 32, 683.1 * 416.54),
        ("OpenRAM 64 words of 256 bits of SKY130", 64, 256, 419463),
    ):
        model = memory_area(constants, options, words * word, word, 2)
        yield Closure(name, model, area, "um2", "sky130_openram")


def _worked_example(constants: Constants) -> Iterator[Closure]:
    """512 x 512 at 22 nm, computed once by hand from the same sources; nominal values, one port, no overhead."""
    options, source = Assumptions(node_nm=22), "assumption"

    def line(what: str, um2: float, by_hand: float) -> Closure:
        return Closure(f"by hand, 512 x 512, 22 nm: {what}", exactly(um2 * 1e-6), by_hand, "mm2", source)

    cells, driver = cell_area(constants, options).nominal * 512**2, constants.at_node("line_driver", 22).nominal
    yield line("cells of an array", cells, 0.016)
    yield line("line drivers of an array", driver * 1024, 0.083)
    for shared, by_hand in ((1, 0.876), (8, 0.159), (32, 0.051)):
        area = adc_area(constants, 22, 8, 40 / shared).nominal * 512 / shared
        yield line(f"ADCs of 8 bits within 40 ns, {shared} rows each", area, by_hand)
    yield line("neurons instead of ADCs", constants.at_node("adc_neuron", 22).nominal * 512, 0.019)
    law = memory_laws(constants, options, wide=False, ports=1)[1]
    bits = 512**2 * 16
    yield line("H of 16 bits", law.area(bits), 0.440)
    yield line("P and P^ref of 16 bits", 2 * law.area(bits), 0.881)
    lanes = placed(exactly(64 * 13424.0), constants).nominal * constants.scale("logic", 130, 22)
    yield line("64 lanes", lanes, 0.053)
    density = constants.table("sram_4mb", 22)
    width = (cells + driver * 1024) / (2 * 512**2 * density)
    yield Closure("by hand: width at which P, P^ref cost R", exactly(width), 1.8, "bits", source)
