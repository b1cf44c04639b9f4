"""AGAD without R against a chip with R: what dropping R saves, what P and P^ref cost, and where the two are equal.

That AGAD needs two arrays instead of three is a count of devices. Whether the chip gets smaller is a matter of the
digital matrices that take the place of R; this module answers it with the same functions as the estimate of area.

Two ranges are subtracted with care. A constant that both chips share stands at the same end in both: blocks that are
equal cancel, within one family of constants (analog, memory, logic) the ends are taken together. The families share no
constant with each other, so the widest interval has each family at the end that serves it. Subtracting the totals as if
they were independent would give an interval far wider than anything that can happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from crosschop.model.chipspec import ChipSpec, keeps_p, memory_bits, p_bits
from crosschop.model.errors import InputError
from crosschop.model.estimate.area.blocks import (
    AreaEstimate,
    Family,
    LogicArea,
    analog_area,
    conversion_ns,
    crossbars,
)
from crosschop.model.estimate.area.components import WIDE_WORD, MemoryLaw, adc_area, cell_area, memory_laws
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.quantity import Range, exactly, total


@dataclass(frozen=True)
class Span:
    """A figure that may be negative, from its least to its most."""

    low: float
    nominal: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Area of one chip minus that of another, um2.

    Attributes:
        low, nominal, high: all constants at that end in both chips; need not be in order.
        least, most: the widest interval, each family of constants at the end that serves it.
    """

    low: float
    nominal: float
    high: float
    least: float
    most: float


def _family_difference(one: AreaEstimate, other: AreaEstimate, family: Family) -> tuple[float, float, float]:
    """Block by block, so that equal blocks cancel without rounding."""
    ends = [0.0, 0.0, 0.0]
    for estimate, sign in ((one, 1), (other, -1)):
        theirs = {block.line.name: block.line.value for block in (other if sign > 0 else one).blocks}
        for block in estimate.blocks:
            value = block.line.value
            if block.family == family and theirs.get(block.line.name) != value:
                ends = [
                    end + sign * part for end, part in zip(ends, (value.low, value.nominal, value.high), strict=True)
                ]
    return ends[0], ends[1], ends[2]


def difference(one: AreaEstimate, other: AreaEstimate) -> Difference:
    """Area of `one` minus that of `other`; both estimated with the same constants and options."""
    families = [_family_difference(one, other, family) for family in get_args(Family)]
    low, nominal, high = (sum(ends) for ends in zip(*families, strict=True))
    return Difference(
        low, nominal, high, sum(min(family) for family in families), sum(max(family) for family in families)
    )


@dataclass(frozen=True)
class BreakEven:
    """Dropping R against keeping P and P^ref.

    Attributes:
        saved: area of R's cells, drivers and, by the options, ADCs, with the overhead on them, um2.
        cost: area of P and P^ref, um2.
        net: cost minus saved, with the controllers' logic where it was given, um2; positive: AGAD is the larger chip.
        left: what P and P^ref may cost: saved less what AGAD's logic is larger by; 0 or less: the logic alone is too
            large; widest interval.
        word_bits: width of an entry of P and P^ref at which they cost that; widest interval, 0 where none does.
        um2_per_bit: area of a bit of memory, ports included, at which they do with the chip's own width.
        um2_per_bit_now: the same as estimated.
        line_um2: driver of a line at which R, without ADCs of its own, costs as much as all that; widest interval.
        adcs_of_r: number of ADCs of its own at which R costs as much; 0 or less: R costs more without any.
        rows: rows of the array, so `rows / adcs_of_r` rows share each of those ADCs.
    """

    saved: Range
    cost: Range
    net: Difference
    left: Span
    word_bits: Span
    um2_per_bit: Span
    um2_per_bit_now: Range
    line_um2: Span
    adcs_of_r: Span
    rows: int


def _width(laws: tuple[MemoryLaw, MemoryLaw], lanes: int, entries: float, area: float) -> float:
    """Bits of an entry with which `entries` of them take this area.

    `laws` are those of narrow and of wide words: the wide one costs more, so at the width where words become wide the
    area jumps, and areas within the jump are reached at that width.
    """
    narrow, wide = laws
    bits = wide.bits(area) / entries
    if bits * lanes > WIDE_WORD:
        return bits
    return min(narrow.bits(area) / entries, WIDE_WORD / lanes)


