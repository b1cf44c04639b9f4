"""What the engines of all controller kinds have in common: progress, and the result of a finished session."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from crosschop.model import recording as rec
from crosschop.model.chipspec import ChipSpec, controller_kind, mixed_section, samples_per_transfer, transfers_in
from crosschop.model.errors import InputError
from crosschop.model.faults.upset import Upset
from crosschop.model.results import RunResult, in_units
from crosschop.model.training.common import Session

Progress = Callable[[int], None]

# Progress is shown about so often in a run.
CHUNKS = 200


# Updates of a chip without columns to read that stand for a sweep.
UPDATES = 500


def transfers_in_sweeps(spec: ChipSpec, sweeps: int) -> int:
    """Transfers of so many sweeps over all columns, in mixed precision of so many batches."""
    kind = controller_kind(spec)
    if kind == "in_memory_sgd":
        return sweeps * UPDATES
    batch = mixed_section(spec).batch if kind == "mixed_precision" else 1
    return sweeps * batch * spec.array.cols


def whole_transfers(spec: ChipSpec, samples: int | None) -> int:
    """Whole transfers in the samples asked for, None for those of the chipspec.

    Raises:
        InputError: fewer samples than one transfer takes.
    """
    asked = spec.task.samples if samples is None else samples
    transfers = transfers_in(spec, asked)
    if transfers == 0:
        raise InputError(
            f"{spec.name}: {asked} samples are less than one transfer, "
            f"allowed: {samples_per_transfer(spec)} (algorithm.transfer_every) or more"
        )
    return transfers


def _is_due(done: int, upset: Upset) -> bool:
    return upset.transfer <= done


def in_chunks(
    run: Callable[[int], None],
    transfers: int,
    progress: Progress,
    upsets: Sequence[Upset] = (),
    strike: Callable[[Sequence[Upset], int], int] | None = None,
) -> None:
    """Runs so many transfers of a compiled loop in pieces, and reports after each of them.

    Upsets come between two pieces, so the loop knows nothing of them, and without any it is in no way slower.

    Args:
        run: so many transfers more.
        transfers: how many in all.
        progress: called with those done.
        upsets: what is flipped on the way.
        strike: brings upsets that are due, given how many transfers are left; returns how many it has run itself.
    """
    run(0)  # compiles, before progress is timed
    chunk = max(1, transfers // CHUNKS)
    coming = sorted((upset for upset in upsets if upset.transfer < transfers), key=lambda upset: upset.transfer)
    done = 0
    while done < transfers:
        due = list(itertools.takewhile(functools.partial(_is_due, done), coming))
        coming = coming[len(due) :]
        if due and strike is not None:
            done += strike(due, transfers - done)
            continue
        end = min(done - done % chunk + chunk, transfers, *(upset.transfer for upset in coming[:1]))
        run(end - done)
        done = end
        progress(done)


def result_of(
    spec: ChipSpec,
    engine: str,
    seed: int,
    transfers: int,
    session: Session,
    cycles: dict[str, int],
    compared: int | None = None,
    predicted: dict[str, int] | None = None,
    measured: bool = False,
    elapsed: int | None = None,
) -> RunResult:
    """The result of a finished session.

    Args:
        spec, engine, seed, transfers: what was run.
        session: its analog side.
        cycles: cycles by phase.
        compared: transfers compared between RTL and golden model; None without RTL.
        predicted: with RTL, the cycle model's counts of the same run.
        measured: whether `cycles` are the RTL's counters.
        elapsed: with RTL, clock cycles of the simulation from its reset to the last retirement.
    """
    samples = int(session.sample[0])
    lengths = session.train_lengths
    trace = rec.element_trace(session.recording)
    row, column = session.recording.element
    pulses_a = session.tile.a.pulses
    return RunResult(
        spec=spec,
        engine=engine,
        seed=seed,
        samples=samples,
        transfers=transfers,
        compared=compared or 0,
        weight_error=float(rec.error_points(session.recording)[-1, 1]),
        digest=f"{int(session.recording.digest[0]):016x}",
        train_length=float(lengths @ np.arange(lengths.size) / samples),
        train_lengths=lengths.copy(),
        pulses_a=float(pulses_a.max() / samples) if pulses_a.size else None,
        pulses_w=float(session.tile.w.pulses.max() / samples),
        counts=_counts(session),
        cycles=cycles,
        cycles_modelled=cycles if predicted is None else predicted,
        cycles_measured=measured,
        cycles_elapsed=elapsed,
        errors=rec.error_points(session.recording),
        trace=trace if engine == "float" else in_units(spec, trace),
        element=session.recording.element,
        target=float(session.task.target[column, row]),
    )


def _counts(session: Session) -> dict[str, int]:
    """What happened how often in a finished session."""
    counts = {name: int(count) for name, count in zip(rec.COUNTED, session.recording.counts, strict=True)}
    for name, array in (("pulses_a", session.tile.a), ("pulses_w", session.tile.w)):
        if array.pulses.size:
            counts[name] = int(array.pulses.sum())
    return counts
