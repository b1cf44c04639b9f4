"""Logic area and speed of every shipped chip add up, in the tiny library and in the package's SKY130 library."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from area_circuits import MARKS, SLOWDOWN, SPECS, TINY, on

from crosschop.model.chipspec import memory_bits
from crosschop.model.estimate.logic.liberty_reader import read_liberty
from crosschop.model.estimate.logic.result import frequency

pytestmark = MARKS

SMALL = [name for name in sorted(SPECS) if not re.search(r"_(64|512)$", name)]
CHIPS = [pytest.param(name, id=name, marks=[] if name in SMALL else [pytest.mark.slow]) for name in sorted(SPECS)]


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip.id in ("agad_512", *SMALL)])
def test_every_chip(chip: str) -> None:
    check_figures(chip, TINY)


def check_figures(chip: str, liberty: Path) -> None:
    found = on(chip, liberty)
    library = read_liberty(liberty)
    assert found.memory_bits == memory_bits(SPECS[chip]).total
    assert sum(memory.bits for memory in found.memories) == sum(block.memory_bits for block in found.blocks)
    areas = {name: library.cells[name].area * number for name, number in found.cells.items()}
    assert found.cell_area == pytest.approx(sum(areas.values()))
    flops = {name for name in found.cells if library.cells[name].sequential}
    assert found.sequential_area == pytest.approx(sum(areas[name] for name in flops))
    assert found.flip_flops == sum(found.cells[name] for name in flops)
    assert found.flip_flops == sum(one.bits * one.instances for one in found.registers)
    for total, name in (
        (found.cell_area, "cell_area"),
        (found.sequential_area, "sequential_area"),
        (sum(found.cells.values()), "cells"),
        (found.flip_flops, "flip_flops"),
    ):
        assert sum(getattr(block, name) for block in found.blocks) == pytest.approx(total)
    period = found.period(SLOWDOWN)
    assert period is not None and frequency(period).low > 50
    assert found.timing is not None
    assert (found.timing.behind_memory is None) == (found.memory_bits == 0)


def sky130() -> Path | None:
    if importlib.util.find_spec("crosschop.model.estimate.liberty") is None:
        return None
    module = importlib.import_module("crosschop.model.estimate.liberty")
    path = getattr(module, "SKY130", None)
    return path if isinstance(path, Path) and path.is_file() else None


@pytest.mark.skipif(sky130() is None, reason="the package has no SKY130 library")
@pytest.mark.parametrize("chip", CHIPS)
def test_every_chip_in_sky130(chip: str) -> None:
    liberty = sky130()
    assert liberty is not None
    check_figures(chip, liberty)
    timing = on(chip, liberty).timing
    assert timing is not None and timing.flip_flop_times
