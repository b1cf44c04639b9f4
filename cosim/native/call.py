"""Calls a C function by its address out of compiled code, in a way that numba can keep on the disk.

A function pointer of ctypes would be compiled in as a constant, another one in every process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _call(_context: Any, function: Any, first: Any, second: Any) -> Any:
    """`int64_t function(void *first, int64_t second)`; all three are integers, the function is its address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD, _WORD])
        address = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(address, arguments[1:])

    return types.int64(types.int64, types.int64, types.int64), generate


call: Callable[[int, int, int], int] = intrinsic(_call)  # type: ignore[assignment]  # as compiled code sees it
