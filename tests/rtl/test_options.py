"""The algorithms and options that xc_controller has by parameter, against the formulas of rtl/README.md.

The model here is written for being read: one dictionary per state, no widths, every read of every column counted on
its own. It shares no code with the golden model.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

RTL = Path(__file__).resolve().parents[2] / "rtl"
BENCH = Path(__file__).with_name("option_bench.v")

pytestmark = pytest.mark.sim

Values = dict[str, int]

# Defaults of option_bench.v
DEFAULTS: Values = {
    "ROWS": 3, "COLS": 5, "LANES": 2, "ADC_W": 9, "P_FRAC": 4, "REF_EN": 1, "P_EN": 1, "BETA_W": 8, "BETA": 100,
    "H_W": 16, "H_FRAC": 10, "LR_W": 8, "LR_SHIFT": 6, "MAX_STEPS": 1, "CHOP_MODE": 1, "LFSR_SEED": 1, "CORRECTION": 0,
    "COL_RANDOM": 0, "COL_SEED": 1, "MEM_PORTS": 2, "TRANSFER_EVERY": 1, "LR_H": 200, "CHOP": 3, "WARMUP": 2,
    "TRANSFERS": 400, "PAUSES": 1,
}  # fmt: skip

AGAD: Values = {}
AGAD_BETA1: Values = {"P_EN": 0}
TTV2: Values = {"REF_EN": 0, "P_EN": 0, "P_FRAC": 0, "LR_SHIFT": 2}

OFF: Values = {"CHOP_MODE": 0}
REGULAR: Values = {"CHOP_MODE": 1, "CHOP": 3}
NEVER: Values = {"CHOP_MODE": 1, "CHOP": 0}
RANDOM: Values = {"CHOP_MODE": 2, "CHOP": 16000, "LFSR_SEED": 0xDEADBEEF}

IN_TURN: Values = {"COL_RANDOM": 0}
ANY_ORDER: Values = {"COL_RANDOM": 1, "COL_SEED": 0x12345678}

# Nothing waits, one beat per column: the shortest way from a read to its first product and to the next read
TIGHT: Values = {"PAUSES": 0, "ROWS": 2}


def draws(seed: int) -> Iterator[int]:
    """32-bit Galois LFSR, right shift, 16 single steps per draw."""
    state = seed
    while True:
        for _ in range(16):
            state = (state >> 1) ^ (0xA3000000 if state & 1 else 0)
        yield state


@dataclass
class Transfer:
    """What retires for one column."""

    column: int
    chop: int
    flip: int
    codes: list[int]
    h: list[int]
    p: list[int]
    pref: list[int]
    pulses: list[int]


@dataclass
class Model:
    """The controller, one read at a time."""

    v: Values
    column: int = 0
    reads: int = 0
    chop: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    period: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    since_flip: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    h: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    p: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    pref: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.flip_draws = draws(self.v["LFSR_SEED"])
        self.column_draws = draws(self.v["COL_SEED"])

    def signs(self) -> int:
        return sum(self.chop[column] << column for column in range(self.v["COLS"]))

    def flips(self) -> int:
        v = self.v
        if v["CHOP_MODE"] == 2:
            return int((next(self.flip_draws) & 0xFFFF) < v["CHOP"])
        if v["CHOP_MODE"] == 0 or v["CHOP"] == 0:
            return 0
        self.period[self.column] += 1
        if self.period[self.column] < v["CHOP"]:
            return 0
        self.period[self.column] = 0
        return 1

    def gain(self) -> int:
        v = self.v
        if not v["CORRECTION"]:
            return v["LR_H"]
        y = min(1 + self.since_flip[self.column], v["CORRECTION"])
        return (v["LR_H"] * ((65536 + y // 2) // y) + (1 << 15)) >> 16

    def read(self, codes: list[int]) -> Transfer:
        v, k = self.v, self.column
        gain, flip, chop = self.gain(), self.flips(), self.chop[k]
        held_back = self.reads // v["COLS"] < v["WARMUP"]
        out = Transfer(k, chop, flip, codes, [], [], [], [])
        for row, code in enumerate(codes):
            omega = code << v["P_FRAC"]
            z = omega - (self.pref[k, row] if v["REF_EN"] else 0)
            h = self.h[k, row] + rounded(-z * gain if chop else z * gain, v["LR_SHIFT"])
            h = max(-(1 << (v["H_W"] - 1)), min((1 << (v["H_W"] - 1)) - 1, h))
            steps = min(abs(h) >> v["H_FRAC"], v["MAX_STEPS"]) * (1 if h > 0 else -1)
            self.h[k, row] = h - (steps << v["H_FRAC"])
            if v["REF_EN"]:
                old = self.p[k, row]
                self.p[k, row] = old + rounded((omega - old) * v["BETA"], v["BETA_W"]) if v["P_EN"] else omega
                if flip:
                    self.pref[k, row] = self.p[k, row]
            out.h.append(self.h[k, row])
            out.p.append(self.p[k, row])
            out.pref.append(self.pref[k, row])
            out.pulses.append(0 if held_back else steps)
        self.chop[k] ^= flip
        self.since_flip[k] = 0 if flip else self.since_flip[k] + 1
        self.reads += 1
        self.column = self.reads % v["COLS"]
        if v["COL_RANDOM"]:
            self.column = ((next(self.column_draws) & 0xFFFF) * v["COLS"]) >> 16
        return out


def rounded(value: int, shift: int) -> int:
    """Half up."""
    return (value + (1 << shift >> 1)) >> shift


def signed(bits: str, count: int) -> list[int]:
    """`count` signed numbers, number 0 in the low bits."""
    width = len(bits) // count
    fields = [int(bits[len(bits) - width * (i + 1) : len(bits) - width * i], 2) for i in range(count)]
    return [value - (1 << width) if value >> (width - 1) else value for value in fields]


def simulate(directory: Path, values: Values, rtl: Path = RTL) -> list[list[str]]:
    """Events of a run of option_bench."""
    program = directory / "option_bench.vvp"
    given = [f"-Poption_bench.{name}={value}" for name, value in values.items()]
    sources = [BENCH, *sorted(rtl.glob("*.v"))]
    built = subprocess.run(
        ["iverilog", "-g2012", "-o", str(program), "-s", "option_bench", *given, *map(str, sources)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert built.returncode == 0 and not built.stdout + built.stderr, built.stdout + built.stderr
    done = subprocess.run(["vvp", "-N", str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Error" not in done.stdout, done.stdout[-2000:] + done.stderr
    return [line.split() for line in done.stdout.splitlines() if line[:2] in ("U ", "R ", "C ", "T ")]


def retired(values: Values, beats: list[list[str]]) -> Transfer:
    """One transfer from the beats of its trace; the padding of the last beat must be zero."""
    column, _, _, chop, flip = beats[0][:5]
    for index, beat in enumerate(beats):
        last = str(int(index == len(beats) - 1))
        assert (beat[0], int(beat[1], 2), beat[2], beat[3], beat[4]) == (column, index, last, chop, flip)
    lanes, rows = values["LANES"], values["ROWS"]
    fields = [[value for beat in beats for value in signed(beat[place], lanes)] for place in range(5, 10)]
    assert not any(value for entries in fields for value in entries[rows:])
    codes, h, p, pref, pulses = (entries[:rows] for entries in fields)
    return Transfer(int(column, 2), int(chop), int(flip), codes, h, p, pref, pulses)


def compare(values: Values, events: list[list[str]]) -> list[Transfer]:
    """Follow the events with the model, stop at the first difference; gives the transfers that the model expects."""
    model = Model(values)
    beats_per_column = -(-values["ROWS"] // values["LANES"])
    code_beats: list[str] = []
    trace_beats: list[list[str]] = []
    waiting: list[Transfer] = []
    seen: list[Transfer] = []
    updates = reads = 0
    for kind, *data in events:
        if kind == "U":
            assert reads * values["TRANSFER_EVERY"] <= updates
            updates += 1
            # The model is a read behind while the codes of that read are not all in
            if reads == model.reads:
                assert int(data[0], 2) == model.signs(), f"signs after {reads} reads"
        elif kind == "R":
            assert int(data[0], 2) == model.column, f"column of read {reads}"
            assert int(data[1], 2) == model.signs(), f"signs at read {reads}"
            reads += 1
        elif kind == "C":
            code_beats.append(data[0])
            if len(code_beats) == beats_per_column:
                codes = [code for beat in code_beats for code in signed(beat, values["LANES"])]
                waiting.append(model.read(codes[: values["ROWS"]]))
                code_beats = []
        else:
            trace_beats.append(data)
            if len(trace_beats) == beats_per_column:
                got, expected = retired(values, trace_beats), waiting.pop(0)
                assert got == expected, f"transfer {len(seen)}"
                seen.append(got)
                trace_beats = []
    assert len(seen) == values["TRANSFERS"]
    return seen


def check(directory: Path, rtl: Path = RTL, **changes: int) -> list[Transfer]:
    values = {**DEFAULTS, **changes}
    return compare(values, simulate(directory, values, rtl))


ONE_PORT: Values = {"MEM_PORTS": 1}


@pytest.mark.parametrize("order", [IN_TURN, ANY_ORDER], ids=["in_turn", "any_order"])
@pytest.mark.parametrize("chopper", [OFF, REGULAR, RANDOM], ids=["off", "regular", "random"])
def test_one_memory_port(tmp_path: Path, chopper: Values, order: Values) -> None:
    """Reads and write-backs take turns, with gaps in the codes and without; so do those of the read index."""
    for algorithm, pace in product((AGAD, AGAD_BETA1, TTV2), ({}, TIGHT, {"PAUSES": 0, "ROWS": 7})):
        check(tmp_path, **algorithm, **chopper, **order, **pace, **ONE_PORT, CORRECTION=7)


@pytest.mark.parametrize("correction", [0, 2, 7, 255])
@pytest.mark.parametrize("order", [IN_TURN, ANY_ORDER], ids=["in_turn", "any_order"])
@pytest.mark.parametrize("chopper", [OFF, REGULAR, NEVER, RANDOM], ids=["off", "regular", "never", "random"])
def test_options_combine(tmp_path: Path, chopper: Values, order: Values, correction: int) -> None:
    for algorithm, pace in product((AGAD, AGAD_BETA1, TTV2), ({}, TIGHT)):
        values = {**algorithm, **chopper, **order, **pace, "CORRECTION": correction}
        seen = check(tmp_path, **values)
        assert any(transfer.flip for transfer in seen) == (chopper in (REGULAR, RANDOM))
        assert any(any(transfer.pulses) for transfer in seen)


@pytest.mark.parametrize(
    "shape",
    [
        {"ROWS": 1, "COLS": 1, "LANES": 1},
        {"ROWS": 7, "COLS": 1, "LANES": 2},
        {"ROWS": 2, "COLS": 8, "LANES": 5},
        {"ROWS": 8, "COLS": 16, "LANES": 2},
        {"ROWS": 5, "COLS": 3, "LANES": 1, "TRANSFER_EVERY": 3},
    ],
    ids=str,
)
def test_shapes(tmp_path: Path, shape: Values) -> None:
    for chopper, order in product((OFF, REGULAR, RANDOM), (IN_TURN, ANY_ORDER)):
        for ports in ({}, ONE_PORT):
            check(tmp_path, **shape, **chopper, **order, **ports, CORRECTION=5)


def test_gains_of_all_widths(tmp_path: Path) -> None:
    for bits, gain in ((1, 1), (8, 255), (16, 65535), (16, 32769)):
        check(tmp_path, LR_W=bits, LR_H=gain, LR_SHIFT=bits - 1, CORRECTION=255, COLS=2, CHOP=300, TRANSFERS=1000)


@pytest.mark.slow
def test_index_stays_at_its_largest_value(tmp_path: Path) -> None:
    # A chopper that never flips counts in 16 bits
    check(tmp_path, **{**NEVER, **TIGHT}, COLS=1, CORRECTION=255, TRANSFERS=66_000)


# Bug: file, original, replacement, options that show it
BUGS: dict[str, tuple[str, str, str, Values]] = {
    "reference subtracted where there is none": (
        "xc_transfer_lane.v", "    assign e = omega;\n", "    assign e = omega - 1;\n", TTV2),
    "random flips start no new period": (
        "xc_read_index.v", "        if (flip) begin\n", "        if (period_end) begin\n", {**RANDOM, "CORRECTION": 7}),
    "flipping read counts for the new period": (
        "xc_read_index.v", "reads_before = {{(17-COUNT_W){1'b0}}, count}",
        "reads_before = {{(17-COUNT_W){1'b0}}, flip ? {COUNT_W{1'b0}} : count}", {**REGULAR, "CORRECTION": 7}),
    "index above its cap": (
        "xc_read_index.v", "CORRECTION[INDEX_W-1:0];\n", "reads_before[INDEX_W-1:0] + 1'b1;\n",
        {**REGULAR, "CORRECTION": 2}),
    "index wraps": (
        "xc_read_index.v", "&count ? count : count + 1'b1", "count + 1'b1", {**OFF, "CORRECTION": 7}),
    "one count for all columns": (
        "xc_read_index.v", ".rd_addr(read_col)", ".rd_addr({COL_W{1'b0}})", {**REGULAR, **ANY_ORDER}),
    "counts not cleared": (
        "xc_read_index.v", ".wr_en(read_done || clear_en)", ".wr_en(read_done)", {**REGULAR, **ANY_ORDER}),
    "gain a cycle late": (
        "xc_read_gain.v", "    assign gain = gain_reg;\n",
        "    reg [LR_W-1:0] late_reg;\n    always @(posedge clk) late_reg <= gain_reg;\n    assign gain = late_reg;\n",
        {**REGULAR, **TIGHT, "CORRECTION": 7}),
    "reciprocals rounded down": (
        "xc_read_gain.v", "(65536 + y / 2) / y", "65536 / y", {"LR_W": 16, "LR_H": 65535, "LR_SHIFT": 11,
                                                            "CORRECTION": 7, "CHOP": 9}),
    "sweep ends with the last column": (
        "xc_transfer_scheduler.v", "sweep_done = position_reg == LAST_COL", "sweep_done = col_reg == LAST_COL",
        ANY_ORDER),
    "column drawn at the update": (
        "xc_transfer_scheduler.v", ".advance(read_done)", ".advance(upd_done)", {**ANY_ORDER, "TRANSFER_EVERY": 2}),
    "one port, written at the read's address": (
        "xc_ram.v", ".addr(wr_en ? wr_addr : rd_addr)", ".addr(rd_addr)", ONE_PORT),
    "memory addressed in turn": (
        "xc_transfer_scheduler.v", "assign addr_load = read_done;", "assign addr_load = 1'b0;", ANY_ORDER),
}  # fmt: skip


# Bug: file, original, replacement; each makes a read and a write-back meet at the only port
COLLISIONS: dict[str, tuple[str, str, str]] = {
    "write-back a cycle early": ("xc_transfer_lanes.v", "assign wr_en = done_valid;", "assign wr_en = valid_2_reg;"),
    "a beat in every cycle": ("xc_transfer_lanes.v", "MEM_PORTS == 1 && (valid_1_reg || valid_3_reg)", "1'b0"),
    "a beat out of step": ("xc_transfer_lanes.v", "(valid_1_reg || valid_3_reg)", "valid_1_reg"),
    "read index looked up when it is written": ("xc_read_index.v", ".rd_en(upd_valid)", ".rd_en(read_done)"),
}


def broken_rtl(directory: Path, file: str, original: str, replacement: str) -> Path:
    """A copy of the RTL with a bug."""
    broken = directory / "rtl"
    shutil.copytree(RTL, broken, ignore=shutil.ignore_patterns("__pycache__"))
    text = (broken / file).read_text()
    assert text.count(original) == 1
    (broken / file).write_text(text.replace(original, replacement))
    return broken


@pytest.mark.parametrize("bug", sorted(COLLISIONS))
def test_collision_at_the_port_ends_the_run(tmp_path: Path, bug: str) -> None:
    values = {**DEFAULTS, **ANY_ORDER, **ONE_PORT, "ROWS": 8}
    with pytest.raises(AssertionError, match=r"Error: read and write of a memory with one port .*_ram_inst"):
        simulate(tmp_path, values, broken_rtl(tmp_path, *COLLISIONS[bug]))


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_bug_is_found(tmp_path: Path, bug: str) -> None:
    file, original, replacement, options = BUGS[bug]
    broken = broken_rtl(tmp_path, file, original, replacement)
    values = {**DEFAULTS, **options}
    events = simulate(tmp_path, values, broken)
    with pytest.raises((AssertionError, ValueError)):
        compare(values, events)


@pytest.mark.parametrize(
    "illegal",
    [
        {"REF_EN": 2},
        {"REF_EN": 0},
        {"COL_RANDOM": 2},
        {"COL_RANDOM": 1, "COL_SEED": 0},
        {"MEM_PORTS": 0},
        {"MEM_PORTS": 3},
        {"CORRECTION": 1},
        {"CORRECTION": 256},
        {"CORRECTION": -1},
    ],
    ids=str,
)
def test_illegal_parameters_stop_the_run(tmp_path: Path, illegal: Values) -> None:
    with pytest.raises(AssertionError, match=r"Error: .* \(instance option_bench\.xc_controller_inst"):
        simulate(tmp_path, {**DEFAULTS, **illegal})
