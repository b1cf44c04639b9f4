"""`crosschop inject`: upsets and analog faults, what the scoreboard sees of them and what training minds."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.injection.answers import (
    ChipAnswer,
    analog_effect,
    as_json,
    bit_ranges,
    detection_data,
    summary_of,
)
from crosschop.cosim.injection.detection import Detection, detect, struck_fields
from crosschop.cosim.injection.request import Request, requests_of
from crosschop.cosim.job import Finding
from crosschop.cosim.kept_work import POINTS_FILE, work_off
from crosschop.cosim.output import EXIT_MISMATCH, install, require_writable, rtl_option, set_option, stderr
from crosschop.cosim.runner import work_directory
from crosschop.model.cache import sources_digest
from crosschop.model.chipspec import ChipSpec, load_chipspec, samples_in
from crosschop.model.engines import whole_transfers
from crosschop.model.errors import InputError
from crosschop.model.estimate.models import default_models
from crosschop.model.faults.fields import field_of
from crosschop.model.faults.upset import Upset
from crosschop.model.parallel import cores, run_parallel
from crosschop.model.resilience.campaign import (
    Effect,
    Outcome,
    Run,
    baseline_runs,
    effect_of,
    evaluate,
    runs_of_bits,
    runs_of_rate,
    spread_of,
)
from crosschop.model.resilience.parity import RULE, verdicts
from crosschop.model.store import Store

SEEDS, UPSETS, DETECT = 10, 10, 10
DETECTION_FILE = "detection.jsonl"


@dataclass(frozen=True)
class _Struck:
    """A field of a chip whose RTL is struck, as kept between calls."""

    spec: ChipSpec
    field: str
    bits: tuple[int, ...]
    upsets: int
    seed: int
    dut: Dut

    @property
    def key(self) -> str:
        """Names chip, field, effort, and the sources that decide the answer."""
        digest = hashlib.sha256(self.spec.model_dump_json().encode())
        digest.update(
            repr((self.field, self.bits, self.upsets, self.seed, self.dut.digest(), sources_digest())).encode()
        )
        return digest.hexdigest()[:24]

    def about(self) -> Mapping[str, Any]:
        """What a reader of the file wants to know."""
        return {"chip": self.spec.name, "field": self.field, "upsets": self.upsets, "seed": self.seed}


@dataclass(frozen=True)
class _Found:
    """Findings of a field, as JSON values."""

    findings: list[dict[str, Any]]


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--fault", "faults", multiple=True, metavar="FAULT",
              help="A field (h), a bit of it (h:15), an analog fault (stuck_a=0.01), or all of their list (analog); "
                   "may be repeated.  [default: every bit of every field]")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Every bit of every field, and the list of analog faults.")
@click.option("--detect", "struck", type=click.IntRange(0, 10_000), default=DETECT, show_default=True,
              help="Upsets in each field of the RTL under simulation; 0: no simulation.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(0, 1000), default=SEEDS, show_default=True,
              help="Seeds 1..N of every training run; 0: no training.")  # fmt: skip
@click.option("--upsets", type=click.IntRange(1, 10_000), default=UPSETS, show_default=True,
              help="Upsets in a run with flips in one bit, at most one per entry.")  # fmt: skip
@click.option("--at", type=click.FloatRange(0, 1), metavar="SHARE",
              help="All at this moment of the run, 0 to 1.  [default: at random moments]")  # fmt: skip
@click.option(
    "--rate", "rates", metavar="R,R,...", help="Also flip every bit of a field at these rates, per bit and sample."
)
@click.option("--samples", type=click.IntRange(1, 10**9), help="Input samples of each run.  [default: task.samples]")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes on this machine.  [default: one per core]")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for page, pictures and kept runs."
)
@set_option
@rtl_option
@click.option("--json", "as_data", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def inject(
    specs: tuple[str, ...],
    faults: tuple[str, ...],
    everything: bool,
    struck: int,
    seeds: int,
    upsets: int,
    at: float | None,
    rates: str | None,
    samples: int | None,
    workers: int | None,
    out: Path | None,
    overrides: tuple[str, ...],
    rtl: Path | None,
    as_data: bool,
) -> None:
    """Inject faults into the chips SPEC (files, or names of shipped chipspecs).

    Upsets, flipped bits of the controller's state, go into the RTL under Icarus Verilog, where the scoreboard has to
    see each that shows, and into training runs on the golden engine, whose error is compared with runs without; from
    that follows which storage bits deserve parity. Analog faults go into training runs. Every run is kept in the output
    directory as it ends: the same command again goes on where an earlier one was stopped.
    """
    chips = [load_chipspec(spec, overrides) for spec in specs]
    requests = requests_of(chips, faults, everything)
    swept = _rates(rates)
    for chip in chips:
        whole_transfers(chip, samples)
    out = out or Path("build") / "inject" / "-".join(dict.fromkeys(chip.name for chip in chips))
    require_writable(out)
    console = stderr()
    seed_list = tuple(range(1, seeds + 1))
    for request in requests:
        bits = sum(len(asked.bits) for asked in request.bits)
        console.print(
            f"{request.spec.name}: {bits} bits in {len(request.bits)} fields, {len(request.analog)} analog faults, "
            f"seeds 1..{seeds}, {struck} upsets per field in the RTL with seed 1",
            highlight=False,
        )  # fmt: skip
    with work_directory() as scratch:
        detections = _detect(console, requests, struck, rtl, scratch, out)
        effects = _train(console, requests, seed_list, upsets, at, swept, samples, workers or cores(), out)
        answers = [
            _answer(request, samples, seed_list, detections[number], effects[number], len(swept))
            for number, request in enumerate(requests)
        ]
        data = {
            "status": "mismatch" if any(answer.missed for answer in answers) else "pass",
            "seeds": list(seed_list),
            "chips": [answer.as_data() for answer in answers],
        }
        folder = scratch / "page"
        folder.mkdir()
        (folder / "inject.json").write_text(as_json(data))
        from crosschop.cosim.injection.page import write_page  # drawing libraries take a second

        again = _again(specs, faults, everything, struck, seeds, upsets, at, rates, samples, overrides, rtl)
        write_page(answers, folder, again)
        installed = install({path.name: path for path in sorted(folder.iterdir())}, out)
    for answer in answers:
        _print(console, answer)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if as_data:
        click.echo(json.dumps({**data, "files": [str(path) for path in installed.values()]}))
    if data["status"] == "mismatch":
        raise SystemExit(EXIT_MISMATCH)


def _rates(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        found = tuple(sorted(float(part) for part in text.split(",")))
    except ValueError:
        raise InputError(f"--rate {text}: numbers separated by commas are needed, for example 1e-8,1e-7") from None
    if not all(0 < rate <= 1 for rate in found):
        raise InputError(f"--rate {text}: rates lie above 0 and up to 1 upset per bit and sample")
    return found


def _again(
    specs: Sequence[str], faults: Sequence[str], everything: bool, struck: int, seeds: int, upsets: int,
    at: float | None, rates: str | None, samples: int | None, overrides: Sequence[str],
    rtl: Path | None,
) -> str:  # fmt: skip
    """The command that gives the same answers."""
    words = ["crosschop", "inject", *specs]
    for fault in faults:
        words += ["--fault", fault]
    words += ["--all"] if everything else []
    words += ["--detect", str(struck), "--seeds", str(seeds), "--upsets", str(upsets)]
    for name, value in (("--at", at), ("--rate", rates), ("--samples", samples), ("--rtl", rtl)):
        words += [] if value is None else [name, str(value)]
    for override in overrides:
        words += ["--set", override]
    return shlex.join(words)


def _detect(
    console: Console, requests: Sequence[Request], struck: int, rtl: Path | None, scratch: Path, out: Path
) -> list[tuple[Detection, ...]]:
    """What the scoreboard saw, by chip."""
    if not struck:
        return [()] * len(requests)
    asked = [
        [
            _Struck(request.spec, one.field.name, one.bits, struck, 1, dut_of(request.spec, rtl))
            for one in request.bits
            if rtl is not None or one.field.name in struck_fields(request.spec)
        ]
        for request in requests
    ]
    pieces = [piece for pieces in asked for piece in pieces]
    store = Store[_Struck, _Found](out / DETECTION_FILE, _Found)
    found = work_off(console, "upsets in the RTL", pieces, store, lambda due: _simulate(due, scratch), "fields")
    return [
        tuple(Detection(field_of(piece.spec, piece.field), _findings(found[piece])) for piece in pieces)
        for pieces in asked
    ]


def _simulate(pieces: Sequence[_Struck], scratch: Path) -> Iterator[tuple[_Struck, _Found]]:
    for number, piece in enumerate(pieces):
        folder = scratch / f"struck{number}"
        folder.mkdir()
        (found,) = detect(piece.spec, piece.upsets, piece.seed, folder, {piece.field: piece.bits}, dut=piece.dut)
        yield piece, _Found([asdict(finding) for finding in found.findings])


def _findings(found: _Found) -> tuple[Finding, ...]:
    return tuple(Finding(**{**one, "upset": Upset(**one["upset"])}) for one in found.findings)


@dataclass(frozen=True)
class _Trained:
    """Outcomes of a chip's runs, each list in the order of the seeds."""

    baseline: list[Outcome]
    bits: list[Effect]
    rates: list[Effect]
    analog: list[list[Outcome]]


