"""A transition system that Yosys has written as SMT-LIB, unrolled in Bitwuzla."""

from __future__ import annotations

import importlib.metadata
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crosschop.cosim.formal.model import INSTALL, Model
from crosschop.model.errors import MissingToolError

try:
    import bitwuzla
except ImportError:  # the extra `formal` is not installed
    bitwuzla = None

ASSERT = re.compile(r"^; yosys-smt2-assert (\d+) (\S+)", re.MULTILINE)
WIRE = re.compile(r"^; yosys-smt2-(input|register|wire) (\S+) (\d+)", re.MULTILINE)
Answer = Literal["sat", "unsat", "unknown"]


def require_bitwuzla() -> str:
    """Version of the solver.

    Raises:
        MissingToolError: it is not installed.
    """
    if bitwuzla is None:
        raise MissingToolError(f"proofs need the solver Bitwuzla, which is not installed: {INSTALL}")
    return importlib.metadata.version("bitwuzla")


@dataclass(frozen=True)
class Signal:
    """A signal of the model."""

    name: str
    width: int
    kind: str


class Transitions:
    """States 0, 1, ... of a model, each following from the one before it.

    Args:
        model: the transition system.
        from_reset: state 0 is the one before reset, else any.
        seconds: limit of each question, processor time.
    """

    def __init__(self, model: Model, *, from_reset: bool, seconds: float) -> None:
        require_bitwuzla()
        text = model.smt.read_text()
        self._top = model.top
        self._numbers = {name: number for number, name in ASSERT.findall(text)}
        found = {name: Signal(name, int(width), kind) for kind, name, width in reversed(WIRE.findall(text))}
        self.signals = sorted(found.values(), key=lambda signal: signal.name)
        options = bitwuzla.Options()
        options.set(bitwuzla.Option.PRODUCE_MODELS, True)
        self._parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
        self._parser.parse(text, True, False)
        self._solver = self._parser.bitwuzla()
        # Processor time: what is proved shall not depend on what else the machine does
        self._seconds, self._end = seconds, 0.0
        self._solver.configure_terminator(lambda: time.process_time() > self._end)
        self._states = 0
        self._terms: dict[tuple[str, int], Any] = {}
        self.grow()
        if from_reset:
            self._do(f"(assert (|{self._top}_i| s0))")

    @property
    def properties(self) -> list[str]:
        """Names of all properties, covers among them."""
        return list(self._numbers)

    def _do(self, text: str) -> None:
        self._parser.parse(text, True, False)

    def grow(self) -> None:
        """Adds a state, in which every assumption holds."""
        number, top = self._states, self._top
        self._do(f"(declare-fun s{number} () |{top}_s|)\n(assert (|{top}_u| s{number}))")
        if number:
            self._do(f"(assert (|{top}_t| s{number - 1} s{number}))")
        self._states += 1

    def holds(self, name: str, state: int) -> Any:
        """A property in a state, as a term."""
        key = (name, state)
        if key not in self._terms:
            self._terms[key] = self._parser.parse_term(f"(|{self._top}_a {self._numbers[name]}| s{state})")
        return self._terms[key]

    def claim(self, name: str, state: int) -> None:
        """From now on the property holds in the state."""
        self._do(f"(assert (|{self._top}_a {self._numbers[name]}| s{state}))")

    def violated(self, names: Sequence[str], state: int, assumed: Iterable[tuple[str, int]] = ()) -> Answer:
        """Whether one of the properties can be violated in a state, when others hold in theirs."""
        terms = [f"(|{self._top}_a {self._numbers[name]}| s{state})" for name in names]
        broken = self._parser.parse_term(f"(not (and true {' '.join(terms)}))")
        self._end = time.process_time() + self._seconds
        answer = self._solver.check_sat(broken, *(self.holds(*one) for one in assumed))
        if answer == bitwuzla.Result.SAT:
            return "sat"
        return "unsat" if answer == bitwuzla.Result.UNSAT else "unknown"

    def broken(self, names: Sequence[str], state: int) -> list[str]:
        """Which of the properties the model that was found last violates in a state."""
        return [name for name in names if not self._solver.get_value(self.holds(name, state)).value()]

    def trace(self, states: int) -> Mapping[str, list[int]]:
        """The values of every signal in the first states of the model that was found last."""
        values: dict[str, list[int]] = {}
        for signal in self.signals:
            column = []
            for state in range(states):
                term = self._parser.parse_term(f"(|{self._top}_n {signal.name}| s{state})")
                found = self._solver.get_value(term)
                column.append(int(found.value()) if signal.width == 1 else int(found.value(2), 2))
            values[signal.name] = column
        return values
