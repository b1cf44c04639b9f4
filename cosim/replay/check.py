"""Checks a recorded retire trace against the golden model: `check_retire_trace`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from crosschop.cosim.job import Mismatch, Segment, View
from crosschop.cosim.kinds import RetireScoreboard, kind_of
from crosschop.cosim.record import Field
from crosschop.cosim.replay.text import TextFormat, TextTrace
from crosschop.cosim.replay.trace import TAKEN, Beat, Begin, Retired, Trace, Violation, record_beats
from crosschop.cosim.replay.wave import WaveTrace
from crosschop.cosim.scoreboard import DivergenceError
from crosschop.model.chipspec import ChipSpec, rtl_configuration
from crosschop.model.errors import InputError

TEXT_FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)
WAVE_FORMATS = ("vcd", "fst")
# What a file is by its name, `.gz` left aside
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".vcd": "vcd", ".fst": "fst"}
PROGRESS_TRANSFERS = 64
PROTOCOL = "protocol of the retire trace"


@dataclass(frozen=True)
class RetireCheck:
    """What a trace showed.

    Attributes:
        trace: the file.
        trace_format: what it is.
        transfers: transfers compared and equal.
        segments: stretches between resets that have transfers.
        inputs: fields of the trace that the golden model was fed with.
        compared: fields of the trace that were compared with it.
        unseen: fields that the trace does not have, and that were not compared.
        notes: what else the user should know, one sentence each.
        seconds: time that all transfers but the first one took, which waits for compiled code.
        mismatch: the first difference, None where all is equal.
    """

    trace: Path
    trace_format: str
    transfers: int
    segments: int
    inputs: tuple[str, ...]
    compared: tuple[str, ...]
    unseen: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    mismatch: Mismatch | None

    @property
    def passed(self) -> bool:
        """No difference."""
        return self.mismatch is None

    @property
    def rate(self) -> float:
        """Transfers per second."""
        return max(0, self.transfers - 1) / self.seconds if self.seconds else 0.0


def format_of(path: Path) -> str:
    """What a trace is by the end of its name.

    Raises:
        InputError: it does not say.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if not suffixes or suffixes[-1] not in SUFFIXES:
        raise InputError(f"{path}: the name does not tell the format, say --format {'|'.join(SUFFIXES.values())}")
    return SUFFIXES[suffixes[-1]]


def open_trace(path: Path, spec: ChipSpec, trace_format: str, scope: str | None = None) -> Trace:
    """Opens a trace.

    Raises:
        InputError: it cannot be read, is damaged at its beginning, or --scope does not fit.
        MissingToolError: what reads waves is not installed.
    """
    if trace_format in WAVE_FORMATS:
        return WaveTrace(path, spec, scope)
    if scope is not None:
        raise InputError(f"--scope {scope}: only waves (VCD, FST) have scopes, {path} is read as {trace_format}")
    return TextTrace(path, "csv" if trace_format == "csv" else "jsonl", spec)


