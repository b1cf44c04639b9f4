"""Delays, transitions and input capacitances of a combinational cell.

Times in ns, capacitances in pF. Every arc is from one input to one output. The levels of the other inputs are those
that make it slowest: all that let the output follow the input are tried in the middle of the table, and the whole table
is that of the slowest, separately for the rising and the falling output.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from crosschop.model.errors import ToolError
from crosschop.model.estimate.liberty.cells import drive
from crosschop.model.estimate.liberty.logic import Logic
from crosschop.model.estimate.liberty.spice import (
    DELAY_AT,
    instance,
    level_net,
    piecewise,
    ramp_time,
    simulate,
)
from crosschop.model.estimate.liberty.transistors import Netlist

# Input transitions, ns, and loads of drive strength 1, pF. Both within the published library's tables, roughly evenly
# spaced on a logarithmic scale; a stronger cell gets as many times the load.
SLEWS = (0.01, 0.03, 0.1, 0.3, 1.0)
LOADS = (0.0005, 0.002, 0.008, 0.025, 0.06)
MIDDLE = (2, 2)

# How long a cell gets to settle after the ramp, ns, and how far from the rail it may then be
SETTLING = 0.8
SETTLED = 0.02
MAX_SETTLING = 64.0
# An exponential is within 2 % of its end after 2.8 times the time from 20 % to 80 %
TRANSITIONS_TO_SETTLE = 3.5

Table = list[list[float]]


@dataclass(frozen=True)
class Stimulus:
    """One instance: an input that toggles, the others still.

    Attributes:
        pin: input that toggles.
        vector: levels of the others.
        output: that is looked at, and bears the load.
        inverted: whether the output falls as the input rises.
        slew: of the input.
        load: pF; other outputs bear the least load.
    """

    pin: str
    vector: tuple[tuple[str, bool], ...]
    output: str
    inverted: bool
    slew: float
    load: float


@dataclass(frozen=True)
class Edge:
    """What an output does."""

    delay: float
    transition: float


@dataclass(frozen=True)
class Response:
    """What comes of a stimulus: both edges of the output, and the capacitance of the input, pF."""

    rise: Edge
    fall: Edge
    capacitance: float


@dataclass(frozen=True)
class Arc:
    """Timing of an output after an input; the tables have a row per slew, a column per load.

    Attributes:
        sense: positive_unate, negative_unate, or non_unate where the other inputs decide.
    """

    pin: str
    output: str
    sense: str
    cell_rise: Table
    cell_fall: Table
    rise_transition: Table
    fall_transition: Table


def loads(name: str) -> tuple[float, ...]:
    """Loads of a cell's tables, pF."""
    return tuple(round(load * drive(name), 6) for load in LOADS)


def respond(
    globals_: str, netlist: Netlist, outputs: Sequence[str], stimuli: Sequence[Stimulus], settling: float
) -> list[Response]:
    """Simulates instances side by side, giving them more time as long as one of them does not settle.

    Raises:
        ToolError: ngspice is missing or fails, or an output does not follow its input.
    """
    while settling <= MAX_SETTLING:
        found = _attempt(globals_, netlist, outputs, stimuli, settling)
        if found is not None:
            return found
        settling *= 2
    raise ToolError(f"{netlist.name}: an output does not follow its input in {MAX_SETTLING} ns")


def _attempt(
    globals_: str, netlist: Netlist, outputs: Sequence[str], stimuli: Sequence[Stimulus], settling: float
) -> list[Response] | None:
    ramp = max(ramp_time(stimulus.slew) for stimulus in stimuli)
    least = min(stimulus.load for stimulus in stimuli)
    begin = 0.05
    half, end = begin + ramp + settling, begin + 2 * (ramp + settling)
    # Where the input is half way, up and down
    up, down = begin + ramp / 2, half + ramp / 2
    circuit, save = [], []
    for number, stimulus in enumerate(stimuli):
        nets = {pin: level_net(level) for pin, level in stimulus.vector} | {stimulus.pin: f"i{number}"}
        for output in outputs:
            node = f"o{number}" if output == stimulus.output else f"u{number}_{output}"
            nets[output] = node
            circuit.append(f"c{node} {node} 0 {stimulus.load if output == stimulus.output else least}p")
        edges = [(up, stimulus.slew), (down, stimulus.slew)]
        circuit.append(piecewise(f"i{number}", f"i{number}", False, edges))
        circuit.append(instance(str(number), netlist.ports, netlist.name, nets))
        save += [f"v(o{number})", f"i(vi{number})"]
    waves = simulate(globals_, netlist.text, circuit, save, end)
    responses = []
    for number, stimulus in enumerate(stimuli):
        node, found = f"o{number}", {}
        for rising_input, middle, start, stop in ((True, up, begin, half), (False, down, half, end)):
            rising = rising_input != stimulus.inverted
            crossing = waves.crossing(node, DELAY_AT, rising, start, stop)
            transition = waves.transition(node, rising, start, stop)
            settled = abs(waves.level(node, stop) - rising) < SETTLED
            if crossing is None or transition is None or not settled:
                return None
            found[rising] = Edge(crossing - middle, transition)
        capacitance = fmean(waves.capacitance(f"vi{number}", *span) for span in ((begin, half), (half, end)))
        responses.append(Response(found[True], found[False], capacitance))
    return responses


