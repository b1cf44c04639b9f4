"""An estimate on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crosschop.model.estimate.chip import Estimate, Part
from crosschop.model.estimate.quantity import Line, Range
from crosschop.model.estimate.time.account import PHASES, Per
from crosschop.model.estimate.time.estimate import TimeEstimate


def number(value: float) -> str:
    """Four significant digits; whole numbers whole, with separators of thousands."""
    if value == round(value) and abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def ends(value: Range) -> tuple[str, str, str]:
    """Low, nominal, high; low and high are empty where there is no range."""
    if value.low == value.high:
        return "", number(value.nominal), ""
    return number(value.low), number(value.nominal), number(value.high)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)


def time_table(time: TimeEstimate, per: Per) -> Table:
    """Phases by account, ns and in brackets clock cycles."""
    table = _table(f"Time per {per}, ns (clock cycles)")
    table.add_column("phase")
    for account in time.accounts:
        table.add_column(account.name, justify="right")
    scale = [account.total(per) / account.ns for account in time.accounts]
    for phase in PHASES:
        cells = []
        for account, factor in zip(time.accounts, scale, strict=True):
            cycles = account.phases.get(phase, 0.0) * factor
            beside = account.beside.get(phase, 0.0) * factor
            shown = f"{cycles * account.clock_ns:,.4g} ({cycles:,.4g})" if cycles > 1e-9 else ""
            cells.append(shown or (f"+ {beside * account.clock_ns:,.4g} ({beside:,.4g})" if beside > 1e-9 else ""))
        if any(cells):
            table.add_row(phase, *cells)
    totals = [f"{account.total(per):,.1f} ({account.total(per, 'cycles'):,.4g})" for account in time.accounts]
    table.add_row("total", *totals, style="bold")
    table.add_row("origin", *(account.origin for account in time.accounts), style="dim")
    table.caption = "+: beside the others, adds nothing"
    table.caption_justify = "left"
    return table


def utilisation_table(time: TimeEstimate) -> Table:
    """Busy share of every resource by account."""
    accounts = [account for account in time.accounts if account.utilisation]
    table = _table("Busy share of the time")
    table.add_column("resource")
    for account in accounts:
        table.add_column(account.name, justify="right")
    names = list(dict.fromkeys(name for account in accounts for name in account.utilisation))
    for name in names:
        table.add_row(
            name,
            *(f"{account.utilisation[name]:.1%}" if name in account.utilisation else "" for account in accounts),
        )
    return table


def line_table(part: Part) -> Table:
    """Low, nominal and high of every line, and where it comes from."""
    table = _table(part.title)
    table.add_column("what")
    for name in ("low", "nominal", "high"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("origin", style="dim")
    for line in part.lines:
        table.add_row(line.name, *ends(line.value), line.unit, line.origin, style=_style(line))
    return table


def _style(line: Line) -> str:
    return "bold" if line.name == "total" else ""


def render_estimate(estimate: Estimate) -> RenderableType:
    """All parts as tables; sources stand on the page and in the JSON."""
    shown: list[RenderableType] = []
    for part in estimate.parts:
        if part.title == "Time":
            shown += [time_table(estimate.time, "sample"), time_table(estimate.time, "transfer")]
            shown.append(utilisation_table(estimate.time))
        else:
            shown.append(line_table(part))
        shown += [Padding(Text(remark, style="dim"), (0, 0, 0, 1)) for remark in part.remarks]
    return Group(*shown)
