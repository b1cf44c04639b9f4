"""How numba keeps compiled code: a cache that is damaged, full or cannot be written costs time, never a result.

And what it does not load with it, as a short run would take longer to begin than to run.

Numba imports this module by its name, which model/cache.py gives it, with the first function that is to be compiled.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, Self

from numba.core import caching
from numba.np import linalg


class Locator(caching.UserProvidedCacheLocator):
    """The folder NUMBA_CACHE_DIR, whether it can be written or not, and no other.

    Numba would look for a folder that it can write, and find __pycache__, where it looks at the file of a function
    alone: see model/cache.py.
    """

    _told = False

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Self | None:
        """The locator of a function in a file of ours."""
        return cls(py_func, py_file) if os.path.exists(py_file) else None  # noqa: PTH110

    def ensure_cache_path(self) -> None:
        """Makes the folder; says once that it cannot be made, as everything then takes longer."""
        try:
            super().ensure_cache_path()  # type: ignore[no-untyped-call]
        except OSError as error:
            if not Locator._told and sys.stderr is not None:
                folder = os.environ.get("NUMBA_CACHE_DIR")
                print(f"compiled code cannot be kept in {folder}: {error.strerror}", file=sys.stderr)
            Locator._told = True


class _TolerantFile(caching.IndexDataCacheFile):
    """Numba's files of one function; a damaged one is the same as none, and one that cannot be written as well."""

    def load(self, key: Any) -> Any:
        """An entry, None where there is none that can be read."""
        try:
            return super().load(key)  # type: ignore[no-untyped-call]
        except Exception:  # whatever unpickling half a file may end in
            with suppress(OSError):  # without a new index saving would read the damaged one again
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save(self, key: Any, data: Any) -> None:
        """Keeps an entry where that can be had."""
        with suppress(OSError):
            super().save(key, data)  # type: ignore[no-untyped-call]


caching.IndexDataCacheFile = _TolerantFile  # type: ignore[misc]


def _no_blas() -> None:
    """In place of numba's look for scipy's BLAS, which imports a good part of scipy."""
    raise ImportError("compiled code of this process has no BLAS")


linalg.ensure_blas = _no_blas
