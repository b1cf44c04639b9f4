"""The files of an estimate: pictures, a page with everything, JSON, and counts of actions for energy tools."""

from __future__ import annotations

import json
from pathlib import Path

from crosschop.model.chipspec.documentation import resolved
from crosschop.model.estimate.area.figure import draw_area
from crosschop.model.estimate.chip import Estimate
from crosschop.model.estimate.constants import Constants
from crosschop.model.estimate.counts.actions import actions_of, as_csv, as_json
from crosschop.model.estimate.export import as_data
from crosschop.model.estimate.render import ends
from crosschop.model.estimate.time.gantt import draw_schedule, draw_time
from crosschop.model.page import embedded, render_page, save_figure


def write_estimate(estimate: Estimate, constants: Constants, directory: Path) -> list[Path]:
    """Writes estimate.html, estimate.json, actions.json, actions.csv, time.png, schedule.png, area.png.

    Args:
        estimate: what to write.
        constants: for the citations on the page.
        directory: where to; made if missing.

    Returns:
        The files, the page first.
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = {
        "time.png": draw_time(estimate.time),
        "schedule.png": draw_schedule(estimate.spec, estimate.time.activity),
        "area.png": draw_area(estimate.area, f"{estimate.spec.name} at {estimate.assumptions.node_nm:g} nm"),
    }
    for name, figure in figures.items():
        save_figure(figure, directory / name)
    actions = actions_of(estimate.result)
    texts = {
        "estimate.json": json.dumps(as_data(estimate), indent=1) + "\n",
        "actions.json": as_json(estimate.result, actions) + "\n",
        "actions.csv": as_csv(estimate.result, actions),
    }
    page = render_page(
        "estimate.html.j2",
        estimate=estimate,
        result=estimate.result,
        accounts=estimate.time.accounts,
        pictures={name: embedded(directory / name) for name in figures},
        ends=ends,
        sources=constants.sources,
        chipspec=resolved(estimate.spec),
    )
    for name, text in {"estimate.html": page, **texts}.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in ("estimate.html", *texts, *figures)]
