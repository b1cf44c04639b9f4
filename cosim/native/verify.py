"""Verification on the library: the stimulus of the scenarios at the speed of compiled code, every transfer compared.

Streams are always ready here, nothing is reset under way and no configuration changes: that, and the corners, are for a
simulator. What is left goes through hundreds of times as many codes in the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import MismatchError
from crosschop.cosim.in_memory_sgd.hdl import AHEAD
from crosschop.cosim.job import Mismatch, Result, Segment
from crosschop.cosim.lengths import draw_lengths
from crosschop.cosim.mixed_precision.stimulus import RandomStimulus as OperandStimulus
from crosschop.cosim.native import in_memory_sgd, mixed_precision, transfer
from crosschop.cosim.native.bench import Native
from crosschop.cosim.scenario import QUIET, Scenario
from crosschop.cosim.scoreboard import Scoreboard
from crosschop.cosim.transfer.stimulus import Prediction, RandomStimulus
from crosschop.cosim.verify import parts, plan
from crosschop.model import cycles, cycles_in_memory_sgd, cycles_mixed_precision
from crosschop.model.chipspec import ChipSpec, controller_kind, given, transfers_together
from crosschop.model.cycles import PHASES

# The stimulus of a segment is drawn before it runs.
STIMULUS_BYTES = 64 << 20


def verify_natively(
    spec: ChipSpec,
    seed: int,
    transfers: int,
    progress: Callable[[int], None],
    dut: Dut,
    only: Sequence[str] = (),
) -> dict[str, Result]:
    """Compares the RTL controller with the golden model: the chip as it is, and its narrow variant.

    Args:
        spec, seed, transfers, dut, only: as `crosschop.cosim.verify.verify`.
        progress: called with the transfers compared so far, in both parts.

    Raises:
        InputError: no scenario has a name as in `only`.
        ToolError: Verilator or g++ is missing or failed, or the controller ended the simulation.
    """
    results: dict[str, Result] = {}
    done = 0
    for part, (chip, scenarios) in parts(spec, only).items():
        result = results[part] = Result(cycles=dict.fromkeys(PHASES, 0), predicted=dict.fromkeys(PHASES, 0))
        for segment in _segments(chip, _quiet(scenarios), seed, transfers, part):
            try:
                compared = _run(chip, dut, segment, result)
            except MismatchError as error:
                result.mismatch = _counted_from(error.mismatch, result.transfers)
                result.transfers += error.transfers
                break
            result.transfers += compared
            done += compared
            progress(done)
    return results


def _quiet(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios without what only a simulator does; of those that are then the same, one that loses nothing."""
    chosen: dict[tuple[object, ...], Scenario] = {}
    for one in sorted(scenarios, key=lambda one: (one.resets, one.changes, one.reset_in or "", one.rates != QUIET)):
        quiet = replace(one, rates=QUIET, resets=0, changes=0, reset_in=None, stations=())
        chosen.setdefault((one.codes, one.lengths, one.configure), quiet)
    return list(chosen.values())


