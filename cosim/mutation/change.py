"""Changes of a source text, and mutants: a change, its place, and the text that comes out."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosschop.cosim.dut import Dut


@dataclass(frozen=True, order=True)
class Edit:
    """Bytes of a file, first and end, and what stands there instead."""

    first: int
    end: int
    text: str


@dataclass(frozen=True)
class Change:
    """A possible mutation.

    Attributes:
        operator: kind of change.
        edits: of one file; they do not overlap.
        what: the change in a few words.
    """

    operator: str
    edits: tuple[Edit, ...]
    what: str


def apply_edits(text: bytes, edits: tuple[Edit, ...]) -> bytes:
    """The text with the edits in it."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.first] + edit.text.encode() + text[edit.end :]
    return text


def without_whitespace(text: bytes) -> bytes:
    """The text with every run of whitespace as one blank: what two equal mutants have in common."""
    return b" ".join(text.split())


@dataclass(frozen=True)
class Mutant:
    """A controller with one change.

    Attributes:
        file: the changed file.
        number: its place among the sources.
        module: the changed module.
        operator, what: see Change.
        line: where the change begins, from 1.
        edits: of the file.
        original: text of the file before.
    """

    file: str
    number: int
    module: str
    operator: str
    what: str
    line: int
    edits: tuple[Edit, ...]
    original: bytes

    @property
    def text(self) -> bytes:
        """Text of the file after the change."""
        return apply_edits(self.original, self.edits)

    @property
    def identity(self) -> str:
        """Names the changed text: equal for mutants that differ in whitespace alone."""
        content = self.file.encode() + b"\0" + without_whitespace(self.text)
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (text.decode(errors="replace").splitlines() for text in (self.original, self.text))
        lines = difflib.unified_diff(before, after, f"a/{self.file}", f"b/{self.file}", n=2, lineterm="")
        return "\n".join(lines)

    def about(self) -> Mapping[str, Any]:
        """What a reader of a file of verdicts wants to know."""
        return {
            "file": self.file,
            "line": self.line,
            "module": self.module,
            "operator": self.operator,
            "what": self.what,
        }


def mutant_of(path: Path, number: int, module: str, original: bytes, change: Change) -> Mutant:
    """The mutant that a change of a file makes."""
    line = original[: min(edit.first for edit in change.edits)].count(b"\n") + 1
    return Mutant(path.name, number, module, change.operator, change.what, line, change.edits, original)


def mutated(dut: Dut, mutant: Mutant, directory: Path) -> Dut:
    """The controller with a mutant's file in place of its own, written into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = directory / mutant.file
    changed.write_bytes(mutant.text)
    sources = tuple(changed if number == mutant.number else path for number, path in enumerate(dut.sources))
    return dataclasses.replace(dut, sources=sources, include_dirs=dut.search_path)
