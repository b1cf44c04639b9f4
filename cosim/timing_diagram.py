"""The timing diagram of rtl/README.md, drawn from the wave of a real run.

`python -m crosschop.cosim.timing_diagram OUT.svg [SPEC] [--first T --end T]` trains the chip under Icarus Verilog,
reads the wave and draws the transfers T .. end-1, sampled once per clock cycle just before its closing edge. Without a
window it takes the first two neighbours that both pulse W and of which the second flips its chopper.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pywellen import Waveform

from crosschop.cosim.engines import run_rtl
from crosschop.cosim.job import WAVE_FILE
from crosschop.cosim.runner import work_directory
from crosschop.model.chipspec import ChipSpec, beats, load_chipspec, step_bits
from crosschop.model.errors import CrosschopError, InputError
from crosschop.model.palette import BAND, BLUE, INK, SOFT

TRANSFERS = 100
SEED = 1
CLOCK = "xc_bench.clk"
CYCLE = "xc_bench.cycle"
DUT = "xc_bench.dut."
LANES = DUT + "xc_transfer_lanes_inst."
STATE = DUT + "xc_transfer_scheduler_inst.state_reg"
STATE_NAMES = ("CLEAR", "IDLE", "UPDATE", "STALL", "READ")

LEGEND = (
    "filled: handshake;  t: the cycle in which a beat is accepted;  dimensions: from the acceptance of a column's last "
    "beat to trc_last and m_wr_valid"
)

_INK, _SOFT, _LINE, _MARK, _BUS, _TAKEN = INK, SOFT, BLUE, "#b34700", BAND, "#cfe3f2"
_PALE = "#b9cbd8"
_STATE_COLOURS = {"CLEAR": "#ffffff", "IDLE": "#ffffff", "UPDATE": "#dcebf6", "STALL": "#f3c9b3", "READ": "#fbe3c6"}
_HEIGHT, _PITCH, _GAP = 0.62, 1.0, 0.45  # of a trace, from trace to trace, between groups
_BEFORE, _AFTER = 1, 2  # cycles shown around the transfers
_CYCLE_INCHES, _ROW_INCHES, _NAME_CYCLES = 0.27, 0.235, 6.5

Values = list[int]


class Wave:
    """The signals of a wave file, sampled once per clock cycle."""

    def __init__(self, path: Path) -> None:
        wave = Waveform(str(path))
        self._variables = {variable.full_name: variable for variable in wave.all_vars()}
        self._edges = [time for time, value in self._variables[CLOCK].tv if value == 1][1:]

    def __getitem__(self, name: str) -> Values:
        """Value in every cycle, -1 where unknown."""
        if name not in self._variables:
            raise InputError(f"the wave has no signal {name}")
        signal = self._variables[name].signal
        values = (signal.value_at(edge - 1) for edge in self._edges)
        return [value if isinstance(value, int) else -1 for value in values]

    def taken(self, stream: str) -> Values:
        """1 in the cycles of a handshake of the controller's stream."""
        valid, ready = self[f"{DUT}{stream}_valid"], self[f"{DUT}{stream}_ready"]
        return [int(v == 1 and r == 1) for v, r in zip(valid, ready, strict=True)]


def record(spec: ChipSpec) -> Wave:
    """The wave of a training run of the chip."""
    with work_directory() as scratch:
        run_rtl(spec, SEED, TRANSFERS, lambda done: None, scratch, (0, TRANSFERS))
        return Wave(scratch / WAVE_FILE)


@dataclass(frozen=True)
class TransferTimes:
    """Cycles of one transfer: handshake of its read, its last code beat, its last trace beat, rise of m_wr_valid."""

    read: int
    last_beat: int
    retired: int
    write: int | None
    flip: bool


def transfer_times(wave: Wave, column_beats: int) -> list[TransferTimes]:
    """All transfers that retire within the wave."""
    trace_last, trace_valid, flip = (wave[DUT + name] for name in ("trc_last", "trc_valid", "trc_flip"))
    write = wave[DUT + "m_wr_valid"]
    reads = [cycle for cycle, taken in enumerate(wave.taken("m_rd")) if taken]
    codes = [cycle for cycle, taken in enumerate(wave.taken("s_adc")) if taken][column_beats - 1 :: column_beats]
    retired = [cycle for cycle, last in enumerate(trace_last) if last == 1 and trace_valid[cycle] == 1]
    return [
        TransferTimes(read, code, retire, retire if write[retire] == 1 else None, flip[retire] == 1)
        for read, code, retire in zip(reads, codes, retired, strict=False)
    ]


def choose(times: list[TransferTimes]) -> tuple[int, int]:
    """First and end of a telling window: two transfers that write W, the second flips."""
    for first in range(1, len(times) - 2):
        here, following = times[first], times[first + 1]
        if here.write is not None and following.write is not None and following.flip and not here.flip:
            return first, first + 2
    return 0, min(2, len(times))


