"""What proofs come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# proved: for any number of cycles; bounded: within so many cycles after reset; reached: a cover; the rest is no pass.
Verdict = Literal["proved", "bounded", "reached", "failed", "unreached", "open"]
GOOD: tuple[Verdict, ...] = ("proved", "bounded", "reached")
COVER = "c_"
INVARIANT = "i_"


def is_cover(name: str) -> bool:
    """Whether a property is a cover: an assertion that a state is never reached, which shall fail."""
    return name.rsplit(".", 1)[-1].startswith(COVER)


def is_invariant(name: str) -> bool:
    """Whether a property is there to carry an induction: about the checker, or registers of the shipped controller."""
    return name.rsplit(".", 1)[-1].startswith(INVARIANT)


def is_property(name: str) -> bool:
    """Whether it is about the controller: neither a cover nor an invariant."""
    return not (is_cover(name) or is_invariant(name))


@dataclass(frozen=True)
class Finding:
    """A property and what became of it.

    Attributes:
        proof: the checker that has it.
        name: of the property, behind the instance that it lies in; one that begins with c_ is a cover.
        verdict: what became of it.
        kind: how: induction, reachability (IC3), structure, bounded search.
        depth: k of the induction, frames of IC3, cycles of the search or of the trace.
        seconds: of the solver, processor time.
        waves: the trace of a failed property or of a cover, a VCD file as text.
        words: what happens in the last cycles of the trace.
    """

    proof: str
    name: str
    verdict: Verdict
    kind: str
    depth: int
    seconds: float
    waves: str = field(default="", repr=False)
    words: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it is what was wanted."""
        return self.verdict in GOOD

    def as_data(self) -> dict[str, Any]:
        """As JSON values, without the trace."""
        return {
            "property": f"{self.proof}.{self.name}",
            "kind": "cover" if is_cover(self.name) else self.kind,
            "verdict": self.verdict,
            "depth": self.depth,
            "seconds": self.seconds,
            "words": list(self.words),
        }
