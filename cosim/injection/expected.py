"""What the scoreboard ought to see of an upset: a golden model with the flipped bit beside one without.

Both get the codes that the controller took. The first output that differs is what a scoreboard of the retire trace can
see, and no earlier; where none differs, the upset is masked. Independent of the RTL, which may disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosschop.model.chipspec import ChipSpec, controller_kind, rtl_parameters
from crosschop.model.faults.fields import field_of
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.mixed_precision import HEAD_BATCH_END, mixed_config, reset_mixed, step_column
from crosschop.model.golden.scheduler import step_sample
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_CHOP,
    HEAD_FLIP,
    ControllerState,
    IntArray,
    Transfer,
    controller_config,
    new_transfer,
    reset_state,
)
from crosschop.model.golden.upset import flip_mixed, flip_transfer


@dataclass(frozen=True)
class Expected:
    """What is to be seen.

    Attributes:
        transfer: transfer at which the first output differs; None where none does.
        field: that output, as the scoreboard names it; empty where the golden model cannot tell.
        latent: nothing has been seen, but the state still differs at the end.
    """

    transfer: int | None
    field: str
    latent: bool


def expected_of(spec: ChipSpec, configuration: dict[str, int], upset: Upset, journal: Sequence[Any]) -> Expected:
    """What a scoreboard ought to see of an upset.

    Args:
        spec: the chip.
        configuration: cfg_* values of the run.
        upset: the flipped bit.
        journal: what the controller took: codes (rows,) of every transfer; in mixed precision x (cols,) and d (rows,)
            of every pass.
    """
    field = field_of(spec, upset.field)
    if field.kind == "stream":  # the golden model gets what the controller gets
        return Expected(None, "", False)
    kind = controller_kind(spec)
    if kind == "in_memory_sgd":
        return Expected(upset.transfer, "number of the update", False)
    if kind == "mixed_precision":
        return _of_mixed(spec, configuration, upset, journal)
    return _of_transfer(spec, configuration, upset, journal)


def _of_transfer(spec: ChipSpec, configuration: dict[str, int], upset: Upset, journal: Sequence[IntArray]) -> Expected:
    field = field_of(spec, upset.field)
    config = controller_config(rtl_parameters(spec), configuration)
    clean, struck = reset_state(config), reset_state(config)
    records = new_transfer(config), new_transfer(config)
    for number in range(max(len(journal), upset.transfer) + 1):
        codes = journal[number] if number < len(journal) else None
        if codes is None and number < upset.transfer:
            # A read is seen before the transfer in front of it retires; what it shows does not depend on those codes.
            codes = np.zeros(config.rows, dtype=np.int64)
        if number == upset.transfer and not flip_transfer(
            config, struck, field.name, upset.place, upset.bit, field.bits, spec.lanes
        ):
            return Expected(number, "read column" if field.name == "column" else "", False)
        if int(struck.counters[COUNTER.samples]) != int(clean.counters[COUNTER.samples]):
            return Expected(number, "updates before the read", False)
        if int(struck.counters[COUNTER.column]) != int(clean.counters[COUNTER.column]):
            return Expected(number, "read column", False)
        if (struck.chop != clean.chop).any():
            return Expected(number, "chop sign of the updates", False)
        if codes is None:
            break
        for state, record in zip((clean, struck), records, strict=True):
            while not step_sample(config, state):
                pass
            step_transfer(config, state, codes, record)
        if seen := _difference(clean, struck, *records):
            return Expected(number, seen, False)
    return Expected(None, "", _differ(clean, struck))


def _difference(clean: ControllerState, struck: ControllerState, expected: Transfer, got: Transfer) -> str:
    """The first field of a retired transfer that differs, in the scoreboard's order; empty where none does."""
    column = int(expected.head[0])
    pairs = (
        ("chop", expected.head[HEAD_CHOP], got.head[HEAD_CHOP]),
        ("flip", expected.head[HEAD_FLIP], got.head[HEAD_FLIP]),
        ("H", clean.h[column], struck.h[column]),
        ("P", clean.p[column], struck.p[column]),
        ("PREF", clean.pref[column], struck.pref[column]),
        ("pulses", expected.pulses, got.pulses),
    )
    return next((name for name, wanted, found in pairs if (wanted != found).any()), "")


def _differ(clean: Any, struck: Any) -> bool:
    return any((one != other).any() for one, other in zip(clean, struck, strict=True))


def _of_mixed(
    spec: ChipSpec, configuration: dict[str, int], upset: Upset, journal: Sequence[tuple[IntArray, IntArray]]
) -> Expected:
    field = field_of(spec, upset.field)
    config = mixed_config(rtl_parameters(spec), configuration)
    clean, struck = reset_mixed(config), reset_mixed(config)
    records = [Transfer(np.zeros(4, dtype=np.int64), np.zeros(config.rows, dtype=np.int64)) for _ in range(2)]
    for number, (x, d) in enumerate(journal):
        x_struck, d_struck = x.copy(), d.copy()
        first = number * config.cols
        if first == upset.transfer:
            if field.name == "column":
                return Expected(first, "column", False)
            flip_mixed(config, struck, x_struck, d_struck, field.name, upset.place, upset.bit, field.bits)
            if (d_struck != d).any():
                return Expected(first, "d", False)
        for column in range(config.cols):
            step_column(config, clean, int(x[column]), d, records[0])
            step_column(config, struck, int(x_struck[column]), d_struck, records[1])
            pairs = (
                ("x", np.array(x[column]), np.array(x_struck[column])),
                ("chi", clean.chi[column], struck.chi[column]),
                ("pulses", records[0].pulses, records[1].pulses),
            )
            for name, wanted, found in pairs:
                if (wanted != found).any():
                    return Expected(first + column, name, False)
        if records[0].head[HEAD_BATCH_END] != records[1].head[HEAD_BATCH_END]:
            # Without a pulse to send it shows in nothing but time: the end of a batch takes longer.
            return Expected(first + config.cols, "cycle of the operand request", False)
    return Expected(None, "", _differ(clean, struck))