def _train(
    console: Console,
    requests: Sequence[Request],
    seeds: Sequence[int],
    upsets: int,
    at: float | None,
    rates: Sequence[float],
    samples: int | None,
    workers: int,
    out: Path,
) -> list[_Trained]:
    """Training runs of all chips."""
    if not seeds:
        return [_Trained([], [], [], [])] * len(requests)
    clean = [baseline_runs(request.spec, seeds, samples) for request in requests]
    by_bit = [
        [
            runs
            for one in request.bits
            for runs in runs_of_bits(request.spec, seeds, samples, one.field, one.bits, upsets, at)
        ]
        for request in requests
    ]
    by_rate = [
        [runs_of_rate(request.spec, seeds, samples, one.field, rate) for one in request.bits for rate in rates]
        for request in requests
    ]
    by_fault = [
        [
            [Run(fault.apply(request.spec, seed).model_dump_json(), seed, samples) for seed in seeds]
            for fault in request.analog
        ]
        for request in requests
    ]
    pieces = [run for some in clean for run in some]
    pieces += [run for group in (by_bit, by_rate, by_fault) for chip in group for runs in chip for run in runs]
    store = Store[Run, Outcome](out / POINTS_FILE, Outcome)
    found = work_off(console, "training", pieces, store, lambda due: run_parallel(evaluate, due, workers), "runs")
    answers = []
    for number, request in enumerate(requests):
        baseline = [found[run] for run in clean[number]]
        bits, swept = (
            [effect_of(request.spec, runs, [found[run] for run in runs], baseline) for runs in group[number]]
            for group in (by_bit, by_rate)
        )
        answers.append(_Trained(baseline, bits, swept, [[found[run] for run in runs] for runs in by_fault[number]]))
    return answers


