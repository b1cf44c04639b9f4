"""Runs independent work on all cores; ends its workers when the program is interrupted."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def _with_item(function: Callable[[Item], Answer], item: Item) -> tuple[Item, Answer]:
    return item, function(item)


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
    """
    if workers == 1 or len(items) <= 1:
        for item in items:
            yield item, function(item)
        return
    # Leaving the block ends the workers, whatever they are doing.
    with multiprocessing.get_context("spawn").Pool(min(workers, len(items)), _prepare_worker) as pool:
        yield from pool.imap_unordered(functools.partial(_with_item, function), items)
