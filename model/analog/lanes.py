"""Vectors of float32 in compiled code: sixteen neighbouring elements of an array, one instruction for all.

Numba compiles loops over elements to vector instructions where it finds that it may, and by its own measure only. The
loops that take most of a run's time say it instead. Every operation acts on each element alone, or on all in their
order, and is rounded like that of a single number, so results are the same on every machine, with whatever vector
instructions it has.

A mask is sixteen bits of an integer, one per element.
"""

# Numba has no types for what builds types and instructions.
# mypy: disable-error-code="untyped-decorator,no-untyped-call"

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import cgutils, types
from numba.extending import lower_builtin, models, overload, register_model, type_callable

from crosschop.model.jit import OPTIONS, inlined

LANES = 16

# Numba types what an intrinsic is defined by, not how it is called.
intrinsic: Any = extending.intrinsic

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_ALIGNMENT = 4  # bytes, of a float32


class LanesType(types.Type):
    """Numba's type of sixteen float32."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes: Any = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, front_end: Any) -> None:
        super().__init__(manager, front_end, _VECTOR)


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _mask(builder: Any, bits: Any) -> Any:
    return builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), _BITS)


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Elements index .. index + 15 of a contiguous array, counted through all its dimensions."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=_ALIGNMENT)

    return _lanes(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Writes the same elements."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, signature.args[0], *arguments[:2]), align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), generate


@intrinsic
def load_masked(typing: Any, array: Any, index: Any, mask: Any) -> Any:
    """Those of these elements for which the mask has a bit, zero for the others, which need not exist."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        kind = ir.FunctionType(_VECTOR, [address.type, ir.IntType(32), _BITS, _VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.load.v16f32.p0")
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        return builder.call(function, [address, ir.IntType(32)(_ALIGNMENT), _mask(builder, arguments[2]), zero])

    return _lanes(array, types.intp, types.uint64), generate


@intrinsic
def store_masked(typing: Any, array: Any, index: Any, mask: Any, value: Any) -> Any:
    """Writes the elements for which the mask has a bit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        kind = ir.FunctionType(ir.VoidType(), [_VECTOR, address.type, ir.IntType(32), _BITS])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v16f32.p0")
        mask = _mask(builder, arguments[2])
        builder.call(function, [arguments[3], address, ir.IntType(32)(_ALIGNMENT), mask])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64, _lanes), generate


@inlined
def lanes_there(elements: int) -> np.uint64:
    """Mask of the lanes that are among so many elements."""
    return np.uint64((1 << min(max(elements, 0), LANES)) - 1)


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """One number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], ir.IntType(32)(0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), places)

    return _lanes(types.float32), generate


@intrinsic
def total(typing: Any, value: Any) -> Any:
    """The sum of the lanes, from the first to the last, in float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = [builder.extract_element(arguments[0], ir.IntType(32)(lane)) for lane in range(LANES)]
        found, *others = (builder.fpext(lane, ir.DoubleType()) for lane in lanes)
        for lane in others:
            found = builder.fadd(found, lane)
        return found

    return types.float64(_lanes), generate


@intrinsic
def choose(typing: Any, mask: Any, chosen: Any, other: Any) -> Any:
    """`chosen` where the mask has a bit, `other` elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(_mask(builder, arguments[0]), arguments[1], arguments[2])

    return _lanes(types.uint64, _lanes, _lanes), generate


@intrinsic
def popcount(typing: Any, word: Any) -> Any:
    """Bits that are set in an integer of 64 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


@intrinsic
def trailing_zeros(typing: Any, word: Any) -> Any:
    """Zeros below the lowest bit that is set in an integer of 64 bits, which is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.int64), generate


@intrinsic
def _clip(typing: Any, value: Any, low: Any, high: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, low, high = arguments
        above = builder.select(builder.fcmp_ordered(">", value, low), value, low)
        return builder.select(builder.fcmp_ordered("<", above, high), above, high)

    return _lanes(_lanes, _lanes, _lanes), generate


def within(value: Any, low: Any, high: Any) -> Any:
    """A number, or each of sixteen, limited to low..high."""
    return min(max(value, low), high)


def _within_lanes(value: Any, low: Any, high: Any) -> Any:
    return _clip(value, low, high)


@overload(within, strict=False, inline="always", jit_options=OPTIONS)
def _choose_within(value: Any, low: Any, high: Any) -> Any:
    return _within_lanes if isinstance(value, LanesType) else within


def _lower(operation: Any, instruction: str) -> None:
    @type_callable(operation)
    def _type(context: Any) -> Any:
        return lambda a, b: _lanes if isinstance(a, LanesType) and isinstance(b, LanesType) else None

    @lower_builtin(operation, LanesType, LanesType)
    def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)


for _operation, _instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _lower(_operation, _instruction)
