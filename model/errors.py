"""Errors that are answers to the user: each message is one sentence, each class has an exit code of the CLI."""

from __future__ import annotations


class CrosschopError(Exception):
    """Base of the errors that the CLI prints as sentences; anything else that escapes is a bug.

    Exit codes: 0 pass, 1 mismatch (a check ran and failed), 2 bad input, 3 a tool is missing or failed.
    """

    exit_code = 1

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = list(messages)
        self.in_json = False  # True where a JSON object with the messages has been printed already


# No sentence is longer than the list of what is allowed; what a hostile file calls its keys may be.
LONGEST_SENTENCE = 2000


class InputError(CrosschopError):
    """The user's input is wrong: a file, a key, an option; what of it stands in the sentence is made printable."""

    exit_code = 2

    def __init__(self, *messages: str) -> None:
        super().__init__(*(printable(message) for message in messages))


def printable(text: str) -> str:
    """A text as one line that does nothing to a terminal: control characters are escaped, an endless one is cut."""
    safe = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return safe if len(safe) <= LONGEST_SENTENCE else safe[: LONGEST_SENTENCE - 3] + "..."


class ToolError(CrosschopError):
    """A program that the work needs is missing or failed."""

    exit_code = 3


class MissingToolError(ToolError):
    """A program that the work needs is not installed; the sentence says how to get it."""


class InterruptedWorkError(CrosschopError):
    """The user stopped work of which a part is kept."""

    exit_code = 130  # what a shell gives for a program ended by Ctrl-C
