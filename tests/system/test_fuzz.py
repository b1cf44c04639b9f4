"""`crosschop fuzz`: random legal chips, found failures made small, one line that shows them again."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cluster import dask_scheduler, dask_worker
from command import call
from mutants import Mutant, apply

from crosschop.cosim.commands.fuzz import command
from crosschop.cosim.fuzz import campaign, case
from crosschop.cosim.fuzz.campaign import Run, Source, draw_cases, fuzz
from crosschop.cosim.fuzz.case import BASES, Case, Piece, Status, Verdict
from crosschop.cosim.fuzz.features import count_features
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import (
    ChipSpec,
    controller_kind,
    given,
    load_chipspec,
    rtl_parameters,
    shipped_chipspecs,
)
from crosschop.model.errors import ToolError

# At most two of three pulses go out, only where the lanes are more than the rows and H decays.
RARE = Mutant(
    "two of three pulses", "xc_controller.v", "    .CORRECTION(CORRECTION),\n    .MAX_STEPS(MAX_STEPS),\n",
    "    .CORRECTION(CORRECTION),\n    .MAX_STEPS(LANES > ROWS && H_DECAY != 0 && MAX_STEPS == 3 ? 2 : MAX_STEPS),\n",
)  # fmt: skip
# Twice the gain, in mixed precision where the lanes are more than the rows.
MIXED = Mutant(
    "twice the gain", "xc_mixed_precision.v", "    .LR_SHIFT(LR_SHIFT),\n",
    "    .LR_SHIFT(LANES > ROWS && LR_SHIFT > 0 ? LR_SHIFT - 1 : LR_SHIFT),\n",
)  # fmt: skip


def triggers_rare(spec: ChipSpec) -> bool:
    """What the bug RARE needs, read off its text."""
    found = rtl_parameters(spec)
    return found["LANES"] > found["ROWS"] and found["H_DECAY"] != 0 and found["MAX_STEPS"] == 3


def is_mixed(spec: ChipSpec) -> bool:
    """Whether it is a chip for the bug MIXED."""
    return controller_kind(spec) == "mixed_precision"


def in_turn(pieces: Sequence[Piece], run: Run) -> Mapping[Piece, Verdict]:
    """Runs pieces and keeps nothing."""
    return dict(run(pieces))


@pytest.mark.parametrize("algorithm", BASES)
def test_same_seed_same_chips(algorithm: str) -> None:
    source = Source(BASES[algorithm], (), 60, 3)
    drawn = draw_cases(source, 12)
    assert draw_cases(source, 30)[:12] == drawn
    assert draw_cases(Source(BASES[algorithm], (), 60, 4), 12) != drawn
    assert {case.spec().algorithm.name for case in drawn} == {algorithm}
    assert all(1 <= case.transfers <= 60 for case in drawn)


def test_chips_do_not_depend_on_what_else_is_loaded() -> None:
    program = (
        "from crosschop.cosim.fuzz.campaign import Source, draw_cases\n"
        "for case in draw_cases(Source('agad_tiny', (), 60, 3), 25): print(case.command(None))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [case.command(None) for case in draw_cases(Source("agad_tiny", (), 60, 3), 25)]


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", BASES)
def test_every_feature_is_among_the_chips(algorithm: str) -> None:
    drawn = draw_cases(Source(BASES[algorithm], (), 60, 1), 120)
    counted = count_features(case.spec() for case in drawn)
    assert len(counted) >= 5
    assert {name for name, chips in counted.items() if chips == 0} == set()
    # Both parts, and segments alone
    only = {case.only for case in drawn}
    assert {"chip", "narrow"} < only
    assert len(only) > 6


def test_keys_that_stay() -> None:
    drawn = draw_cases(Source("agad_tiny", ("controller", "array.rows"), 60, 1), 10)
    base = load_chipspec("agad_tiny")
    assert all(case.spec().controller == base.controller for case in drawn)
    assert {case.spec().array.rows for case in drawn} == {base.array.rows}
    assert len({case.spec().array.cols for case in drawn}) > 1


def test_no_shipped_chip_has_what_the_rare_bug_needs() -> None:
    chips = [load_chipspec(path.stem) for path in shipped_chipspecs()]
    chips = [spec for spec in chips if controller_kind(spec) == "transfer"]
    chips += [kind_of(spec).scenarios.narrow_variant(spec) for spec in chips]
    assert len(chips) > 20
    assert not any(triggers_rare(spec) for spec in chips)
    mixed = [rtl_parameters(spec) for path in shipped_chipspecs() if is_mixed(spec := load_chipspec(path.stem))]
    assert mixed
    assert all(found["LANES"] <= found["ROWS"] for found in mixed)


def test_shrinking_leaves_what_a_failure_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis against a made-up verification that fails for the chips of RARE, and for no others."""
    ran: list[Case] = []

    def run_piece(piece: Piece) -> Verdict:
        ran.append(piece.case)
        return Verdict("mismatch" if triggers_rare(piece.case.spec()) else "pass", piece.case.transfers, "digest")

    def run_parallel(function: object, items: Sequence[Piece], workers: int) -> Iterator[tuple[Piece, Verdict]]:
        yield from ((item, run_piece(item)) for item in items)

    monkeypatch.setattr(campaign, "run_piece", run_piece)
    monkeypatch.setattr(campaign, "run_parallel", run_parallel)
    report = fuzz(["agad_tiny"], 2, 60, 64, in_turn)
    failure = report.failure
    assert failure is not None
    small = failure.small.spec()
    # The smallest chip with more lanes than rows, three pulses and decay
    assert (small.array.rows, small.array.cols, small.lanes) == (1, 1, 2)
    assert (small.hidden.max_steps, small.hidden.reset) == (3, "decay")  # type: ignore[union-attr]
    changed = {setting.split("=")[0] for setting in failure.small.settings}
    assert changed == {
        "array.rows", "array.cols", "controller.lanes", "hidden.max_steps", "hidden.reset", "algorithm.gamma0",
    }  # fmt: skip
    assert failure.small.transfers <= 8 < failure.drawn.transfers
    assert failure.small.only.startswith("chip: ")  # one segment
    assert failure.tried <= campaign.SHRINK_RUNS
    assert len(ran) == len(set(ran)), "a case was run twice"
    # The first of the failing ones in the order of drawing, and nothing is told of later ones
    drawn = draw_cases(Source("agad_tiny", (), 64, 2), 60)
    first = next(index for index, case in enumerate(drawn) if triggers_rare(case.spec()))
    assert failure.drawn == drawn[first]
    assert report.chips == {"agad": first + 1}


