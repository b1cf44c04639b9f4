"""Runs independent work on a dask cluster: processes of this machine, or a cluster that is there already.

Unlike parallel.py it can use other machines and survives a worker that dies. It takes about a second longer to start,
and works in a thread, which no signal reaches.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import dask
import psutil
from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster
from distributed.comm.core import connect

from crosschop.model.cache import estimates_digest
from crosschop.model.errors import ToolError
from crosschop.model.parallel import POLL_SECONDS, answer_of, signals_held
from crosschop.model.signals import interrupts_noted

Item = TypeVar("Item")
Answer = TypeVar("Answer")

CONNECT_SECONDS = 10
CLOSE_SECONDS = 5
# Pieces of work that are sent in one message, when no more than these are left to do. A cluster keeps work and answer
# of each until its future is gone: what it holds does not grow with the work there is.
BATCH = 500
# Of these packages, and of Python up to the minor version, scheduler and workers need ours.
SAME_PACKAGES = ("dask", "distributed", "numba", "numpy")
_LOGGERS = ("distributed", "tornado", "asyncio")
_SILENT = logging.CRITICAL + 1
_CONFIG = {
    # Compiled code holds Python's lock: a worker that is compiling for minutes is not dead.
    "distributed.scheduler.worker-ttl": None,
    "distributed.admin.tick.limit": "1h",
    # A worker keeps an hour of them, some MB a minute.
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
}


def _answer(digest: str, function: Callable[[Item], Answer], item: Item) -> Answer:
    """Runs in a worker."""
    if estimates_digest() != digest:  # a worker that came after the others were asked
        raise ToolError("a worker of the cluster has another version of crosschop than this command")
    return answer_of(function, item)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask says nothing: what a user has to know is in our sentences."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(_SILENT)
    logging.disable(logging.CRITICAL)  # loggers below them may have levels of their own
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        logging.disable(logging.NOTSET)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _environment(**changes: str) -> Iterator[None]:
    """This process and those it starts have these variables; afterwards it has its own again, whatever dask has set."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _local_client(workers: int) -> Iterator[Client]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crosschop-", ignore_cleanup_errors=True))
        # What a worker that is killed leaves behind goes with the folder, the scratch files of its tools too.
        stack.enter_context(_environment(TMPDIR=folder))
        stack.enter_context(dask.config.set({"temporary-directory": folder}))
        with signals_held():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                # Without an address of its own it takes the port of the dashboard all the same.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                memory_limit=None,
                local_directory=folder,
                silence_logs=_SILENT,
            )
            stack.callback(_close, cluster)
            stack.callback(_end_workers, cluster)
            client = Client(cluster, set_as_default=False)
            stack.callback(_close, client)
        yield client


def _end_workers(cluster: LocalCluster) -> None:
    """Kills the workers and what they have started: asked to go, they would finish their work first."""
    processes: list[psutil.Process] = []
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        with suppress(psutil.Error, ValueError, TypeError):  # it is just not there
            worker = psutil.Process(nanny.pid)
            processes += [worker, *worker.children(recursive=True)]
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def _close(what: Client | LocalCluster) -> None:
    with suppress(Exception):  # it has been asked to go, whatever hinders it
        what.close(timeout=CLOSE_SECONDS)


@contextmanager
def _remote_client(address: str) -> Iterator[Client]:
    try:
        # By itself first: a client that cannot connect goes on trying until the program ends.
        asyncio.run(_knock(address))
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # dask has many kinds for an address that is wrong or where nothing answers
        reason = next(iter(str(error).strip().splitlines()), "no answer")
        raise ToolError(f"--scheduler {address}: no dask scheduler answers there ({reason})") from None
    try:
        _require_same_versions(client, address)
        yield client
    finally:
        _close(client)


async def _knock(address: str) -> None:
    await (await connect(address, timeout=CONNECT_SECONDS)).close()


