"""Static timing of a mapped netlist: the slowest path between two clock edges, across the modules of its hierarchy.

Delays and transitions come from the tables of the Liberty file, with the capacitance of the pins as load and no wires.
All instances of a module count as one, with the latest of their inputs and the heaviest of their loads: the result
holds for every instance, the work does not grow with their number, and no path across a module's boundary is lost.

Where a net is more than its driver may drive, a tree of the library's quickest buffer is assumed that keeps every stage
within its limit; its stages are in the delay, its cells in no area.

Paths begin at flip-flops, memories and input ports, and end at the same. A port is taken to have a flip-flop of the
library behind it; the read port of a memory too, whose access time is not known here (`behind_memory` says what it
has to be added to). Ports cfg_* stand still while the controller works and start no path. Clock nets have no delay.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from crosschop.model.errors import InputError
from crosschop.model.estimate.logic.liberty_reader import Arc, Cell, Liberty
from crosschop.model.estimate.logic.netlist import Bit, Module, Netlist

# Of a flip-flop of 130 nm, where the Liberty file has no arcs for it: 0.5 ns together with the setup time, as is usual
# for flip-flops of minimum size in SKY130
ASSUMED_CLOCK_TO_Q_NS = 0.35
ASSUMED_SETUP_NS = 0.15
STATIC_PORTS = "cfg_"


class CombinationalLoopError(InputError):
    """Gates drive themselves, perhaps only where the instances of a module count as one."""


Node = tuple[str, Bit]  # module, bit


@dataclass(frozen=True)
class Edge:
    """When a transition arrives, and how long it takes, in ns."""

    time: float
    slew: float


@dataclass(frozen=True)
class Arrival:
    """The latest transitions of a net, and the net that they come from."""

    rise: Edge
    fall: Edge
    before: Node | None

    @property
    def time(self) -> float:
        """The later of the two."""
        return max(self.rise.time, self.fall.time)


@dataclass(frozen=True)
class TimingPath:
    """A slowest path, in ns without wires.

    Attributes:
        total: all of it.
        clock_to_q: delay of the flip-flop that it starts from.
        logic: delay of the gates.
        setup: of the flip-flop that it ends in.
        start, end: registers, memory pins or ports, as `module.net` in names of the RTL.
        gates: number of gates on it.
    """

    total: float
    clock_to_q: float
    logic: float
    setup: float
    start: str
    end: str
    gates: int


@dataclass(frozen=True)
class Timing:
    """Slowest paths.

    Attributes:
        critical: of all.
        behind_memory: of those that begin at a memory, its clock_to_q being 0; None without a memory.
        flip_flop_times: whether delay and setup time of the flip-flops are those of the Liberty file.
    """

    critical: TimingPath
    behind_memory: TimingPath | None
    flip_flop_times: bool


@dataclass(frozen=True)
class _Gate:
    """What a cell does on the way to one of its outputs."""

    cell: Cell
    pin: str
    inputs: tuple[tuple[Node, Arc], ...]


class StaticTiming:
    """Slowest paths of a netlist.

    Raises:
        CombinationalLoopError: gates drive themselves.
    """

    def __init__(self, netlist: Netlist, liberty: Liberty) -> None:
        self.netlist, self.liberty = netlist, liberty
        used = {cell.name: cell for module in netlist.modules.values() for _, cell in module.cells if cell.sequential}
        # A design of gates alone is measured as if it stood between flip-flops
        flops = list(used.values()) or [cell for cell in liberty.cells.values() if cell.sequential]
        self.flop = min(flops, key=lambda cell: (cell.area, cell.name))
        self.flip_flop_times = all(cell.launches and cell.setup for cell in flops)

        self.gates: dict[Node, _Gate] = {}
        self.launches: dict[Node, Cell | None] = {}  # None: port or memory
        self.ends: dict[Node, float] = {}  # setup time
        self.registers: dict[Node, Node] = {}  # data input of a flip-flop: its output
        self.memory_outputs: set[Node] = set()
        self.copies: dict[Node, list[Node]] = defaultdict(list)  # net behind a boundary: the nets before it
        self.pin_loads: dict[Node, float] = defaultdict(float)
        self.inward: dict[Node, list[Node]] = defaultdict(list)  # net: nets in children that it feeds
        self.outward: dict[Node, list[Node]] = defaultdict(list)  # net at an output: nets of the parents
        for module in netlist.modules.values():
            self._collect(module)
        self._ports()

    def _collect(self, module: Module) -> None:
        name = module.name
        for instance, cell in module.cells:
            node = {pin: (name, bits[0]) for pin, bits in instance.pins.items() if bits and isinstance(bits[0], int)}
            for pin, capacitance in cell.capacitance.items():
                if pin in node and pin not in cell.clocks:
                    self.pin_loads[node[pin]] += capacitance
                    if cell.sequential:
                        self.registers[node[pin]] = next((node[out] for out in cell.outputs if out in node), node[pin])
                        self._ends(node[pin], cell.setup.get(pin, self._setup(cell)))
            for pin in cell.outputs:
                if pin not in node:
                    continue
                if cell.sequential:
                    self.launches[node[pin]] = cell
                else:
                    arcs = tuple((node[arc.related], arc) for arc in cell.arcs.get(pin, ()) if arc.related in node)
                    self.gates[node[pin]] = _Gate(cell, pin, arcs)
        for memory in (*module.memories, *module.black_boxes):
            self._memory(module, memory.kind, memory.pins)
        for child in module.children:
            ports = self.netlist.modules[child.kind].ports
            for port, bits in child.pins.items():
                direction, inner_bits = ports[port]
                for outer_bit, inner_bit in zip(bits, inner_bits, strict=False):
                    outer, inner = (name, outer_bit), (child.kind, inner_bit)
                    if direction == "input" and isinstance(outer_bit, int):
                        self.copies[inner].append(outer)
                        self.inward[outer].append(inner)
                    elif direction == "output" and isinstance(inner_bit, int):
                        self.copies[outer].append(inner)
                        self.outward[inner].append(outer)

    def _memory(self, module: Module, kind: str, pins: dict[str, list[Bit]]) -> None:
        box = self.netlist.black_box_ports.get(kind, {})
        for pin, bits in pins.items():
            output = pin == "RD_DATA" or box.get(pin) == "output"
            for bit in bits:
                node = (module.name, bit)
                if not isinstance(bit, int) or pin.endswith("_CLK"):
                    continue
                if output:
                    self.launches[node] = None
                    self.memory_outputs.add(node)
                else:
                    self.pin_loads[node] += max(self.flop.capacitance.values())
                    self._ends(node, self._setup(self.flop))

    def _ports(self) -> None:
        top = self.netlist.top
        clocks = {
            (module.name, bit)
            for module in self.netlist.modules.values()
            for instance, cell in module.cells
            for pin in cell.clocks
            for bit in instance.pins.get(pin, ())
        }
        for port, (direction, bits) in top.ports.items():
            for bit in bits:
                node = (top.name, bit)
                if not isinstance(bit, int):
                    continue
                if direction == "output":
                    self._ends(node, self._setup(self.flop))
                elif node not in clocks and not port.startswith(STATIC_PORTS):
                    self.launches[node] = None

    def _setup(self, cell: Cell) -> float:
        return max(cell.setup.values(), default=ASSUMED_SETUP_NS)

    def _ends(self, node: Node, setup: float) -> None:
        self.ends[node] = max(self.ends.get(node, 0.0), setup)

    @cached_property
    def order(self) -> list[Node]:
        """All nets, each behind those that it depends on."""
        before: dict[Node, list[Node]] = {
            node: [start for start, _ in gate.inputs] for node, gate in self.gates.items()
        }
        for node, starts in self.copies.items():
            before[node] = [*before.get(node, []), *starts]
        try:
            return list(TopologicalSorter(before).static_order())
        except CycleError as error:
            names = " -> ".join(self.name(node) for node in error.args[1][:4])
            raise CombinationalLoopError(f"the logic has a combinational loop: {names}") from None

    @cached_property
    def loads(self) -> dict[Node, float]:
        """What the driver of each net sees, in pF."""
        below: dict[Node, float] = {}

        def inside(node: Node) -> float:
            if node not in below:
                below[node] = self.pin_loads.get(node, 0.0) + sum(inside(inner) for inner in self.inward.get(node, ()))
            return below[node]

        def everything(node: Node) -> float:
            return inside(node) + max((everything(outer) for outer in self.outward.get(node, ())), default=0.0)

        return {node: everything(node) for node in {*self.gates, *self.launches}}

    @cached_property
    def buffer(self) -> tuple[Cell, Arc, float] | None:
        """The buffer of trees: the quickest at its largest load; its arc and that load."""
        found = []
        for cell in self.liberty.cells.values():
            for pin, arcs in cell.arcs.items():
                if len(cell.capacitance) == 1 and not arcs[0].inverting and (load := cell.max_load.get(pin)):
                    found.append((arcs[0].rise[0](0.0, load) / load, cell.name, cell, arcs[0], load))
        return min(found)[2:] if found else None

    def _drive(self, limit: float | None, node: Node) -> tuple[float, int]:
        """The load that a driver really sees, and the stages of the tree behind it."""
        load = self.loads.get(node, 0.0)
        if limit is None or load <= limit or self.buffer is None:
            return load, 0
        cell, _, per_buffer = self.buffer
        gain = per_buffer / max(cell.capacitance.values())
        return limit, max(1, math.ceil(math.log(load / limit) / math.log(gain))) if gain > 1 else 1

    def _through(self, arc: Arc, start: tuple[Edge, Edge], cell: Cell, pin: str, node: Node) -> tuple[Edge, Edge]:
        """Rise and fall at the output of a gate for those at one of its inputs, with the tree behind it."""
        rise, fall = start
        load, stages = self._drive(cell.max_load.get(pin), node)
        ends = []
        for tables, same, opposite in ((arc.rise, rise, fall), (arc.fall, fall, rise)):
            causes = [same] * arc.following + [opposite] * arc.inverting
            edges = [Edge(cause.time + tables[0](cause.slew, load), tables[1](cause.slew, load)) for cause in causes]
            ends.append(_latest(edges))
        if stages and self.buffer is not None:
            _, buffer_arc, buffer_load = self.buffer
            for number, tables in enumerate((buffer_arc.rise, buffer_arc.fall)):
                for _ in range(stages):
                    edge = ends[number]
                    ends[number] = Edge(
                        edge.time + tables[0](edge.slew, buffer_load), tables[1](edge.slew, buffer_load)
                    )
        return ends[0], ends[1]

    def _launch(self, node: Node, cell: Cell) -> tuple[Edge, Edge]:
        still = Edge(0.0, 0.0)
        found = []
        for pin, arcs in cell.launches.items():
            for arc in arcs:
                # One edge of the clock leads to both
                both = Arc(arc.related, False, True, arc.rise, arc.fall)
                found.append(self._through(both, (still, still), cell, pin, node))
        if not found:
            edge = Edge(ASSUMED_CLOCK_TO_Q_NS, 0.0)
            return edge, edge
        return _latest([rise for rise, _ in found]), _latest([fall for _, fall in found])

    def _arrivals(self, starts: dict[Node, tuple[Edge, Edge]]) -> dict[Node, Arrival]:
        found = {node: Arrival(rise, fall, None) for node, (rise, fall) in starts.items()}
        for node in self.order:
            ends: list[tuple[Edge, Edge, Node]] = []
            if gate := self.gates.get(node):
                for start, arc in gate.inputs:
                    if start in found:
                        at = found[start]
                        ends.append((*self._through(arc, (at.rise, at.fall), gate.cell, gate.pin, node), start))
            ends += [(found[one].rise, found[one].fall, one) for one in self.copies.get(node, ()) if one in found]
            if ends:
                rise, fall = _latest([end[0] for end in ends]), _latest([end[1] for end in ends])
                last = max(ends, key=lambda end: max(end[0].time, end[1].time))[2]
                found[node] = Arrival(rise, fall, last)
        return found

    def _path(self, starts: dict[Node, tuple[Edge, Edge]]) -> TimingPath | None:
        arrivals = self._arrivals(starts)
        reached = [(arrivals[node].time + setup, node) for node, setup in self.ends.items() if node in arrivals]
        if not reached:
            return None
        total, end = max(reached, key=lambda one: (one[0], self.name(one[1])))
        nodes = [end]
        while (before := arrivals[nodes[-1]].before) is not None:
            nodes.append(before)
        launch, setup = arrivals[nodes[-1]].time, self.ends[end]
        return TimingPath(
            total=total,
            clock_to_q=launch,
            logic=total - launch - setup,
            setup=setup,
            start=self.name(nodes[-1]),
            end=self.name(self.registers.get(end, end)),
            gates=sum(1 for node in nodes if node in self.gates),
        )

    def name(self, node: Node) -> str:
        """A net in names of the RTL."""
        module = self.netlist.modules[node[0]]
        return f"{module.source}.{module.net_names.get(node[1], '(a net without a name)')}"

    def timing(self) -> Timing:
        """The slowest paths."""
        starts = {node: self._launch(node, cell or self.flop) for node, cell in self.launches.items()}
        critical = self._path(starts)
        if critical is None:
            raise InputError(f"{self.netlist.top.source}: no path from a register or input to a register or output")
        still = Edge(0.0, 0.0)
        behind = self._path(dict.fromkeys(self.memory_outputs, (still, still)))
        return Timing(critical, behind, self.flip_flop_times)


def _latest(edges: list[Edge]) -> Edge:
    """The latest of several transitions, with the slowest slope of all."""
    return Edge(max(edge.time for edge in edges), max(edge.slew for edge in edges))


def slowest_paths(netlist: Netlist, liberty: Liberty) -> Timing:
    """The slowest paths of a netlist.

    Raises:
        CombinationalLoopError: gates drive themselves.
        InputError: it has no path.
    """
    return StaticTiming(netlist, liberty).timing()
