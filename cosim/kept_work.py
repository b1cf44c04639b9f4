"""Works off what a command has to compute, keeps each answer as it comes, and goes on where an earlier call stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console

from crosschop.cosim.output import Progress
from crosschop.model.errors import InterruptedWorkError
from crosschop.model.store import Answer, Piece, Store

POINTS_FILE = "points.jsonl"


def work_off(
    console: Console,
    title: str,
    pieces: Sequence[Piece],
    store: Store[Piece, Answer],
    run: Callable[[Sequence[Piece]], Iterator[tuple[Piece, Answer]]],
    unit: str = "points",
    keep: Callable[[Answer], bool] = lambda answer: True,
) -> dict[Piece, Answer]:
    """Answers of all pieces: those of earlier calls, and the rest computed and kept one by one.

    Args:
        console: for the progress bar.
        title: of the bar.
        pieces: what to work on; equal ones are worked on once.
        store: where answers are kept.
        run: yields pieces with their answers as they are done, in any order.
        unit: what the pieces are called.
        keep: whether an answer is kept for later calls.

    Raises:
        InterruptedWorkError: the user stopped it; the sentence says how much is kept.
    """
    pieces = list(dict.fromkeys(pieces))
    answers = {piece: answer for piece in pieces if (answer := store.get(piece)) is not None}
    due = [piece for piece in pieces if piece not in answers]
    if answers:
        console.print(f"{len(answers)} of {len(pieces)} {unit} are there from an earlier call", highlight=False)
    if due:
        with Progress(console, title, len(pieces), unit) as progress:
            progress(len(answers))
            try:
                for piece, answer in run(due):
                    if keep(answer):
                        store.put(piece, answer)
                    answers[piece] = answer
                    progress(len(answers))
            except KeyboardInterrupt:
                kept = f"{len(answers)} of {len(pieces)} {unit} are kept, the same command goes on from there"
                raise InterruptedWorkError(f"interrupted, {kept}") from None
    return answers
