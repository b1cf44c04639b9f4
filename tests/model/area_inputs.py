"""What the tests of area start from: the shipped constants and what replaces one, the ends of a range, two chips."""

from __future__ import annotations

from pathlib import Path

from crosschop.model.chipspec import load_chipspec
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants, load_constants

README = Path(__file__).parents[2] / "model" / "estimate" / "README.md"
CONSTANTS = load_constants()
OPTIONS = Assumptions()
ENDS = ("low", "nominal", "high")
AGAD, WITH_R = load_chipspec("agad_512"), load_chipspec("c_ttv2_512")


def overridden(name: str, **keys: float) -> Constants:
    """The shipped constants with keys of one constant replaced."""
    data = CONSTANTS.model_dump()
    data["constants"][name].update(keys)
    return Constants.model_validate(data)
