"""Walks through the syntax trees, over what the chip has of them, and collects all mutants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosschop.cosim.mutation.change import Mutant, mutant_of
from crosschop.cosim.mutation.operators import Site, changes_of_expression, is_sink, kind_of
from crosschop.cosim.mutation.source import Source
from crosschop.cosim.mutation.statements import ASSIGNMENTS, changes_of_statement

# What drives loops must end them; what waits for a clock is not logic.
LEFT_ALONE = ("EventControlWithExpression", "NamedBlockClause", "InitialBlock", "GenvarDeclaration")


def all_mutants(source: Source, top: str) -> Iterator[Mutant]:
    """Every mutant of the modules that the chip has, file by file, in the order of the text.

    Args:
        source: the controller.
        top: its module, whose parameters the chipspec sets.
    """
    for module, (file, (first, end)) in source.modules.items():
        for node in source.trees[file].root.members:
            if kind_of(node) == "ModuleDeclaration" and first <= node.sourceRange.start.offset < end:
                for site in _walk(Site(source, file, module, node, ()), module == top):
                    for change in (*changes_of_statement(site), *changes_of_expression(site)):
                        yield mutant_of(source.paths[file], file, module, source.texts[file], change)


def _walk(site: Site, is_top: bool) -> Iterator[Site]:
    """The site and all below it that may change."""
    yield site
    for child in _children(site, is_top):
        yield from _walk(Site(site.source, site.file, site.module, child, (*site.above, site.node)), is_top)


def _children(site: Site, is_top: bool) -> Iterator[Any]:
    kind = site.kind
    output = kind == "NamedPortConnection" and _is_output(site)
    for child in site.node:
        if not hasattr(child, "sourceRange") or kind_of(child) in LEFT_ALONE or _left_out(site, child, is_top):
            continue
        if output or (kind in ASSIGNMENTS and _same(child, site.node.left)):
            yield from _selectors(child)
        else:
            yield child


def _left_out(site: Site, child: Any, is_top: bool) -> bool:
    """Whether nothing of a child may change."""
    kind, node = site.kind, site.node
    if kind in ("IfGenerate", "LoopGenerate", "CaseGenerate"):
        return not _elaborated(site, child)
    if kind == "ForLoopStatement":
        return not (_same(child, node.stopExpr) or _same(child, node.statement))
    if is_top and kind == "AnsiPortList":
        return True  # the contract: what does not fit it is seen by whoever connects it
    if kind_of(child) != "Declarator":
        return False
    name = child.name.rawText
    # The values of parameters in the header come from outside, as a rule
    from_outside = is_top or (site.module, name) in site.source.overridden
    return is_sink(name) or (kind == "ParameterDeclaration" and site.inside("ParameterPortList") and from_outside)


def _selectors(node: Any) -> Iterator[Any]:
    """Of the target of an assignment: its indices; the name is where it goes."""
    if kind_of(node) in ("IdentifierSelectName", "ElementSelectExpression"):
        yield from (child for child in node if hasattr(child, "sourceRange"))


def _is_output(site: Site) -> bool:
    instantiation = next((node for node in reversed(site.above) if kind_of(node) == "HierarchyInstantiation"), None)
    if instantiation is None:
        return False
    port = site.source.ports.get((instantiation.type.rawText, site.node.name.rawText))
    return port is not None and port.direction != "In"


def _same(first: Any, second: Any) -> bool:
    return bool(first.kind == second.kind and first.sourceRange == second.sourceRange)


def _elaborated(site: Site, child: Any) -> bool:
    """Whether the chip has what stands below a generate construct."""
    kind, node = site.kind, site.node

    def has(block: Any) -> bool:
        return (site.file, block.sourceRange.start.offset) in site.source.blocks

    if kind == "LoopGenerate":
        return _same(child, node.stopExpr) or (_same(child, node.block) and has(child))
    if kind == "CaseGenerate":
        return _same(child, node.condition) or has(child.clause)
    if _same(child, node.block):
        return has(child)
    if kind_of(child) == "ElseClause":
        return kind_of(child.clause) == "IfGenerate" or has(child.clause)
    return True
