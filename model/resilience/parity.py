"""Which storage bits deserve parity, by a stated rule, and what it costs.

The rule: a bit deserves parity when one upset in it, at a random moment of the training, raises the final weight error
by more than the spread that the error has from seed to seed anyway, by two standard errors of the measurement. Below, a
chip with an upset cannot be told from one without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec
from crosschop.model.estimate.area.components import memory_area
from crosschop.model.estimate.models import Models
from crosschop.model.faults.fields import Field
from crosschop.model.resilience.campaign import Effect

RULE = (
    "a bit deserves parity when one upset in it raises the weight error by more than the standard deviation of the "
    "fault-free run from seed to seed, by two standard errors"
)
STANDARD_ERRORS = 2


@dataclass(frozen=True)
class Verdict:
    """A field under the rule.

    Attributes:
        field: the field.
        bits: those that deserve parity, most significant first.
        worst: largest mean increase of the error for one upset, in percent.
        worst_error: its standard error.
        worst_bit: of that bit.
        parity_bits: one for each word of the field; 0 where no bit deserves it, or where there is no store.
        area: of these bits, um2; None where the field stands in flip-flops, which the estimate of memories has not.
        area_before: of the field's memory without them.
    """

    field: Field
    bits: tuple[int, ...]
    worst: float
    worst_error: float
    worst_bit: int
    parity_bits: int
    area: float | None
    area_before: float | None


def deserves(effect: Effect, spread: float) -> bool:
    """Whether a bit deserves parity; `spread` is the standard deviation of the run without upsets."""
    return effect.per_upset - STANDARD_ERRORS * effect.per_upset_error > spread


def verdicts(spec: ChipSpec, effects: Sequence[Effect], spread: float, models: Models) -> list[Verdict]:
    """The rule over all fields.

    Args:
        spec: the chip.
        effects: one per field and bit.
        spread: standard deviation of the run without upsets.
        models: for the area.
    """
    found = []
    for name in dict.fromkeys(effect.field.name for effect in effects):
        of_field = [effect for effect in effects if effect.field.name == name]
        worst = max(of_field, key=lambda effect: effect.per_upset)
        field, bit = worst.field, worst.bit
        bits = sorted((one.bit for one in of_field if one.bit is not None and deserves(one, spread)), reverse=True)
        parity = field.words if bits else 0
        before, after = (_area(spec, field, more, models) for more in (0, 1))
        extra = after - before if parity and before is not None and after is not None else None
        found.append(
            Verdict(
                field,
                tuple(bits),
                worst.per_upset,
                worst.per_upset_error,
                0 if bit is None else bit,
                parity,
                extra,
                before,
            )
        )
    return found


def _area(spec: ChipSpec, field: Field, more: int, models: Models) -> float | None:
    """Nominal area of a field's memory with so many bits more in each word, um2."""
    if field.kind != "memory":
        return None
    word = field.word_bits + more
    ports = spec.controller.memory_ports
    return memory_area(models.constants, models.assumptions, field.words * word, word, ports).nominal
