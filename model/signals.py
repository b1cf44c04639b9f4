"""Signals that end a program, and when they may not strike: an exception out of a handler strikes anywhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """The numbers of the interrupting signals that have come; they interrupt nothing by themselves.

    An exception out of a handler can strike inside the wait for a lock and leave as an error about that lock.
    """
    noted: list[int] = []
    previous = {number: signal.signal(number, lambda number, frame: noted.append(number)) for number in INTERRUPTS}
    try:
        yield noted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def interrupts_put_off() -> Iterator[Callable[[], None]]:
    """Interrupting signals wait until the function that is yielded is called, at the latest until the end.

    Blocking them does not do: the system gives a blocked signal to another thread, and Python calls the handler in the
    main one all the same. In other threads than that one there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in INTERRUPTS}
    # What is ignored stays so; None is a handler that Python does not know
    previous = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    def let_come() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)
        previous.clear()
        if came:
            first = came[0]
            came.clear()
            signal.raise_signal(first)

    for heeded in previous:
        signal.signal(heeded, note)
    try:
        yield let_come
    finally:
        let_come()
