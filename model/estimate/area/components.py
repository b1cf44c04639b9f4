"""Area of one cell, driver, converter, memory: constants carried to a node. All areas in um2."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crosschop.model.errors import InputError
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants, interpolate
from crosschop.model.estimate.quantity import Range, exactly

KB64 = 64 * 1024  # bits of the smaller macro of CACTI's tables
MB4 = 4 * 1024 * 1024  # bits of the larger one
LARGEST_EXPONENT = 100.0  # e^100 um2 is no area
WIDE_WORD = 64  # bits of a word of both
FEWEST_ADC_BITS = 4  # effective bits, lower end of the survey
OPENRAM_NM = 130.0


def feature_nm(options: Assumptions) -> float:
    """F in nm, the unit of cells counted in F2."""
    return options.node_nm if options.feature_nm is None else options.feature_nm


def cell_area(constants: Constants, options: Assumptions) -> Range:
    """One crosspoint with one device."""
    return constants.value("cell") * exactly((feature_nm(options) * 1e-3) ** 2)


def adc_survey_area(constants: Constants, node_nm: float, bits: float, rate: float) -> float:
    """Area of the best tenth of published ADCs by regression (adc_survey_2024).

    Args:
        constants: holds the coefficients.
        node_nm: node, nm.
        bits: effective bits; fewer than 4, where the survey ends, count as 4.
        rate: conversions per second.
    """
    c = constants.formulas["adc_survey"].coefficients
    bits = max(bits, FEWEST_ADC_BITS)
    ratio = c["sndr_per_bit"] * bits + c["sndr_offset"]
    merit = min(c["fom_fast"] - c["fom_log_rate"] * math.log(rate), c["fom_slow"] + c["fom_per_bit"] * math.ceil(bits))
    log_energy = (
        -math.log(2)
        - (merit - ratio) / 10 * math.log(10)
        + c["energy_intercept"]
        + c["energy_log_node"] * math.log(node_nm)
        + c["energy_log_bits"] * math.log(bits)
        + c["energy_best"]
    )
    log_area = (
        c["area_log_node"] * math.log(node_nm)
        + c["area_log_rate"] * math.log(rate)
        + c["area_log_energy"] * log_energy
        + c["area_intercept"]
    )
    if not abs(log_area) < LARGEST_EXPONENT:
        raise InputError(f"formulas.adc_survey: the coefficients give an ADC of e^{log_area:g} um2, which is none")
    return math.exp(log_area)


def adc_area(constants: Constants, node_nm: float, bits: float, conversion_ns: float) -> Range:
    """One ADC: a neuron in the pitch of its column, the best tenth of the survey, the median of the survey.

    The low end is slower than `conversion_ns` by far (`slow_conversion_ns`): it shows what a chip gains that waits.
    """
    survey = exactly(adc_survey_area(constants, node_nm, bits, 1e9 / conversion_ns)) * constants.value("adc_spread")
    neuron = constants.at_node("adc_neuron", node_nm)
    return Range(min(neuron.low, survey.low), survey.nominal, survey.high)


def slow_conversion_ns(constants: Constants, bits: float) -> float:
    """Time of a conversion of the low end of `adc_area`, ns."""
    return constants.number("adc_neuron_integration") + bits * constants.number("adc_neuron_bit")


def divided(value: Range, by: Range) -> Range:
    """A quotient of independent quantities: low where the divisor is high."""
    return Range(value.low / by.high, value.nominal / by.nominal, value.high / by.low)


def placed(cells: Range, constants: Constants) -> Range:
    """Area of placed and routed logic from the area of its cells."""
    return divided(cells * constants.value("logic_clock_tree"), constants.value("logic_utilisation"))


@dataclass(frozen=True)
class MemoryLaw:
    """Area of a memory over its bits at one end of the range: flip-flops, or a macro, whichever is smaller.

    A macro is `fixed + slope * bits` up to `knee` bits, then a power `exponent` up to `top` bits, then proportional.
    """

    flip_flop: float
    fixed: float
    slope: float
    knee: float
    exponent: float
    top: float

    def area(self, bits: float) -> float:
        """Area of so many bits, um2; grows with bits."""
        return min(self.flip_flop * bits, self._macro(bits))

    def bits(self, area: float) -> float:
        """Bits that the area holds, the inverse of `area`; 0 where the area is not positive."""
        return 0.0 if area <= 0 else max(area / self.flip_flop, self._macro_bits(area))

    @property
    def _at_knee(self) -> float:
        return self.fixed + self.slope * self.knee

    @property
    def _at_top(self) -> float:
        return self._at_knee * math.pow(self.top / self.knee, self.exponent)

    def _macro(self, bits: float) -> float:
        if bits <= self.knee:
            return self.fixed + self.slope * bits
        if bits <= self.top:
            return self._at_knee * math.pow(bits / self.knee, self.exponent)
        return self._at_top * bits / self.top

    def _macro_bits(self, area: float) -> float:
        if area <= self._at_knee:
            return (area - self.fixed) / self.slope
        if area <= self._at_top:
            return self.knee * math.pow(area / self._at_knee, 1 / self.exponent)
        return self.top * area / self._at_top


def sram_density(constants: Constants, node_nm: float, bits: float) -> float:
    """um2 per bit of a macro of 64 kb or 4 Mb as CACTI gives it, one port, words of 64 bits.

    Above 90 nm, where the tables end, the closed form.
    """
    table = "sram_64kb" if bits == KB64 else "sram_4mb"
    if node_nm > max(constants.tables[table].nodes):
        return closed_form_density(constants, node_nm).nominal
    return constants.table(table, node_nm)


def sram_cycle(constants: Constants, node_nm: float, bits: float) -> float | None:
    """Cycle of one macro with one port, ns, between 64 kb and 4 Mb by log over log; None at a node without figures."""
    tables = [constants.tables[name] for name in ("sram_cycle_64kb", "sram_cycle_4mb")]
    if not all(min(table.nodes) <= node_nm <= max(table.nodes) for table in tables):
        return None
    small, large = (constants.table(name, node_nm) for name in ("sram_cycle_64kb", "sram_cycle_4mb"))
    place = min(max(bits, KB64), MB4)
    return small * math.pow(place / KB64, math.log(large / small) / math.log(MB4 / KB64))


def closed_form_density(constants: Constants, node_nm: float) -> Range:
    """um2 per bit of a macro of 64 kb or more, one port, as a number of F2, F the node's name."""
    return constants.value("sram_closed_form") * exactly((node_nm * 1e-3) ** 2)


