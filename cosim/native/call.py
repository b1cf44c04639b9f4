"""What compiled code needs to work with a C library: calls by address, and arrays that nobody counts.

A function pointer of ctypes would be compiled in as a constant, another one in every process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

_WORD = ir.IntType(64)


def _call(_context: Any, function: Any, first: Any, second: Any) -> Any:
    """`int64_t function(void *first, int64_t second)`; all three are integers, the function is its address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD, _WORD])
        address = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(address, arguments[1:])

    return types.int64(types.int64, types.int64, types.int64), generate


call: Callable[[int, int, int], int] = intrinsic(_call)  # type: ignore[assignment]  # as compiled code sees it


def _pointer(_context: Any, address: Any) -> Any:
    """A pointer to whatever there is, out of its address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(address), generate


_pointer_to: Callable[[int], Any] = intrinsic(_pointer)  # type: ignore[assignment]  # as compiled code sees it


@njit(cache=True)
def unowned(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory without an owner; it has to live as long as this is used.

    Numba counts references to arrays by atomic additions, several for every array of a tuple in every call: more than a
    whole transfer of a small chip takes.
    """
    return carray(_pointer_to(array.ctypes.data), array.shape, array.dtype)
