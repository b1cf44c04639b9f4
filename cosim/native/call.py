"""What compiled code needs to work with a C library: calls by address, and arrays that nobody counts.

A function pointer of ctypes would be compiled in as a constant, another one in every process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils
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


def _unowned(_context: Any, array: Any) -> Any:
    """The same memory without an owner; it has to live as long as this is used.

    Numba counts references to arrays by atomic additions, several for every array of a tuple in every call: more than a
    whole transfer of a small chip takes.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(array)(context, builder, arguments[0])
        for owner in ("meminfo", "parent"):
            null = cgutils.get_null_value(getattr(made, owner).type)  # type: ignore[no-untyped-call]
            setattr(made, owner, null)
        return made._getvalue()  # numba's name for it

    return array(array), generate


_Array = TypeVar("_Array", bound=NDArray[Any])
unowned: Callable[[_Array], _Array] = intrinsic(_unowned)  # type: ignore[assignment]  # as compiled code sees it