def memory_laws(
    constants: Constants, options: Assumptions, wide: bool, ports: int
) -> tuple[MemoryLaw, MemoryLaw, MemoryLaw]:
    """Area over bits at the low, nominal and high end.

    Args:
        constants: densities and factors.
        options: node and kind of memory.
        wide: whether a word has more than 64 bits.
        ports: 1, or 2 as built.

    Raises:
        InputError: a node without figures for this kind of memory.
    """
    flip_flop = placed(constants.at_node("flip_flop", options.node_nm), constants)
    if options.memory == "openram":
        if options.node_nm != OPENRAM_NM:
            raise InputError(f"memory = openram needs node_nm = {OPENRAM_NM:g}, got {options.node_nm:g}")
        fixed, slope = constants.value("openram_macro"), constants.value("openram_bit")
        knee = constants.number("openram_largest")
        low, nominal, high = (
            MemoryLaw(flop, macro, bit, knee, 1.0, 2 * knee)
            for flop, macro, bit in zip(flip_flop.ends, fixed.ends, slope.ends, strict=True)
        )
        return low, nominal, high
    small = sram_density(constants, options.node_nm, KB64)
    exponent = 1 + math.log(sram_density(constants, options.node_nm, MB4) / small) / math.log(MB4 / KB64)
    factor = constants.value("sram_spread")
    if ports == 2:
        factor = factor * constants.value("sram_two_ports")
    if wide:
        factor = factor * constants.value("sram_wide_word")
    laws = [
        MemoryLaw(flop, times * small * own, times * small * (1 - own / KB64), KB64, exponent, MB4)
        for flop, times, own in zip(flip_flop.ends, factor.ends, constants.value("sram_fixed").ends, strict=True)
    ]
    return laws[0], laws[1], laws[2]


def memory_area(constants: Constants, options: Assumptions, bits: float, word_bits: float, ports: int) -> Range:
    """One memory of so many bits in words of `word_bits`.

    Raises:
        InputError: a node without figures for this kind of memory.
    """
    low, nominal, high = memory_laws(constants, options, word_bits > WIDE_WORD, ports)
    return Range(low.area(bits), nominal.area(bits), high.area(bits))


def interpolated_without(nodes: dict[float, float], left_out: float) -> float:
    """A table's value at one of its inner nodes, from the others: how good interpolation is."""
    return interpolate(sorted((node, value) for node, value in nodes.items() if node != left_out), left_out)
