"""A comparison on the terminal, as a page with its pictures, and as data."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crosschop.model.estimate.compare import Comparison, settings
from crosschop.model.estimate.compare_figure import draw_comparison
from crosschop.model.estimate.export import as_data
from crosschop.model.estimate.quantity import Range
from crosschop.model.estimate.render import number
from crosschop.model.page import embedded, render_page, save_figure


def shown(value: Range | float | None) -> str:
    """A figure in a table: nominal, and the range where there is one."""
    if value is None:
        return "-"
    if isinstance(value, Range):
        span = "" if value.low == value.high else f" ({value.low:.3g} .. {value.high:.3g})"
        return f"{value.nominal:.3g}{span}"
    return number(value)


def render_comparison(comparison: Comparison) -> RenderableType:
    """The table, and the sentences."""
    table = Table(title=settings(comparison), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    table.add_column("unit", style="dim")
    table.add_column("origin", style="dim")
    for one in comparison.estimates:
        table.add_column(one.spec.name, justify="right", overflow="fold")
    for row in comparison.rows:
        table.add_row(row.metric, row.unit, row.origin, *(shown(value) for value in row.values))
    return Group(table, *(Text(sentence) for sentence in comparison.sentences))


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """A comparison as a JSON object."""
    return {
        "status": "pass",
        "settings": settings(comparison),
        "chips": [one.spec.name for one in comparison.estimates],
        "rows": [
            {
                "metric": row.metric,
                "unit": row.unit,
                "origin": row.origin,
                "values": [_as_data(value) for value in row.values],
            }
            for row in comparison.rows
        ],
        "pairs": [
            {"agad": pair.agad.spec.name, "with_r": pair.with_r.spec.name, **asdict(pair.result)}
            for pair in comparison.pairs
        ],
        "sentences": comparison.sentences,
        "estimates": [as_data(one) for one in comparison.estimates],
    }


def _as_data(value: Range | float | None) -> dict[str, float] | float | None:
    return asdict(value) if isinstance(value, Range) else value


def write_comparison(comparison: Comparison, directory: Path) -> list[Path]:
    """Writes compare.html, compare.json and a picture for each metric.

    Returns:
        The files, the page first.
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = draw_comparison(comparison)
    for name, figure in figures.items():
        save_figure(figure, directory / name)
    page = render_page(
        "compare.html.j2",
        comparison=comparison,
        settings=settings(comparison),
        pictures={name: embedded(directory / name) for name in figures},
        shown=shown,
    )
    (directory / "compare.html").write_text(page, encoding="utf-8")
    (directory / "compare.json").write_text(json.dumps(comparison_data(comparison), indent=1) + "\n", encoding="utf-8")
    return [directory / name for name in ("compare.html", "compare.json", *figures)]
