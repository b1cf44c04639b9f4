"""The training algorithms in floats, the paper's equations in order; `new_algorithm` makes a chip's."""

from __future__ import annotations

import numpy as np

from crosschop.model.algorithms.agad import Agad
from crosschop.model.algorithms.c_ttv2 import ChoppedTtv2
from crosschop.model.algorithms.transfer import TransferAlgorithm, TransferOptions
from crosschop.model.algorithms.ttv2 import Ttv2
from crosschop.model.chipspec import ChipSpec, given, lambda_h
from crosschop.model.chipspec import algorithms as schema

__all__ = ["Agad", "ChoppedTtv2", "TransferAlgorithm", "TransferOptions", "Ttv2", "new_algorithm"]


def new_algorithm(spec: ChipSpec, generator: np.random.Generator) -> TransferAlgorithm:
    """The algorithm of a chip at its start.

    Args:
        spec: the chip.
        generator: for a random chopper and a random column order.

    Raises:
        TypeError: an algorithm without an array A, or one that is not here.
    """
    section, options = spec.transfer, options_of(spec)
    if isinstance(section, schema.Ttv2):
        return Ttv2(options, generator)
    if isinstance(section, schema.ChoppedTtv2):
        return ChoppedTtv2(options, generator)
    if isinstance(section, schema.Agad):
        return Agad(options, section.beta, generator)
    raise TypeError(f"{section.name} has no float model")


def options_of(spec: ChipSpec) -> TransferOptions:
    """The options that a chip asks for.

    Raises:
        TypeError: an algorithm without an array A.
    """
    section, hidden = spec.transfer, given(spec.hidden)
    return TransferOptions(
        rows=spec.array.rows,
        cols=spec.array.cols,
        lambda_h=lambda_h(spec),
        max_steps=hidden.max_steps,
        reset=hidden.reset,
        momentum=0.0 if hidden.momentum_shift is None else 2.0**-hidden.momentum_shift,
        warmup_sweeps=section.warmup_sweeps,
        chop_period=section.chopper.period,
        chop_probability=section.chopper.probability,
        column_order=section.column_order,
        read_correction=section.read_correction,
    )