def break_even(
    agad: ChipSpec,
    with_r: ChipSpec,
    constants: Constants,
    options: Assumptions | None = None,
    logic: tuple[LogicArea, LogicArea] | None = None,
) -> BreakEven:
    """Where AGAD without R costs as much area as a chip with R, in closed form.

    Args:
        agad: keeps P^ref and has no R.
        with_r: the same array with R, no P^ref.
        constants: of both.
        options: of both.
        logic: the controllers of both; left out of everything when None.

    Raises:
        InputError: the chips are not such a pair, or the node has no figures.
    """
    options = options or Assumptions()
    bits = memory_bits(agad)
    if agad.array_r is not None or not bits.pref:
        raise InputError(f"chip {agad.name} must have P^ref and no array R to be compared with one that has R")
    if with_r.array_r is None or memory_bits(with_r).pref or with_r.array != agad.array:
        raise InputError(
            f"chip {with_r.name} must have array R, no P^ref, and {agad.array.rows} rows and {agad.array.cols} cols"
        )
    estimates = [
        analog_area(spec, constants, options, None if logic is None else logic[index])
        for index, spec in enumerate((agad, with_r))
    ]
    overhead = constants.value("overhead")
    of_r = [line.value for line in estimates[1].lines if line.name.endswith(" of R")]
    saved = total(of_r) * overhead
    stores = ["memory P^ref"] + ["memory P"] * keeps_p(agad)
    cost = total(estimates[0][name] for name in stores)

    ports, entries = agad.controller.memory_ports, bits.pref / p_bits(agad)
    narrow, wide = (memory_laws(constants, options, is_wide, ports) for is_wide in (False, True))
    more = _family_difference(estimates[0], estimates[1], "logic")
    left = Span(saved.low - max(more), saved.nominal - more[1], saved.high - min(more))
    # The least left against the dearest memory gives the narrowest word.
    word_bits = Span(
        *(
            _width(laws, agad.lanes, entries, area / len(stores))
            for laws, area in zip(
                zip(narrow[::-1], wide[::-1], strict=True), (left.low, left.nominal, left.high), strict=True
            )
        )
    )
    held = bits.p + bits.pref
    per_bit = Span(left.low / held, left.nominal / held, left.high / held)

    array = next(array for array in crossbars(with_r, options) if array.name == "R")
    cells = cell_area(constants, options) * exactly(with_r.array.rows * with_r.array.cols * array.devices)
    drivers = constants.at_node("line_driver", options.node_nm) * exactly(array.driven_lines)
    bare = (cells + drivers) * overhead
    read = with_r.converter.read_adc or with_r.converter.adc
    adc = adc_area(constants, options.node_nm, read.bits or options.bits_of_ideal, conversion_ns(with_r))
    dearer = Span(cost.low + min(more), cost.nominal + more[1], cost.high + max(more))
    return BreakEven(
        saved=saved,
        cost=cost,
        net=difference(estimates[0], estimates[1]),
        word_bits=word_bits,
        left=left,
        um2_per_bit=per_bit,
        um2_per_bit_now=cost * (1 / held),
        line_um2=Span(
            (dearer.low / overhead.high - cells.high) / array.driven_lines,
            (dearer.nominal / overhead.nominal - cells.nominal) / array.driven_lines,
            (dearer.high / overhead.low - cells.low) / array.driven_lines,
        ),
        adcs_of_r=_adcs(
            Span(cost.low + min(more), cost.nominal + more[1], cost.high + max(more)), bare, adc * overhead
        ),
        rows=agad.array.rows,
    )


def _adcs(cost: Span, bare: Range, adc: Range) -> Span:
    """How many ADCs fit between the cost of P, P^ref and logic and what R costs without any; widest interval."""
    least, nominal, most = cost.low - bare.high, cost.nominal - bare.nominal, cost.high - bare.low
    return Span(
        least / (adc.high if least > 0 else adc.low), nominal / adc.nominal, most / (adc.low if most > 0 else adc.high)
    )
