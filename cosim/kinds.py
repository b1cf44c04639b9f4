"""What co-simulation has of each kind of controller: its bench in Verilog, and how it is verified.

The benches' Python stands in entry.py, as it lives inside the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crosschop.cosim.in_memory_sgd import hdl as sgd_hdl
from crosschop.cosim.in_memory_sgd import scenarios as sgd_scenarios
from crosschop.cosim.in_memory_sgd import scoreboard as sgd_scoreboard
from crosschop.cosim.job import Mismatch, Segment
from crosschop.cosim.mixed_precision import hdl as mixed_hdl
from crosschop.cosim.mixed_precision import scenarios as mixed_scenarios
from crosschop.cosim.mixed_precision import scoreboard as mixed_scoreboard
from crosschop.cosim.record import Field, Observation
from crosschop.cosim.scenario import Scenario
from crosschop.cosim.transfer import hdl as transfer_hdl
from crosschop.cosim.transfer import scenarios as transfer_scenarios
from crosschop.cosim.transfer import scoreboard as transfer_scoreboard
from crosschop.model.chipspec import ChipSpec, ControllerKind, controller_kind


class Hdl(Protocol):
    """A bench in hdl/ as Python sees it."""

    TOP: str
    TRACE_INPUTS: tuple[str, ...]
    INPUT_PINS: str | None

    def bench_parameters(self, spec: ChipSpec) -> dict[str, int]:
        """Its parameters beyond the controller's and CLOCK_PS."""

    def layout(self, spec: ChipSpec) -> tuple[Field, ...]:
        """Its record."""

    def trace_fields(self, spec: ChipSpec) -> tuple[Field, ...]:
        """The fields of the controller's retire trace."""


class Scenarios(Protocol):
    """How a controller is verified."""

    CHIP_SCENARIOS: tuple[Scenario, ...]
    NARROW_SCENARIOS: tuple[Scenario, ...]
    LONG_SCENARIOS: tuple[Scenario, ...]

    def narrow_variant(self, spec: ChipSpec) -> ChipSpec:
        """A small chip with the same controller."""

    def long_variant(self, spec: ChipSpec) -> ChipSpec:
        """The smallest chip with the same formats, for the ends of long counts."""

    def with_resets(self, whole: Segment, resets: int, spec: ChipSpec, generator: np.random.Generator) -> list[Segment]:
        """A segment in pieces that end by a reset."""

    def with_changes(self, whole: Segment, changes: int, spec: ChipSpec, generator: np.random.Generator) -> Segment:
        """The segment with other cfg_* values on the way."""


class RetireScoreboard(Protocol):
    """Golden model of one segment beside a retire trace alone, whoever recorded it."""

    retired: int
    unseen: dict[str, None]

    def check_record(self, record: Observation) -> None:
        """One retired transfer; raises DivergenceError where it differs."""

    def violation(self, field: str, expected: str, got: str) -> Mismatch:
        """A divergence before anything of the transfer could be compared."""


@dataclass(frozen=True)
class Kind:
    """One kind of controller.

    Attributes:
        hdl: its bench.
        scenarios: how it is verified.
        retire_scoreboard: checks a trace: chip, segment (name and configuration), number of its first transfer.
    """

    hdl: Hdl
    scenarios: Scenarios
    retire_scoreboard: Callable[[ChipSpec, Segment, int], RetireScoreboard]


_KINDS: dict[ControllerKind, Kind] = {
    "transfer": Kind(transfer_hdl, transfer_scenarios, transfer_scoreboard.retire_scoreboard),
    "in_memory_sgd": Kind(sgd_hdl, sgd_scenarios, sgd_scoreboard.retire_scoreboard),
    "mixed_precision": Kind(mixed_hdl, mixed_scenarios, mixed_scoreboard.retire_scoreboard),
}


def kind_of(spec: ChipSpec) -> Kind:
    """What there is for this chip."""
    return _KINDS[controller_kind(spec)]
