"""A dask cluster of this machine, started as its users do."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# Until the scheduler listens.
START_SECONDS = 60


@contextmanager
def dask_scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler that listens: its address, its process."""
    port = _free_port()
    arguments = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
    with _part(folder, "dask_scheduler", *arguments) as process:
        end = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}", process


@contextmanager
def dask_worker(folder: Path, address: str) -> Iterator[None]:
    """A worker of this scheduler, in this folder."""
    arguments = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
    with _part(folder, "dask_worker", address, *arguments):
        yield


@contextmanager
def _part(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
