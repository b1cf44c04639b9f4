"""A mutation campaign: mutants drawn, verified, and those that survive told from those that change nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from crosschop.cosim.build import require_icarus
from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.engines import require_trace
from crosschop.cosim.formal.plan import Effort as FormalEffort
from crosschop.cosim.formal.run import require_solvers
from crosschop.cosim.kept_work import work_off
from crosschop.cosim.mutation.change import Mutant
from crosschop.cosim.mutation.draw import Drawn, draw_mutants
from crosschop.cosim.mutation.equivalence import check_equivalence
from crosschop.cosim.mutation.many import run_many
from crosschop.cosim.mutation.others import has_every_parameter, run_chips, run_formal, run_lint
from crosschop.cosim.mutation.product import check_outputs
from crosschop.cosim.mutation.sites import all_mutants
from crosschop.cosim.mutation.source import read_source
from crosschop.cosim.mutation.stages import Stage, run_stage
from crosschop.cosim.mutation.verdict import FATES, Fate, Verdict
from crosschop.cosim.verify import DEFAULT_TRANSFERS, LONG, variants_of
from crosschop.cosim.verilator import require_verilator
from crosschop.cosim.versions import versions
from crosschop.model.chipspec import ChipSpec, memory_bits
from crosschop.model.estimate.logic.yosys import yosys_version
from crosschop.model.store import Store

# Most mutants show within so many transfers; the full effort is for the rest.
FIRST_TRANSFERS = 100
EQUIVALENCE = "equivalence"
OUTPUTS = "equivalence of the outputs"
LINT = "lint"


@dataclass(frozen=True)
class Effort:
    """What a mutant has to survive.

    Attributes:
        transfers: of each of the two parts of a verification.
        seeds: seeds 1..N of verification.
        formal: effort of the proofs, None for none.
        chips: random chips of the same algorithm, for what survived all that.
        proof_seconds: processor time of the proof on the outputs of each mutant; 0 tries none.
        lint: whether Verilator's lint may kill, for what survived all that.
        long: whether the long part of verification may.
        native: transfers of each of the two parts on the native library, for what survived all that; 0 for none.
    """

    transfers: int = DEFAULT_TRANSFERS
    seeds: int = 3
    formal: FormalEffort | None = None
    chips: int = 0
    proof_seconds: int = 30
    lint: bool = True
    long: bool = True
    native: int = 0

    def before_equivalence(self) -> list[Stage]:
        """What most mutants do not survive."""
        return [Stage("narrow", 1, min(FIRST_TRANSFERS, self.transfers))]

    def after_equivalence(self) -> list[Stage]:
        """The full effort."""
        parts = [Stage(part, seed, self.transfers) for seed in range(1, self.seeds + 1) for part in ("narrow", "chip")]
        return [stage for stage in parts if stage not in self.before_equivalence()]


@dataclass(frozen=True)
class Judged:
    """A mutant, what became of it, and in which stage."""

    mutant: Mutant
    verdict: Verdict
    stage: str


@dataclass(frozen=True)
class Campaign:
    """A finished campaign.

    Attributes:
        spec: the chip.
        seed: decided which mutants were drawn.
        effort: what they had to survive.
        drawn: how they were drawn.
        judged: every mutant, in the order in which they were drawn.
    """

    spec: ChipSpec
    seed: int
    effort: Effort
    drawn: Drawn
    judged: tuple[Judged, ...]

    def having(self, fate: Fate) -> list[Judged]:
        """Mutants of this fate."""
        return [one for one in self.judged if one.verdict.fate == fate]

    @property
    def survivors(self) -> list[Judged]:
        """What verification did not find."""
        return self.having("survived")

    @property
    def score(self) -> float:
        """Killed share of the mutants that are not equivalent, in percent; 100 where there are none."""
        killed, survived = len(self.having("killed")), len(self.survivors)
        return 100.0 * killed / (killed + survived) if killed + survived else 100.0

    def table(self, of: Callable[[Mutant], str]) -> dict[str, Counter[Fate]]:
        """Fates by module or operator."""
        found: dict[str, Counter[Fate]] = {}
        for one in self.judged:
            found.setdefault(of(one.mutant), Counter())[one.verdict.fate] += 1
        return dict(sorted(found.items()))

    def as_data(self) -> dict[str, Any]:
        """The campaign as JSON values."""
        return {
            "status": "mismatch" if self.survivors else "pass",
            "chip": self.spec.name,
            "seed": self.seed,
            "mutants": len(self.judged),
            "possible": self.drawn.possible,
            "redrawn": self.drawn.redrawn,
            "transfers": self.effort.transfers,
            "seeds": self.effort.seeds,
            "formal": self.effort.formal,
            "chips": self.effort.chips,
            "proof_seconds": self.effort.proof_seconds,
            "lint": self.effort.lint,
            "long": self.effort.long,
            "native": self.effort.native,
            **{fate: len(self.having(fate)) for fate in FATES},
            "score": round(self.score, 2),
            "by_module": {name: dict(fates) for name, fates in self.table(lambda one: one.module).items()},
            "by_operator": {name: dict(fates) for name, fates in self.table(lambda one: one.operator).items()},
            "killed_by": dict(Counter(one.verdict.by for one in self.having("killed")).most_common()),
            "stages": dict(Counter(one.stage for one in self.judged if one.verdict.fate != "survived")),
            "all": [self._entry(one) for one in self.judged],
        }

    def _entry(self, one: Judged) -> dict[str, Any]:
        entry = {
            "mutant": one.mutant.identity,
            **one.mutant.about(),
            "fate": one.verdict.fate,
            "by": one.verdict.by,
            "transfers": one.verdict.transfers,
            "detail": one.verdict.detail,
            "stage": one.stage,
        }
        return {**entry, "diff": one.mutant.diff} if one.verdict.fate == "survived" else entry


@dataclass(frozen=True)
class _Trial:
    """A mutant in a stage, as kept between calls."""

    mutant: Mutant
    stage: str
    about_all: str

    @property
    def key(self) -> str:
        """Names mutant, stage, chip, controller, package and tools."""
        return hashlib.sha256(json.dumps([self.mutant.identity, self.stage, self.about_all]).encode()).hexdigest()[:24]

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know."""
        return {"stage": self.stage, **self.mutant.about()}


