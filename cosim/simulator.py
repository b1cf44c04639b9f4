"""Which simulator runs a bench, and how."""

from __future__ import annotations

from dataclasses import dataclass

SIMULATORS = ("icarus", "verilator")


@dataclass(frozen=True)
class Simulator:
    """A simulator of a bench.

    Attributes:
        name: one of SIMULATORS.
        initial_seed: seed of what registers and memories hold before anything is written to them; 1 .. 2^31 - 1.
            Verilator knows no x, each seed gives other values instead; Icarus has x and does not look at it.
        coverage: note which points of the verification plan are met; under Verilator also which lines, branches and
            bits of the controller were reached.
    """

    name: str = "icarus"
    initial_seed: int = 1
    coverage: bool = False

    def __post_init__(self) -> None:
        if self.name not in SIMULATORS:
            raise ValueError(f"no simulator {self.name}")
        if not 0 < self.initial_seed < 1 << 31:
            raise ValueError(f"initial_seed {self.initial_seed} is not in 1..{(1 << 31) - 1}")


ICARUS = Simulator()
VERILATOR = Simulator("verilator")
