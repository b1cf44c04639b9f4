"""What became of a mutant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Fate = Literal["killed", "equivalent", "survived"]
FATES: tuple[Fate, ...] = get_args(Fate)


@dataclass(frozen=True)
class Verdict:
    """What a stage found of a mutant.

    Attributes:
        fate: `survived` where the stage found no difference.
        by: what found it: the field of the scoreboard, the property, the proof.
        transfers: transfers compared before the difference.
        detail: one sentence more.
    """

    fate: Fate
    by: str = ""
    transfers: int = 0
    detail: str = ""
