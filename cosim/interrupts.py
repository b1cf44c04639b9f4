"""Signals that end a command: it cleans up as after Ctrl-C, whichever it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from crosschop.model.signals import INTERRUPTS


@contextmanager
def terminated_as_interrupted() -> Iterator[list[int]]:
    """Turns SIGTERM and SIGHUP into KeyboardInterrupt; yields a list of the signals that came, SIGINT included.

    The list tells an error that an interrupt caused from one of ours: compiled code that calls back into Python drops
    the exception and stumbles later, and Python itself drops it in destructors. A signal that is ignored stays so: who
    starts a command by nohup wants it to outlive the terminal. In other threads than the main one, as a worker of a
    cluster has them, no signal comes.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    previous = {number: signal.getsignal(number) for number in INTERRUPTS}

    def interrupt(signum: int, frame: FrameType | None) -> None:
        came.append(signum)
        outer = previous[signal.Signals(signum)]
        if callable(outer):
            outer(signum, frame)
        raise KeyboardInterrupt

    heeded = [number for number, handler in previous.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number in heeded:
            signal.signal(number, previous[number])
