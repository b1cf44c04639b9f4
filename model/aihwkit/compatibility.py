"""Where aihwkit does something else than the paper: each difference is a named option of the check."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from crosschop.model.aihwkit.trace import Settings
from crosschop.model.algorithms import TransferOptions

EVERY = ("ttv2", "c_ttv2", "agad")
CHOPPED = ("c_ttv2", "agad")
DYNAMIC = ("agad",)


def _option(algorithms: tuple[str, ...], default: bool = True) -> bool:
    value: bool = field(default=default, metadata={"algorithms": algorithms})
    return value


@dataclass(frozen=True)
class AihwkitCompatibility:
    """What the check takes from aihwkit; every default is aihwkit's, off is the paper's text.

    Which algorithms an option concerns stands in the metadata of its field, "algorithms".

    Attributes:
        warm_up: pulses are held back during the first n + 1 sweeps (n reads per chop period); H is reset at a
            crossing all the same, so those pulses are lost. Off: the first crossing writes.
        forget_buffer: follow the trace's forget_buffer. Off: a write always takes the pulses sent from H.
        momentum: follow the trace's momentum. Off: 0.
        clamp: a write sends at most desired_bl pulses. Off: all whole pulses of H, as aihwkit's Python tile does.
        buffer_cap: without forget_buffer a write leaves at most buffer_cap * desired_bl of |H|. Off: no limit.
        lazy_reference: P^ref takes P when a column is read for the first time after its flip. Off: with the flip. The
            reference that is used is the same, only what a trace records differs.
        two_reads: a chop period has at least two reads. Off: in_chop_prob 1 flips with every read.
        against_gradient: a positive x d lowers A, as in gradient descent on A. Off: A += d x^T, the paper's sign of d.
        single_precision: arithmetic of 32 bits in aihwkit's order of operations. Off: 64 bits; values differ in the
            seventh digit, and an H that meets the threshold exactly may cross it in one of the two alone.
        first_column: the column read first. aihwkit's C++ begins with 0, its Python tile with 1.
    """

    warm_up: bool = _option(DYNAMIC)
    forget_buffer: bool = _option(EVERY)
    momentum: bool = _option(EVERY)
    clamp: bool = _option(EVERY)
    buffer_cap: bool = _option(DYNAMIC)
    lazy_reference: bool = _option(DYNAMIC)
    two_reads: bool = _option(CHOPPED)
    against_gradient: bool = _option(EVERY)
    single_precision: bool = _option(EVERY)
    first_column: int = field(default=0, metadata={"algorithms": EVERY})

    def period(self, settings: Settings) -> int | None:
        """Reads of a column per chop period, n; None where there are no choppers."""
        if settings.algorithm == "ttv2" or settings.in_chop_prob == 0:
            return None
        reads = math.ceil(self.number(1.0) / self.number(settings.in_chop_prob))
        return max(reads, 2 if self.two_reads else 1)

    def beta(self, settings: Settings) -> float:
        """Leaky-mean constant of AGAD: tail_weightening / n, at most 1."""
        share = self.number(settings.tail_weightening) / self.number(self.period(settings) or 1)
        return min(float(share), 1.0)

    def options(self, settings: Settings) -> TransferOptions:
        """Constants of the float algorithm for a trace."""
        period = self.period(settings)
        agad = settings.algorithm == "agad"
        forget = settings.forget_buffer and self.forget_buffer
        capped = agad and not forget and self.buffer_cap and settings.buffer_cap > 0
        correct = agad and settings.correct_accumulation
        return TransferOptions(
            rows=settings.out_size,
            cols=settings.in_size,
            lambda_h=float(self.number(settings.lr_scale)),
            max_steps=settings.desired_bl if self.clamp else None,
            reset="decay" if forget else "subtract",
            momentum=float(self.number(settings.momentum)) if self.momentum else 0.0,
            h_limit=settings.desired_bl * settings.buffer_cap if capped else None,
            warmup_sweeps=period + 1 if agad and self.warm_up and period is not None else 0,
            chop_period=period,
            read_correction=float(self.number(1.0) / self.number(settings.dw_min)) if correct else None,
            dtype=self.dtype,
        )

    @property
    def dtype(self) -> type[np.float32] | type[np.float64]:
        """Width of the arithmetic."""
        return np.float32 if self.single_precision else np.float64

    def number(self, value: float) -> np.floating:
        """A constant as aihwkit holds it."""
        return self.dtype(value)
