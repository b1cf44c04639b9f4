"""What is measured: chips of every algorithm and size, engines and limits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import get_args

from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.chipspec.algorithms import Algorithm

SIZES = (20, 64, 128, 256, 512)
# Sizes without a chip of their own: that of another size, its rows, columns and lanes by their ratio.
DERIVED = {128: 64, 256: 512, 1024: 512, 2048: 512, 4096: 512}


@dataclass(frozen=True)
class What:
    """Something that is timed.

    Attributes:
        label: for tables.
        unit: what is counted: samples of a training run, or transfers of codes given in advance.
        limit: what it is measured against, "" for a limit itself.
        ours: whether it would be a regression if it became slower.
    """

    label: str
    unit: str
    limit: str = ""
    ours: bool = True


WHATS = {
    "golden": What("golden", "samples", "memory"),
    "native": What("native", "samples", "golden"),
    "verilator": What("cocotb + Verilator", "samples", "golden"),
    "icarus": What("cocotb + Icarus", "samples", "golden"),
    "aihwkit": What("aihwkit", "samples", "golden", ours=False),
    "memory": What("memory bandwidth", "samples"),
    "native_rtl": What("native", "transfers", "bare"),
    "verilator_rtl": What("cocotb + Verilator", "transfers", "bare"),
    "icarus_rtl": What("cocotb + Icarus", "transfers", "plain"),
    "bare": What("bare C++ on the same model", "transfers"),
    "plain": What("plain Verilog in Icarus", "transfers"),
}


def algorithms() -> list[str]:
    """Names of all algorithms."""
    union = get_args(Algorithm)[0]
    return [get_args(section.model_fields["name"].annotation)[0] for section in get_args(union)]


def chip_of(algorithm: str, size: int) -> ChipSpec:
    """The chip that is measured: the shipped one, or one made of it; with a square array."""
    shipped = DERIVED.get(size, size)
    spec = load_chipspec(f"{algorithm}_{shipped}")
    if shipped == size:
        return spec
    overrides = [f"name={algorithm}_{size}", f"array={{rows: {size}, cols: {size}}}"]
    if spec.controller.lanes is not None:
        overrides.append(f"controller.lanes={spec.controller.lanes * size // shipped}")
    return load_chipspec(f"{algorithm}_{shipped}", overrides)


@dataclass(frozen=True)
class Asked:
    """Something that is measured, named by its fields."""

    @property
    def key(self) -> str:
        """Names it."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:24]

    def about(self) -> dict[str, object]:
        """The fields, for the file of what has been measured."""
        return asdict(self)


@dataclass(frozen=True)
class Task(Asked):
    """One timing.

    Attributes:
        repetition: its number.
        algorithm, size: the chip.
        what: one of WHATS.
        seconds: about so many seconds of processor time.
        run: names the run, so that what an interrupted one has timed is used by that one alone.
    """

    repetition: int
    algorithm: str
    size: int
    what: str
    seconds: float
    run: str


@dataclass(frozen=True)
class Timing:
    """So many samples or transfers in so many seconds of processor time."""

    count: float
    seconds: float

    @property
    def rate(self) -> float:
        """Per second."""
        return self.count / self.seconds
