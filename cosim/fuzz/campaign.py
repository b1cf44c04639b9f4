"""Draws cases with hypothesis, runs them on all cores, and shrinks the first one that fails."""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crosschop.cosim.fuzz.case import Case, Piece, Verdict, about_sources, run_far_piece, run_piece
from crosschop.cosim.fuzz.features import count_features
from crosschop.model.chipspec import load_chipspec
from crosschop.model.errors import InputError, MissingToolError
from crosschop.model.parallel import run_parallel

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# Chips are drawn so many at a time: a larger count has those of a smaller one and more.
BLOCK = 25
# Blocks without a new case after which there are no more.
BARREN_BLOCKS = 3
# Verifications that shrinking takes at most, unless told otherwise.
SHRINK_RUNS = 120

Run = Callable[[Sequence[Piece]], Iterator[tuple[Piece, Verdict]]]


class _FailedError(Exception):
    """A case that fails."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.command(None))
        self.case = case


@dataclass(frozen=True)
class Failure:
    """What was found, as drawn and shrunk.

    Attributes:
        drawn, found: the case as it was drawn, and its verdict.
        small, verdict: the case that it shrank to, and its verdict.
        tried: verifications that shrinking took.
    """

    drawn: Case
    found: Verdict
    small: Case
    verdict: Verdict
    tried: int


@dataclass(frozen=True)
class Report:
    """What a campaign came to.

    Attributes:
        chips: drawn and run, by algorithm.
        transfers: compared in all.
        features: how many chips had each feature, by algorithm.
        corners: how often each corner was met, by algorithm.
        digest: of all verdicts in the order of drawing.
        failure: the first one, None where every chip passes.
    """

    chips: dict[str, int]
    transfers: int
    features: dict[str, dict[str, int]]
    corners: dict[str, dict[str, int]]
    digest: str
    failure: Failure | None


def _drive(strategy: SearchStrategy[Case], seed: int, examine: Callable[[Case], bool]) -> Case | None:
    """Lets hypothesis draw `BLOCK` cases; of one that fails, the smallest that it finds."""
    import hypothesis

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=BLOCK,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(strategy)
    def run(case: Case) -> None:
        if examine(case):
            raise _FailedError(case)

    try:
        run()
    except _FailedError as error:
        return error.case
    return None


@dataclass(frozen=True)
class Source:
    """Where chips come from.

    Attributes:
        base: the chip that settings are laid over, a shipped one or a file.
        kept: keys, or sections, that stay as they are there.
        transfers: most transfers that a case compares.
        seed: of the cases.
    """

    base: str
    kept: tuple[str, ...]
    transfers: int
    seed: int

    def strategy(self) -> SearchStrategy[Case]:
        """What hypothesis draws.

        Raises:
            MissingToolError: it is not installed.
        """
        try:
            from crosschop.cosim.fuzz.chips import cases
        except ModuleNotFoundError:
            raise MissingToolError("hypothesis is not installed: pip install 'crosschop[fuzz]'") from None
        return cases(self.base, self.transfers, self.kept)

    def block(self, number: int, examine: Callable[[Case], bool]) -> Case | None:
        """Draws the cases of a block; of one that fails, the smallest."""
        name = f"{Path(self.base).stem} {self.seed} {number}"
        return _drive(self.strategy(), zlib.crc32(name.encode()), examine)


def draw_cases(source: Source, count: int) -> list[Case]:
    """The first `count` cases, each once; equal arguments give equal cases.

    Raises:
        InputError: there are not so many.
        MissingToolError: hypothesis is not installed.
    """
    drawn: dict[Case, None] = {}
    barren = 0
    for block in itertools.count():
        before = len(drawn)
        if before >= count or barren == BARREN_BLOCKS:
            break
        source.block(block, lambda case: drawn.setdefault(case) is not None)
        barren = barren + 1 if len(drawn) == before else 0
    if len(drawn) < count:
        kept = f" that keep {', '.join(source.kept)}" if source.kept else ""
        raise InputError(f"only {len(drawn)} of {count} chips over {source.base}{kept} could be drawn")
    return list(drawn)[:count]


def _shrink(source: Source, examine: Callable[[Case], bool]) -> Case:
    """Draws the same cases again, up to the one that fails, and lets hypothesis shrink it."""
    for block in itertools.count():
        failed = source.block(block, examine)
        if failed is not None:
            return failed
    raise AssertionError


def _in_order(pieces: Sequence[Piece], answers: Iterable[tuple[Piece, Verdict]]) -> Iterator[tuple[Piece, Verdict]]:
    """Answers as they come; after the first failure only those that are still missing before it."""
    place = {piece: index for index, piece in enumerate(pieces)}
    missing, last = set(pieces), len(pieces)
    for piece, verdict in answers:
        yield piece, verdict
        missing.discard(piece)
        if verdict.status != "pass":
            last = min(last, place[piece])
        if all(place[other] > last for other in missing):
            return


def run_pieces(pieces: Sequence[Piece], workers: int, scheduler: str | None = None) -> Iterator[tuple[Piece, Verdict]]:
    """Runs cases on so many processes, or on a dask cluster, up to the first failure in their order."""
    if scheduler is None:
        return _in_order(pieces, run_parallel(run_piece, pieces, workers))
    from crosschop.model.cluster import run_on_cluster  # dask takes half a second, only where there is a cluster

    return _in_order(pieces, run_on_cluster(run_far_piece, pieces, workers, scheduler))


def fuzz(
    bases: Sequence[str],
    seed: int,
    count: int,
    transfers: int,
    work_off: Callable[[Sequence[Piece], Run], Mapping[Piece, Verdict]],
    rtl: Path | None = None,
    kept: Sequence[str] = (),
    workers: int = 1,
    scheduler: str | None = None,
    shrink_runs: int = SHRINK_RUNS,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Report:
    """Runs random chips, of each base in turn.

    Args:
        bases: chips that settings are laid over, shipped ones or files; `BASES` has one per algorithm.
        seed: of chips and stimulus.
        count: chips in all.
        transfers: most transfers that a chip compares.
        work_off: runs pieces, or knows their verdicts from an earlier call.
        rtl: folder of the controllers' sources, None for that of the base.
        kept: keys, or sections, that stay as they are.
        workers: processes, where there is no scheduler.
        scheduler: address of a dask scheduler.
        shrink_runs: verifications that shrinking takes at most.
        tell: hears what goes on while a case shrinks.

    Raises:
        MissingToolError: hypothesis or the simulator is missing.
        InputError: base or sources are wrong, or there are not so many chips.
    """
    sources = [Source(base, tuple(kept), transfers, seed) for base in bases]
    shares = [count // len(bases) + (index < count % len(bases)) for index in range(len(bases))]
    drawn = [draw_cases(source, share) for source, share in zip(sources, shares, strict=True)]
    about = [about_sources(base, rtl) for base in bases]
    ordered = [
        (base, Piece(drawn[base][index], rtl, about[base]))
        for index in range(max(shares))
        for base in range(len(bases))
        if index < len(drawn[base])
    ]
    verdicts = work_off([piece for _, piece in ordered], lambda due: run_pieces(due, workers, scheduler))
    failure = None
    done: list[tuple[int, Piece]] = []
    for base, piece in ordered:
        if piece not in verdicts:
            break
        done.append((base, piece))
        if verdicts[piece].status != "pass":
            failure = _failure(sources[base], piece, verdicts, shrink_runs, tell)
            break
    digest = hashlib.sha256("".join(verdicts[piece].digest for _, piece in done).encode())
    found = [[piece.case.spec() for number, piece in done if number == base] for base in range(len(bases))]
    names = [load_chipspec(base).algorithm.name for base in bases]
    return Report(
        {name: len(chips) for name, chips in zip(names, found, strict=True)},
        sum(verdicts[piece].transfers for _, piece in done),
        {name: count_features(chips) for name, chips in zip(names, found, strict=True)},
        {name: _sum_of_corners(done, verdicts, base) for base, name in enumerate(names)},
        digest.hexdigest()[:16],
        failure,
    )


def _sum_of_corners(done: Sequence[tuple[int, Piece]], verdicts: Mapping[Piece, Verdict], base: int) -> dict[str, int]:
    """Over the chips of one base."""
    counted: Counter[str] = Counter()
    for number, piece in done:
        if number == base:
            counted.update(verdicts[piece].corners)
    return dict(counted)


def _failure(
    source: Source, piece: Piece, verdicts: Mapping[Piece, Verdict], most: int, tell: Callable[[str], None]
) -> Failure:
    """Shrinks a case that fails to a small one that fails in the same kind of way."""
    found = verdicts[piece]
    known = {other.case: verdict for other, verdict in verdicts.items()}
    tried: list[Case] = []

    def examine(case: Case) -> bool:
        if case not in known:
            if len(tried) >= most:
                return False
            tried.append(case)
            known[case] = run_piece(Piece(case, piece.rtl, piece.about_sources))
            tell(f"shrinking, {len(tried)} of at most {most} verifications: {known[case].status}")
        return known[case].status == found.status

    small = _shrink(source, examine)
    return Failure(piece.case, found, small, known[small], len(tried))
