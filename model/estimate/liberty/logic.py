"""Logic function of a cell, from its functional Verilog."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from crosschop.model.errors import InputError
from crosschop.model.estimate.liberty.cells import PREFIX


def _joined(operator: str, inverted: bool = False) -> Callable[[list[str]], str]:
    def write(inputs: list[str]) -> str:
        return f"{'!' if inverted else ''}({operator.join(inputs)})"

    return write


def _mux2(inputs: list[str]) -> str:
    first, second, select = inputs
    return f"(({first}&!{select})|({second}&{select}))"


def _mux4(inputs: list[str]) -> str:
    *data, low, high = inputs
    return _mux2([_mux2([*data[:2], low]), _mux2([*data[2:], low]), high])


# Primitives as Liberty expressions of their inputs. The multiplexers are tables in the process's own Verilog.
_GATES: dict[str, Callable[[list[str]], str]] = {
    "buf": lambda inputs: inputs[0],
    "not": lambda inputs: f"!{inputs[0]}",
    "and": _joined("&"),
    "nand": _joined("&", inverted=True),
    "or": _joined("|"),
    "nor": _joined("|", inverted=True),
    "xor": _joined("^"),
    "xnor": _joined("^", inverted=True),
    f"{PREFIX}udp_mux_2to1": _mux2,
    f"{PREFIX}udp_mux_4to2": _mux4,
}


def evaluate(expression: str, values: Mapping[str, bool]) -> bool:
    """Value of an expression made here: names, parentheses and ! & ^ |, which bind in this order."""
    tokens = re.findall(r"\w+|[!&^|()]", expression)

    def operand() -> bool:
        token = tokens.pop(0)
        if token == "!":
            return not operand()
        if token == "(":
            value = binary("|^&")
            tokens.pop(0)
            return value
        return values[token]

    def binary(operators: str) -> bool:
        if not operators:
            return operand()
        value = binary(operators[1:])
        while tokens and tokens[0] == operators[0]:
            tokens.pop(0)
            other = binary(operators[1:])
            value = {"|": value | other, "^": value ^ other, "&": value & other}[operators[0]]
        return value

    return binary("|^&")


@dataclass(frozen=True)
class Logic:
    """What a combinational cell computes.

    Attributes:
        inputs: pins in the order of the Verilog.
        functions: Liberty expression of every output.
    """

    inputs: tuple[str, ...]
    functions: dict[str, str]

    def sensitising(self, pin: str, output: str) -> Iterator[tuple[dict[str, bool], bool]]:
        """Levels of the other inputs at which an output follows an input, and whether it is inverted then."""
        others = [name for name in self.inputs if name != pin]
        for levels in itertools.product((False, True), repeat=len(others)):
            vector = dict(zip(others, levels, strict=True))
            low, high = (evaluate(self.functions[output], {**vector, pin: level}) for level in (False, True))
            if low != high:
                yield vector, low


def read_logic(verilog: str) -> Logic:
    """The functions of a combinational cell.

    Raises:
        InputError: the Verilog has something else than ports, wires and the primitives known here.
    """
    body = re.sub(r"//[^\n]*|/\*.*?\*/", "", verilog, flags=re.DOTALL)
    module = re.search(r"\bmodule\s+(\w+)\s*\([^)]*\)\s*;(.*?)\bendmodule", body, re.DOTALL)
    if module is None:
        raise InputError(f"no Verilog module in {verilog[:80]!r}")
    inputs: list[str] = []
    outputs: list[str] = []
    drivers: dict[str, tuple[str, list[str]]] = {}
    for statement in filter(None, (part.strip() for part in module[2].split(";"))):
        if match := re.fullmatch(r"(input|output|wire)\s+(\w+)", statement):
            {"input": inputs, "output": outputs, "wire": []}[match[1]].append(match[2])
        elif (match := re.fullmatch(r"(\w+)\s+\w+\s*\(([\w\s,]+)\)", statement)) and match[1] in _GATES:
            target, *sources = (name.strip() for name in match[2].split(","))
            drivers[target] = (match[1], sources)
        else:
            raise InputError(f"{module[1]}: cannot read {statement!r} as combinational logic")

    def expression(net: str) -> str:
        if net in inputs:
            return net
        if net not in drivers:
            raise InputError(f"{module[1]}: nothing drives {net}")
        gate, sources = drivers[net]
        return _GATES[gate]([expression(source) for source in sources])

    return Logic(tuple(inputs), {output: expression(output) for output in outputs})