def _segments(spec: ChipSpec, scenarios: Sequence[Scenario], seed: int, transfers: int, part: str) -> Iterator[Segment]:
    """Segments whose stimulus fits into memory; the longer ones in pieces, each from a reset."""
    together = transfers_together(spec)
    most = max(1, STIMULUS_BYTES // (8 * (spec.array.rows + spec.array.cols)) // together) * together
    for segment in plan(spec, scenarios, seed, transfers, part):
        seeds = np.random.default_rng(segment.seed)
        for first in range(0, segment.transfers, most):
            piece = min(most, segment.transfers - first)
            yield replace(
                segment, transfers=piece, seed=segment.seed if first == 0 else int(seeds.integers(1, 1 << 31))
            )


def _counted_from(mismatch: Mismatch, before: int) -> Mismatch:
    """Transfers count over all segments of a part."""
    return replace(mismatch, transfer=mismatch.transfer + before)


def _run(spec: ChipSpec, dut: Dut, segment: Segment, result: Result) -> int:
    """A segment, added to the result; the transfers compared in it.

    Raises:
        MismatchError: the controller and the golden model differ.
    """
    begun = _KINDS[controller_kind(spec)](spec, dut, segment)
    bench = begun.bench
    try:
        bench.require_fine(begun.run(), bench.explain)
        counted, elapsed = bench.finished()
    finally:
        bench.close()
    predicted = begun.predicted()
    for phase in PHASES:
        result.cycles[phase] += counted[phase]
        result.predicted[phase] += predicted[phase]
    result.elapsed += elapsed
    result.samples += begun.samples
    result.writes += int(bench.native.writes[0])
    return bench.retired


class _Bench(Protocol):
    """A native bench of any kind."""

    native: Native

    @property
    def retired(self) -> int: ...

    def explain(self, status: int) -> Scoreboard: ...

    def require_fine(self, status: int, explain: Callable[[int], Scoreboard]) -> None: ...

    def finished(self) -> tuple[dict[str, int], int]: ...

    def close(self) -> None: ...


class _Begun(NamedTuple):
    """A segment with its stimulus.

    Attributes:
        bench: its controller.
        run: the compiled loop, to its end.
        predicted: what the cycle model has counted then.
        samples: samples in it.
    """

    bench: _Bench
    run: Callable[[], int]
    predicted: Callable[[], dict[str, int]]
    samples: int


def _transfers(spec: ChipSpec, dut: Dut, segment: Segment) -> _Begun:
    durations = cycles.cycle_config(spec)
    timeline = cycles.new_timeline(durations)
    bench = transfer.TransferBench(spec, dut, segment, timeline)
    every = bench.config.transfer_every
    stimulus = RandomStimulus(spec, every, segment.codes, segment.lengths, segment.seed)
    prediction = Prediction(bench.config)
    codes = np.zeros((segment.transfers, spec.array.rows), dtype=np.int64)
    lengths = np.zeros((segment.transfers, every), dtype=np.int64)
    for index in range(segment.transfers):
        lengths[index] = stimulus.lengths()
        codes[index] = stimulus.read(prediction.column, prediction.chop)
        prediction.step(codes[index])
    return _Begun(
        bench,
        lambda: transfer.run_codes(
            bench.native, durations, timeline, bench.config, bench.state, bench.transfer, codes, lengths
        ),
        lambda: cycles.finish_cycles(timeline),
        segment.transfers * every,
    )


def _updates(spec: ChipSpec, dut: Dut, segment: Segment) -> _Begun:
    durations = cycles_in_memory_sgd.update_durations(spec)._replace(samples_wait=False)
    timeline = cycles_in_memory_sgd.new_timeline()
    bench = in_memory_sgd.UpdateBench(spec, dut, segment, timeline)
    longest = given(spec.driver).max_pulses
    lengths = draw_lengths(np.random.default_rng(segment.seed), segment.lengths, longest, segment.transfers)
    return _Begun(
        bench,
        lambda: in_memory_sgd.run_lengths(bench.native, durations, timeline, bench.state, bench.number, lengths, AHEAD),
        lambda: cycles_in_memory_sgd.finish_cycles(timeline),
        segment.transfers,
    )


def _columns(spec: ChipSpec, dut: Dut, segment: Segment) -> _Begun:
    durations = cycles_mixed_precision.mixed_durations(spec)
    timeline = cycles_mixed_precision.new_timeline(durations)
    bench = mixed_precision.ColumnBench(spec, dut, segment, timeline)
    stimulus = OperandStimulus(spec, segment.codes, segment.seed)
    samples = segment.transfers // spec.array.cols
    x, d = (np.stack(operands) for operands in zip(*(stimulus.operands() for _ in range(samples)), strict=True))
    return _Begun(
        bench,
        lambda: mixed_precision.run_operands(
            bench.native, durations, timeline, bench.config, bench.state, bench.passes, bench.transfer, x, d
        ),
        lambda: cycles_mixed_precision.finish_cycles(timeline),
        samples,
    )


_KINDS = {"transfer": _transfers, "in_memory_sgd": _updates, "mixed_precision": _columns}
