"""Chips side by side: the figures that decide, and what dropping R saves against what P and P^ref cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import has_reference, memory_bits, p_bits
from crosschop.model.estimate.area.break_even import BreakEven, Span, break_even
from crosschop.model.estimate.area.components import feature_nm
from crosschop.model.estimate.chip import Estimate
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.counts.memory import bits_per_sample, paper_stored_bits, work_of
from crosschop.model.estimate.counts.wear import retention, wear_of
from crosschop.model.estimate.network import arrays_per_tile
from crosschop.model.estimate.quantity import UM2_PER_MM2, Origin, Range


@dataclass(frozen=True)
class Row:
    """One figure of every chip.

    Attributes:
        metric: what it is.
        unit: its unit.
        origin: measured, synthesised or modelled.
        values: one for each chip, None where the chip has no such thing.
    """

    metric: str
    unit: str
    origin: Origin
    values: tuple[Range | float | None, ...]


@dataclass(frozen=True)
class Pair:
    """AGAD without R against a chip with R: names, and what their areas say."""

    agad: Estimate
    with_r: Estimate
    result: BreakEven


@dataclass(frozen=True)
class Comparison:
    """Chips side by side.

    Attributes:
        estimates: of the chips, in the order given.
        rows: their figures.
        pairs: each AGAD without R against each chip with R of the same shape.
    """

    estimates: tuple[Estimate, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    @property
    def sentences(self) -> list[str]:
        """What the figures say."""
        return [sentence for pair in self.pairs for sentence in _about(pair)] + [_bytes(self.estimates)]


def compare(estimates: Sequence[Estimate], constants: Constants) -> Comparison:
    """Puts estimates side by side; all were made with the same constants and assumptions."""
    run: Origin = "measured" if all(one.result.cycles_measured for one in estimates) else "modelled"
    moved = "moved per sample, memories as built"
    metrics: list[tuple[str, str, Origin, Callable[[Estimate], Range | float | None]]] = [
        *(
            (f"time of a sample, {account.name}", "ns", account.origin, lambda one, at=place: one.time.accounts[at].ns)
            for place, account in enumerate(estimates[0].time.accounts)
        ),
        ("area", "mm2", "modelled", lambda one: one.area.total * (1 / UM2_PER_MM2)),
        ("area, analog", "mm2", "modelled", lambda one: _mm2(one.area.of("analog"))),
        ("area, memories", "mm2", "modelled", lambda one: _mm2(one.area.of("memory"))),
        ("area, controller logic", "mm2", "synthesised", lambda one: _mm2(one.area.of("logic"))),
        ("digital memory as built", "bit", "modelled", lambda one: memory_bits(one.spec).total or None),
        ("digital memory, paper (8 bits per entry)", "byte", "modelled", lambda one: paper_stored_bits(one.spec) / 8),
        (moved, "bit", run, lambda one: sum(bits_per_sample(one.spec, work_of(one.result))) or None),
        ("analog cells", "cells", "modelled", _cells),
        ("pulses on A, most", "per sample", "measured", lambda one: _most(one, "a")),
        ("pulses on W, most", "per sample", "measured", lambda one: _most(one, "w")),
        *(
            (f"retention of {name}", "samples", "modelled", lambda one, store=store: _held(one, store))
            for store, name in HELD.items()
        ),
    ]
    rows = (Row(name, unit, origin, tuple(figure(one) for one in estimates)) for name, unit, origin, figure in metrics)
    pairs = tuple(
        Pair(agad, other, _break_even(agad, other, constants))
        for agad in estimates
        if has_reference(agad.spec) and agad.spec.array_r is None
        for other in estimates
        if other.spec.array_r is not None
        and not has_reference(other.spec)
        and other.spec.device.a is not None
        and other.spec.array == agad.spec.array
    )
    return Comparison(
        tuple(estimates), tuple(row for row in rows if any(value is not None for value in row.values)), pairs
    )


HELD = {"a": "A", "r": "R", "w": "W", "pref": "P^ref"}


def _cells(one: Estimate) -> float:
    return one.spec.array.rows * one.spec.array.cols * arrays_per_tile(one.spec)


def _mm2(value: Range | None) -> Range | None:
    return None if value is None else value * (1 / UM2_PER_MM2)


def _most(one: Estimate, array: str) -> float | None:
    return next((wear.most for wear in wear_of(one.result) if wear.array == array), None) or None


def _held(one: Estimate, store: str) -> float | None:
    needs = retention(one.spec, one.assumptions.training_samples)
    return next((need.samples for need in needs if need.store == store), None)


def _break_even(agad: Estimate, other: Estimate, constants: Constants) -> BreakEven:
    logic = tuple(one.logic_area for one in (agad, other))
    return break_even(agad.spec, other.spec, constants, agad.assumptions, (logic[0], logic[1]))


def _range(value: Range | Span, scale: float = 1.0) -> str:
    low, nominal, high = (f"{end / scale:.3g}" if end > 0 else "none" for end in (value.low, value.nominal, value.high))
    return f"{nominal} ({low} to {high})"


def _about(pair: Pair) -> list[str]:
    """What dropping R saves, what P and P^ref cost, the net, and where its sign turns."""
    found, agad, with_r = pair.result, pair.agad.spec, pair.with_r.spec
    net = found.net
    stores = "P and P^ref" if memory_bits(agad).p else "P^ref"
    verdict = "larger" if net.nominal > 0 else "smaller"
    sure = (net.least > 0) == (net.most > 0)
    least, nominal, most = (end / UM2_PER_MM2 for end in (net.least, net.nominal, net.most))
    adcs = found.adcs_of_r
    turns = []
    if found.left.nominal > 0:
        turns = [
            f"{stores} of {_range(found.word_bits)} bits per word instead of {p_bits(agad)}",
            f"memory of {_range(found.um2_per_bit)} um2 per bit instead of {found.um2_per_bit_now.nominal:.3g}",
        ]
    if found.line_um2.nominal > 0 and not pair.agad.assumptions.r_has_adcs:
        turns.append(f"line drivers of {_range(found.line_um2)} um2 per line")
    if adcs.nominal > 0:
        shared = found.rows / adcs.nominal
        how = f"an ADC of its own for every {shared:.3g} rows" if shared >= 1 else f"{1 / shared:.3g} ADCs a row"
        turns.append(f"an R with {adcs.nominal:.4g} ADCs of its own, {how}")
    return [
        f"{agad.name} against {with_r.name}: dropping R saves {_range(found.saved, UM2_PER_MM2)} mm2, {stores} cost "
        f"{_range(found.cost, UM2_PER_MM2)} mm2; with the logic {agad.name} is {abs(nominal):.3g} mm2 {verdict}, "
        f"between {least:+.3g} and {most:+.3g} mm2" + ("" if sure else ", so the sign is open"),
        f"the sign turns at {'; or '.join(turns)}" if turns else "the logic alone takes what R saves",
    ]


def _bytes(estimates: Sequence[Estimate]) -> str:
    counts = ", ".join(
        f"{one.spec.name} {paper_stored_bits(one.spec) / 8:,.0f} ({memory_bits(one.spec).total / 8:,.0f})"
        for one in estimates
    )
    return (
        f"bytes of digital memory with the paper's 8 bits per entry (in brackets: as built): {counts}; where a summary "
        "of the paper has 8 N^2 and 24 N^2 bytes, these are bits: N^2 and 3 N^2 bytes"
    )


def settings(comparison: Comparison) -> str:
    """What all chips were estimated with."""
    first = comparison.estimates[0]
    assumptions = first.assumptions
    return (
        f"{assumptions.node_nm:g} nm, F = {feature_nm(assumptions):g} nm, cells of {first.logic.liberty}, "
        f"training of {assumptions.training_samples:,} samples"
    )