class Diagram:
    """Digital waveforms over the cycles start .. stop-1, rows from the top down."""

    def __init__(self, axes: Axes, wave: Wave, start: int, stop: int) -> None:
        self.axes, self.wave, self.start, self.stop = axes, wave, start, stop
        self.rows: dict[str, float] = {}
        self._y = 0.0

    def group(self) -> None:
        """Leaves a gap."""
        self._y -= _GAP

    def _row(self, name: str) -> float:
        self._y -= _PITCH
        self.rows[name] = self._y
        self.axes.text(
            self.start - 0.4, self._y + _HEIGHT / 2, name, ha="right", va="center", color=_INK, family="monospace"
        )
        return self._y

    def clock(self) -> None:
        """The clock: high in the first half of each cycle."""
        y = self._row("clk")
        x, level = [], []
        for cycle in range(self.start, self.stop):
            x += [cycle, cycle, cycle + 0.5, cycle + 0.5]
            level += [y, y + _HEIGHT, y + _HEIGHT, y]
        self.axes.plot(x, level, color=_LINE, linewidth=0.8)

    def bit(self, name: str, signal: str, taken: Values | None = None, meant: Values | None = None) -> None:
        """One wire; cycles of a handshake are filled; pale where `meant` is 0."""
        y, values = self._row(name), self.wave[signal]
        x, level = [], []
        for cycle in range(self.start, self.stop):
            x += [cycle, cycle + 1]
            level += [y + _HEIGHT * max(0, values[cycle])] * 2
            if taken is not None and taken[cycle]:
                self.axes.fill_between([cycle, cycle + 1], y, y + _HEIGHT, color=_TAKEN, linewidth=0, zorder=0.5)
        if meant is None:
            self.axes.plot(x, level, color=_LINE, linewidth=1.2)
            return
        self.axes.plot(x, level, color=_PALE, linewidth=1.2)
        meant_level = [value if meant[self.start + place // 2] else math.nan for place, value in enumerate(level)]
        self.axes.plot(x, meant_level, color=_LINE, linewidth=1.2)

    def bus(
        self,
        name: str,
        values: Values,
        text: Callable[[int], str],
        shown: Values | None = None,
        colours: dict[str, str] | None = None,
    ) -> None:
        """A vector as boxes with its value; a flat line where `shown` is 0."""
        y = self._row(name)
        cycle = self.start
        while cycle < self.stop:
            end = cycle + 1
            visible = shown is None or shown[cycle] == 1
            while end < self.stop and values[end] == values[cycle] and (shown is None or shown[end] == shown[cycle]):
                end += 1
            if visible:
                label = text(values[cycle])
                slope = 0.12
                xs = [cycle, cycle + slope, end - slope, end, end - slope, cycle + slope]
                ys = [y + _HEIGHT / 2, y + _HEIGHT, y + _HEIGHT, y + _HEIGHT / 2, y, y]
                face = (colours or {}).get(label, _BUS)
                self.axes.fill(xs, ys, facecolor=face, edgecolor=_LINE, linewidth=0.8)
                size = 7 if end - cycle >= 0.3 * len(label) else 5.5
                if end - cycle >= 0.2 * len(label):
                    self._note((cycle + end) / 2, y + _HEIGHT / 2, label, _INK, size)
            else:
                self.axes.plot([cycle, end], [y + _HEIGHT / 2] * 2, color=_LINE, linewidth=0.8)
            cycle = end

    def span(self, name: str, first: int, last: int, text: str) -> None:
        """A dimension from one cycle to another, in the row of `name`, with its text above it."""
        y = self.rows[name] + _HEIGHT / 2
        arrow = {"arrowstyle": "<->", "color": _MARK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
        self.axes.annotate("", (last, y), (first, y), arrowprops=arrow)
        self._note((first + last) / 2, y + 0.5, text, _MARK)

    def remark(self, name: str, cycle: int, text: str) -> None:
        """Text in the row of `name`, to the right of a cycle's beginning."""
        self.axes.text(
            cycle + 0.3, self.rows[name] + _HEIGHT / 2, text, ha="left", va="center", fontsize=7.5, color=_MARK
        )

    def _note(self, x: float, y: float, text: str, colour: str, size: float = 7.5) -> None:
        self.axes.text(x, y, text, ha="center", va="center", fontsize=size, color=colour)

    def line(self, cycle: int, upper: str, lower: str) -> None:
        """A dashed vertical line at the beginning of a cycle, from one row down to another."""
        self.axes.plot(
            [cycle, cycle],
            [self.rows[upper] + _HEIGHT + 0.1, self.rows[lower] - 0.1],
            color=_MARK,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
        )

    def blank(self, name: str) -> None:
        """A row without name for dimensions."""
        self._y -= _PITCH
        self.rows[name] = self._y

    @property
    def bottom(self) -> float:
        """Lower edge of the lowest row."""
        return self._y


def _binary(width: int) -> Callable[[int], str]:
    return lambda value: f"{value:0{width}b}"


def _pulses(rows: int, width: int) -> Callable[[int], str]:
    """Signed pulses per row, row 0 first."""

    def text(value: int) -> str:
        numbers = [(value >> width * row) & ((1 << width) - 1) for row in range(rows)]
        signed = [number - (1 << width) if number >> (width - 1) else number for number in numbers]
        return " ".join(f"{number:+d}" if number else "0" for number in signed)

    return text


def draw(wave: Wave, spec: ChipSpec, first: int, end: int) -> Figure:
    """The transfers first .. end-1."""
    times = transfer_times(wave, beats(spec))
    if not 0 <= first < end <= len(times):
        raise InputError(f"transfers {first}:{end}, allowed: a window within 0:{len(times)}")
    start = max(0, (times[first - 1].read + 1 if first else 0) - _BEFORE)
    stop = times[end - 1].retired + 1 + _AFTER
    figure = Figure(facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    diagram = Diagram(axes, wave, start, stop)
    _draw_rows(diagram, spec)
    _draw_latencies(diagram, times[first:end])
    _draw_cycles(diagram, wave[CYCLE])
    left, right = start - _NAME_CYCLES, stop + 0.3
    low, high = diagram.bottom - 1.4, 1.2
    figure.set_size_inches((right - left) * _CYCLE_INCHES, (high - low) * _ROW_INCHES)
    axes.text(start, diagram.bottom - 0.75, LEGEND, ha="left", va="center", fontsize=7.5, color=_SOFT)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    return figure


def _draw_rows(diagram: Diagram, spec: ChipSpec) -> None:
    wave = diagram.wave
    diagram.clock()
    diagram.bus("state", wave[STATE], lambda value: STATE_NAMES[value], colours=_STATE_COLOURS)
    diagram.group()
    for stream in ("s_smp", "m_upd", "m_rd", "s_adc", "m_wr"):
        if stream == "m_wr":
            diagram.blank("latency")
            for stage in (1, 2, 3):
                diagram.bit(f"lanes: t+{stage}", f"{LANES}valid_{stage}_reg")
            diagram.bit("trc_valid", DUT + "trc_valid")
            diagram.bit("trc_last", DUT + "trc_last", meant=[max(0, value) for value in wave[DUT + "trc_valid"]])
            diagram.group()
        taken = wave.taken(stream)
        diagram.bit(f"{stream}_valid", f"{DUT}{stream}_valid", taken)
        diagram.bit(f"{stream}_ready", f"{DUT}{stream}_ready", taken)
        valid = wave[f"{DUT}{stream}_valid"]
        if stream == "m_upd":
            diagram.bus("m_upd_chop", wave[DUT + "m_upd_chop"], _binary(spec.array.cols))
        if stream == "m_rd":
            diagram.bus("m_rd_col", wave[DUT + "m_rd_col"], str, shown=valid)
        if stream == "s_adc":
            diagram.bus("beat", wave[DUT + "beat_index"], str, shown=taken)
        if stream == "m_wr":
            text = _pulses(spec.array.rows, step_bits(spec))
            diagram.bus("m_wr_pulses", wave[DUT + "m_wr_pulses"], text, shown=valid)
        diagram.group()


def _draw_latencies(diagram: Diagram, times: list[TransferTimes]) -> None:
    for time in times:
        diagram.line(time.last_beat, "s_adc_valid", "latency")
        diagram.line(time.retired, "latency", "trc_last" if time.write is None else "m_wr_valid")
        diagram.span("latency", time.last_beat, time.retired, f"{time.retired - time.last_beat} cycles")
        if time.flip:
            diagram.line(time.read + 1, "m_upd_chop", "m_rd_ready")
            diagram.remark("m_rd_ready", time.read + 1, "new sign from here on")


def _draw_cycles(diagram: Diagram, cycle_numbers: Values) -> None:
    for cycle in range(diagram.start, diagram.stop):
        if cycle_numbers[cycle] % 5 == 0:
            diagram.axes.text(
                cycle + 0.5, 0.1, str(cycle_numbers[cycle]), ha="center", va="bottom", fontsize=7, color=_SOFT
            )
            diagram.axes.axvline(cycle, color="#e3e7ea", linewidth=0.6, zorder=0)
    diagram.axes.text(diagram.start - 0.4, 0.1, "cycle", ha="right", va="bottom", color=_SOFT)


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("spec", default="agad_tiny")
@click.option("--first", type=click.IntRange(min=0), help="First transfer.  [default: chosen]")
@click.option("--end", type=click.IntRange(min=1), help="The one after the last.  [default: first + 2]")
def main(out: Path, spec: str, first: int | None, end: int | None) -> None:
    """Draw the timing of some transfers of the chip SPEC into OUT (.svg or .png)."""
    try:
        chip = load_chipspec(spec, ())
        wave = record(chip)
        times = transfer_times(wave, beats(chip))
        window = choose(times) if first is None else (first, first + 2 if end is None else end)
        # Text as outlines, no date, fixed ids: the same run gives the same file everywhere.
        with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "crosschop", "font.size": 8.0}):
            figure = draw(wave, chip, *window)
            figure.savefig(out, dpi=110, metadata={"Date": None} if out.suffix == ".svg" else None)
    except CrosschopError as error:
        raise click.ClickException("; ".join(error.messages)) from None
    click.echo(f"{out}: transfers {window[0]}:{window[1]} of {chip.name}, seed {SEED}")


if __name__ == "__main__":
    main()