@pytest.mark.sim
@pytest.mark.slow
def test_a_bug_is_found_made_small_and_shown_again(tmp_path: Path) -> None:
    apply(MIXED, shipped_rtl(), tmp_path / "rtl")
    options = ["--algorithm", "mixed_precision", "--count", "3", "--seed", "3", "--shrink", "8", "--transfers", "40"]
    answer = call(tmp_path, "fuzz", *options, "--rtl", "rtl", "--json", "--workers", "1")
    assert answer.returncode == 1, answer.stderr
    said = json.loads(answer.stdout)
    failure = said["failure"]
    assert (said["status"], said["mismatches"], failure["status"]) == ("mismatch", 1, "mismatch")
    assert 0 < failure["tried"] <= 8
    assert failure["command"] in answer.stderr.replace("\n", " ") or failure["command"] in answer.stderr
    # The line as printed, on the same sources: the same divergence
    words = shlex.split(failure["command"])
    assert words[0] == "crosschop"
    again = call(tmp_path, *words[1:], "--json")
    assert again.returncode == 1, again.stderr
    assert json.loads(again.stdout)["first_mismatch"] == failure["mismatch"]
    # On the shipped ones it passes
    place = words.index("--rtl")
    good = call(tmp_path, *words[1:place], *words[place + 2 :], "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["transfers"] > 0


@pytest.mark.sim
def test_finished_chips_are_kept_and_digests_repeat(tmp_path: Path) -> None:
    options = ["fuzz", "--algorithm", "in_memory_sgd", "--transfers", "20", "--json", "--workers", "1"]
    two = call(tmp_path, *options, "--count", "2")
    assert two.returncode == 0, two.stderr
    kept = (tmp_path / "build" / "fuzz" / "chips.jsonl").read_text()
    again = call(tmp_path, *options, "--count", "2")
    assert json.loads(again.stdout) == json.loads(two.stdout)
    assert "2 of 2 chips are there from an earlier call" in again.stderr
    assert (tmp_path / "build" / "fuzz" / "chips.jsonl").read_text() == kept
    elsewhere = call(tmp_path, *options, "--count", "2", "--out", "other")
    assert json.loads(elsewhere.stdout)["digest"] == json.loads(two.stdout)["digest"]


@pytest.mark.sim
@pytest.mark.slow
def test_on_a_cluster(tmp_path: Path) -> None:
    """Workers in another folder find the chip and the sources that the command names as it sees them."""
    (tmp_path / "mine.yaml").write_text("extends: mixed_precision_20\nname: mine\nsummary: s\n")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    apply(MIXED, shipped_rtl(), tmp_path / "rtl")
    options = ["fuzz", "--base", "mine.yaml", "--count", "3", "--seed", "3"]
    options += ["--shrink", "0", "--transfers", "40", "--json"]
    with dask_scheduler(elsewhere) as (address, _), dask_worker(elsewhere, address):
        far = call(tmp_path, *options, "--scheduler", address, "--out", "far")
        assert far.returncode == 0, far.stderr
        wrong = call(tmp_path, *options, "--scheduler", address, "--rtl", "rtl", "--out", "wrong")
    assert wrong.returncode == 1, wrong.stderr
    near = call(tmp_path, *options, "--workers", "1", "--out", "near")
    assert json.loads(far.stdout)["digest"] == json.loads(near.stdout)["digest"]
    both = call(tmp_path, *options, "--workers", "1", "--scheduler", address)
    assert both.returncode == 2
    assert "--workers goes with this machine" in both.stderr


def test_a_worker_with_other_sources_gives_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "mine.yaml"
    base.write_text("extends: in_memory_sgd_20\nname: mine\nsummary: s\n")
    monkeypatch.setattr(case, "run_piece", lambda piece: Verdict("pass", given(piece.case.spec().driver).max_pulses))
    piece = Piece(Case(str(base), (), 1, 8, "chip"), None, case.about_sources(str(base), None))
    assert case.run_far_piece(piece).status == "pass"
    base.write_text("extends: in_memory_sgd_20\nname: mine\nsummary: s\ndriver: {max_pulses: 7}\n")
    with pytest.raises(ToolError, match="has other sources or tools, or another chip"):
        case.run_far_piece(piece)
    changed = replace(piece, about_sources=case.about_sources(str(base), None))
    assert case.run_far_piece(changed).transfers == 7  # not the chip that it has seen before
    base.write_text("extends: in_memory_sgd_20\nname: mine\nsummary: s\n")
    assert case.run_far_piece(piece).status == "pass"
    apply(MIXED, shipped_rtl(), tmp_path / "rtl")
    with pytest.raises(ToolError, match="has other sources"):
        case.run_far_piece(replace(piece, rtl=tmp_path / "rtl"))


def test_what_ended_without_a_result_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine stops a simulation as a loop in zero time does; a mismatch stays one."""
    ran: list[Case] = []

    def fuzz_with(status: Status) -> int:
        def run_piece(piece: Piece) -> Verdict:
            ran.append(piece.case)
            return Verdict(status, piece.case.transfers, "digest", mismatch=None)

        monkeypatch.setattr(campaign, "run_piece", run_piece)
        options = ["--algorithm", "in_memory_sgd", "--count", "1", "--shrink", "0", "--workers", "1"]
        return CliRunner().invoke(command, [*options, "--out", str(tmp_path)]).exit_code

    assert (fuzz_with("error"), len(ran)) == (ToolError.exit_code, 1)
    assert (fuzz_with("pass"), len(ran)) == (0, 2)
    assert (fuzz_with("error"), len(ran)) == (0, 2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--base", "agad_tiny", "--algorithm", "agad"], "--base and --algorithm: allowed is one of them"),
        (["--keep", "array.row"], "--keep array.row: no such key or section, did you mean array.rows?"),
        (["--base", "agad_tni"], "did you mean agad_tiny?"),
        (["--count", "0"], "0 is not in the range x>=1"),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[str], sentence: str) -> None:
    answer = call(tmp_path, "fuzz", *options, "--json")
    assert answer.returncode == 2
    assert sentence in json.loads(answer.stdout)["errors"][0]
    assert not (tmp_path / "build").exists()
