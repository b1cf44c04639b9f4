"""Delays, setup times and input capacitances of a flip-flop.

Times in ns, capacitances in pF. Every run begins with a cycle that brings the flip-flop to the other level, since what
it holds at first is the solver's choice. Hold, recovery and removal times are not characterised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from crosschop.model.errors import ToolError
from crosschop.model.estimate.liberty.cells import FlipFlop
from crosschop.model.estimate.liberty.combinational import LOADS, MIDDLE, SLEWS, Edge, Table, loads
from crosschop.model.estimate.liberty.spice import (
    DELAY_AT,
    Waves,
    instance,
    level_net,
    piecewise,
    simulate,
)
from crosschop.model.estimate.liberty.transistors import Netlist

# Transitions of clock and data in the setup tables, ns
SETUP_SLEWS = (0.03, 0.2, 0.8)
# Data is early enough if the flip-flop takes at most so much longer than with data long there; the usual criterion
MAX_PUSH_OUT = 1.1
# Between these times before the clock the setup time is sought by bisection, ns: 1.6 / 2^9 is 3 ps
EARLIEST, LATEST = 1.2, -0.4
HALVINGS = 9

# Half a period, ns: enough for the slowest ramp, 1.7, and for what follows it
HALF = 2.5
# Clock edge that is looked at, and the one before it that brings the other level
FIRST, SECOND = HALF, 3 * HALF


@dataclass(frozen=True)
class Run:
    """One instance: data changes from the other level to `level` before the second clock edge.

    Attributes:
        level: that is clocked in, so Q's after the second edge.
        clock_slew: ns.
        data_slew: ns.
        lead: from data half way to clock half way, ns.
        load: of Q, pF.
    """

    level: bool
    clock_slew: float
    data_slew: float
    lead: float
    load: float


@dataclass(frozen=True)
class FlipFlopTiming:
    """Timing of a flip-flop.

    Attributes:
        capacitances: of every input, pF.
        tables: cell_rise, cell_fall, rise_transition, fall_transition of Q after the clock: a row per slew of the
            clock, a column per load.
        setup: rise_constraint and fall_constraint of data: a row per slew of the clock, a column per slew of data.
    """

    capacitances: dict[str, float]
    tables: dict[str, Table]
    setup: dict[str, Table]


def _simulate(globals_: str, netlist: Netlist, cell: FlipFlop, runs: Sequence[Run]) -> Waves:
    circuit, save = [], []
    for number, run in enumerate(runs):
        clock, data, output = f"k{number}", f"d{number}", f"q{number}"
        edges = [(FIRST, run.clock_slew), (FIRST + HALF, run.clock_slew), (SECOND, run.clock_slew)]
        circuit += [
            piecewise(clock, clock, False, edges),
            piecewise(data, data, not run.level, [(SECOND - run.lead, run.data_slew)]),
            f"c{output} {output} 0 {run.load}p",
            instance(
                str(number),
                netlist.ports,
                netlist.name,
                {"CLK": clock, "D": data, "Q": output} | {pin: level_net(on) for pin, on in cell.idle.items()},
            ),
        ]
        save += [f"v({output})", f"i(v{clock})", f"i(v{data})"]
    return simulate(globals_, netlist.text, circuit, save, SECOND + HALF)


def _edges(waves: Waves, runs: Sequence[Run]) -> list[Edge | None]:
    """What Q does at the second clock edge; none where it does not take the level, or did not have the other."""
    found: list[Edge | None] = []
    for number, run in enumerate(runs):
        node = f"q{number}"
        span = (SECOND - HALF / 2, SECOND + HALF)
        crossing = waves.crossing(node, DELAY_AT, run.level, *span)
        transition = waves.transition(node, run.level, *span)
        before, after = (abs(waves.level(node, when) - run.level) for when in span)
        done = crossing is not None and transition is not None and before > 0.9 and after < 0.1
        found.append(Edge(crossing - SECOND, transition) if done and crossing and transition else None)
    return found


def _delays(globals_: str, netlist: Netlist, cell: FlipFlop) -> tuple[dict[str, float], dict[str, Table]]:
    """Capacitances of clock and data, and the tables of Q after the clock."""
    data_slew = SLEWS[MIDDLE[0]]
    grid = list(product((True, False), SLEWS, loads(cell.name)))
    runs = [Run(level, slew, data_slew, HALF, load) for level, slew, load in grid]
    waves = _simulate(globals_, netlist, cell, runs)
    edges = _edges(waves, runs)
    if None in edges:
        raise ToolError(f"{netlist.name}: Q does not follow the clock within {HALF} ns")
    of = dict(zip(grid, filter(None, edges), strict=True))
    tables: dict[str, Table] = {}
    for level, name in ((True, "rise"), (False, "fall")):
        rows = [[of[level, slew, load] for load in loads(cell.name)] for slew in SLEWS]
        tables[f"cell_{name}"] = [[edge.delay for edge in row] for row in rows]
        tables[f"{name}_transition"] = [[edge.transition for edge in row] for row in rows]
    # Rising and falling clock in the first cycle, where nothing else moves
    numbers = range(len(runs))
    capacitances = {
        "CLK": fmean(
            waves.capacitance(f"vk{number}", begin, begin + HALF)
            for number in numbers
            for begin in (FIRST - HALF / 2, FIRST + HALF / 2)
        ),
        "D": fmean(waves.capacitance(f"vd{number}", SECOND - 1.5 * HALF, SECOND - HALF / 2) for number in numbers),
    }
    return capacitances, tables


def _setup(globals_: str, netlist: Netlist, cell: FlipFlop) -> dict[str, Table]:
    """Least time that data has to be there before the clock, by bisection of all entries at once."""
    load = loads(cell.name)[MIDDLE[1]]
    grid = list(product((True, False), SETUP_SLEWS, SETUP_SLEWS))

    def delays(leads: Sequence[float]) -> list[float | None]:
        runs = [Run(*entry, lead, load) for entry, lead in zip(grid, leads, strict=True)]
        edges = _edges(_simulate(globals_, netlist, cell, runs), runs)
        return [None if edge is None else edge.delay for edge in edges]

    early = [EARLIEST] * len(grid)
    late = [LATEST] * len(grid)
    undisturbed = delays([HALF] * len(grid))
    limits = [MAX_PUSH_OUT * delay if delay is not None else 0.0 for delay in undisturbed]
    for _ in range(HALVINGS):
        middles = [(one + other) / 2 for one, other in zip(early, late, strict=True)]
        for number, delay in enumerate(delays(middles)):
            (early if delay is not None and delay <= limits[number] else late)[number] = middles[number]
    if EARLIEST in early or LATEST in late:
        raise ToolError(f"{netlist.name}: no setup time between {LATEST} and {EARLIEST} ns")
    of = dict(zip(grid, early, strict=True))
    return {
        name: [[of[level, clock, data] for data in SETUP_SLEWS] for clock in SETUP_SLEWS]
        for level, name in ((True, "rise_constraint"), (False, "fall_constraint"))
    }


def _asynchronous(globals_: str, netlist: Netlist, cell: FlipFlop, pin: str) -> float:
    """Capacitance of a clear or preset pin, pF, with the clock low and Q where the pin puts it."""
    slew = SLEWS[MIDDLE[0]]
    nets = {"CLK": "0", "D": level_net(pin == cell.preset), "Q": "q", pin: "r"}
    circuit = [
        piecewise("r", "r", False, [(HALF, slew), (2 * HALF, slew)]),
        f"cq q 0 {LOADS[0]}p",
        instance("0", netlist.ports, netlist.name, nets),
    ]
    waves = simulate(globals_, netlist.text, circuit, ["i(vr)"], 3 * HALF)
    return fmean(waves.capacitance("vr", *span) for span in ((0, 1.5 * HALF), (1.5 * HALF, 3 * HALF)))


def characterise_flip_flop(globals_: str, netlist: Netlist, cell: FlipFlop) -> FlipFlopTiming:
    """All of a flip-flop's timing.

    Raises:
        ToolError: ngspice is missing or fails, or the flip-flop does not work.
    """
    capacitances, tables = _delays(globals_, netlist, cell)
    capacitances |= {pin: _asynchronous(globals_, netlist, cell, pin) for pin in cell.idle}
    return FlipFlopTiming(capacitances, tables, _setup(globals_, netlist, cell))
