"""What the parent process asks a simulation to do, and what comes back; both cross as JSON files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from crosschop.cosim.simulator import ICARUS, Simulator
from crosschop.model.chipspec import OBSERVABLE, ChipSpec, ControllerKind, rtl_configuration
from crosschop.model.faults.upset import Upset

JOB_FILE = "job.json"
RESULT_FILE = "result.json"
PROGRESS_FILE = "progress"
WAVE_FILE = "wave.fst"
# A controller with its own timing hangs after so many times the cycles that one of the contract may take.
OWN_SLOWNESS = 16
# What Verilator counted, where it was asked to.
COVERAGE_FILE = "coverage.dat"

# Order of the bench's py_rates, low byte first.
STREAMS = ("smp", "upd", "rd", "adc", "wr")


@dataclass(frozen=True)
class Segment:
    """A stretch of a simulation between two resets.

    Attributes:
        name: what it is for.
        transfers: column transfers to run.
        seed: seed of its stimulus.
        configuration: cfg_* values.
        rates: chance (1/256) of idle or back-pressure per stream, in the order of STREAMS.
        codes: style of the ADC codes, see transfer/stimulus.py; "tile" = the analog tile answers; without effect where
            nothing is read.
        lengths: style of the train lengths, see lengths.py; "tile" as above.
        abort: reset so many cycles after the last read has begun, wherever the controller is; None runs to the end.
        upset: a bit that is flipped on the way; what comes of it is a finding, not the end of the simulation.
        changes: other cfg_* values, each from the transfer of that number on; nothing is under way at the change.
        reset_in: in the end reset in this phase of the bench's corners, in its cycle of this number; None: not reset.
    """

    name: str
    transfers: int
    seed: int
    configuration: dict[str, int]
    rates: tuple[int, ...] = (0,) * len(STREAMS)
    codes: str = "tile"
    lengths: str = "tile"
    abort: int | None = None
    upset: Upset | None = None
    changes: tuple[tuple[int, dict[str, int]], ...] = ()
    reset_in: tuple[str, int] | None = None

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Self:
        """From JSON values."""
        made: dict[str, Any] = {
            "rates": tuple(data["rates"]),
            "upset": None if data["upset"] is None else Upset(**data["upset"]),
            "changes": tuple((first, configuration) for first, configuration in data["changes"]),
            "reset_in": None if data["reset_in"] is None else tuple(data["reset_in"]),
        }
        return cls(**{**data, **made})

    @property
    def compared(self) -> int:
        """Transfers that retire and are compared: not the one under way at a reset."""
        return self.transfers - (self.abort is not None)

    @property
    def nominal(self) -> bool:
        """Nothing random happens on the streams: the cycle model predicts every cycle."""
        return not any(self.rates) and not self.changes


def chip_segment(
    spec: ChipSpec, name: str, seed: int, transfers: int, codes: str = "tile", lengths: str = "tile"
) -> Segment:
    """A segment with the chip's own configuration."""
    return Segment(name, transfers, seed, rtl_configuration(spec), codes=codes, lengths=lengths)


@dataclass(frozen=True)
class View:
    """What the bench sees of a controller.

    Attributes:
        unobserved: names of fields of the retire trace, and `counters`, that carry nothing.
        own_timing: its cycles are its own, not those of rtl/README.md.
    """

    unobserved: frozenset[str] = frozenset()
    own_timing: bool = False

    def sees(self, name: str) -> bool:
        """Whether a field carries something."""
        return name not in self.unobserved

    @property
    def record_names(self) -> frozenset[str]:
        """The unobserved fields as the records of the benches call them."""
        return frozenset("col" if name == "column" else name for name in self.unobserved)

    @property
    def compares_counters(self) -> bool:
        """Whether the cycle counters have to be those of the cycle model."""
        return self.sees("counters") and not self.own_timing

    @property
    def slowness(self) -> int:
        """How much longer than a controller with the cycles of the contract it may take for anything."""
        return OWN_SLOWNESS if self.own_timing else 1

    def mask(self, kind: ControllerKind) -> int:
        """The parameter UNSEEN of the bench."""
        return sum(1 << place for place, name in enumerate(OBSERVABLE[kind]) if not self.sees(name))

    def to_data(self) -> dict[str, Any]:
        """As JSON values, with the keys of the chipspec."""
        return {"unobserved": sorted(self.unobserved), "timing": "own" if self.own_timing else "contract"}

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Self:
        """What `to_data` made."""
        return cls(frozenset(data["unobserved"]), data["timing"] == "own")


