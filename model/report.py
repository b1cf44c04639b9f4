"""The report of a training run: figure, HTML page, and what the terminal shows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crosschop.model.chipspec import SpecError, controller_kind, load_chipspec, shipped_chipspecs, transfer_unit
from crosschop.model.chipspec.documentation import derived_values, resolved
from crosschop.model.cycles import SCHEDULER_PHASES, phases_of, total_cycles
from crosschop.model.page import embedded, render_page, save_figure
from crosschop.model.results import RunResult

__all__ = ["render_run", "write_report"]

FIGURE_FILE = "run.png"
REPORT_FILE = "report.html"

_MEANINGS = {
    "clear": "memories set to zero after reset",
    "idle": "no sample to work on",
    "update": "pulse trains to {updated}",
    "stall": "updates done, the last codes not yet taken",
    "read": "column read of A",
    "digital": "codes taken by the lanes",
    "hold": "codes waiting for the lanes",
    "write": "pulses to W",
}
_MIXED_MEANINGS = {
    "stall": "operands, pass over chi, writes at the end of a batch",
    "read": "operands of a sample are requested",
    "digital": "operand beats stored, beats of the pass",
}


@dataclass(frozen=True)
class CycleRow:
    """One phase in the table of cycles.

    Attributes:
        phase, meaning: its name, and what happens in it.
        cycles: clock cycles of the run.
        share: of all cycles, percent.
        beside: True for the digital side, which works while the scheduler is in another phase.
    """

    phase: str
    meaning: str
    cycles: int
    share: float
    beside: bool


def _updated_array(result: RunResult) -> str:
    """The array that the samples update."""
    return "W" if result.spec.device.a is None else "A"


def _has_trains(result: RunResult) -> bool:
    """Whether any array is updated by pulse trains; in mixed precision W gets whole pulses alone."""
    return controller_kind(result.spec) != "mixed_precision"


def cycle_rows(result: RunResult) -> list[CycleRow]:
    """The phases of the scheduler, which add up to the total, then those that run beside them."""
    total = max(1, total_cycles(result.cycles))
    meanings = _MEANINGS | (_MIXED_MEANINGS if controller_kind(result.spec) == "mixed_precision" else {})
    return [
        CycleRow(
            phase=phase,
            meaning=meanings[phase].format(updated=_updated_array(result)),
            cycles=result.cycles[phase],
            share=100.0 * result.cycles[phase] / total,
            beside=phase not in SCHEDULER_PHASES,
        )
        for phase in phases_of(result.spec)
    ]


def _cycles_source(result: RunResult) -> str:
    return "measured by RTL counters" if result.cycles_measured else "modelled"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _verdict(result: RunResult) -> str:
    if result.compared:
        compared = _count(result.compared, transfer_unit(result.spec))
        return f"{compared} compared between RTL and golden model, 0 mismatches"
    return "no RTL in the loop"


def _duration(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def _time(result: RunResult) -> str:
    """What the cycles come to: per sample, and in seconds of the chip."""
    total, clock = total_cycles(result.cycles), result.spec.timing.clock_ns
    per_sample = total / max(1, result.samples)
    return f"{per_sample:.4g} cycles per sample, {_duration(total * clock)} of chip time at a {clock:g} ns clock"


def _command(result: RunResult) -> tuple[str, bool]:
    """The command that repeats the run, and whether the chip is a shipped one as it is shipped."""
    name = result.spec.name
    path = next((path for path in shipped_chipspecs() if path.stem == name), None)
    try:
        shipped = path is not None and load_chipspec(path) == result.spec
    except SpecError:
        shipped = False
    chip = name if shipped else f"{name}.yaml"
    return f"crosschop run {chip} --engine {result.engine} --seed {result.seed} --samples {result.samples}", shipped


def _number(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _pulses(result: RunResult) -> list[tuple[str, float]]:
    """Pulses per sample on the most pulsed device of each array that receives any."""
    counts = (("A", result.pulses_a), ("W", result.pulses_w))
    return [(array, count) for array, count in counts if count is not None]


def render_run(result: RunResult) -> RenderableType:
    """What the run command prints on the terminal."""
    facts = Table.grid(padding=(0, 2))
    pulses = ", ".join(f"{array} {count:.3g}" for array, count in _pulses(result))
    run = f"{_count(result.samples, 'sample')}, {_count(result.transfers, transfer_unit(result.spec))}"
    for name, value in (
        ("run", f"{run}, seed {result.seed}"),
        ("weight error", f"{result.weight_error:.3g} %"),
        *([("pulse trains", f"{result.train_length:.3g} slots on average")] if _has_trains(result) else []),
        ("endurance", f"most pulses on one device, per sample: {pulses}"),
        ("events", result.digest),
        ("cycles", f"{total_cycles(result.cycles):,} {_cycles_source(result)}"),
        ("", _time(result)),
    ):
        facts.add_row(Text(name, style="dim"), Text(value))

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("phase")
    table.add_column("cycles", justify="right")
    table.add_column("share", justify="right")
    table.add_column("meaning", style="dim")
    for row in cycle_rows(result):
        name = f"+ {row.phase}" if row.beside else row.phase
        table.add_row(Text(name), Text(f"{row.cycles:,}"), Text(f"{row.share:.1f} %"), Text(row.meaning))

    line = Text.assemble(
        ("PASS", "bold green"), "  ", (result.spec.name, "bold"), f"  {result.engine} engine, {_verdict(result)}"
    )
    beside = Text("+ works beside the phases above, not part of the total", style="dim")
    return Group(line, facts, Text(), table, *([beside] if any(row.beside for row in cycle_rows(result)) else []))


def write_report(result: RunResult, directory: Path, wave: Path | None) -> dict[str, Path]:
    """Writes run.png and report.html.

    Args:
        result: the run.
        directory: where to; made if missing.
        wave: the wave file to name in the report, None where there is none.

    Returns:
        The files written, `figure` and `report`.
    """
    # What draws takes half a second to import, and a run need not wait for it to begin.
    from crosschop.model.report_figure import describe_figure, draw_run

    directory.mkdir(parents=True, exist_ok=True)
    paths = {"figure": directory / FIGURE_FILE, "report": directory / REPORT_FILE}
    save_figure(draw_run(result), paths["figure"])
    wave_path = None if wave is None else Path(os.path.relpath(wave, directory)).as_posix()
    command, shipped = _command(result)
    page = render_page(
        "run.html.j2",
        result=result,
        verdict=_verdict(result),
        image=embedded(paths["figure"]),
        description=describe_figure(result),
        pulses=_pulses(result),
        updated=_updated_array(result),
        trains=_has_trains(result),
        unit=transfer_unit(result.spec),
        rows=cycle_rows(result),
        total=total_cycles(result.cycles),
        cycles_source=_cycles_source(result),
        time=_time(result),
        derived=[
            (item.name, _number(value), item.unit, item.meaning.replace("`", ""))
            for item, value in derived_values(result.spec)
        ],
        chipspec=resolved(result.spec),
        command=command,
        shipped=shipped,
        wave=wave_path,
        wave_link=None if wave_path is None else quote(wave_path),
    )
    paths["report"].write_text(page, encoding="utf-8")
    return paths
