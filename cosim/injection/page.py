"""The page of a campaign and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from crosschop.cosim.injection.answers import ChipAnswer, bit_ranges, detection_data, summary_of
from crosschop.model.page import embedded, render_page, save_figure
from crosschop.model.resilience.figure import FaultPoint, draw_analog, draw_bits, draw_rates
from crosschop.model.resilience.parity import RULE

HTML = "inject.html"


def write_page(answers: Sequence[ChipAnswer], folder: Path, command: str) -> list[Path]:
    """Writes the pictures and the page that has them inside.

    Args:
        answers: what was found, by chip.
        folder: for the files.
        command: that gives the same.
    """
    pictures: dict[str, Path] = {}
    for answer in answers:
        for kind, figure in _pictures_of(answer).items():
            path = folder / f"{answer.spec.name}-{kind}.png"
            save_figure(figure, path)
            pictures[f"{answer.spec.name}-{kind}"] = path
    if any(answer.analog for answer in answers):
        path = folder / "analog.png"
        save_figure(draw_analog(_title(answers[0], "weight error with analog faults"), _points(answers)), path)
        pictures["analog"] = path
    page = folder / HTML
    page.write_text(
        render_page(
            "inject.html.j2",
            answers=answers,
            pictures={name: embedded(path) for name, path in pictures.items()},
            command=command,
            rule=RULE,
            detection_data=detection_data,
            bit_ranges=bit_ranges,
            summary_of=summary_of,
        ),
        encoding="utf-8",
    )
    return [*pictures.values(), page]


def _pictures_of(answer: ChipAnswer) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    if answer.bits:
        found["bits"] = draw_bits(
            _title(answer, "what one upset adds to the weight error"), answer.bits, answer.baseline.deviation
        )
    if answer.rates:
        base = answer.baseline
        found["rates"] = draw_rates(_title(answer, "upsets at a rate"), answer.rates, base.mean, base.deviation)
    return found


def _title(answer: ChipAnswer, what: str) -> str:
    return f"{answer.spec.name}: {what}; golden engine, {answer.samples:,} samples"


def _points(answers: Sequence[ChipAnswer]) -> list[FaultPoint]:
    points = [FaultPoint("no fault", one.spec.name, one.baseline.mean, one.baseline.error) for one in answers]
    points += [
        FaultPoint(found.fault.title, one.spec.name, found.error.mean, found.error.error)
        for one in answers
        for found in one.analog
    ]
    return points
