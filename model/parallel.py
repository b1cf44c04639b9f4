"""Runs independent work on all cores; ends its workers when the program is interrupted or a piece of work fails."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TypeVar

from crosschop.model.errors import CrosschopError
from crosschop.model.signals import interrupts_noted

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# The children of a terminal's foreground group get these too: the parent alone answers them.
FROM_TERMINAL = (signal.SIGINT, signal.SIGHUP)
POLL_SECONDS = 0.1
# Pieces of work that each process has, or finds when it has ended one: looking after them takes time for each.
AHEAD = 4


def answer_of(function: Callable[[Item], Answer], item: Item) -> Answer:
    """What the function gives, or an error that can cross to another process."""
    try:
        return function(item)
    except CrosschopError:
        raise
    except Exception:
        # Only what can be pickled crosses to the parent.
        raise RuntimeError(traceback.format_exc()) from None


@contextmanager
def signals_held() -> Iterator[None]:
    """Threads and processes begun meanwhile never get the signals of a terminal; this thread gets them afterwards."""
    resource_tracker.ensure_running()  # to start it, the first process of all would let SIGINT through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FROM_TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def run_parallel(
    function: Callable[[Item], Answer], items: Sequence[Item], workers: int
) -> Iterator[tuple[Item, Answer]]:
    """Yields every item with its answer, as they are done.

    Args:
        function: importable by name, as it runs in other processes.
        items: what to work on, begun in this order.
        workers: processes; 1 works in this one.

    Raises:
        CrosschopError: as the function raised it.
        RuntimeError: the function failed otherwise; the message is its traceback.
        KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP came; never while an answer is being dealt with.
    """
    if workers == 1 or len(items) <= 1:
        for item in items:
            yield item, function(item)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(workers, len(items)), context)
    try:
        with interrupts_noted() as noted:
            pending: dict[Future[Answer], Item] = {}
            left = iter(items)
            while True:
                with signals_held():
                    for item in itertools.islice(left, AHEAD * workers - len(pending)):
                        pending[executor.submit(answer_of, function, item)] = item
                if not pending:
                    break
                done, _ = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), future.result()
                if noted:
                    raise KeyboardInterrupt
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
        executor.shutdown()  # now that nobody works; it gives back what the processes shared
        raise
    executor.shutdown()
