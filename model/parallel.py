"""Runs independent work on all cores; ends its workers when the program is interrupted or a piece of work fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

from crosschop.model.errors import CrosschopError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def _answer(function: Callable[[Item], Answer], item: Item) -> Answer:
    try:
        return function(item)
    except CrosschopError:
        raise
    except Exception:
        # Only what can be pickled crosses to the parent.
        raise RuntimeError(traceback.format_exc()) from None


def _prepare_worker() -> None:
    # Ctrl-C reaches the whole group of processes; the parent alone answers it, and ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    """
    if workers == 1 or len(items) <= 1:
        for item in items:
            yield item, function(item)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(workers, len(items)), context, _prepare_worker)
    try:
        futures = {executor.submit(_answer, function, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    executor.shutdown()
