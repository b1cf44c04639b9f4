"""Answers kept in a file, one by one as they come: work that was stopped goes on where it was, even after SIGKILL."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from crosschop.model.errors import InputError, ToolError

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
    """Answers in a file of JSON lines, one appended for each piece of work as it ends; damaged lines are ignored.

    Args:
        path: the file; it need not exist.
        kind: dataclass of the answers, its fields JSON values.

    Raises:
        InputError: there is something else than a file, or it cannot be read.
    """

    def __init__(self, path: Path, kind: type[Answer]) -> None:
        self._path = path
        self._answers: dict[str, Answer] = {}
        adapter = TypeAdapter(kind)
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                kind(**entry["outcome"])  # every field is there, and no other
                self._answers[entry["key"]] = adapter.validate_python(entry["outcome"])
            except (ValueError, TypeError, KeyError, RecursionError):
                continue

    def get(self, piece: Piece) -> Answer | None:
        """The answer of a piece that has been worked on."""
        return self._answers.get(piece.key)

    def put(self, piece: Piece, answer: Answer) -> None:
        """Keeps an answer.

        Raises:
            ToolError: it cannot be written; earlier answers are as they were.
        """
        self._answers[piece.key] = answer
        line = json.dumps({"key": piece.key, "point": dict(piece.about()), "outcome": asdict(answer)})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab", buffering=0) as file:
                # Begins a line of its own even after one that was torn when the program was killed. In one piece, so
                # that two processes with the same file do not write into each other's lines.
                content = f"\n{line}\n".encode()
                if file.write(content) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            kept = "what was kept before stays, and the same command goes on from there"
            raise ToolError(f"{self._path}: cannot be written: {error.strerror}; {kept}") from None
