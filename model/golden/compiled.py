"""How functions are compiled: kept between runs, as one piece, and without counting who uses an array.

A record of many arrays is passed as all that describes them, hundreds of words, and numba counts the uses of every
array that a function names: both cost more than what most functions here do with them. So functions become part of
what calls them; and as all arrays belong to whoever calls compiled code, for as long as it runs, there is nothing to
count. What it costs is that compiled code cannot make arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Decorator(Protocol):
    """What compiles a function and leaves its type."""

    def __call__(self, function: _Function, /) -> _Function:
        """The function, compiled."""


OPTIONS: Any = {"_nrt": False}

compiled: Decorator = njit(cache=True, **OPTIONS, forceinline=True)
# For loops that are large themselves and take a few arrays, not records of many.
apart: Decorator = njit(cache=True, **OPTIONS)
# For functions of numbers and of vectors: their text is copied, so that each call has types of its own.
inlined: Decorator = njit(cache=True, **OPTIONS, inline="always")
