"""The README of the estimates has the tables and the figures of area that the model gives."""

from __future__ import annotations

from area_inputs import AGAD, CONSTANTS, README, WITH_R

from crosschop.model.estimate.area.break_even import break_even
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.documentation import update


def test_readme_is_in_sync() -> None:
    text = README.read_text(encoding="utf-8")
    assert update(text) == text, "run make docs"


def test_figures_in_the_readme() -> None:
    """The finding in words has the figures of the model."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    found = break_even(AGAD, WITH_R, CONSTANTS)

    def mm2(value: float) -> str:
        return f"{value / 1e6:.2f}"

    saved, cost, net = found.saved, found.cost, found.net
    assert f"R costs {mm2(saved.nominal)} mm2 ({mm2(saved.low)} to {mm2(saved.high)})" in text
    assert f"P and P^ref {mm2(cost.nominal)} mm2 ({mm2(cost.low)} to {mm2(cost.high)})" in text
    assert f"AGAD is {mm2(net.nominal)} mm2 larger ({mm2(net.least)} to {mm2(net.most)})" in text
    width = found.word_bits
    assert f"words of {width.nominal:.1f} bits ({width.low:.2g} to {width.high:.1f})" in text
    own = break_even(AGAD, WITH_R, CONSTANTS, Assumptions(r_has_adcs=True)).net
    assert f"{own.nominal / 1e6:+.2f} mm2 nominal, {own.least / 1e6:.1f} to {own.most / 1e6:+.1f}" in text
