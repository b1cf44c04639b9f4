"""Answers kept in a file, one by one as they come: work that was stopped goes on where it was, even after SIGKILL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Kept(Protocol):
    """A piece of work whose answer can be kept."""

    @property
    def key(self) -> str:
        """Names everything that decides the answer: equal keys have equal answers."""

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know of it, as JSON values."""


Piece = TypeVar("Piece", bound=Kept)
Answer = TypeVar("Answer", bound="DataclassInstance")


class Store(Generic[Piece, Answer]):
    """Answers in a file of JSON lines, one appended for each piece of work as it ends; a torn line is ignored.

    Args:
        path: the file; it need not exist.
        kind: dataclass of the answers, its fields JSON values.
    """

    def __init__(self, path: Path, kind: type[Answer]) -> None:
        self._path = path
        self._answers: dict[str, Answer] = {}
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._answers[entry["key"]] = kind(**entry["outcome"])
                except (ValueError, TypeError, KeyError):
                    continue

    def get(self, piece: Piece) -> Answer | None:
        """The answer of a piece that has been worked on."""
        return self._answers.get(piece.key)

    def put(self, piece: Piece, answer: Answer) -> None:
        """Keeps an answer."""
        self._answers[piece.key] = answer
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"key": piece.key, "point": dict(piece.about()), "outcome": asdict(answer)})
        with self._path.open("a") as file:
            # Begins a line of its own even after one that was torn when the program was killed.
            file.write(f"\n{line}\n")