def _require_same_versions(client: Client, address: str) -> None:
    """Scheduler and workers have our versions.

    Raises:
        ToolError: one of them has not, or there is no worker.
    """
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise ToolError(f"--scheduler {address}: the scheduler has no workers") from None
    versions: Any = client.get_versions(packages=["numba"])
    ours = _packages(versions["client"]["packages"])
    scheduler = {key: value for key, value in _packages(versions["scheduler"]["packages"]).items() if key in _PROTOCOL}
    require_same(address, "scheduler", ours, scheduler)
    for name, worker in versions["workers"].items():
        require_same(address, f"worker {name}", ours, _packages(worker["packages"]))
    for name, digest in client.run(estimates_digest, on_error="return").items():
        if isinstance(digest, BaseException):
            raise ToolError(f"--scheduler {address}: worker {name} cannot import crosschop ({digest})")
        require_same(address, f"worker {name}", {"crosschop": estimates_digest()}, {"crosschop": digest})


_PROTOCOL = ("Python", "dask", "distributed")


def _packages(versions: Mapping[str, Any]) -> dict[str, str | None]:
    python = ".".join(str(versions["python"]).split(".")[:2])
    return {"Python": python, **{name: versions.get(name) for name in SAME_PACKAGES}}


def require_same(address: str, who: str, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> None:
    """One part of a cluster has our versions.

    Raises:
        ToolError: it has not.
    """
    for name, version in theirs.items():
        if version != ours[name]:
            raise ToolError(
                f"--scheduler {address}: the {who} has {name} {version or 'not'}, this command {ours[name]}; "
                "all parts of a cluster need the same"
            )


def run_on_cluster(
    function: Callable[[Item], Answer], items: Sequence[Item], workers: int, scheduler: str | None = None
) -> Iterator[tuple[Item, Answer]]:
    """Yields every item with its answer, as they are done.

    Args:
        function: importable by name, as it runs in other processes.
        items: what to work on, begun in this order.
        workers: processes to start on this machine, without `scheduler`.
        scheduler: address of a dask scheduler, such as tcp://host:8786.

    Raises:
        CrosschopError: as the function raised it.
        ToolError: the scheduler cannot be reached, is lost, has other versions; workers die again and again.
        RuntimeError: the function failed otherwise; the message is its traceback.
        KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP came; never while an answer is being dealt with.
    """
    if not items:
        return
    with ExitStack() as stack:
        noted = stack.enter_context(interrupts_noted())
        stack.enter_context(_quiet())
        stack.enter_context(dask.config.set(_CONFIG))
        if scheduler is None:
            client = stack.enter_context(_local_client(min(workers, len(items))))
        else:
            client = stack.enter_context(_remote_client(scheduler))
        waiting: dict[Any, tuple[Future[Any], Item]] = {}
        stack.callback(_release, client, waiting)
        ended: SimpleQueue[Future[Any]] = SimpleQueue()
        left = iter(items)
        while True:
            if noted:  # not only where nothing has ended for a while: small pieces end all the time
                raise KeyboardInterrupt
            if len(waiting) <= BATCH and (batch := list(itertools.islice(left, BATCH))):
                fixed = ([value] * len(batch) for value in (estimates_digest(), function))
                futures = client.map(_answer, *fixed, batch, pure=False)
                waiting.update((future.key, (future, item)) for future, item in zip(futures, batch, strict=True))
                for future in futures:
                    future.add_done_callback(ended.put)
                del futures, future
            if not waiting:
                return
            try:
                done = ended.get(timeout=POLL_SECONDS)
            except Empty:
                if client.status != "running":
                    raise ToolError(f"the dask scheduler at {scheduler} is gone") from None
                continue
            _, item = waiting.pop(done.key)
            yield item, _result(done, scheduler)


def _release(client: Client, waiting: Mapping[Any, tuple[Future[Any], Any]]) -> None:
    with suppress(Exception):  # the scheduler may be gone
        client.cancel([future for future, _ in waiting.values() if not future.done()], force=True)


def _result(future: Future[Any], scheduler: str | None) -> Any:
    try:
        return future.result(timeout=CONNECT_SECONDS)
    except KilledWorker as error:
        raise ToolError(f"workers of the cluster died {error.allowed_failures + 1} times over the same work") from None
    except (CancelledError, TimeoutError, OSError):  # errors of the work itself come as others, see answer_of
        raise ToolError(f"the dask scheduler at {scheduler or 'this machine'} is gone") from None
