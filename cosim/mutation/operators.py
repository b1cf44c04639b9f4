"""Mutation operators on expressions: what a node of the syntax tree may become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crosschop.cosim.mutation.change import Change, Edit
from crosschop.cosim.mutation.source import Source

# Binary operators and what they become.
ARITHMETIC: dict[str, tuple[str, ...]] = {
    "+": ("-", "|"),
    "-": ("+",),
    "*": ("+",),
    "/": ("*",),
    "%": ("+",),
    "**": ("*",),
}
RELATIONAL: dict[str, tuple[str, ...]] = {
    "<": ("<=", ">=", "=="),
    "<=": ("<", ">"),
    ">": (">=", "<=", "=="),
    ">=": (">", "<"),
    "==": ("!=", "<=", ">="),
    "!=": ("==", "<", ">"),
}
LOGICAL: dict[str, tuple[str, ...]] = {"&&": ("||",), "||": ("&&",)}
BITWISE: dict[str, tuple[str, ...]] = {"&": ("|", "^"), "|": ("&", "^"), "^": ("|", "&"), "~^": ("^",), "^~": ("^",)}
SHIFT: dict[str, tuple[str, ...]] = {"<<": (">>",), ">>": ("<<", ">>>"), ">>>": (">>",), "<<<": (">>",)}
REPLACEMENTS = {
    "arithmetic": ARITHMETIC,
    "relational": RELATIONAL,
    "logical": LOGICAL,
    "bitwise": BITWISE,
    "shift": SHIFT,
}
REDUCTION = {"&": "|", "|": "&", "^": "|", "~&": "&", "~|": "|"}
NOT_COMMUTATIVE = ("-", "/", "%", "<<", ">>", ">>>")
SIZED = re.compile(r"^(?P<size>\d*)\s*'(?P<signed>[sS]?)(?P<base>[bBoOdDhH])\s*(?P<digits>[0-9a-fA-F_]+)$")
BASES = {"b": 2, "o": 8, "d": 10, "h": 16}


@dataclass(frozen=True)
class Site:
    """A node of the syntax tree, and where it stands.

    Attributes:
        source: all of it.
        file: index of its file.
        module: it belongs to.
        node: of the tree.
        above: the nodes around it, the outermost first.
    """

    source: Source
    file: int
    module: str
    node: Any
    above: tuple[Any, ...]

    @property
    def kind(self) -> str:
        """Kind of the node."""
        return kind_of(self.node)

    def text(self, node: Any) -> str:
        """Source text of a node."""
        place = node.sourceRange
        return self.source.text(self.file, place.start.offset, place.end.offset)

    def inside(self, *kinds: str) -> bool:
        """Whether a node of one of these kinds is around it."""
        return any(kind_of(node) in kinds for node in self.above)

    def replace(self, node: Any, text: str) -> Edit:
        """Other text in place of a node."""
        place = node.sourceRange
        return Edit(place.start.offset, place.end.offset, text)

    def swap(self, first: Any, second: Any) -> tuple[Edit, Edit]:
        """Two nodes in each other's place."""
        return self.replace(first, self.text(second)), self.replace(second, self.text(first))


def kind_of(node: Any) -> str:
    """Kind of a node, without the name of the enumeration."""
    return str(node.kind).rpartition(".")[2]


def _token(token: Any, text: str) -> Edit:
    return Edit(token.range.start.offset, token.range.end.offset, text)


