"""A controller in cells of a library: its area by block, its registers and memories, its clock."""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.estimate.logic.netlist import Memory
from crosschop.model.estimate.logic.static_timing import Timing, TimingPath
from crosschop.model.estimate.quantity import Range, exactly


@dataclass(frozen=True)
class Slowdown:
    """What makes a path slower than the library says.

    Attributes:
        wires: factor on the delay of gates, for the wires that are not there before a layout.
        library: factor on the delay of gates and on setup, for a library that is too fast.
        flip_flops: the same from the clock to the output of a flip-flop.
    """

    wires: Range
    library: Range
    flip_flops: Range


@dataclass(frozen=True)
class Repeated:
    """A module that a block has several times, such as a lane.

    Attributes:
        module: its name in the RTL.
        number: instances in the block.
        cell_area: of one, um2.
        sequential_area: of one, um2.
    """

    module: str
    number: int
    cell_area: float
    sequential_area: float


@dataclass(frozen=True)
class Block:
    """An instance in the controller's top module.

    Attributes:
        name: of the instance; that of the top module for the gates between the instances.
        module: its name in the RTL.
        cell_area: um2, all levels below included.
        sequential_area: um2 of that in flip-flops.
        cells: number of cells, flip-flops included.
        flip_flops: number of them.
        memory_bits: bits of the memories in it, which are in none of these.
        repeated: modules that stand in it several times.
    """

    name: str
    module: str
    cell_area: float
    sequential_area: float
    cells: int
    flip_flops: int
    memory_bits: int
    repeated: tuple[Repeated, ...]


@dataclass(frozen=True)
class Register:
    """Flip-flops that make one register of the RTL.

    Attributes:
        name: as `module.register`.
        bits: in one instance of the module.
        instances: of the module in the controller.
    """

    name: str
    bits: int
    instances: int


@dataclass(frozen=True)
class LogicSynthesis:
    """The controller of a chip in cells of a library.

    Attributes:
        module: the controller's.
        cell_area: um2, without memories.
        sequential_area: um2 of that in flip-flops.
        cells: number of cells of each kind.
        flip_flops: number of them.
        blocks: by instance of the top module; they add up to the whole.
        registers: what the flip-flops are, the largest first.
        memories: black boxes, left to SRAM.
        timing: slowest paths; None if the library has no delays.
        yosys: version of Yosys.
        liberty: name of the library.
        liberty_digest: of its file.
        script: what Yosys ran, in the folder with the sources.
    """

    module: str
    cell_area: float
    sequential_area: float
    cells: dict[str, int]
    flip_flops: int
    blocks: tuple[Block, ...]
    registers: tuple[Register, ...]
    memories: tuple[Memory, ...]
    timing: Timing | None
    yosys: str
    liberty: str
    liberty_digest: str
    script: str

    @property
    def memory_bits(self) -> int:
        """Bits of all memories."""
        return sum(memory.bits for memory in self.memories)

    def period(self, slowdown: Slowdown) -> Range | None:
        """Shortest clock period, ns, with memories as quick as a flip-flop; None if the library has no delays."""
        if self.timing is None:
            return None
        path = self.timing.critical
        return _period(path, exactly(path.clock_to_q) * slowdown.flip_flops, slowdown)

    def period_behind_memory(self, access: Range, slowdown: Slowdown) -> Range | None:
        """Period of the slowest path that starts at a memory, ns; None without delays or without such a path.

        Args:
            access: from the clock to the data of a read, ns.
            slowdown: of gates and flip-flops; not of the memory.
        """
        if self.timing is None or self.timing.behind_memory is None:
            return None
        return _period(self.timing.behind_memory, access, slowdown)


def _period(path: TimingPath, launch: Range, slowdown: Slowdown) -> Range:
    """Period for a path, ns; `launch` is the delay of what it starts from."""

    def end(start: float, wires: float, library: float) -> float:
        return start + (path.logic * wires + path.setup) * library

    wires, library = slowdown.wires, slowdown.library
    return Range(
        end(launch.low, wires.low, library.low),
        end(launch.nominal, wires.nominal, library.nominal),
        end(launch.high, wires.high, library.high),
    )


def frequency(period: Range) -> Range:
    """The clock frequency of a period: MHz for ns."""
    return Range(1e3 / period.high, 1e3 / period.nominal, 1e3 / period.low)
