"""The tables and figures of the paper, computed anew: what to simulate, and how the result compares."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosschop.model.reproduce.experiment import Experiment

# Imported when asked for: drawing libraries take a second.
EXPERIMENTS = {
    "table1": "table1:Table1",
    "fig3": "fig3:Fig3",
    "fig4": "fig4:Fig4",
    "fig6": "fig6:Fig6",
    "endurance": "endurance:Endurance",
    "retention": "retention:Retention",
}


def new_experiment(name: str) -> Experiment:
    """The experiment of that name."""
    module, attribute = EXPERIMENTS[name].split(":")
    experiment: Experiment = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)()
    return experiment
