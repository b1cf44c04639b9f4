"""The controller's sources as syntax trees, and what of them a chip has: branches, modules, signals, widths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosschop.cosim.dut import Dut
from crosschop.model.errors import InputError, MissingToolError

INSTALL = "pip install 'crosschop[mutation]'"
# Left out as synthesis leaves it out: checks of parameters and of use, which are no logic.
SYNTHESIS = "SYNTHESIS"


def require_slang() -> None:
    """Finds out whether the parser is there.

    Raises:
        MissingToolError: it is not.
    """
    try:
        import pyslang  # noqa: F401
    except ImportError:
        raise MissingToolError(f"mutants are made by pyslang, which is not installed: {INSTALL}") from None


@dataclass(frozen=True)
class Signal:
    """A net or variable.

    Attributes:
        name: without hierarchy.
        bits: width, that of its first instance.
        file: index of its file.
        scope: bytes of the file in which the name means this signal, first and end.
        declared: where its own declaration begins; a use must come behind it.
        memory: it has unpacked dimensions.
    """

    name: str
    bits: int
    file: int
    scope: tuple[int, int]
    declared: int
    memory: bool

    def visible(self, file: int, offset: int) -> bool:
        """Whether its name can be used there."""
        return self.file == file and self.scope[0] <= self.declared < offset < self.scope[1]


@dataclass(frozen=True)
class Port:
    """A port of a module: direction and width, those of the module's first instance."""

    direction: str
    bits: int


@dataclass
class Source:
    """The sources of a controller, as one chip has them.

    Attributes:
        paths: the files.
        texts: their content.
        trees: their syntax.
        modules: file and bytes of every module that the chip has, by name.
        blocks: file and first byte of every generate block that the chip has.
        signals: nets and variables.
        ports: by module and name.
        instantiated: modules that a module contains, by its name.
        overridden: module and name of the parameters that an instantiation sets.
        declarations: type of a variable as it is written, by file and place of its name.
        clocks: file and name of what blocks wait for an edge of.
    """

    paths: tuple[Path, ...]
    texts: tuple[bytes, ...]
    trees: tuple[Any, ...]
    modules: dict[str, tuple[int, tuple[int, int]]] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    signals: dict[tuple[int, int, str], Signal] = field(default_factory=dict)
    ports: dict[tuple[str, str], Port] = field(default_factory=dict)
    instantiated: dict[str, set[str]] = field(default_factory=dict)
    overridden: set[tuple[str, str]] = field(default_factory=set)
    declarations: dict[tuple[int, int], str] = field(default_factory=dict)
    clocks: set[tuple[int, str]] = field(default_factory=set)

    def text(self, file: int, first: int, end: int) -> str:
        """Part of a file."""
        return self.texts[file][first:end].decode()

    def lookup(self, file: int, offset: int, name: str) -> Signal | None:
        """The signal that a name means at a place: that of the innermost scope."""
        found = [one for one in self.signals.values() if one.name == name and one.visible(file, offset)]
        return max(found, key=lambda one: one.scope[0], default=None)

    def visible(self, file: int, offset: int) -> Iterator[Signal]:
        """Signals whose names can be used at a place."""
        return (one for one in self.signals.values() if one.visible(file, offset))


