"""Proves the properties of a model: together by k-induction, the rest by IC3, what is left within a bound."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crosschop.cosim.formal.model import Model
from crosschop.cosim.formal.reachability import proves
from crosschop.cosim.formal.result import Finding, Verdict, is_cover, is_invariant
from crosschop.cosim.formal.transitions import Transitions
from crosschop.cosim.formal.waves import in_words, vcd

# An assertion is sampled at the clock edge: its state shows what held in the cycle before
SEARCH = "bounded search"
# Seconds of IC3 for each property at first: most need less, and those that it proves help the induction with the others
AT_FIRST = 3.0
# Where failures alone are looked for: states behind the first one, which may have others
AFTERMATH = 3


@dataclass(frozen=True)
class Limits:
    """How far proofs go.

    Attributes:
        induction: largest k.
        bound: cycles of the search from reset, for covers and what is not proved; 0 looks for no covers.
        seconds: of one question to a solver, processor time.
        bounded: whether a property that is not proved may do with the bound; else it is open.
        only: the property that is looked at, none else; "" for all.
    """

    induction: int
    bound: int
    seconds: float
    bounded: bool = True
    only: str = ""


def _of_children() -> float:
    """Processor seconds of all programs that have been run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Prover:
    def __init__(self, proof: str, model: Model, limits: Limits, found: Callable[[Finding], None]) -> None:
        self.proof, self.model, self.limits, self.found = proof, model, limits, found
        self.run = Transitions(model, from_reset=True, seconds=limits.seconds)
        # What only carries an induction is no violation where those are looked for
        aids = not limits.induction
        self.left = [name for name in self.run.properties if not (is_cover(name) or (aids and is_invariant(name)))]
        if limits.only:
            self.left = [name for name in self.left if name == limits.only]
        self.covers = [name for name in self.run.properties if is_cover(name) and limits.bound and limits.induction]
        self.proved: list[str] = []
        # States that have been searched, and whether the solver has kept up
        self.searched = 0
        self.lost = False
        self.shown = False
        # The state in which the first property failed
        self.failed = 0

    def tell(self, name: str, verdict: Verdict, kind: str, depth: int, begun: float, **trace: Any) -> None:
        seconds = round(time.process_time() - begun, 2)
        self.found(Finding(self.proof, name, verdict, kind, depth, seconds, **trace))

    def search(self, bound: int) -> None:
        """From reset: violations and covers up to a bound."""
        for depth in range(self.searched, bound + 1):
            if not (self.left or self.covers) or self.lost:
                return
            if self.failed and not self.limits.induction and depth > self.failed + AFTERMATH:
                return
            if depth:
                self.run.grow()
            for names, verdict in ((self.left, "failed"), (self.covers, "reached")):
                self._search(names, "failed" if verdict == "failed" else "reached", depth)
            for name in (*self.left, *self.proved):
                self.run.claim(name, depth)
            if not self.lost:
                self.searched = depth + 1

    def _search(self, names: list[str], verdict: Verdict, depth: int) -> None:
        begun = time.process_time()
        while names and not self.lost and (answer := self.run.violated(names, depth)) != "unsat":
            self.lost = answer == "unknown"
            if self.lost:
                return
            broken = self.run.broken(names, depth)
            shown = {}
            # The first violation is enough to look at, and reading a trace takes longer than finding it
            if verdict == "failed" and not self.shown:
                self.shown = True
                values = self.run.trace(depth)
                shown = {"waves": vcd(self.run.signals, values), "words": in_words(self.run.signals, values)}
            if verdict == "failed":
                self.failed = self.failed or depth
            for name in broken:
                self.tell(name, verdict, SEARCH, depth - 1, begun, **shown)
                names.remove(name)
            begun = time.process_time()

    def induct(self) -> None:
        """From any state: what k cycles of all properties lead to holds for ever."""
        run = Transitions(self.model, from_reset=False, seconds=self.limits.seconds)
        proved = list(self.proved)
        for name in proved:
            run.claim(name, 0)
        for k in range(1, min(self.limits.induction, self.searched) + 1):
            begun = time.process_time()
            run.grow()
            for name in proved:
                run.claim(name, k)
            candidates = list(self.left)
            while candidates:
                # A property may lean on another only as long as that one is proved as well
                assumed = [(name, state) for name in candidates for state in range(k)]
                answer = run.violated(candidates, k, assumed)
                if answer == "unsat":
                    break
                if answer == "unknown":
                    candidates = self._one_by_one(run, candidates, k)
                    break
                lost = run.broken(candidates, k)
                candidates = [name for name in candidates if name not in lost]
            for name in candidates:
                self.tell(name, "proved", "induction", k, begun)
                begun = time.process_time()
                self.left.remove(name)
                for state in range(k + 1):
                    run.claim(name, state)
            proved += candidates
            self.proved += candidates
            if not self.left:
                return

    def _one_by_one(self, run: Transitions, candidates: list[str], k: int) -> list[str]:
        """Where all together are too much for the solver."""
        while True:
            assumed = [(name, state) for name in candidates for state in range(k)]
            kept = [name for name in candidates if run.violated([name], k, assumed) == "unsat"]
            if kept == candidates:
                return kept
            candidates = kept

    def reach(self, limit: float) -> None:
        """By IC3, one after the other, each within so many seconds."""
        for name in list(self.left):
            begun = _of_children()
            done, frames = proves(self.model, name, limit)
            seconds = round(_of_children() - begun, 2)
            if done:
                self.found(Finding(self.proof, name, "proved", "reachability", frames, seconds))
                self.left.remove(name)
                self.proved.append(name)

    def close(self) -> None:
        """What is left."""
        enough = self.limits.bounded and self.searched > self.limits.bound
        verdict: Verdict = "bounded" if enough else "open"
        for name in self.left:
            self.found(Finding(self.proof, name, verdict, SEARCH, self.searched - 2, 0.0))
        for name in self.covers:
            self.found(Finding(self.proof, name, "unreached", SEARCH, self.searched - 2, 0.0))


def prove(proof: str, model: Model, limits: Limits) -> list[Finding]:
    """What becomes of every property of a model, in the order in which it is found.

    With an induction of 0 nothing is proved, neither covers nor invariants are looked for, and the search ends
    soon after the first violation.
    """
    findings: list[Finding] = []
    prover = _Prover(proof, model, limits, findings.append)
    if limits.induction:
        prover.search(limits.induction)
        prover.induct()
        for limit in (AT_FIRST, limits.seconds):
            before = len(prover.proved)
            prover.reach(min(limit, limits.seconds))
            # What was proved meanwhile may carry the rest
            if prover.left and len(prover.proved) > before:
                prover.induct()
            if limits.bounded:
                break
    prover.search(limits.bound)
    prover.close()
    return findings