def _answer(
    request: Request,
    samples: int | None,
    seeds: Sequence[int],
    detection: tuple[Detection, ...],
    trained: _Trained,
    rates: int,
) -> ChipAnswer:
    if not seeds:
        return ChipAnswer(request, None, spread_of([0.0]), detection, (), (), (), ())
    errors = [outcome.error for outcome in trained.baseline]
    baseline = spread_of(errors)
    rule = verdicts(request.spec, trained.bits, baseline.deviation, default_models()) if trained.bits else []
    return ChipAnswer(
        request,
        samples_in(request.spec, whole_transfers(request.spec, samples)),
        baseline,
        detection,
        tuple(trained.bits),
        tuple(trained.rates),
        tuple(rule),
        tuple(
            analog_effect(fault, [outcome.error for outcome in outcomes], errors)
            for fault, outcomes in zip(request.analog, trained.analog, strict=True)
        ),
    )


def _print(console: Console, answer: ChipAnswer) -> None:
    name = answer.spec.name
    if answer.detection:
        console.print(_detection_table(answer))
        verdict = f"[bold red]FAIL[/] {answer.missed} upsets" if answer.missed else "[bold green]PASS[/] no upset"
        console.print(f"{verdict} that ought to show escaped the scoreboard of {name}", highlight=False)
    if answer.samples is not None:
        base = answer.baseline
        console.print(
            f"{name}: weight error without faults {base.mean:.2f} %, standard deviation of a run "
            f"{base.deviation:.2f}, {answer.samples:,} samples",
            highlight=False,
        )
    if answer.verdicts:
        console.print(_bit_table(answer))
        console.print(f"  {RULE}", highlight=False)
        console.print(f"  [bold]{name}[/]: {summary_of(answer)}", highlight=False)
    if answer.rates:
        console.print(_rate_table(answer))
    if answer.analog:
        console.print(_analog_table(answer))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _detection_table(answer: ChipAnswer) -> Table:
    table = _table(
        f"{answer.spec.name}: upsets in the RTL, as the scoreboard saw them",
        "field", "upsets", "detected", "latency, transfers", "seen in", "masked", "latent", "missed",
    )  # fmt: skip
    for found in answer.detection:
        data = detection_data(answer.spec, found)
        latency = data["latency"]
        table.add_row(
            found.field.title, str(data["upsets"]), str(data["detected"]),
            f"{latency['median']:g}, at most {latency['longest']}" if latency else "-",
            ", ".join(data["seen_in"]) or "-",
            "by construction" if found.field.kind == "stream" else str(data["masked"]),
            str(data["latent"]), str(data["missed"]),
        )  # fmt: skip
    return table


