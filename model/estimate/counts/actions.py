"""What a training run made its components do, counted: the input of an energy model.

An energy tool multiplies each count by the energy of one action. Counts that follow from samples, transfers and shapes
are closed forms; pulses, writes, flips and train lengths come from the run. An action that did not happen is not
listed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, given, has_reference, keeps_p
from crosschop.model.chipspec.algorithms import InMemorySgd, MixedPrecision
from crosschop.model.estimate.counts.memory import accesses, work_of
from crosschop.model.results import RunResult


@dataclass(frozen=True)
class Action:
    """How often a component did something in a run.

    Attributes:
        component: array, converter, driver, memory or arithmetic.
        action: what it did.
        count: how often.
        bits: bits of one such access to a memory or register; None for what is no access.
    """

    component: str
    action: str
    count: int
    bits: int | None = None


def actions_of(result: RunResult) -> tuple[Action, ...]:
    """Every action of a run that happened at least once.

    | component | action | count |
    |---|---|---|
    | array_a, array_w | update | parallel updates by pulse trains: one per sample |
    | array_a, array_w | column_pulse, row_pulse | pulses on lines in updates |
    | array_a, array_w | pulse | pulses on devices: coincidences in updates, column writes, refresh |
    | array_a, array_r | read_column | column reads |
    | array_w | forward_product, backward_product | one each per sample |
    | array_w | write_column | column writes with at least one pulse |
    | dac | convert | inputs of both products: columns + rows per sample |
    | adc | convert | their outputs: rows + columns per sample |
    | read_adc | convert | rows per column read |
    | pulse_driver | draw | random numbers: one per line and slot |
    | store_* | read, write, clear | words, `bits` each; clear: the sweep after reset |
    | chop | read, write | all signs at each update; one sign at each flip |
    | chop_lfsr, column_lfsr | draw | random choppers, random column order: one per column read |
    | lanes | multiply, add, negate, round | operations on elements that exist |
    | read_gain | multiply | read correction: one per column read |

    The backward product is that of a layer within a network: the task that the run trains has none. The column read of
    A has one input line at full scale and so no DAC.
    """
    found = (*_arrays(result), *_stores(result), *_digital(result))
    return tuple(action for action in found if action.count)


def _arrays(result: RunResult) -> Iterator[Action]:
    spec, counts, samples = result.spec, result.counts, result.samples
    rows, cols = spec.array.rows, spec.array.cols
    slots = round(result.train_length * samples)
    if spec.driver is not None:
        updated = "array_w" if spec.device.a is None else "array_a"
        yield Action(updated, "update", samples)
        yield Action(updated, "column_pulse", counts["column_pulses"])
        yield Action(updated, "row_pulse", counts["row_pulses"])
        yield Action("pulse_driver", "draw", slots * (rows + cols))
    if spec.device.a is not None:
        yield Action("array_a", "pulse", counts["pulses_a"])
        yield Action("array_a", "read_column", result.transfers)
        yield Action("read_adc", "convert", result.transfers * rows)
        if spec.array_r is not None:
            yield Action("array_r", "read_column", result.transfers)
    yield Action("array_w", "pulse", counts["pulses_w"])
    yield Action("array_w", "write_column", counts["writes"])
    for product in ("forward_product", "backward_product"):
        yield Action("array_w", product, samples)
    yield Action("dac", "convert", samples * (rows + cols))
    yield Action("adc", "convert", samples * (rows + cols))


def _stores(result: RunResult) -> Iterator[Action]:
    for access in accesses(result.spec, work_of(result)):
        store = access.store
        name = f"store_{store.name}" if store.memory else store.name
        yield Action(name, "read", int(access.reads), access.read_bits)
        yield Action(name, "write", int(access.writes), access.write_bits)
        yield Action(name, "clear", access.clears, access.write_bits)


def _digital(result: RunResult) -> Iterator[Action]:
    spec = result.spec
    if isinstance(spec.algorithm, InMemorySgd):
        return
    elements = result.transfers * spec.array.rows
    for name, each in operations(spec).items():
        yield Action("lanes", name, elements * each)
    if isinstance(spec.algorithm, MixedPrecision):
        return
    if spec.transfer.chopper.mode == "random":
        yield Action("chop_lfsr", "draw", result.transfers)
    if spec.transfer.column_order == "random":
        yield Action("column_lfsr", "draw", result.transfers)
    if spec.transfer.read_correction is not None:
        yield Action("read_gain", "multiply", result.transfers)


def operations(spec: ChipSpec) -> dict[str, int]:
    """Operations of a lane on one element of a transfer: the operators in the paths of rtl/README.md.

    multiply: by the gain, by beta, x by d. add: additions and subtractions, those that saturate and that of the pulses
    sent included. negate: by the sign. round: increments that are shifted and not rounded by floor, which is a shift
    alone. In-memory SGD has no lanes.
    """
    if isinstance(spec.algorithm, InMemorySgd):
        return {}
    hidden = given(spec.hidden)
    rounds = int(hidden.rounding != "floor")
    if isinstance(spec.algorithm, MixedPrecision):
        return {"multiply": 2, "add": 2, "negate": 0, "round": rounds}  # chi + increment, chi - pulses sent
    found = {
        "multiply": 1,
        "add": 1 + int(hidden.reset == "subtract"),  # H + increment, H - pulses sent
        "negate": int(spec.transfer.chopper.mode != "off"),
        "round": rounds,
    }
    if has_reference(spec):
        found["add"] += 1  # omega - P^ref
    if keeps_p(spec):
        found["multiply"] += 1
        found["add"] += 2  # omega - P, P + increment
        found["round"] += int(given(spec.reference).rounding != "floor")
    return found


def as_json(result: RunResult, actions: Sequence[Action]) -> str:
    """A list of actions as JSON: the run, then one object for each action."""
    rows, cols = result.spec.array.rows, result.spec.array.cols
    return json.dumps(
        {
            "chip": result.spec.name,
            "engine": result.engine,
            "seed": result.seed,
            "rows": rows,
            "cols": cols,
            "samples": result.samples,
            "transfers": result.transfers,
            "events": result.digest,
            "actions": [_fields(result, action) for action in actions],
        },
        indent=2,
    )


def as_csv(result: RunResult, actions: Sequence[Action]) -> str:
    """A list of actions as CSV: component, action, count, count per sample, bits of an access."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ("component", "action", "count", "per_sample", "bits"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_fields(result, action) for action in actions)
    return text.getvalue()


def _fields(result: RunResult, action: Action) -> dict[str, object]:
    return {
        "component": action.component,
        "action": action.action,
        "count": action.count,
        "per_sample": action.count / result.samples,
        "bits": action.bits,
    }
