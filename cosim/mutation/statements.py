"""Mutation operators on statements and instances: what may be left out, come late, or be connected wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from crosschop.cosim.mutation.change import Change, Edit
from crosschop.cosim.mutation.operators import Site, kind_of

NONBLOCKING = "NonblockingAssignmentExpression"
ASSIGNMENTS = ("AssignmentExpression", NONBLOCKING)
RESETS = ("rst", "reset")


def _is_reset(text: str) -> bool:
    """Whether a condition is a reset and nothing else."""
    plain = text.strip("!~() ")
    return plain.isidentifier() and any(word in plain.lower() for word in RESETS)


def in_reset(site: Site) -> bool:
    """Whether a statement is what a reset does."""
    inner = (*site.above[1:], site.node)
    return any(
        kind_of(node) == "ConditionalStatement"
        and kind_of(below) not in ("ConditionalPredicate", "ElseClause")
        and _is_reset(site.text(node.predicate))
        for node, below in zip(site.above, inner, strict=True)
    )


def assignment(site: Site) -> Iterator[Change]:
    """An assignment left out, a clock late, or with another reset value."""
    expression = site.node.expr
    kind = kind_of(expression)
    if kind not in ASSIGNMENTS:
        return
    target = site.text(expression.left)
    gone = (site.replace(site.node, ";"),)
    if in_reset(site):
        yield Change("reset", gone, f"{target} is not reset")
        value = site.text(expression.right)
        for other in (f"~({value})", f"({value}) ^ 1'b1"):
            yield Change("reset", (site.replace(expression.right, other),), f"reset value of {target} is {other}")
        return
    yield Change("assignment", gone, f"{target} is not assigned")
    if kind == NONBLOCKING:
        yield from _late(site, target)


def _late(site: Site, target: str) -> Iterator[Change]:
    """A register that gets its value one assignment later."""
    place = site.node.sourceRange.start.offset
    signal = site.source.lookup(site.file, place, target)
    block = next((node for node in site.above if kind_of(node) == "AlwaysBlock"), None)
    if signal is None or signal.memory or block is None:
        return
    declaration = site.source.declarations.get((site.file, signal.declared))
    if declaration is None:
        return
    begin = block.sourceRange.start.offset
    value = site.text(site.node.expr.right)
    yield Change(
        "late",
        (
            Edit(begin, begin, f"{declaration} {target}_late;\n\n"),
            site.replace(site.node, f"{target}_late <= {value}; {target} <= {target}_late;"),
        ),
        f"{target} comes one assignment late",
    )


def condition(site: Site) -> Iterator[Change]:
    """A condition negated, or stuck."""
    predicate = site.node.predicate
    text = site.text(predicate)
    yield Change("condition", (site.replace(predicate, f"!({text})"),), f"condition {text} negated")
    for value in ("1'b0", "1'b1"):
        yield Change("condition", (site.replace(predicate, value),), f"condition {text} stuck at {value[-1]}")


def dropped_else(site: Site) -> Iterator[Change]:
    """An if without its else."""
    if site.node.elseClause is not None:
        yield Change("branch", (site.replace(site.node.elseClause, ""),), "else left out")


def dropped_arm(site: Site) -> Iterator[Change]:
    """A case without one of its arms."""
    label = site.text(site.node).partition(":")[0].strip()
    yield Change("branch", (site.replace(site.node, ""),), f"case arm {label} left out")


def generate_condition(site: Site) -> Iterator[Change]:
    """The other branch of a generate."""
    text = site.text(site.node.condition)
    yield Change("condition", (site.replace(site.node.condition, f"!({text})"),), f"generate {text} negated")


def connections(site: Site) -> Iterator[Change]:
    """Two ports of an instance, of the same width and direction, connected to each other's nets."""
    module = site.above[-1].type.rawText
    connected: list[tuple[Any, Any]] = []
    for connection in site.node.connections:
        if kind_of(connection) == "NamedPortConnection" and connection.expr is not None:
            port = site.source.ports.get((module, connection.name.rawText))
            if port is not None and (site.file, site.text(connection.expr)) not in site.source.clocks:
                connected.append((port, connection))
    for (port, first), (other, second) in combinations(connected, 2):
        if port == other and site.text(first.expr) != site.text(second.expr):
            names = f".{first.name.rawText} and .{second.name.rawText}"
            yield Change("connection", site.swap(first.expr, second.expr), f"{names} swapped")


STATEMENTS: dict[str, tuple[Callable[[Site], Iterator[Change]], ...]] = {
    "ExpressionStatement": (assignment,),
    "ConditionalStatement": (condition, dropped_else),
    "ConditionalExpression": (condition,),
    "StandardCaseItem": (dropped_arm,),
    "DefaultCaseItem": (dropped_arm,),
    "IfGenerate": (generate_condition,),
    "HierarchicalInstance": (connections,),
}


def changes_of_statement(site: Site) -> Iterator[Change]:
    """All mutations of a statement or an instance."""
    for operator in STATEMENTS.get(site.kind, ()):
        yield from operator(site)
