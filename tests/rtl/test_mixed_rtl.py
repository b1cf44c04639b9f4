"""xc_mixed_precision against the formulas of rtl/README.md, in arithmetic and in time.

The model here is written for being read, one dictionary and no widths; it shares no code with the golden model.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

RTL = Path(__file__).resolve().parents[2] / "rtl"
BENCH = Path(__file__).with_name("mixed_bench.v")

pytestmark = pytest.mark.sim

Values = dict[str, int]
Event = list[str]

# Defaults of mixed_bench.v
DEFAULTS: Values = {
    "ROWS": 3, "COLS": 5, "LANES": 2, "OP_W": 9, "CHI_W": 16, "CHI_FRAC": 10, "LR_W": 8, "LR_SHIFT": 11,
    "MAX_STEPS": 1, "CHI_ROUND": 0, "BATCH": 3, "LR": 200, "SAMPLES": 60, "PAUSES": 1, "REQUEST": 1, "WRITE": 1,
    "MEM_PORTS": 2,
}  # fmt: skip

# Nothing waits
TIGHT: Values = {"PAUSES": 0}
# Increments x * d / 2: every odd product is an exact half
HALVES: Values = {"LR": 1, "LR_SHIFT": 1, "CHI_W": 32, "CHI_FRAC": 20}


@dataclass
class Column:
    """What retires for one column."""

    column: int
    x: int
    d: list[int]
    chi: list[int]
    pulses: list[int]


@dataclass
class Model:
    """The controller, one sample at a time."""

    v: Values
    samples: int = 0
    chi: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def sample(self, d: list[int], x: list[int]) -> list[Column]:
        v = self.v
        self.samples += 1
        found = []
        for k, x_k in enumerate(x):
            pulses = []
            for row, d_row in enumerate(d):
                chi = self.chi[k, row] + rounded(x_k * d_row * v["LR"], v["LR_SHIFT"], v["CHI_ROUND"])
                chi = max(-(1 << (v["CHI_W"] - 1)), min((1 << (v["CHI_W"] - 1)) - 1, chi))
                steps = 0
                if self.samples % v["BATCH"] == 0:
                    steps = min(abs(chi) >> v["CHI_FRAC"], v["MAX_STEPS"]) * (1 if chi > 0 else -1)
                self.chi[k, row] = chi - (steps << v["CHI_FRAC"])
                pulses.append(steps)
            found.append(Column(k, x_k, d, [self.chi[k, row] for row in range(v["ROWS"])], pulses))
        return found


def rounded(value: int, shift: int, mode: int) -> int:
    if mode == 2 and value < 0:
        return -(-value >> shift)
    return (value + ((1 << shift >> 1) if mode == 0 else 0)) >> shift


def signed(bits: str, count: int) -> list[int]:
    """`count` signed numbers, number 0 in the low bits."""
    width = len(bits) // count
    fields = [int(bits[len(bits) - width * (i + 1) : len(bits) - width * i], 2) for i in range(count)]
    return [value - (1 << width) if value >> (width - 1) else value for value in fields]


def beats(values: Values, of: str) -> int:
    return -(-values[of] // values["LANES"])


def simulate(directory: Path, values: Values, rtl: Path = RTL) -> list[Event]:
    """Events of a run of mixed_bench."""
    program = directory / "mixed_bench.vvp"
    given = [f"-Pmixed_bench.{name}={value}" for name, value in values.items()]
    sources = [rtl / name for name in (rtl / "xc_mixed_precision.f").read_text().split()]
    built = subprocess.run(
        ["iverilog", "-g2012", "-o", str(program), "-s", "mixed_bench", *given, str(BENCH), *map(str, sources)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert built.returncode == 0 and not built.stdout + built.stderr, built.stdout + built.stderr
    done = subprocess.run(["vvp", "-N", str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Error" not in done.stdout, done.stdout[-2000:] + done.stderr
    return [line.split() for line in done.stdout.splitlines() if line[:2] in ("Q ", "C ", "W ", "T ", "S ")]


def of_kind(events: list[Event], kind: str) -> list[Event]:
    return [data for name, *data in events if name == kind]


def retired(values: Values, trace: list[Event]) -> Column:
    """One column from the beats of its trace; the padding of the last beat must be zero."""
    column, _, _, x = trace[0][:4]
    for index, beat in enumerate(trace):
        last = str(int(index == len(trace) - 1))
        assert (beat[0], int(beat[1], 2), beat[2], beat[3]) == (column, index, last, x)
    fields = [[value for beat in trace for value in signed(beat[place], values["LANES"])] for place in (4, 5, 6)]
    assert not any(value for entries in fields for value in entries[values["ROWS"] :])
    d, chi, pulses = (entries[: values["ROWS"]] for entries in fields)
    return Column(int(column, 2), signed(x, 1)[0], d, chi, pulses)


def compare(values: Values, events: list[Event]) -> list[list[Column]]:
    """Values: what W gets and what retires is what the model makes of the operands; gives what the model expects."""
    model, d_beats = Model(values), beats(values, "ROWS")
    taken = [code for (bits,) in of_kind(events, "C") for code in signed(bits, values["LANES"])]
    rows, cols = d_beats * values["LANES"], beats(values, "COLS") * values["LANES"]
    assert len(taken) == values["SAMPLES"] * (rows + cols)
    expected = []
    for start in range(0, len(taken), rows + cols):
        d, x = taken[start : start + values["ROWS"]], taken[start + rows : start + rows + values["COLS"]]
        expected.append(model.sample(d, x))
    # The last request comes as the last beats of a pass, at most three of them, are still in the lanes
    trace = of_kind(events, "T")
    whole = len(trace) - len(trace) % d_beats
    got = [retired(values, trace[start : start + d_beats]) for start in range(0, whole, d_beats)]
    wanted = [column for columns in expected for column in columns]
    assert len(wanted) - 3 <= len(got) <= len(wanted)
    for number, one in enumerate(got):
        assert one == wanted[number], f"column {number}"
    written = [(int(column, 2), signed(pulses, values["ROWS"])) for column, pulses in of_kind(events, "W")]
    assert written == [(one.column, one.pulses) for one in wanted if any(one.pulses)]
    return expected


def compare_time(values: Values, events: list[Event], expected: list[list[Column]]) -> None:
    """Time: the cycle of every request and every counter, where nothing waits."""
    d_beats, depth = beats(values, "ROWS"), values["COLS"] * beats(values, "ROWS")
    operands = d_beats + beats(values, "COLS")
    interval = 3 - values["MEM_PORTS"]  # cycles from one beat to the next
    request, handshakes, stall, writes = depth + 1, [], 0, 0
    for number, columns in enumerate(expected):
        handshakes.append(request + values["REQUEST"] - 1)
        wrote = sum(any(column.pulses) for column in columns)
        at_end = (number + 1) % values["BATCH"] == 0
        column, whole = ((beats_of - 1) * interval + 1 for beats_of in (d_beats, depth))
        took = operands + (values["COLS"] * (column + 3) + values["WRITE"] * wrote + 1 if at_end else whole)
        request += values["REQUEST"] + took
        stall, writes = stall + took, writes + wrote
    handshakes.append(request + values["REQUEST"] - 1)
    assert [int(cycle) for (cycle,) in of_kind(events, "Q")] == handshakes
    samples = values["SAMPLES"]
    # The counters do not have the last request's last cycle yet
    reading = (samples + 1) * values["REQUEST"] - 1
    counted = [depth, 1, 0, stall, reading, samples * (operands + depth), 0, values["WRITE"] * writes]
    assert [int(count) for count in of_kind(events, "S")[0]] == counted
    assert sum(counted[:5]) == handshakes[-1]


def check(directory: Path, rtl: Path = RTL, **changes: int) -> list[list[Column]]:
    values = {**DEFAULTS, **changes}
    events = simulate(directory, values, rtl)
    expected = compare(values, events)
    if not values["PAUSES"]:
        compare_time(values, events, expected)
    return expected


@pytest.mark.parametrize("pace", [{}, TIGHT, {**TIGHT, "REQUEST": 4, "WRITE": 7}], ids=["pauses", "tight", "slow"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"BATCH": 1},
        {"MEM_PORTS": 1},
        {"MEM_PORTS": 1, "BATCH": 2, "MAX_STEPS": 3, "LR_SHIFT": 7},
        {"BATCH": 7, "MAX_STEPS": 15, "LR_SHIFT": 7},
        {"MAX_STEPS": 3, "CHI_W": 13, "LR_SHIFT": 7},
        {"CHI_ROUND": 1},
        {"CHI_ROUND": 2, "CHI_W": 11, "CHI_FRAC": 9},
        {"OP_W": 2, "LR_W": 1, "LR": 1, "LR_SHIFT": 0, "CHI_W": 4, "CHI_FRAC": 1},
        {"OP_W": 16, "LR_W": 16, "LR": 65535, "LR_SHIFT": 44, "CHI_W": 4, "CHI_FRAC": 0},
        {"OP_W": 16, "LR_W": 16, "LR": 65535, "LR_SHIFT": 0, "CHI_W": 32, "CHI_FRAC": 30},
        {"LR": 0},
    ],
    ids=str,
)
def test_options(tmp_path: Path, options: Values, pace: Values) -> None:
    expected = check(tmp_path, **options, **pace)
    pulsed = any(any(column.pulses) for columns in expected for column in columns)
    assert pulsed == (options.get("LR") != 0)


@pytest.mark.parametrize(
    "shape",
    [
        {"ROWS": 1, "COLS": 1, "LANES": 1},
        {"ROWS": 1, "COLS": 1, "LANES": 4},
        {"ROWS": 2, "COLS": 1, "LANES": 1},
        {"ROWS": 1, "COLS": 3, "LANES": 1},
        {"ROWS": 7, "COLS": 1, "LANES": 2},
        {"ROWS": 2, "COLS": 8, "LANES": 5},
        {"ROWS": 8, "COLS": 16, "LANES": 2},
        {"ROWS": 5, "COLS": 3, "LANES": 1},
        {"ROWS": 3, "COLS": 9, "LANES": 3},
        {"ROWS": 13, "COLS": 2, "LANES": 16},
    ],
    ids=str,
)
def test_shapes(tmp_path: Path, shape: Values) -> None:
    for pace, batch, ports in product(({}, TIGHT), (1, 2), (1, 2)):
        check(tmp_path, **shape, **pace, BATCH=batch, SAMPLES=40, MEM_PORTS=ports)


def test_chi_reaches_both_ends(tmp_path: Path) -> None:
    expected = check(tmp_path, CHI_W=12, LR_SHIFT=6, BATCH=10)
    seen = {chi for columns in expected for column in columns for chi in column.chi}
    assert {2047, -2048} <= seen


def test_exact_halves_round_up(tmp_path: Path) -> None:
    expected = check(tmp_path, **HALVES)
    products = [column.x * d for columns in expected for column in columns for d in column.d]
    assert {product > 0 for product in products if product % 2} == {True, False}


# Bug: file, original, replacement, options that show it
BUGS: dict[str, tuple[str, str, str, Values]] = {
    "steps toward minus infinity": ("xc_accumulate.v", "    .ROUND(2)\n", "    .ROUND(1)\n", {}),
    "half away from zero": (
        "xc_round_shift.v", "{{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1);",
        "({{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1)) - in[IN_W-1];", HALVES),
    "half down": (
        "xc_round_shift.v", "{{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1);",
        "({{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1)) - 1'b1;", HALVES),
    "no saturation": ("xc_accumulate.v", "nearest = fits ? sum[ACC_W-1:0]", "nearest = 1'b1 ? sum[ACC_W-1:0]",
                      {"CHI_W": 12, "LR_SHIFT": 6}),
    "pulses not subtracted": ("xc_mixed_lane.v", "chi_sat - sent[CHI_W-1:0]", "chi_sat", {}),
    "written with every sample": ("xc_mixed_lane.v", "steps = write ? whole", "steps = 1'b1 ? whole", {}),
    "batch a sample long": ("xc_mixed_scheduler.v", "cfg_batch - 16'd1", "cfg_batch", {}),
    "x of the next column": ("xc_mixed_operands.v", "x_word[OP_W*x_lane_reg +:", "x_word[OP_W*rd_x_lane +:", {}),
    "x word kept at a full word": (
        "xc_mixed_scheduler.v", "last_col ? {X_BEAT_W{1'b0}} : x_beat_reg + 1'b1", "{X_BEAT_W{1'b0}}", {}),
    "padding not zeroed": ("xc_mixed_operands.v", "wr_last ? {OP_W{1'b0}} : wr_codes", "wr_codes", {}),
    "column enters while pulses wait": ("xc_mixed_scheduler.v", "lanes_busy || pulses_wait;", "lanes_busy;", {}),
    "column enters busy lanes": ("xc_mixed_scheduler.v", "lanes_busy || pulses_wait;", "pulses_wait;", {}),
    "chi not cleared": ("xc_mixed_precision.v", ".wr_en(wr_en || clear_valid)", ".wr_en(wr_en)", {}),
    "pulses of every pass": ("xc_mixed_lanes.v", "pulses_valid = valid_3_reg && write_reg",
                             "pulses_valid = valid_3_reg && !write_reg", {}),
    "request during the last writes": (
        "xc_mixed_scheduler.v", "last_sample ? state_reg == STATE_DRAIN && !behind_busy : pass_issued", "pass_issued",
        TIGHT),
    "a cycle lost per pass": ("xc_mixed_scheduler.v", "&& !behind_busy : pass_issued",
                              "&& !behind_busy : state_reg == STATE_DRAIN", TIGHT),
    "one port, write-back a cycle early": (
        "xc_mixed_lanes.v", "assign wr_en = valid_3_reg;", "assign wr_en = valid_2_reg;", {"MEM_PORTS": 1}),
    "one port, a beat in every cycle": (
        "xc_mixed_lanes.v", "MEM_PORTS == 1 && valid_1_reg", "1'b0", {"MEM_PORTS": 1}),
    "MAC beats not counted": ("xc_mixed_precision.v", "load_d || load_x || beat_valid", "load_d || load_x", TIGHT),
}  # fmt: skip


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_bug_is_found(tmp_path: Path, bug: str) -> None:
    file, original, replacement, options = BUGS[bug]
    broken = tmp_path / "rtl"
    shutil.copytree(RTL, broken, ignore=shutil.ignore_patterns("__pycache__"))
    text = (broken / file).read_text()
    assert text.count(original) == 1
    (broken / file).write_text(text.replace(original, replacement))
    with pytest.raises((AssertionError, ValueError)):
        check(tmp_path, broken, **options)


@pytest.mark.parametrize(
    "illegal",
    [
        *({"OP_W": 1}, {"OP_W": 17}, {"CHI_FRAC": 15}, {"LR_SHIFT": 49}),
        *({"MAX_STEPS": 16}, {"CHI_ROUND": 3}, {"MEM_PORTS": 0}, {"MEM_PORTS": 3}),
    ],
    ids=str,
)
def test_illegal_parameters_stop_the_run(tmp_path: Path, illegal: Values) -> None:
    with pytest.raises(AssertionError, match=r"Error: .* \(instance mixed_bench\.xc_mixed_precision_inst"):
        simulate(tmp_path, {**DEFAULTS, **illegal})
