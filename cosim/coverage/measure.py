"""Measures the coverage of chips: verification with everything counted, merged over runs, against the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crosschop.cosim.coverage.code import (
    KINDS,
    CodePoint,
    Counts,
    ModuleCoverage,
    Share,
    by_module,
    merge_counts,
    places,
    read_counts,
)
from crosschop.cosim.coverage.collect import load_points, merge_points, require_collector
from crosschop.cosim.coverage.exclusions import Exclusions, excluded_places, exclusions_for
from crosschop.cosim.coverage.plan import Plan, load_plan
from crosschop.cosim.dut import Dut
from crosschop.cosim.job import COVERAGE_FILE, Result
from crosschop.cosim.simulator import Simulator
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import ToolError

# Enough to meet every bin of the plan.
DEFAULT_TRANSFERS = 600
# Chips that together have every option and every generate branch: name of a shipped chip, and what is changed.
REGRESSION: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("agad_tiny", ()),
    ("agad_rect", ("algorithm.read_correction=4",)),
    ("agad_wide", ("algorithm.beta=0.2",)),
    ("agad_beta1", ()),
    ("agad_shared", ()),
    ("agad_fast", ()),
    ("ttv2_20", ()),
    ("c_ttv2_rect", ()),
    (
        "agad_tiny",
        (
            "algorithm.column_order=random", "algorithm.read_correction=16", "hidden.reset=decay",
            "hidden.rounding=to_zero", "reference.rounding=floor", "algorithm.chop.period=20", "algorithm.beta=0.3",
        ),
    ),
    ("in_memory_sgd_20", ()),
    ("mixed_precision_20", ("array.rows=7", "array.cols=5", "controller.lanes=4", "hidden.rounding=floor")),
    ("mixed_precision_shared", ()),
    (
        "mixed_precision_20",
        ("array.rows=5", "array.cols=4", "controller.lanes=8", "hidden.rounding=to_zero", "hidden.max_steps=3"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """The verification of a chip whose coverage is measured.

    Attributes:
        spec: the chip.
        seed, transfers: of the verification.
        dut: the controller.
        simulator: that counts.
        versions: of the tools and of the package's sources, as one text.
    """

    spec: ChipSpec
    seed: int
    transfers: int
    dut: Dut
    simulator: Simulator
    versions: str

    @property
    def key(self) -> str:
        """Names everything that decides what is counted."""
        digest = hashlib.sha256(self.spec.model_dump_json().encode())
        digest.update(repr((self.seed, self.transfers, self.simulator, self.versions)).encode())
        digest.update(self.dut.digest().encode())
        return digest.hexdigest()[:24]

    def about(self) -> Mapping[str, Any]:
        """For a reader of the file."""
        return {"chip": self.spec.name, "seed": self.seed, "transfers": self.transfers, **asdict(self.simulator)}


@dataclass(frozen=True)
class Measured:
    """What a verification counted.

    Attributes:
        points: hits of every bin that the chip can meet, by point of the plan.
        code: Verilator's points, each with its count; empty under Icarus.
        transfers: transfers compared.
        mismatches: parts of the verification that differ from the golden model.
    """

    points: dict[str, dict[str, int]]
    code: list[list[Any]]
    transfers: int
    mismatches: int

    @property
    def counts(self) -> Counts:
        """`code` as counts by point."""
        return {CodePoint(*point): count for *point, count in self.code}


def measure(piece: Piece, directory: Path, progress: Callable[[int], None] | None = None) -> Measured:
    """Verifies the chip of a piece with everything counted.

    Raises:
        MissingToolError: cocotb-coverage is not installed.
        ToolError: the simulator is missing or failed.
    """
    require_collector()
    results = verify(
        piece.spec, piece.seed, piece.transfers, directory, progress, dut=piece.dut, simulator=piece.simulator
    )
    return collected(directory, results, code=piece.simulator.name == "verilator")


def collected(directory: Path, results: Mapping[str, Result], code: bool) -> Measured:
    """What the parts of a verification left in their folders.

    Raises:
        ToolError: Verilator left no data.
    """
    counts = merge_counts(read_counts(directory / part / COVERAGE_FILE) for part in results) if code else {}
    return Measured(
        points=merge_points(load_points(directory / part) for part in results),
        code=[[*point, count] for point, count in sorted(counts.items())],
        transfers=sum(result.transfers for result in results.values()),
        mismatches=sum(result.mismatch is not None for result in results.values()),
    )


@dataclass(frozen=True)
class Coverage:
    """Coverage of one or of several verifications together.

    Attributes:
        points: hits of every bin that one of the chips can meet, by point of the plan.
        modules: lines, branches and bits reached, module by module; empty under Icarus.
        transfers: transfers compared.
        mismatches: parts that differ from the golden model.
    """

    points: dict[str, dict[str, int]]
    modules: list[ModuleCoverage]
    transfers: int
    mismatches: int

    @property
    def bins(self) -> Share:
        """Bins of the plan that were met."""
        every = [count for bins in self.points.values() for count in bins.values()]
        return Share(sum(count > 0 for count in every), len(every))

    @property
    def missing(self) -> list[str]:
        """Bins of the plan that were not met, as `feature.point:bin`."""
        return [f"{point}:{name}" for point, bins in self.points.items() for name, count in bins.items() if count == 0]

    def share(self, kind: str) -> Share:
        """Lines, branches or bits of all modules together."""
        shares = [module.shares[kind] for module in self.modules]
        return Share(sum(share.hit for share in shares), sum(share.total for share in shares))

    @property
    def complete(self) -> bool:
        """Everything of the plan, every line and every branch that is not excluded; bits are reported alone."""
        code = all(share.hit == share.total for share in (self.share("line"), self.share("branch")))
        return not self.missing and code and not self.mismatches

    def as_data(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "status": "pass" if self.complete else "incomplete",
            "transfers": self.transfers,
            "mismatches": self.mismatches,
            "plan": {"hit": self.bins.hit, "total": self.bins.total, "missing": self.missing, "points": self.points},
            "code": {kind: asdict(self.share(kind)) for kind in KINDS},
            "modules": [
                {**asdict(module), "percent": {kind: module.shares[kind].percent for kind in KINDS}}
                for module in self.modules
            ],
        }


def merge(
    runs: Sequence[Measured], duts: Iterable[Dut], exclusions: Exclusions | None = None, whole: bool = False
) -> Coverage:
    """The union of what several verifications counted.

    Args:
        runs: what was measured.
        duts: controllers whose sources they ran.
        exclusions: None: none.
        whole: the chips are the regression: every bin of the plan is asked for, not only those that the chips can
            meet, and every exclusion has to be of a branch that one of them has.

    Raises:
        InputError: an exclusion does not hold.
    """
    plan = load_plan()
    nothing = {f"{feature.name}.{point.name}": dict.fromkeys(point.bins, 0) for _, feature, point in plan.every_bin()}
    counts = merge_counts(run.counts for run in runs)
    texts = {
        file.name: file.read_text(encoding="utf-8", errors="replace").splitlines() for dut in duts for file in dut.files
    }
    left_out = excluded_places(exclusions, counts, texts, whole) if counts and exclusions else frozenset()
    return Coverage(
        points=in_order_of(plan, merge_points([*(run.points for run in runs), *([nothing] if whole else [])])),
        modules=by_module(places(counts), texts, left_out),
        transfers=sum(run.transfers for run in runs),
        mismatches=sum(run.mismatches for run in runs),
    )


def in_order_of(plan: Plan, points: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Hits in the order of the plan."""
    order = list(dict.fromkeys(name.split(":")[0] for name, _, _ in plan.every_bin()))
    bins = {f"{feature.name}.{point.name}": list(point.bins) for _, feature, point in plan.every_bin()}
    return {
        name: {one: points[name][one] for one in bins[name] if one in points[name]} for name in order if name in points
    }


def cover_chip(
    spec: ChipSpec,
    dut: Dut,
    seed: int,
    transfers: int,
    directory: Path,
    progress: Callable[[int], None] | None = None,
    simulator: Simulator | None = None,
) -> Coverage:
    """Coverage of the verification of one chip: the points of the plan that it can meet, code of its controller.

    Branches that other chips take, with other parameters, are not asked for: Verilator has removed them, or they are
    excluded for chips such as this one.

    Args:
        spec: the chip.
        dut: its controller.
        seed, transfers: of the verification.
        directory: for the simulations' files.
        progress: called with the transfers compared so far.
        simulator: None: Verilator.

    Raises:
        InputError: the chip has no retire trace, or an exclusion does not hold.
        ToolError: the simulator is missing or failed.
    """
    tool = simulator or Simulator("verilator", coverage=True)
    piece = Piece(spec, seed, transfers, dut, tool, "")
    measured = measure(piece, directory, progress)
    if not measured.points:
        raise ToolError(f"{spec.name}: the simulation has counted nothing")
    return merge([measured], [dut], exclusions_for([spec], [dut]))