def check_retire_trace(
    path: Path,
    spec: ChipSpec,
    trace_format: str | None = None,
    scope: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RetireCheck:
    """Checks a retire trace, recorded in any simulator, against the integer golden model. Needs no simulator.

    Args:
        path: the trace.
        spec: the chip.
        trace_format: jsonl, csv, vcd or fst; None: by the name of the file.
        scope: of the signals in a VCD or FST file; None: the only one.
        progress: called with how far the file has been read, and how far there is to go.

    Raises:
        InputError: the trace is damaged, contradicts the chipspec, or has nothing to compare.
        MissingToolError: what reads waves is not installed.
    """
    trace_format = trace_format or format_of(path)
    trace = open_trace(path, spec, trace_format, scope)
    replay = _Replay(trace)
    mismatch = replay.run(progress or (lambda done, size: None))
    inputs, compared, unseen = replay.fields()
    if mismatch is None and not replay.transfers:
        raise InputError(f"{path}: no whole record of a transfer, nothing to check")
    return RetireCheck(
        trace=path,
        trace_format=trace_format,
        transfers=replay.transfers,
        segments=replay.segments,
        inputs=inputs,
        compared=compared,
        unseen=unseen,
        notes=tuple(trace.notes),
        seconds=replay.seconds,
        mismatch=mismatch,
    )


class _Shape:
    """What a record of a chip has."""

    def __init__(self, spec: ChipSpec) -> None:
        self.spec = spec
        self.beats = record_beats(spec)
        self.inputs = kind_of(spec).hdl.TRACE_INPUTS
        self.fields: dict[str, Field] = {field.name: field for field in kind_of(spec).hdl.trace_fields(spec)}
        unobserved = () if spec.dut is None else spec.dut.unobserved
        self.hidden = View(frozenset(unobserved)).record_names
        self.head = [name for name, field in self.fields.items() if not field.per_row]


class _Replay:
    """The trace beside the golden model, segment by segment."""

    def __init__(self, trace: Trace) -> None:
        self.transfers = 0
        self.segments = 0
        self._trace = trace
        self._seen: dict[str, None] = {}
        self._board: RetireScoreboard | None = None
        self._retired = 0  # in the segments before
        self._of: _Shape | None = None
        self._first = self._last = 0.0

    def run(self, progress: Callable[[int, int], None]) -> Mismatch | None:
        """To the end of the trace, or to the first difference."""
        for event in self._records():
            if isinstance(event, Begin):
                self._begin(event)
            elif isinstance(event, Violation):
                return self._located(self._violated(event), event.place, event.cycle)
            else:
                mismatch = self._check(event)
                if mismatch is not None:
                    return mismatch
                if self.transfers % PROGRESS_TRANSFERS == 0:
                    progress(self._trace.position, self._trace.size)
        progress(self._trace.size, self._trace.size)
        return None

    @property
    def seconds(self) -> float:
        """From the first transfer to the last one."""
        return self._last - self._first

    def fields(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Names of the fields taken as inputs, of those compared, and of those that the trace does not have."""
        inputs = () if TAKEN in self._seen else self._shape.inputs  # then the trace's own are compared as well
        others = [name for name in self._shape.fields if name not in inputs]
        seen = tuple(name for name in others if name in self._seen)
        return inputs, seen, tuple(name for name in others if self._seen and name not in self._seen)

    def _begin(self, begin: Begin | None) -> RetireScoreboard:
        self._retired += 0 if self._board is None else self._board.retired
        given = {} if begin is None else begin.configuration
        chip = rtl_configuration(self._trace.spec)
        configuration = {**chip, **self._trace.configuration, **given}
        for name, value in configuration.items():
            if value != chip[name]:
                self._trace.notes[f"{name} = {value} by the trace, {chip[name]} by the chipspec"] = None
        segment = Segment("trace", 0, 0, configuration)
        self._board = kind_of(self._trace.spec).retire_scoreboard(self._trace.spec, segment, self._retired)
        return self._board

    def _check(self, record: Retired) -> Mismatch | None:
        board = self._board or self._begin(None)
        first = board.retired == 0
        self._seen.update(dict.fromkeys(record.names))
        try:
            board.check_record(record)
        except DivergenceError as error:
            beat = record.beat_of(error.mismatch.row)
            return self._located(error.mismatch, beat.place, beat.cycle)
        self._last = time.perf_counter()
        self._first = self._last if not self.transfers else self._first
        self.transfers += 1
        self.segments += first
        return None

    def _violated(self, violation: Violation) -> Mismatch:
        board = self._board or self._begin(None)
        return board.violation(violation.field, violation.expected, violation.got)

    def _located(self, mismatch: Mismatch, place: str, cycle: int | None) -> Mismatch:
        segment = self.segments + (self._board is not None and self._board.retired == 0)
        return replace(mismatch, cycle=cycle, segment=f"{self._trace.source}, {place}, segment {segment}")

    def _records(self) -> Iterator[Begin | Retired | Violation]:
        """Whole records of the beats."""
        pending: list[Beat] = []
        for event in self._trace.events():
            if not isinstance(event, Beat):
                pending = []  # a reset may come in the middle of a record
                yield event
                continue
            beat = self._observed(event)
            self._require(beat, pending)
            violation = self._out_of_order(beat, pending)
            if violation is not None:
                yield violation
                return
            pending.append(beat)
            if beat.beat is None or len(pending) == self._shape.beats:
                yield Retired(self._shape.fields, pending)
                pending = []
        if pending:
            self._trace.notes[f"the last record is not whole, {len(pending)} beats of it were not checked"] = None

    @property
    def _shape(self) -> _Shape:
        """By the lanes of the trace, which its header may tell."""
        if self._of is None or self._of.spec is not self._trace.spec:
            self._of = _Shape(self._trace.spec)
        return self._of

    def _observed(self, beat: Beat) -> Beat:
        """Without what the chipspec calls unobserved, whatever stands there."""
        hidden = self._shape.hidden & beat.values.keys()
        if not hidden:
            return beat
        return replace(beat, values={name: value for name, value in beat.values.items() if name not in hidden})

    def _require(self, beat: Beat, pending: list[Beat]) -> None:
        """What the golden model needs, and something to compare with it."""
        inputs = self._shape.inputs
        where = f"{self._trace.source} {beat.place}"
        given = {TAKEN} if TAKEN in beat.values else {*inputs}
        missing = [name for name in inputs if name in given - beat.values.keys()]
        if missing:
            raise InputError(f"{where}: {', '.join(missing)} is missing, nothing can be computed without it")
        if not beat.values.keys() - given:
            others = [name for name in self._shape.fields if name not in inputs]
            raise InputError(f"{where}: nothing to compare, expected some of {', '.join(others)}")
        if pending and beat.values.keys() != pending[0].values.keys():
            different = sorted(beat.values.keys() ^ pending[0].values.keys())
            raise InputError(
                f"{where}: {', '.join(different)} is not in all beats of the record, expected in all or none"
            )

    def _out_of_order(self, beat: Beat, pending: list[Beat]) -> Violation | None:
        """The rules of `trc_*`: beats in order, the last one marked, one head for all of them."""

        def violation(expected: str, got: str) -> Violation:
            return Violation(beat.place, beat.cycle, PROTOCOL, expected, got)

        for name in ("beat", "last"):
            if name in beat.undefined:
                return violation(f"{name} with a defined value", "x")
        place = 0 if beat.beat is None else len(pending)
        if beat.beat is None and pending:
            return violation(f"beat {len(pending)}", "a record of its own")
        if beat.beat not in (None, place):
            return violation(f"beat {place}", f"beat {beat.beat}")
        last = beat.beat is None or place == self._shape.beats - 1
        if beat.last not in (None, int(last)):
            return violation(f"last = {int(last)} in beat {place}", f"last = {beat.last}")
        for name in self._shape.head if pending else ():
            if name in beat.values:
                first, now = (self._scalar(each, name) for each in (pending[0], beat))
                if first != now:
                    return violation(f"{name} = {first} in every beat of the record", f"{name} = {now}")
        return None

    @staticmethod
    def _scalar(beat: Beat, name: str) -> str:
        return "x" if name in beat.undefined else str(int(beat.values[name][0]))
