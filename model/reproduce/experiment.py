"""What every reproduction has in common: points to simulate, rows to compare, a figure to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol

import yaml
from matplotlib.figure import Figure

from crosschop.model.reproduce.points import Outcomes, Point

# Names for tables and figures.
LABELS = {
    "in_memory_sgd": "in-memory SGD",
    "ttv2": "TTv2",
    "c_ttv2": "Chopped-TTv2",
    "agad": "AGAD",
    "mixed_precision": "mixed precision",
}


@dataclass(frozen=True)
class Settings:
    """What the user may choose.

    Attributes:
        quick: few points, for continuous integration.
        seeds: seeds of every point.
        states: numbers of states to run, None for the experiment's own.
        engine: what the controller is, golden, icarus or native.
    """

    quick: bool = False
    seeds: tuple[int, ...] = (1, 2, 3)
    states: tuple[int, ...] | None = None
    engine: str = "golden"


@dataclass(frozen=True)
class Row:
    """One number of the paper beside ours.

    Attributes:
        algorithm: name as in the chipspecs.
        what: what is compared, with its condition.
        unit: unit of both numbers.
        paper: the paper's value, or its range; None where the paper gives no number.
        ours: our value.
        spread: half the range over the seeds, None where there is one value only.
    """

    algorithm: str
    what: str
    unit: str
    paper: float | tuple[float, float] | None
    ours: float
    spread: float | None = None

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's; to the nearer end of a range, 0 within it."""
        if self.paper is None:
            return None
        low, high = self.paper if isinstance(self.paper, tuple) else (self.paper, self.paper)
        return self.ours - min(max(self.ours, low), high)


@dataclass(frozen=True)
class Comparison:
    """A reproduced table or figure.

    Attributes:
        title: what was reproduced.
        rows: every number compared.
        settings: what the simulations used, one sentence each.
        remarks: where no setting reproduces the paper, and why, as far as known.
    """

    title: str
    rows: tuple[Row, ...]
    settings: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class Experiment(Protocol):
    """A table or figure of the paper.

    Attributes:
        algorithms: names of the algorithms in it.
    """

    algorithms: tuple[str, ...]

    def points(self, settings: Settings) -> list[Point]:
        """The simulations it takes."""

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """The paper's numbers beside ours."""

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """The figure in the paper's layout, the paper's on the left or dashed, ours beside it."""


def paper(section: str) -> Any:
    """A section of paper.yaml, the figures of the publication."""
    text = resources.files("crosschop.model.reproduce").joinpath("paper.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)[section]


def mean_and_spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean over the seeds, and half their range."""
    mean = sum(values) / len(values)
    return mean, (max(values) - min(values)) / 2 if len(values) > 1 else None
