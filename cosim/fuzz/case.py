"""A chip, its stimulus and a seed, as one line of `crosschop verify` says them."""

from __future__ import annotations

import functools
import hashlib
import json
import shlex
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from crosschop.cosim.dut import dut_of
from crosschop.cosim.job import Result
from crosschop.cosim.runner import work_directory
from crosschop.cosim.verify import verify
from crosschop.cosim.versions import versions
from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.errors import CrosschopError, InputError, MissingToolError, ToolError

# By algorithm, the shipped chip that settings are laid over.
BASES = {
    "agad": "agad_tiny",
    "c_ttv2": "c_ttv2_20",
    "ttv2": "ttv2_20",
    "in_memory_sgd": "in_memory_sgd_20",
    "mixed_precision": "mixed_precision_20",
}
Status = Literal["pass", "mismatch", "error"]
TRACEBACK_LINES = 6


@functools.lru_cache(maxsize=4096)
def _spec(base: str, settings: tuple[str, ...]) -> ChipSpec:
    return load_chipspec(base, settings)


def about_sources(base: str, rtl: Path | None) -> str:
    """What decides the verdict on a chip beside its settings, as one text: base, controller, this package, tools."""
    chip = load_chipspec(base)
    content = hashlib.sha256(chip.model_dump_json().encode()).hexdigest()[:16]
    return f"{content} {dut_of(chip, rtl).digest()} {versions()}"


@dataclass(frozen=True)
class Case:
    """One verification.

    Attributes:
        base: the chip that the settings are laid over, a shipped one or a file.
        settings: `KEY=VALUE` texts.
        seed: of all stimulus.
        transfers: to compare.
        only: the part or segment that is run, as `crosschop verify --only` takes it.
    """

    base: str
    settings: tuple[str, ...]
    seed: int
    transfers: int
    only: str

    def spec(self) -> ChipSpec:
        """The chip.

        Raises:
            SpecError: it is not legal.
        """
        return _spec(self.base, self.settings)

    def command(self, rtl: Path | None) -> str:
        """The line that runs exactly this."""
        words = ["crosschop", "verify", self.base]
        for setting in self.settings:
            words += ["--set", setting]
        words += ["--seed", str(self.seed), "--transfers", str(self.transfers), "--only", self.only]
        words += [] if rtl is None else ["--rtl", str(rtl)]
        return shlex.join(words)


@dataclass(frozen=True)
class Piece:
    """A case on sources of a controller, as kept between calls.

    Attributes:
        case: what to run.
        rtl: folder of the controller's sources, None for the shipped ones.
        about_sources: everything else that decides the verdict.
    """

    case: Case
    rtl: Path | None
    about_sources: str

    @property
    def key(self) -> str:
        """Names case and sources."""
        text = json.dumps([asdict(self.case), self.about_sources], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know."""
        return {"command": self.case.command(self.rtl)}


@dataclass(frozen=True)
class Verdict:
    """What a case came to.

    Attributes:
        status: `error` where the simulation ended without a result.
        transfers: compared.
        digest: of everything counted; equal cases have equal ones.
        corners: how often each corner was met.
        mismatch: the fields of the first divergence.
        said: sentences of an error.
    """

    status: Status
    transfers: int = 0
    digest: str = ""
    corners: dict[str, int] = field(default_factory=dict)
    mismatch: dict[str, Any] | None = None
    said: tuple[str, ...] | list[str] = ()


def _digest(spec: ChipSpec, results: Mapping[str, Result]) -> str:
    """Of the chip and of all that the simulations counted, not of the time that they took."""
    counted = {part: asdict(replace(result, mismatch=None, timed=(0, 0.0))) for part, result in results.items()}
    return hashlib.sha256(json.dumps([spec.model_dump(mode="json"), counted]).encode()).hexdigest()[:16]


def run_far_piece(piece: Piece) -> Verdict:
    """Simulates a case on a machine that may have other files.

    Raises:
        ToolError: it has other sources or tools, so that the verdict would not be the one that is asked for.
        InputError, MissingToolError: as `run_piece`.
    """
    _spec.cache_clear()  # the base may have changed since an earlier command
    if about_sources(piece.case.base, piece.rtl) != piece.about_sources:
        raise ToolError("a worker of the cluster has other sources or tools, or another chip, than this command")
    return run_piece(piece)


def run_piece(piece: Piece) -> Verdict:
    """Simulates a case.

    Raises:
        InputError: the user's sources cannot be read.
        MissingToolError: no simulator.
    """
    case = piece.case
    spec = case.spec()
    try:
        with work_directory() as scratch:
            dut = dut_of(spec, piece.rtl)
            results = verify(spec, case.seed, case.transfers, scratch, dut=dut, only=[case.only])
    except (InputError, MissingToolError):
        raise
    except CrosschopError as error:
        # The simulator stopped, or took none of the parameters: of a legal chip that is a finding
        return Verdict("error", said=error.messages)
    except Exception:  # ours, on a legal chip: the line that reproduces it is worth as much
        return Verdict("error", said=["internal error", *traceback.format_exc().splitlines()[-TRACEBACK_LINES:]])
    found = next((result.mismatch for result in results.values() if result.mismatch is not None), None)
    return Verdict(
        "pass" if found is None else "mismatch",
        sum(result.transfers for result in results.values()),
        _digest(spec, results),
        {
            name: sum(result.corners[name] for result in results.values())
            for name in next(iter(results.values())).corners
        },
        None if found is None else asdict(found),
    )
