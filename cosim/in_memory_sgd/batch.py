"""Compares a batch of updates with the golden model in one call: each takes the simulator a few microseconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.in_memory_sgd.scoreboard import Known, Seen, as_due
from crosschop.cosim.record import Decoder
from crosschop.model.cycles_in_memory_sgd import BEGIN, UpdateCycles, UpdateTimeline, step_cycles
from crosschop.model.golden.in_memory_sgd import step_update
from crosschop.model.jit import compiled

IntArray = NDArray[np.int64]


class Places(NamedTuple):
    """Where a record's numbers have what is compared; the errors end where `hang` is."""

    errors: int
    hang: int
    retired: int
    number: int
    updates: int
    begin: int


def places_of(decoder: Decoder) -> Places:
    """The places in the records of this decoder."""
    return Places(*map(decoder.column, ("errors", "hang", "retired", "sample", "updates", "begin")))


class Golden(NamedTuple):
    """Golden model and cycle model of a segment with train lengths given in advance.

    Attributes:
        lengths: (updates,) of all samples.
        durations, timeline: cycle model.
        state: of the golden model.
        number: (1,) that of the update stepped last.
    """

    lengths: IntArray
    durations: UpdateCycles
    timeline: UpdateTimeline
    state: IntArray
    number: IntArray


@compiled
def step(golden: Golden, update: int) -> None:
    """One golden update."""
    step_cycles(golden.durations, golden.timeline, golden.lengths[update])
    golden.number[0] = step_update(golden.state)


@compiled
def compare(
    golden: Golden,
    known: Known,
    places: Places,
    values: IntArray,
    undefined: NDArray[np.bool_],
    first: int,
    retired: int,
) -> int:
    """Steps the golden model and compares, record by record.

    Args:
        golden: moved on, up to the update that differs.
        known: what is compared.
        places, values, undefined: (records, numbers) of a batch, see `Decoder.values`.
        first: the record to begin with.
        retired: updates that have retired before it.

    Returns:
        The first record that the scoreboard has to look at, the number of records where there is none.
    """
    for record in range(first, values.shape[0]):
        step(golden, retired)
        retired += 1
        value = values[record]
        seen = Seen(value[places.retired], value[places.number], value[places.updates], value[places.begin])
        fine = as_due(known, seen, retired, golden.number[0], golden.timeline.marks[BEGIN])
        for error in range(places.errors, places.hang):
            fine &= value[error] == 0
        fine &= value[places.hang] == 0
        if undefined[record] or not fine:
            return record
    return int(values.shape[0])