def _bit_table(answer: ChipAnswer) -> Table:
    table = _table(
        f"{answer.spec.name}: what one upset adds to the weight error, percentage points",
        "field", "worst bit", "increase", "bits that deserve parity", "parity bits", "of bits", "area, um2",
    )  # fmt: skip
    for verdict in answer.verdicts:
        field = verdict.field
        table.add_row(
            field.title, str(verdict.worst_bit), f"{verdict.worst:.3f} +-{verdict.worst_error:.3f}",
            bit_ranges(verdict.bits) or "-",
            str(verdict.parity_bits) if field.words else "no store",
            str(field.words * field.word_bits) if field.words else "-",
            "-" if verdict.area is None else f"+{verdict.area:,.0f} on {verdict.area_before:,.0f}",
        )  # fmt: skip
    return table


def _rate_table(answer: ChipAnswer) -> Table:
    table = _table(
        f"{answer.spec.name}: weight error, %, by rate", "field", "upsets per bit and sample", "per run", "error"
    )
    for effect in answer.rates:
        error = answer.baseline.mean + effect.increase.mean
        table.add_row(
            effect.field.title, f"{effect.rate:g}", f"{effect.upsets:.1f}", f"{error:.2f} +-{effect.increase.error:.2f}"
        )
    return table


def _analog_table(answer: ChipAnswer) -> Table:
    table = _table(f"{answer.spec.name}: analog faults", "fault", "weight error, %", "increase")
    for one in answer.analog:
        table.add_row(
            one.fault.title, f"{one.error.mean:.2f} +-{one.error.error:.2f}",
            f"{one.increase.mean:+.2f} +-{one.increase.error:.2f}",
        )  # fmt: skip
    return table