def binary(site: Site) -> Iterator[Change]:
    """Another operator, operands in the wrong order, a term of a condition left out, a wrong sign of comparison."""
    node = site.node
    if not hasattr(node, "operatorToken"):
        return
    symbol = node.operatorToken.rawText
    for operator, replacements in REPLACEMENTS.items():
        for other in replacements.get(symbol, ()):
            yield Change(operator, (_token(node.operatorToken, other),), f"{symbol} becomes {other}")
    if symbol in LOGICAL:
        for kept, name in ((node.left, "right"), (node.right, "left")):
            yield Change("logical", (site.replace(node, site.text(kept)),), f"{name} term of {symbol} left out")
    if symbol in NOT_COMMUTATIVE:
        yield Change("operands", site.swap(node.left, node.right), f"operands of {symbol} swapped")
    if symbol in RELATIONAL and symbol not in ("==", "!=") and not site.inside(*CONSTANT):
        signs = tuple(site.replace(side, f"$signed({site.text(side)})") for side in (node.left, node.right))
        yield Change("sign", signs, f"{symbol} compares as signed numbers")
    if symbol in ("+", "-", "*") and not site.inside(*CONSTANT):
        unsigned = site.replace(node.left, f"$unsigned({site.text(node.left)})")
        yield Change("sign", (unsigned,), f"left operand of {symbol} taken as unsigned")


def unary(site: Site) -> Iterator[Change]:
    """Another reduction, or none; a negation or a minus left out."""
    node = site.node
    symbol, operand = node.operatorToken.rawText, node.operand
    if symbol in REDUCTION:
        other = REDUCTION[symbol]
        yield Change("bitwise", (_token(node.operatorToken, other),), f"reduction {symbol} becomes {other}")
    if symbol in ("!", "~", "-"):
        group = "arithmetic" if symbol == "-" else "logical" if symbol == "!" else "bitwise"
        yield Change(group, (site.replace(node, site.text(operand)),), f"{symbol} left out")


def ternary(site: Site) -> Iterator[Change]:
    """The two results in each other's place, or one of them always."""
    node = site.node
    yield Change("operands", site.swap(node.left, node.right), "results of ?: swapped")
    for kept, always in ((node.left, "first"), (node.right, "second")):
        yield Change("condition", (site.replace(node, site.text(kept)),), f"?: always the {always}")


def concatenation(site: Site) -> Iterator[Change]:
    """Neighbours in each other's place."""
    parts = [part for part in site.node.expressions if hasattr(part, "sourceRange")]
    for first, second in pairwise(parts):
        if site.text(first) != site.text(second):
            yield Change("operands", site.swap(first, second), "neighbours in {} swapped")


# Where a number decides what is elaborated, not what is computed.
WIDTH = ("VariableDimension", "RangeDimensionSpecifier")
INDEX = ("ElementSelect",)
CONSTANT = (*WIDTH, "ParameterDeclaration", "IfGenerate", "NamedParamAssignment")


def _group(site: Site) -> str:
    """What a changed number is a change of."""
    if site.inside(*WIDTH):
        return "width"
    if site.inside(*INDEX):
        return "index"
    if site.inside("ParameterDeclaration", "NamedParamAssignment"):
        return "parameter"
    return "constant"


def literal(site: Site) -> Iterator[Change]:
    """A number one up or one down."""
    text = site.text(site.node)
    if not text.isdigit():
        return
    for other in (int(text) + 1, int(text) - 1):
        if other >= 0:
            yield Change(_group(site), (site.replace(site.node, str(other)),), f"{text} becomes {other}")


def sized_literal(site: Site) -> Iterator[Change]:
    """A sized number one up or one down, a bit of a local parameter flipped."""
    text = site.text(site.node)
    found = SIZED.match(text)
    if found is None:
        return
    value = int(found["digits"].replace("_", ""), BASES[found["base"].lower()])
    bits = int(found["size"] or 32)
    others = {(value + 1) % (1 << bits): "constant", (value - 1) % (1 << bits): "constant"}
    if site.inside("ParameterDeclaration"):
        others |= {value ^ (1 << bit): "parameter" for bit in range(bits)}
    for other, group in others.items():
        if other != value:
            shown = f"{found['size']}'{found['signed']}{found['base']}{_digits(other, found['base'].lower())}"
            wanted = group if group == "parameter" else _group(site)
            yield Change(wanted, (site.replace(site.node, shown),), f"{text} becomes {shown}")


def _digits(value: int, base: str) -> str:
    return format(value, {"b": "b", "o": "o", "d": "d", "h": "x"}[base])


