"""Does the scoreboard see upsets? The same bits flipped in the RTL, field by field, and what came of each.

An upset that the golden model says must show, and that the scoreboard does not report, is a hole in the verification;
so is one that it reports elsewhere. A code flipped on its way into the controller is no such upset: the golden model
gets the codes that the controller took, so the two agree by construction; what it does to training is another question.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.engines import require_trace
from crosschop.cosim.job import Finding, Job, Segment
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.runner import Task, run_jobs
from crosschop.model.chipspec import ChipSpec, rtl_configuration, transfers_together
from crosschop.model.faults.fields import Field, field_of, fields_of
from crosschop.model.faults.upset import Upset

# A chip of more columns is struck in its narrow variant: a sweep of it takes the simulator too long.
MOST_COLUMNS = 64
# Transfers before an upset, and sweeps after it in which it may be seen.
LEAD, SWEEPS = 2, 3
# A chopper period in which P^ref is taken and read within those sweeps.
PERIOD = 2
WARMUP = 2


@dataclass(frozen=True)
class Detection:
    """What the scoreboard saw of the upsets of a field.

    Attributes:
        field: the field.
        findings: one per upset.
    """

    field: Field
    findings: tuple[Finding, ...]

    @property
    def detected(self) -> list[Finding]:
        """Seen by the scoreboard."""
        return [finding for finding in self.findings if finding.transfer is not None]

    @property
    def latent(self) -> list[Finding]:
        """Not to be seen so far, but still there when the simulation ended."""
        return [found for found in self.findings if found.transfer is None and found.latent]

    @property
    def masked(self) -> list[Finding]:
        """Gone without a trace, by the golden model too."""
        return [
            found
            for found in self.findings
            if found.transfer is None and not found.latent and found.expected_transfer is None
        ]

    @property
    def missed(self) -> list[Finding]:
        """Ought to have been seen by the golden model, and were not, or not there."""
        return [found for found in self.findings if not as_expected(self.field, found)]

    @property
    def latencies(self) -> list[int]:
        """Transfers from each upset that was seen to where it was."""
        return [max(0, found.transfer - found.upset.transfer) for found in self.detected if found.transfer is not None]

    @property
    def seen_in(self) -> dict[str, int]:
        """How many were seen in which field of the scoreboard."""
        names = [found.field for found in self.detected]
        return {name: names.count(name) for name in dict.fromkeys(names)}


def as_expected(field: Field, finding: Finding) -> bool:
    """Whether the scoreboard saw what the golden model says is to be seen.

    A request is looked at when it comes, while the transfer before may still be on its way: signs and counters may be
    reported one transfer early. Updates without a read end in the bench's patience; a batch that does not end shows in
    the cycle of the next request, or in that it comes too early.
    """
    if finding.expected_transfer is None or finding.transfer is None:
        return finding.expected_transfer is None and finding.transfer is None
    early = 0 if field.kind == "memory" and field.name != "reads" else 1
    in_time = finding.expected_transfer - early <= finding.transfer <= finding.expected_transfer
    names = {"", finding.field}
    if finding.field == "progress":
        names.add("updates before the read")
    if finding.field == "operands requested":  # while the columns retire of a pass that should have ended its batch
        names.add("cycle of the operand request")
        in_time = finding.upset.transfer <= finding.transfer <= finding.expected_transfer
    return in_time and finding.expected_field in names


def detect(
    spec: ChipSpec,
    upsets: int,
    seed: int,
    directory: Path,
    fields: Mapping[str, Sequence[int]] | None = None,
    progress: Callable[[int], None] | None = None,
    dut: Dut | None = None,
) -> list[Detection]:
    """Flips bits in the RTL under Icarus Verilog and asks the scoreboard.

    Args:
        spec: the chip; one with many columns is struck in its narrow variant.
        upsets: how many in each field.
        seed: of places, times and stimulus.
        directory: for the simulation's files.
        fields: bits by the name of the field; None for all.
        progress: called with the transfers compared so far.
        dut: a controller with the registers and memories of the shipped one, by their names; None for that of the chip.
            One that the chip names in its section `dut` is struck in its streams alone: its inside is unknown.

    Raises:
        InputError: the chip has no retire trace, or no such field.
        ToolError: the simulator is missing or failed.
    """
    require_trace(spec)
    chip = struck_variant(spec)
    if fields is None:
        fields = {name: range(field_of(chip, name).bits) for name in struck_fields(chip)}
    chosen = [field_of(chip, name) for name in fields]
    segments = [segment for field in chosen for segment in _segments(chip, field, fields[field.name], upsets, seed)]
    (result,) = run_jobs([Task(Job(chip, tuple(segments)), directory)], progress, dut)
    return [
        Detection(field, tuple(found for found in result.findings if found.upset.field == field.name))
        for field in chosen
    ]


def struck_fields(spec: ChipSpec) -> list[str]:
    """Names of the fields that can be struck in the RTL of this chip."""
    return [name for name, field in fields_of(spec).items() if spec.dut is None or field.kind == "stream"]


def struck_variant(spec: ChipSpec) -> ChipSpec:
    """The chip whose RTL is struck: itself, or its narrow variant."""
    return spec if spec.array.cols <= MOST_COLUMNS else kind_of(spec).scenarios.narrow_variant(spec)


def transfers_of(spec: ChipSpec, fields: int, upsets: int) -> int:
    """Transfers that so many upsets in each of so many fields take at most."""
    return fields * upsets * _length(struck_variant(spec), 0)


def _length(spec: ChipSpec, strike: int) -> int:
    return strike + SWEEPS * max(spec.array.cols, LEAD)


def _segments(spec: ChipSpec, field: Field, bits: Sequence[int], upsets: int, seed: int) -> list[Segment]:
    """A segment per upset: every bit asked for once, most significant first, before any comes again."""
    # The narrow variant has fewer columns to count.
    there = sorted((bit for bit in bits if bit < field.bits), reverse=True) or [field.bits - 1]
    generator = np.random.default_rng([seed, zlib.crc32(field.name.encode())])
    together = transfers_together(spec)
    segments = []
    for number in range(upsets):
        bit = there[number % len(there)]
        strike = LEAD + int(generator.integers(max(spec.array.cols, LEAD)))
        if together > 1:
            strike = together * (1 + number % LEAD)
        upset = Upset(field.name, int(generator.integers(field.places)), bit, strike)
        length = -(-_length(spec, strike) // together) * together
        segments.append(
            Segment(
                name=f"{field.name} bit {bit}",
                transfers=length,
                seed=int(generator.integers(1, 1 << 31)),
                configuration=_configuration(spec),
                codes="push",
                lengths="uniform",
                upset=upset,
            )
        )
    return segments


def _configuration(spec: ChipSpec) -> dict[str, int]:
    """The chip's, with flips and a warm-up that show within the sweeps of a segment."""
    configuration = rtl_configuration(spec)
    if configuration.get("cfg_chop"):
        configuration["cfg_chop"] = {"regular": PERIOD, "random": 0x8000}[spec.transfer.chopper.mode]
        configuration["cfg_warmup"] = WARMUP
    if "cfg_batch" in configuration:
        configuration["cfg_batch"] = PERIOD
    return configuration