def mutate(
    spec: ChipSpec,
    count: int,
    seed: int,
    directory: Path,
    *,
    effort: Effort | None = None,
    dut: Dut | None = None,
    kept: Path | None = None,
    console: Console | None = None,
) -> Campaign:
    """Runs a mutation campaign on the controller of a chip.

    Args:
        spec: the chip.
        count: mutants to draw; fewer if there are not so many.
        seed: decides which mutants are drawn.
        directory: for the files of simulations and proofs.
        effort: what the mutants have to survive.
        dut: the controller, None for that of the chip.
        kept: file in which verdicts are kept, so that a campaign that was stopped goes on; None: nowhere else.
        console: for the progress; None: nobody looks.

    Raises:
        InputError: the chip has no retire trace, or the sources cannot be parsed.
        ToolError: pyslang, Icarus or Yosys is missing.
        CrosschopError: the controller does not pass verification as it is.
    """
    dut, effort = dut or dut_of(spec), effort or Effort()
    require_trace(spec)
    require_icarus()
    yosys_version()
    if effort.formal is not None:
        require_solvers()
    if effort.native:
        require_verilator()
    console = console or Console(quiet=True)
    parameters = dut.parameters_for(spec)
    source = read_source(dut, parameters)
    variants = variants_of(spec)
    everything = list(all_mutants(source, dut.module))
    drawn = draw_mutants(everything, count, seed, dut, (parameters, *map(dut.parameters_for, variants.values())))
    about_all = json.dumps([spec.model_dump_json(), dut.digest(), versions()])
    store = Store[_Trial, Verdict](kept or directory / "verdicts.jsonl", Verdict)
    judged: dict[str, Judged] = {}
    left = list(drawn.mutants)

    def run(name: str, work: Callable[[Sequence[Mutant], Path], Iterator[tuple[Mutant, Verdict]]]) -> None:
        nonlocal left
        trials = [_Trial(mutant, name, about_all) for mutant in left]

        def due(some: Sequence[_Trial]) -> Iterator[tuple[_Trial, Verdict]]:
            for mutant, verdict in work([one.mutant for one in some], directory / name.replace(" ", "-")):
                yield _Trial(mutant, name, about_all), verdict

        verdicts = work_off(console, name, trials, store, due, "mutants")
        for trial in trials:
            judged[trial.mutant.identity] = Judged(trial.mutant, verdicts[trial], name)
        left = [mutant for mutant in left if judged[mutant.identity].verdict.fate == "survived"]

    def verify(stages: Sequence[Stage]) -> None:
        for stage in stages:
            run(stage.name, partial(run_stage, spec, dut, source, stage))

    verify(effort.before_equivalence())
    bits = memory_bits(spec).total
    run(EQUIVALENCE, partial(check_equivalence, dut, parameters, bits))
    verify(effort.after_equivalence())
    if effort.proof_seconds:
        name = f"{OUTPUTS}, {effort.proof_seconds} s"
        run(name, partial(check_outputs, dut, parameters, bits, effort.proof_seconds))
    if effort.lint:
        run(LINT, partial(run_lint, dut, parameters))
    if effort.formal is not None:
        run(f"formal, {effort.formal}", partial(run_formal, spec, dut, effort.formal))
    if effort.long and LONG in variants:
        verify([Stage(LONG, 1, 0)])
    if effort.native:
        run(f"native, {effort.native} transfers", partial(run_many, spec, dut, effort.native))
    if effort.chips and has_every_parameter(spec, dut):
        run(f"{effort.chips} random chips", partial(run_chips, spec, dut, effort.chips, seed))
    return Campaign(spec, seed, effort, drawn, tuple(judged[mutant.identity] for mutant in drawn.mutants))
