"""What lanes cost, by Yosys on the RTL."""

from __future__ import annotations

import importlib.util

import pytest

from crosschop.model.chipspec import load_chipspec
from crosschop.model.estimate.assumptions import read_assumptions
from crosschop.model.estimate.constants import load_constants
from crosschop.model.estimate.lanes import candidates, costs, need, steady_of
from crosschop.model.estimate.lanes_figure import draw_lanes
from crosschop.model.estimate.models import Models


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="no Yosys: pip install pyosys==0.70")
def test_four_cycles_make_the_clock_faster() -> None:
    """The slowest path of three cycles goes from the increment of H through sum and pulses; the fourth cuts it."""
    models = Models(load_constants(None), read_assumptions(()))
    spec = load_chipspec("agad_tiny")
    variants = [load_chipspec("agad_tiny", [f"controller.lane_stages={stages}"]) for stages in (3, 4)]
    three, four = costs(variants, models)
    assert three.frequency is not None
    assert four.frequency is not None
    assert four.frequency.nominal > 1.2 * three.frequency.nominal
    assert three.cell_area < four.cell_area < 1.2 * three.cell_area
    # Two lanes of H 16, P and P^ref 13 bits
    assert three.word_bits == four.word_bits == 2 * (16 + 13 + 13)
    needs = [need(spec, samples, 5) for samples in (1, 2)]
    numbers = candidates(spec, needs)
    curves = {samples: {count: steady_of(spec, count, samples, 5) for count in numbers} for samples in (1, 2)}
    panels = draw_lanes("title", curves, needs, [three, four]).axes
    assert [panel.get_ylabel() for panel in panels] == [
        "clock cycles per sample", "f_max, MHz", "cells of the controller, mm2"
    ]  # fmt: skip