Grid = list[list[Response]]


def _grids(
    globals_: str, netlist: Netlist, outputs: Sequence[str], stimuli: Sequence[Stimulus], name: str, settling: float
) -> dict[Stimulus, Grid]:
    """Responses to each stimulus at every slew and load; all loads and stimuli of a slew go into one simulation.

    Args:
        settling: first guess of the time that an output takes, ns.
    """
    grids: dict[Stimulus, Grid] = {stimulus: [] for stimulus in stimuli}
    for slew in SLEWS:
        each = [replace(stimulus, slew=slew, load=load) for stimulus in stimuli for load in loads(name)]
        found = iter(respond(globals_, netlist, outputs, each, settling))
        for rows in grids.values():
            rows.append(list(itertools.islice(found, len(LOADS))))
    return grids


def characterise(globals_: str, netlist: Netlist, logic: Logic, name: str) -> tuple[dict[str, float], list[Arc]]:
    """Capacitance of every input, pF, and all arcs of a cell.

    Args:
        globals_: parameters of the process.
        netlist: the cell.
        logic: what it computes.
        name: without the library's prefix.

    Raises:
        ToolError: ngspice is missing or fails, or the cell does not do what its logic says.
    """
    slew, load = SLEWS[MIDDLE[0]], loads(name)[MIDDLE[1]]
    outputs = list(logic.functions)
    stimuli = [
        Stimulus(pin, tuple(vector.items()), output, inverted, slew, load)
        for output in outputs
        for pin in logic.inputs
        for vector, inverted in logic.sensitising(pin, output)
    ]
    responses = dict(zip(stimuli, respond(globals_, netlist, outputs, stimuli, SETTLING), strict=True))
    capacitances = {
        pin: fmean(response.capacitance for stimulus, response in responses.items() if stimulus.pin == pin)
        for pin in logic.inputs
    }
    tried: dict[tuple[str, str], list[Stimulus]] = {}
    for stimulus in stimuli:
        tried.setdefault((stimulus.pin, stimulus.output), []).append(stimulus)
    slowest = {
        arc: (
            max(own, key=lambda stimulus: responses[stimulus].rise.delay),
            max(own, key=lambda stimulus: responses[stimulus].fall.delay),
        )
        for arc, own in tried.items()
    }
    # Often the same stimulus makes both edges slowest
    needed = list(dict.fromkeys(itertools.chain(*slowest.values())))
    longest = max(max(responses[one].rise.transition, responses[one].fall.transition) for one in needed)
    settling = max(SETTLING, TRANSITIONS_TO_SETTLE * longest * LOADS[-1] / LOADS[MIDDLE[1]])
    grids = _grids(globals_, netlist, outputs, needed, name, settling)
    return capacitances, [_arc(own, *(grids[stimulus] for stimulus in slowest[arc])) for arc, own in tried.items()]


def _arc(tried: Sequence[Stimulus], rise: Grid, fall: Grid) -> Arc:
    """Tables from the responses that make the output's edges slowest."""
    senses = {stimulus.inverted for stimulus in tried}
    return Arc(
        tried[0].pin,
        tried[0].output,
        "non_unate" if len(senses) == 2 else "negative_unate" if senses == {True} else "positive_unate",
        [[response.rise.delay for response in row] for row in rise],
        [[response.fall.delay for response in row] for row in fall],
        [[response.rise.transition for response in row] for row in rise],
        [[response.fall.transition for response in row] for row in fall],
    )
