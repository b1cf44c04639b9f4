"""The support matrix in README.md: what there is of each algorithm. `python -m crosschop.cosim.support README.md`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from crosschop.cosim.paths import rtl_sources, shipped_rtl
from crosschop.model.chipspec import controller_module, load_chipspec, shipped_chipspecs
from crosschop.model.chipspec.algorithms import Algorithm
from crosschop.model.reproduce import EXPERIMENTS, new_experiment
from crosschop.model.reproduce.experiment import LABELS

BEGIN, END = "<!-- begin support: written by `make docs` -->", "<!-- end support -->"
# The sizes that every algorithm has to have.
SIZES = (20, 64, 512)


@dataclass(frozen=True)
class Support:
    """What there is of one algorithm.

    Attributes:
        name: as in a chipspec.
        rtl: module of its controller.
        chips: shipped chips with it; each can be run with all engines and verified.
        figures: what `crosschop reproduce` compares of it.
    """

    name: str
    rtl: str
    chips: tuple[str, ...]
    figures: tuple[str, ...]


def algorithms() -> list[str]:
    """Names of all algorithms that a chipspec may have."""
    union = get_args(Algorithm)[0]
    return [get_args(section.model_fields["name"].annotation)[0] for section in get_args(union)]


def support() -> list[Support]:
    """One entry per algorithm.

    Raises:
        ValueError: an algorithm lacks a chip of one of the sizes.
        InputError: or its RTL.
    """
    specs = [load_chipspec(path) for path in shipped_chipspecs()]
    found = []
    for name in algorithms():
        own = [spec for spec in specs if spec.algorithm.name == name]
        missing = [f"{name}_{size}" for size in SIZES if f"{name}_{size}" not in {spec.name for spec in own}]
        if missing:
            raise ValueError(f"no chip {', '.join(missing)}")
        rtl = controller_module(own[0])
        rtl_sources(shipped_rtl(), rtl)
        figures = tuple(figure for figure in EXPERIMENTS if name in new_experiment(figure).algorithms)
        found.append(Support(name, rtl, tuple(spec.name for spec in own), figures))
    return found


def matrix() -> str:
    """The table for README.md."""
    lines = [
        "| algorithm | float | golden | RTL | verify, seeds 1-3 | RTL cycles = model | `crosschop reproduce` |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in support():
        chips = f"{len(entry.chips)} chips"
        cells = (LABELS[entry.name], "yes", "yes", f"`{entry.rtl}`", chips, "every counter", ", ".join(entry.figures))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def update(text: str) -> str:
    """README.md with its matrix written anew.

    Raises:
        ValueError: the markers are missing.
    """
    if BEGIN not in text or END not in text:
        raise ValueError(f"no markers {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}\n\n{matrix()}\n\n{END}{rest.split(END, 1)[1]}"


if __name__ == "__main__":
    _readme = Path(sys.argv[1])
    _readme.write_text(update(_readme.read_text(encoding="utf-8")), encoding="utf-8")
