"""Verification on the library: stimulus of the kinds that the scenarios have, through compiled code throughout.

The array side is always ready, samples come as in training, nothing is reset under way and no configuration changes:
that, and the corners, are for a simulator. What is left goes through many more transfers in the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import MismatchError
from crosschop.cosim.job import Result, Segment
from crosschop.cosim.lengths import draw_lengths
from crosschop.cosim.mixed_precision.stimulus import RandomStimulus as OperandStimulus
from crosschop.cosim.native.given import Begun, begin_columns, begin_transfers, begin_updates
from crosschop.cosim.scenario import QUIET, Scenario
from crosschop.cosim.transfer.stimulus import Prediction, RandomStimulus
from crosschop.cosim.verify import parts, plan
from crosschop.model.chipspec import ChipSpec, controller_kind, given, rtl_parameters, transfers_together
from crosschop.model.cycles import PHASES
from crosschop.model.errors import InputError
from crosschop.model.golden.state import controller_config

# What segments go without, for users.
WITHOUT = "back-pressure, samples in advance, resets under way and changes of the configuration"
# The stimulus of a segment is drawn before it runs.
STIMULUS_BYTES = 64 << 20
_NUMBER_BYTES = 8


@dataclass(frozen=True)
class Piece:
    """A segment of a part, or one of the pieces that its stimulus comes in, each from a reset."""

    part: str
    spec: ChipSpec
    segment: Segment


def native_pieces(spec: ChipSpec, seed: int, transfers: int, only: Sequence[str] = ()) -> list[Piece]:
    """What `verify_natively` runs.

    Args:
        spec, seed, transfers, only: as `crosschop.cosim.verify.verify`.

    Raises:
        InputError: no scenario has a name as in `only`, or one is about changes of the configuration alone.
    """
    pieces: list[Piece] = []
    for part, (chip, scenarios) in parts(spec, only).items():
        for one in scenarios:
            if one.stations:
                raise InputError(f"--simulator native: {part}: {one.name} changes the configuration, native does not")
        for segment in plan(chip, _quiet(scenarios), seed, transfers, part):
            pieces += (Piece(part, chip, piece) for piece in _pieces(chip, segment))
    return pieces


def verify_natively(pieces: Sequence[Piece], dut: Dut, progress: Callable[[int], None]) -> dict[str, Result]:
    """Compares the RTL controller with the golden model, transfer by transfer; a part ends at its first difference.

    Args:
        pieces: of `native_pieces`.
        dut: the controller.
        progress: called with the transfers compared so far.

    Raises:
        ToolError: Verilator or g++ is missing or failed, or the controller ended the simulation.
    """
    results: dict[str, Result] = {}
    for piece in pieces:
        fresh = Result(cycles=dict.fromkeys(PHASES, 0), predicted=dict.fromkeys(PHASES, 0))
        result = results.setdefault(piece.part, fresh)
        if result.mismatch is None:
            _run(piece, dut, result)
            progress(sum(each.transfers for each in results.values()))
    return results


def _lost(one: Scenario) -> int:
    """How much of a scenario is left out."""
    return sum((one.resets > 0, one.changes > 0, one.reset_in is not None, one.rates != QUIET))


def _quiet(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios without what only a simulator does; those that are then the same in one, whose name tells."""
    alike: dict[tuple[object, ...], list[Scenario]] = {}
    for one in scenarios:
        alike.setdefault((one.codes, one.lengths, one.configure), []).append(one)
    chosen = []
    for group in alike.values():
        best = min(group, key=_lost)
        name = f"{best.name}, always ready" if _lost(best) else best.name
        weight = sum(one.weight for one in group)
        chosen.append(replace(best, name=name, weight=weight, rates=QUIET, resets=0, changes=0, reset_in=None))
    return chosen


def _pieces(spec: ChipSpec, segment: Segment) -> Iterator[Segment]:
    """Pieces of a segment whose stimulus fits into memory."""
    together = transfers_together(spec)
    numbers = {
        "transfer": spec.array.rows + segment.configuration.get("cfg_transfer_every", 0),
        "in_memory_sgd": 1,
        "mixed_precision": spec.array.rows + spec.array.cols,  # of a pass
    }[controller_kind(spec)]
    most = max(1, STIMULUS_BYTES // (_NUMBER_BYTES * numbers)) * together
    seeds = np.random.default_rng(segment.seed)
    for first in range(0, segment.transfers, most):
        seed = segment.seed if first == 0 else int(seeds.integers(1, 1 << 31))
        yield replace(segment, transfers=min(most, segment.transfers - first), seed=seed)


def _run(piece: Piece, dut: Dut, result: Result) -> None:
    """A piece, added to the result of its part."""
    spec, segment = piece.spec, piece.segment
    begun = _KINDS[controller_kind(spec)](spec, dut, segment)
    bench = begun.bench
    bench.first = result.transfers
    try:
        bench.require_fine(begun.run())
        counted, elapsed = bench.finished()
        for phase, count in begun.predicted().items():
            result.cycles[phase] += counted[phase]
            result.predicted[phase] += count
        result.elapsed += elapsed
    except MismatchError as error:
        result.mismatch = error.mismatch
    finally:
        bench.close()
    result.transfers += bench.retired
    samples = bench.retired * segment.configuration.get("cfg_transfer_every", 1)
    result.samples += samples // transfers_together(spec)
    result.writes += int(bench.native.writes[0])


def _transfers(spec: ChipSpec, dut: Dut, segment: Segment) -> Begun:
    config = controller_config(rtl_parameters(spec), segment.configuration)
    stimulus = RandomStimulus(spec, config.transfer_every, segment.codes, segment.lengths, segment.seed)
    prediction = Prediction(config)
    codes = np.zeros((segment.transfers, spec.array.rows), dtype=np.int64)
    lengths = np.zeros((segment.transfers, config.transfer_every), dtype=np.int64)
    for index in range(segment.transfers):
        lengths[index] = stimulus.lengths()
        codes[index] = stimulus.read(prediction.column, prediction.chop)
        prediction.step(codes[index])
    return begin_transfers(spec, dut, segment, codes, lengths, samples_wait=True)


def _updates(spec: ChipSpec, dut: Dut, segment: Segment) -> Begun:
    longest = given(spec.driver).max_pulses
    lengths = draw_lengths(np.random.default_rng(segment.seed), segment.lengths, longest, segment.transfers)
    return begin_updates(spec, dut, segment, lengths)


def _columns(spec: ChipSpec, dut: Dut, segment: Segment) -> Begun:
    stimulus = OperandStimulus(spec, segment.codes, segment.seed)
    drawn = [stimulus.operands() for _ in range(segment.transfers // spec.array.cols)]
    x, d = (np.stack(operands) for operands in zip(*drawn, strict=True))
    return begin_columns(spec, dut, segment, x, d)


_KINDS = {"transfer": _transfers, "in_memory_sgd": _updates, "mixed_precision": _columns}
