"""A netlist of library cells as Yosys writes it: modules, their instances, counts and areas."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosschop.model.errors import InputError
from crosschop.model.estimate.logic.liberty_reader import Cell, Liberty

MEMORY = "$mem_v2"
# Cells of Yosys that are no hardware
ANNOTATIONS = ("$scopeinfo", "$print", "$check")

Bit = int | str
Json = dict[str, Any]


@dataclass(frozen=True)
class Memory:
    """A memory of the RTL that becomes SRAM.

    Attributes:
        path: of the instance.
        words, width: its shape.
    """

    path: str
    words: int
    width: int

    @property
    def bits(self) -> int:
        """Words times width."""
        return self.words * self.width


@dataclass(frozen=True)
class Instance:
    """An instance in a module: of a library cell, a memory or another module."""

    name: str
    kind: str
    pins: dict[str, list[Bit]]
    parameters: dict[str, str]


class Module:
    """A module of the netlist.

    Attributes:
        name: in the netlist, with its parameters coded in it.
        source: name in the RTL.
        ports: direction and bits.
        cells: instances of library cells.
        memories: instances of memories.
        children: instances of modules.
        black_boxes: instances of modules without contents.
    """

    def __init__(self, name: str, data: Json, modules: dict[str, Json], liberty: Liberty) -> None:
        self.name = name
        self.source = data.get("attributes", {}).get("hdlname", name).lstrip("\\")
        self.ports: dict[str, tuple[str, list[Bit]]] = {
            port: (value["direction"], value["bits"]) for port, value in data["ports"].items()
        }
        self.cells: list[tuple[Instance, Cell]] = []
        self.memories: list[Instance] = []
        self.children: list[Instance] = []
        self.black_boxes: list[Instance] = []
        self._nets = data["netnames"]
        for cell_name, value in data["cells"].items():
            instance = Instance(cell_name, value["type"], value["connections"], value["parameters"])
            if instance.kind in liberty.cells:
                self.cells.append((instance, liberty.cells[instance.kind]))
            elif instance.kind == MEMORY:
                self.memories.append(instance)
            elif instance.kind in modules and not is_black_box(modules[instance.kind]):
                self.children.append(instance)
            elif instance.kind in modules:
                self.black_boxes.append(instance)
            elif instance.kind not in ANNOTATIONS:
                raise InputError(
                    f"{self.source}: the Liberty file has no cell for {instance.kind}, which Yosys made of the RTL"
                )

    @functools.cached_property
    def net_names(self) -> dict[Bit, str]:
        """The RTL's name of each bit: of several that of a register (x_reg) first, then the shortest."""

        def rank(name: str) -> tuple[bool, int, str]:
            return not name.split("[", maxsplit=1)[0].endswith("_reg"), len(name), name

        names: dict[Bit, str] = {}
        for name, net in self._nets.items():
            if net.get("hide_name") or "$" in name:
                continue
            for number, bit in enumerate(net["bits"]):
                own = f"{name}[{number}]" if len(net["bits"]) > 1 else name
                if bit not in names or rank(own) < rank(names[bit]):
                    names[bit] = own
        return names


def is_black_box(module: Json) -> bool:
    """Whether it is a module without contents: a library cell, or one that the RTL declares so."""
    attributes = module.get("attributes", {})
    return "blackbox" in attributes or "whitebox" in attributes


class Netlist:
    """A mapped design.

    Args:
        data: what `write_json` wrote.
        top: name of the top module.
        liberty: whose cells it is made of.

    Raises:
        InputError: it has a cell that the library lacks, such as a latch.
    """

    def __init__(self, data: Json, top: str, liberty: Liberty) -> None:
        modules = data["modules"]
        self.modules = {
            name: Module(name, module, modules, liberty) for name, module in modules.items() if not is_black_box(module)
        }
        self.black_box_ports = {
            name: {port: value["direction"] for port, value in module["ports"].items()}
            for name, module in modules.items()
            if is_black_box(module)
        }
        self.top = self.modules[top]
        self._counts: dict[str, Counter[str]] = {}

    def counts(self, module: str) -> Counter[str]:
        """Number of library cells of each kind in an instance of a module, all levels together."""
        if module not in self._counts:
            own = Counter(cell.name for _, cell in self.modules[module].cells)
            for child in self.modules[module].children:
                own.update(self.counts(child.kind))
            self._counts[module] = own
        return self._counts[module]

    def memories(self, module: str = "", path: str = "") -> Iterator[Memory]:
        """The memories in an instance of a module, by default of the top."""
        found = self.modules[module] if module else self.top
        for memory in found.memories:
            name = re.sub(r"\.mem$", "", memory.parameters["MEMID"].lstrip("\\"))
            words, width = (int(memory.parameters[key], 2) for key in ("SIZE", "WIDTH"))
            yield Memory(path + name, words, width)
        for child in found.children:
            yield from self.memories(child.kind, f"{path}{child.name}.")

    def instances(self, module: str = "") -> Counter[str]:
        """Number of instances of each module in an instance of a module, by default of the top, itself included."""
        found: Counter[str] = Counter()

        def walk(name: str, times: int) -> None:
            found[name] += times
            inside = Counter(child.kind for child in self.modules[name].children)
            for kind, number in inside.items():
                walk(kind, times * number)

        walk(module or self.top.name, 1)
        return found
