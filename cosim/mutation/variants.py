"""Many mutants in one simulation: copies of the controller under names of their own, and a top that runs one of them.

Starting a simulator with Python in it takes seconds, simulating a mutant up to its first difference often less than one
tenth. So the copies share a simulator, and a process is forked from it for each of them (entry.py). A copy that is not
chosen has inputs that never change and costs no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosschop.cosim.mutation.change import Edit, Mutant, apply_edits
from crosschop.cosim.mutation.operators import kind_of
from crosschop.cosim.mutation.source import Source
from crosschop.model.errors import InputError

# The register of the top that chooses; 0 is none.
SELECT = "mutant_select"


def write_variants(source: Source, top: str, mutants: Sequence[Mutant | None], directory: Path) -> list[Path]:
    """Writes a controller that holds variants, numbered from 1; the chosen one is what its ports show.

    Args:
        source: the controller.
        top: its module, whose name the new top has too.
        mutants: the variants, None for the controller unchanged.
        directory: for the files.

    Returns:
        the files, to compile in place of the controller's.
    """
    names = _names(source)
    files = []
    for number, mutant in enumerate(mutants, 1):
        text = b""
        for file, original in enumerate(source.texts):
            edits = [Edit(first, end, f"{name}__{number}") for first, end, name in names[file]]
            if mutant is not None and mutant.number == file:
                edits += mutant.edits
            text += apply_edits(original, tuple(edits)) + b"\n"
        files.append(directory / f"variant_{number}.v")
        files[-1].write_bytes(text)
    files.append(directory / f"{top}.v")
    files[-1].write_text(_top(source, top, len(mutants)))
    return files


def _names(source: Source) -> list[list[tuple[int, int, str]]]:
    """Places of the names of modules, where they are declared and where they are instantiated, by file."""
    found: list[list[tuple[int, int, str]]] = [[] for _ in source.trees]
    declared = {
        node.header.name.rawText
        for tree in source.trees
        for node in tree.root.members
        if kind_of(node) == "ModuleDeclaration"
    }

    def walk(file: int, node: Any) -> None:
        token = None
        if kind_of(node) == "ModuleDeclaration":
            token = node.header.name
        elif kind_of(node) == "HierarchyInstantiation":
            token = node.type
        if token is not None and token.rawText in declared:
            found[file].append((token.range.start.offset, token.range.end.offset, token.rawText))
        for child in node:
            if hasattr(child, "sourceRange"):
                walk(file, child)

    for file, tree in enumerate(source.trees):
        walk(file, tree.root)
    return found


def _top(source: Source, top: str, count: int) -> str:
    """The module that stands in for the controller."""
    file, (first, _) = source.modules[top]
    module = next(node for node in source.trees[file].root.members if node.sourceRange.start.offset == first)
    header = module.header
    place = header.sourceRange
    parameters = [
        declarator.name.rawText
        for declaration in (header.parameters.declarations if header.parameters is not None else ())
        if hasattr(declaration, "declarators")
        for declarator in declaration.declarators
        if hasattr(declarator, "name")
    ]
    inputs: list[str] = []
    outputs: dict[str, str] = {}
    for port in header.ports.ports:
        if kind_of(port) != "ImplicitAnsiPort":
            if hasattr(port, "sourceRange"):
                raise InputError(f"{source.paths[file]}: {top} has to declare its ports in the header of the module")
            continue
        name = port.declarator.name.rawText
        if source.ports[top, name].direction == "In":
            inputs.append(name)
        else:
            kind = getattr(port.header, "dataType", None) or port.header
            span = [one.sourceRange for one in getattr(kind, "dimensions", ())]
            outputs[name] = source.text(file, span[0].start.offset, span[-1].end.offset) if span else ""
    lines = [
        "`resetall",
        "`timescale 1ns / 1ps",
        source.text(file, place.start.offset, place.end.offset),
        "// Chosen from outside, in a process of its own for each",
        f"reg [31:0] {SELECT} = 32'd0;",
    ]
    values = ", ".join(f".{name}({name})" for name in parameters)
    for number in range(1, count + 1):
        lines += [f"wire {size} {name}__{number};" for name, size in outputs.items()]
        connected = [f".{name}({SELECT} == {number} ? {name} : 0)" for name in inputs]
        connected += [f".{name}({name}__{number})" for name in outputs]
        lines += [f"{top}__{number} {f'#({values})' if values else ''} variant_{number} ({', '.join(connected)});"]
    for name, size in outputs.items():
        lines += [f"reg {size} {name}__chosen;", f"assign {name} = {name}__chosen;", "always @*", f"case ({SELECT})"]
        lines += [f"{number}: {name}__chosen = {name}__{number};" for number in range(1, count + 1)]
        lines += [f"default: {name}__chosen = 0;", "endcase"]
    return "\n".join([*lines, "endmodule", "`resetall", ""])