def read_source(dut: Dut, parameters: dict[str, int]) -> Source:
    """Parses and elaborates the sources of a controller.

    Args:
        dut: the controller.
        parameters: of its module.

    Raises:
        MissingToolError: pyslang is not installed.
        InputError: the sources are no legal Verilog.
    """
    require_slang()
    import pyslang
    from pyslang import ast, parsing, syntax

    bag = pyslang.Bag()
    preprocessing = parsing.PreprocessorOptions()
    preprocessing.predefines = [SYNTHESIS, *(f"{name}={value}" if value else name for name, value in dut.defines)]
    preprocessing.additionalIncludePaths = list(dut.search_path)
    options = ast.CompilationOptions()
    options.topModules = {dut.module}
    options.paramOverrides = [f"{name}={value}" for name, value in parameters.items()]
    bag.compilationOptions, bag.preprocessorOptions = options, preprocessing
    manager = pyslang.SourceManager()
    trees = tuple(syntax.SyntaxTree.fromFile(str(path), manager, bag) for path in dut.sources)
    compilation = ast.Compilation(bag)
    for tree in trees:
        compilation.addSyntaxTree(tree)
    for problem in compilation.getAllDiagnostics():
        if problem.isError():
            raise InputError(pyslang.DiagnosticEngine.reportAll(manager, [problem]).strip().splitlines()[0])
    source = Source(dut.sources, tuple(path.read_bytes() for path in dut.sources), trees)
    buffers = {tree.root.sourceRange.start.buffer: number for number, tree in enumerate(trees)}
    _Elaborated(source, buffers, ast).instance(compilation.getRoot().topInstances[0])
    for number, tree in enumerate(trees):
        _note_syntax(source, number, tree.root)
    return source


def _note_syntax(source: Source, file: int, node: Any) -> None:
    """Which parameters instantiations set, the types of variables, and the clocks."""
    kind = str(node.kind).rpartition(".")[2]
    if kind == "HierarchyInstantiation" and node.parameters is not None:
        for value in node.parameters.parameters:
            if hasattr(value, "name"):
                source.overridden.add((node.type.rawText, value.name.rawText))
    elif kind == "SignalEventExpression":
        place = node.expr.sourceRange
        source.clocks.add((file, source.text(file, place.start.offset, place.end.offset)))
    elif kind == "DataDeclaration":
        place = node.type.sourceRange
        for declarator in node.declarators:
            if hasattr(declarator, "name"):
                written = source.text(file, place.start.offset, place.end.offset)
                source.declarations[file, declarator.name.location.offset] = written
    for child in node:
        if hasattr(child, "sourceRange"):
            _note_syntax(source, file, child)


class _Elaborated:
    """Walks through the elaborated design and notes what it finds in the source."""

    def __init__(self, source: Source, buffers: dict[Any, int], ast: Any) -> None:
        self._source, self._buffers, self._ast = source, buffers, ast

    def instance(self, instance: Any) -> None:
        """An instance of a module and everything below it."""
        place = self._range(instance.definition.syntax)
        name = str(instance.definition.name)
        if place is None or not instance.isModule:
            return  # in an included file: not ours to change
        file, whole = place
        self._source.modules.setdefault(name, (file, whole))
        self._source.instantiated.setdefault(name, set())
        self._scope(instance.body, name, file, whole)

    def _range(self, node: Any) -> tuple[int, tuple[int, int]] | None:
        place = node.sourceRange
        file = self._buffers.get(place.start.buffer)
        return None if file is None else (file, (place.start.offset, place.end.offset))

    def _scope(self, scope: Any, module: str, file: int, whole: tuple[int, int]) -> None:
        kind = self._ast.SymbolKind
        for member in scope:
            if member.kind == kind.Port:
                direction = str(member.direction).rpartition(".")[2]
                self._source.ports.setdefault((module, member.name), Port(direction, int(member.type.bitWidth)))
            elif member.kind in (kind.Net, kind.Variable):
                where = member.location
                if self._buffers.get(where.buffer) == file:
                    memory = bool(member.type.isUnpackedArray)
                    signal = Signal(member.name, int(member.type.bitWidth), file, whole, where.offset, memory)
                    self._source.signals.setdefault((file, where.offset, member.name), signal)
            elif member.kind == kind.Instance:
                self._source.instantiated[module].add(member.definition.name)
                self.instance(member)
            elif member.kind == kind.InstanceArray:
                for one in member:
                    self._source.instantiated[module].add(one.definition.name)
                    self.instance(one)
            elif member.kind == kind.GenerateBlockArray:
                self._scope(member, module, file, whole)
            elif member.kind == kind.GenerateBlock and not member.isUninstantiated:
                place = self._range(member.syntax)
                if place is not None:
                    self._source.blocks.add((place[0], place[1][0]))
                    self._scope(member, module, file, place[1])