def name(site: Site) -> Iterator[Change]:
    """Another signal of the same width."""
    place = site.node.sourceRange.start.offset
    own = site.source.lookup(site.file, place, site.text(site.node))
    if own is None or own.memory or (site.file, own.name) in site.source.clocks:
        return
    seen = {own.name, *(name for file, name in site.source.clocks if file == site.file)}
    for other in sorted(site.source.visible(site.file, place), key=lambda one: (one.name, one.declared)):
        if other.bits == own.bits and not other.memory and other.name not in seen and not is_sink(other.name):
            seen.add(other.name)
            yield Change("signal", (site.replace(site.node, other.name),), f"{own.name} becomes {other.name}")


def bit_select(site: Site) -> Iterator[Change]:
    """The next element."""
    expression = site.node.expr
    if kind_of(expression) != "IntegerLiteralExpression":
        text = site.text(expression)
        yield Change("index", (site.replace(expression, f"{text} + 1'b1"),), f"index {text} one up")


def range_select(site: Site) -> Iterator[Change]:
    """Another place or another width of a part select."""
    if site.inside("RangeDimensionSpecifier"):
        return
    for side in (site.node.left, site.node.right):
        if kind_of(side) != "IntegerLiteralExpression":
            text = site.text(side)
            for sign in "+-":
                changed = site.replace(side, f"{text} {sign} 1")
                yield Change("index", (changed,), f"{text} becomes {text} {sign} 1")


def parameter_value(site: Site) -> Iterator[Change]:
    """A parameter of an instance one off."""
    expression = site.node.expr
    if expression is None or kind_of(expression) == "IntegerLiteralExpression":
        return
    text = site.text(expression)
    for sign in "+-":
        yield Change(
            "parameter", (site.replace(expression, f"{text} {sign} 1"),), f".{site.node.name.rawText} {sign} 1"
        )


def local_parameter(site: Site) -> Iterator[Change]:
    """A computed parameter one off."""
    clause = site.node.initializer
    if clause is None or not site.inside("ParameterDeclaration"):
        return
    expression = clause.expr
    if kind_of(expression) in ("IntegerLiteralExpression", "IntegerVectorExpression"):
        return
    for sign in "+-":
        changed = site.replace(expression, f"({site.text(expression)}) {sign} 1")
        yield Change("parameter", (changed,), f"{site.node.name.rawText} {sign} 1")


def signing(site: Site) -> Iterator[Change]:
    """A signed net or variable that is not."""
    token = getattr(site.node, "signing", None)
    if token is not None and token.rawText == "signed":
        yield Change("sign", (_token(token, ""),), "declared without signed")


def is_sink(name: str) -> bool:
    """Whether a net only says that something is not used, as linters want it."""
    return name.startswith("unused")


Operator = Callable[[Site], Iterator[Change]]

OPERATORS: dict[str, tuple[Operator, ...]] = {
    "ConditionalExpression": (ternary,),
    "ConcatenationExpression": (concatenation,),
    "IntegerLiteralExpression": (literal,),
    "IntegerVectorExpression": (sized_literal,),
    "IdentifierName": (name,),
    "BitSelect": (bit_select,),
    "SimpleRangeSelect": (range_select,),
    "AscendingRangeSelect": (range_select,),
    "DescendingRangeSelect": (range_select,),
    "NamedParamAssignment": (parameter_value,),
    "Declarator": (local_parameter,),
    "ImplicitType": (signing,),
    "RegType": (signing,),
    "LogicType": (signing,),
}


def changes_of_expression(site: Site) -> Iterator[Change]:
    """All mutations of an expression, a declaration or a connection."""
    kind = site.kind
    for operator in OPERATORS.get(kind, ()):
        yield from operator(site)
    if kind.startswith("Unary"):
        yield from unary(site)
    elif kind.endswith("Expression") and "Assignment" not in kind and kind not in OPERATORS:
        yield from binary(site)