FULL_VIEW = View()


@dataclass(frozen=True)
class Job:
    """One simulation: a chip, its stimulus, the window of transfers whose waves are kept, and by what.

    `view` is that of the controller that it runs on; run_jobs sets it.
    """

    spec: ChipSpec
    segments: tuple[Segment, ...]
    waves: tuple[int, int] | None = None
    view: View = FULL_VIEW
    simulator: Simulator = ICARUS

    def save(self, directory: Path) -> None:
        """Writes job.json."""
        content = {
            "spec": self.spec.model_dump(mode="json"),
            "segments": [asdict(segment) for segment in self.segments],
            "waves": self.waves,
            "view": self.view.to_data(),
            "simulator": asdict(self.simulator),
        }
        (directory / JOB_FILE).write_text(json.dumps(content, indent=1))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Reads job.json."""
        content = json.loads((directory / JOB_FILE).read_text())
        return cls(
            spec=ChipSpec.model_validate_json(json.dumps(content["spec"])),
            segments=tuple(Segment.of_data(entry) for entry in content["segments"]),
            waves=None if content["waves"] is None else tuple(content["waves"]),
            view=View.of_data(content["view"]),
            simulator=Simulator(**content["simulator"]),
        )


@dataclass(frozen=True)
class Mismatch:
    """The first difference between the controller and the golden model.

    Attributes:
        transfer: number of the transfer, from 0 over the whole simulation.
        cycle: clock cycle since the last reset, None where a trace does not tell.
        segment: name of the stimulus segment.
        column, row: place, None where the field has none.
        field: what differs.
        expected, got: values; "x" where undefined.
        events: the events before it, oldest first.
    """

    transfer: int
    cycle: int | None
    segment: str
    column: int | None
    row: int | None
    field: str
    expected: str
    got: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What came of an upset in the RTL; transfers count within the segment.

    Attributes:
        upset: the flipped bit.
        transfer, field: where the scoreboard saw it first, and in which field; None and empty where it saw nothing.
        got: what it saw there, and what it expected.
        expected_transfer, expected_field: the same by the golden model, see injection/expected.py; an empty field
            with a transfer: the golden model cannot tell which.
        latent: nothing was to be seen, but the state still differed at the end.
    """

    upset: Upset
    transfer: int | None
    field: str
    got: str
    expected_transfer: int | None
    expected_field: str
    latent: bool


@dataclass
class Result:
    """What a simulation found.

    Attributes:
        samples: samples before the reads of those transfers.
        transfers: transfers compared.
        cycles: RTL counters by phase, summed over the segments.
        predicted: the cycle model's counts for the same, before injected back-pressure.
        elapsed: clock cycles from reset to the last retirement, in the segments that end by themselves.
        writes: column writes of W; none in in-memory SGD, which updates W as a whole.
        corners: how often each corner was met, by name; see the `corners` of each kind.
        mismatch: the first difference, None where all is equal.
        findings: what came of each upset.
        timed: transfers, and processor seconds of the simulator for them, without its start; says nothing of the
            controller.
    """

    samples: int = 0
    transfers: int = 0
    cycles: dict[str, int] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    elapsed: int = 0
    writes: int = 0
    corners: dict[str, int] = field(default_factory=dict)
    mismatch: Mismatch | None = None
    findings: list[Finding] = field(default_factory=list)
    timed: tuple[int, float] = field(default=(0, 0.0), compare=False)

    def save(self, directory: Path) -> None:
        """Writes result.json, whole or not at all."""
        partial = directory / f"{RESULT_FILE}.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(directory / RESULT_FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Reads result.json."""
        content = json.loads((directory / RESULT_FILE).read_text())
        mismatch = content.pop("mismatch")
        if mismatch is not None:
            mismatch = Mismatch(**{**mismatch, "events": tuple(mismatch["events"])})
        findings = [Finding(**{**entry, "upset": Upset(**entry["upset"])}) for entry in content.pop("findings")]
        timed = tuple(content.pop("timed"))
        return cls(**content, mismatch=mismatch, findings=findings, timed=timed)
