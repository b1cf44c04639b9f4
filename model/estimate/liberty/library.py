"""Characterises cells and keeps what is finished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crosschop.model.cache import cache_directory
from crosschop.model.estimate.liberty.cells import FLIP_FLOPS, TIE, FlipFlop
from crosschop.model.estimate.liberty.combinational import Arc, characterise
from crosschop.model.estimate.liberty.flipflops import FlipFlopTiming, characterise_flip_flop
from crosschop.model.estimate.liberty.lef import area
from crosschop.model.estimate.liberty.logic import read_logic
from crosschop.model.estimate.liberty.spice import ngspice_version
from crosschop.model.estimate.liberty.transistors import TRANSISTORS, Process, cell_netlist, load_process
from crosschop.model.estimate.liberty.wheel import Wheel, open_wheel
from crosschop.model.parallel import run_parallel

CORNER = "tt"
# Sources that decide the figures, but for what they simulate: netlist and logic are in the key themselves
_MEASURING = ("combinational", "flipflops", "spice")


@dataclass(frozen=True)
class Cell:
    """What the library says of a cell.

    Attributes:
        name: without the library's prefix.
        area: um2.
        capacitances: of every input, pF.
        functions: Liberty expression of every output.
        arcs: of a combinational cell.
        flip_flop: of a flip-flop, with its timing.
    """

    name: str
    area: float
    capacitances: dict[str, float]
    functions: dict[str, str]
    arcs: tuple[Arc, ...] = ()
    flip_flop: tuple[FlipFlop, FlipFlopTiming] | None = None


@dataclass(frozen=True)
class Job:
    """A cell to characterise, of the wheel at a path."""

    wheel: Path
    name: str


@cache
def _process(wheel: Path) -> tuple[Wheel, Process]:
    opened = open_wheel(wheel)
    return opened, load_process(opened, CORNER, TRANSISTORS)


@cache
def _sources_digest() -> str:
    folder = Path(__file__).parent
    texts = [(folder / f"{name}.py").read_bytes() for name in _MEASURING]
    return hashlib.sha256(b"\0".join([*texts, ngspice_version().encode()])).hexdigest()


def _figures(job: Job) -> dict[str, Any]:
    """What ngspice says of a cell, as JSON; from the cache if the same has been simulated before."""
    wheel, process = _process(job.wheel)
    netlist = cell_netlist(process, wheel.cell(job.name, "spice"))
    verilog = wheel.cell(job.name, "functional.v")
    key = "\0".join([_sources_digest(), process.globals, netlist.text, verilog])
    kept = cache_directory() / "liberty" / f"{job.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    if kept.exists():
        figures: dict[str, Any] = json.loads(kept.read_text())
        return figures
    for flip_flop in FLIP_FLOPS:
        if flip_flop.name == job.name:
            figures = asdict(characterise_flip_flop(process.globals, netlist, flip_flop))
            break
    else:
        capacitances, arcs = characterise(process.globals, netlist, read_logic(verilog), job.name)
        figures = {"capacitances": capacitances, "arcs": [asdict(arc) for arc in arcs]}
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(figures))
    unfinished.replace(kept)
    return figures


def characterise_cell(job: Job) -> Cell:
    """One cell of the wheel.

    Raises:
        InputError: the wheel is not as expected.
        ToolError: ngspice is missing or fails, or the cell does not do what its Verilog says.
    """
    wheel, _ = _process(job.wheel)
    size = area(wheel.cell(job.name, "lef"))
    if job.name == TIE:
        return Cell(job.name, size, {}, {"HI": "1", "LO": "0"})
    figures = _figures(job)
    for flip_flop in FLIP_FLOPS:
        if flip_flop.name == job.name:
            timing = FlipFlopTiming(**figures)
            return Cell(job.name, size, timing.capacitances, {"Q": "IQ"}, flip_flop=(flip_flop, timing))
    logic = read_logic(wheel.cell(job.name, "functional.v"))
    arcs = tuple(Arc(**arc) for arc in figures["arcs"])
    return Cell(job.name, size, figures["capacitances"], logic.functions, arcs)


def characterise_cells(wheel: Path, names: Sequence[str], workers: int) -> Iterator[Cell]:
    """Cells as they are done, the slow ones begun first.

    Raises:
        InputError, ToolError: as characterise_cell.
    """
    opened = open_wheel(wheel)
    jobs = sorted((Job(wheel, name) for name in names), key=lambda job: -len(opened.cell(job.name, "spice")))
    for _, cell in run_parallel(characterise_cell, jobs, workers):
        yield cell
