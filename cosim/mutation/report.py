"""The report of a mutation campaign: a page to read, JSON for programs, a picture."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crosschop.cosim.mutation.campaign import Campaign
from crosschop.cosim.mutation.verdict import Fate
from crosschop.model.page import embedded, render_page, save_figure
from crosschop.model.palette import BLUE, INK, SHADE, VERMILION

HTML, JSON, PICTURE = "mutation.html", "mutation.json", "mutation.png"
COLOURS: dict[Fate, str] = {"killed": BLUE, "equivalent": SHADE, "survived": VERMILION}


def write_report(campaign: Campaign, directory: Path) -> list[Path]:
    """Writes the report in its three forms."""
    files = [directory / name for name in (HTML, JSON, PICTURE)]
    save_figure(_figure(campaign), files[2])
    by = Counter(one.verdict.by for one in campaign.having("killed")).most_common()
    proofs = Counter(one.verdict.by for one in campaign.having("equivalent")).most_common()
    page = render_page(
        "mutation.html.j2",
        campaign=campaign,
        by=by,
        proofs=proofs,
        picture=embedded(files[2]),
        chipspec=campaign.spec.model_dump_json(indent=1),
    )
    files[0].write_text(page, encoding="utf-8")
    files[1].write_text(json.dumps(campaign.as_data(), indent=1) + "\n", encoding="utf-8")
    return files


def _figure(campaign: Campaign) -> Figure:
    modules, operators = campaign.table(lambda one: one.module), campaign.table(lambda one: one.operator)
    height = 1.2 + 0.24 * max(len(modules), len(operators))
    figure = Figure(figsize=(10, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, modules, "module")
    _bars(right, operators, "operator")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9)
    return figure


def _bars(axes: Axes, table: dict[str, Counter[Fate]], what: str) -> None:
    names = list(table)
    begun = [0] * len(names)
    for fate, colour in COLOURS.items():
        lengths = [table[name][fate] for name in names]
        axes.barh(names, lengths, left=begun, color=colour, label=fate, height=0.7)
        begun = [first + length for first, length in zip(begun, lengths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel(f"mutants by {what}", color=INK, fontsize=9)
    axes.tick_params(labelsize=8, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
