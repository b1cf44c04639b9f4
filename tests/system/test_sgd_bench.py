"""`crosschop verify` finds what is wrong with a controller of in-memory SGD, and says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from checking import mutate
from mutants import Mutant

from crosschop.cosim.dut import dut_of
from crosschop.cosim.in_memory_sgd.hdl import BATCH
from crosschop.cosim.job import FULL_VIEW, Job, Result, View, chip_segment
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.scenario import BUSY, QUIET
from crosschop.cosim.simulator import Simulator
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec

CHIP = "in_memory_sgd_20"
FILE = "xc_in_memory_sgd.v"
TRANSFERS = 400

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]

_READY = "assign s_smp_ready = !update_reg || upd_done;"
_RESET = "    if (rst) begin\n        update_reg <= 1'b0;\n"
_RESET_NUMBER = "            trc_valid_reg <= 1'b0;\n            trc_sample_reg <= 32'd0;\n"

_TAKE = f"{_READY}\nassign m_upd_valid = update_reg;\n\nalways @(posedge clk) begin\n    if (s_smp_ready) begin\n"


def _bug(name: str, original: str, replacement: str) -> Mutant:
    return Mutant(name, FILE, original, replacement)


# Each with the fields that may tell it.
BUGS = (
    (_bug("tick taken during an update", _READY, "assign s_smp_ready = 1'b1;"), {"protocol of the update request"}),
    (_bug("no tick taken at a handshake", _TAKE,
          _TAKE.replace(" || upd_done", "").replace("    if", "    if (upd_done) update_reg <= 1'b0;\n    else if")),
     {"cycle of the update"}),
    (_bug("update repeated without a tick", _READY, "assign s_smp_ready = !update_reg;"),
     {"cycles in phase idle", "cycle of the update", "updates at the end of the segment"}),
    (_bug("tick taken and forgotten", "        update_reg <= s_smp_valid;\n",
          "        update_reg <= s_smp_valid && !update_reg;\n"), {"progress", "cycle of the update"}),
    (_bug("ready undefined", _READY, "assign s_smp_ready = (!update_reg || upd_done) ? 1'b1 : 1'bx;"),
     {"protocol of the ready outputs", "protocol of the update request"}),
    (_bug("update survives a reset", _RESET, _RESET.replace("update_reg <=", "if (update_reg === 1'bx) update_reg <=")),
     {"updates before the first sample", "updates done when one retires", "number of the update",
      "cycle of the update", "violations of a protocol before the first sample", "protocol of the update request"}),
    (_bug("number survives a reset", _RESET_NUMBER,
          _RESET_NUMBER.replace("trc_sample_reg <=", "if (^trc_sample_reg === 1'bx) trc_sample_reg <=")),
     {"number of the update"}),
    (_bug("number counts ticks", "        if (trc_valid_reg) begin\n",
          "        if (s_smp_valid && s_smp_ready) begin\n"), {"number of the update"}),
    (_bug("retires before the update is done", "trc_valid_reg <= upd_done;",
          "trc_valid_reg <= s_smp_valid && s_smp_ready;"), {"updates done when one retires"}),
    (_bug("never retires", "trc_valid_reg <= upd_done;", "trc_valid_reg <= 1'b0;"), {"progress"}),
    (_bug("idle cycles counted as updates", ".in_update(update_reg)", ".in_update(1'b1)"),
     {"cycles in phase update"}),
    (_bug("idle cycles not counted", ".in_idle(!update_reg)", ".in_idle(1'b0)"), {"cycles in phase idle"}),
    (_bug("stalls counted", ".in_stall(1'b0)", ".in_stall(update_reg)"), {"cycles in phase stall"}),
)  # fmt: skip


def _name(case: object) -> str:
    return case.name.replace(" ", "_") if isinstance(case, Mutant) else ""


@pytest.mark.parametrize(("bug", "fields"), BUGS, ids=_name)
def test_bug_is_found(bug: Mutant, fields: set[str], tmp_path: Path) -> None:
    spec = load_chipspec(CHIP)
    results = verify(spec, 1, TRANSFERS, tmp_path, dut=dut_of(spec, mutate(bug, tmp_path)))
    for part, result in results.items():
        assert result.mismatch is not None, f"{part} lets it through"
        assert result.mismatch.field in fields


# Each shows in the third batch of updates only.
LATE = f"32'd{2 * BATCH + BATCH // 3}"
LATE_BUGS = (
    (_bug("a number is left out", "trc_sample_reg <= trc_sample_reg + 32'd1;",
          f"trc_sample_reg <= trc_sample_reg + ((trc_sample_reg == {LATE}) ? 32'd2 : 32'd1);"), "number of the update"),
    # Its value, with x taken as 0, is the right one
    (_bug("a number is undefined", "assign trc_sample = trc_sample_reg;",
          f"assign trc_sample = (trc_sample_reg == {LATE}) ? {{trc_sample_reg[31:1], 1'bx}} : trc_sample_reg;"),
     "sample"),
    (_bug("an update begins late", "assign m_upd_valid = update_reg;",
          f"assign m_upd_valid = update_reg && !(trc_valid && (trc_sample == {LATE}));"), "cycle of the update"),
    (_bug("an update is withdrawn", "assign m_upd_valid = update_reg;",
          f"assign m_upd_valid = update_reg && !(!trc_valid && (trc_sample == {LATE}));"),
     "protocol of the update request"),
    (_bug("an update has no sample", _READY, _READY.replace(
        "upd_done;", f"(upd_done && (gen_trace.trc_sample_reg != {LATE}));")), "updates at the end of the segment"),
    (_bug("nothing retires any more", "trc_valid_reg <= upd_done;",
          f"trc_valid_reg <= upd_done && (trc_sample_reg != {LATE});"), "progress"),
)  # fmt: skip


UPDATES = 3 * BATCH + BATCH * 2 // 5


def _compared(
    rtl: Path,
    directory: Path,
    simulator: str = "icarus",
    one_by_one: bool = False,
    rates: tuple[int, ...] = QUIET,
    view: View = FULL_VIEW,
) -> Result:
    """3.4 batches of updates, then a few that a reset ends; where waves are wanted, all are looked at one by one."""
    directory.mkdir()
    spec = load_chipspec(CHIP)
    late = replace(chip_segment(spec, "late", 1, UPDATES, "none", "uniform"), rates=rates)
    segments = (late, replace(late, name="behind", transfers=20, abort=7), replace(late, name="last", transfers=20))
    job = Job(spec, segments, waves=(0, 0) if one_by_one else None, simulator=Simulator(simulator))
    (result,) = run_jobs([Task(job, directory)], dut=replace(dut_of(spec, rtl), view=view))
    return result


@pytest.mark.parametrize("rates", [QUIET, BUSY], ids=["quiet", "busy"])
def test_batches_find_what_each_update_would(rates: tuple[int, ...], tmp_path: Path) -> None:
    batches, each = (
        _compared(shipped_rtl(), tmp_path / str(one_by_one), one_by_one=one_by_one, rates=rates)
        for one_by_one in (False, True)
    )
    assert batches.mismatch is None
    assert batches.transfers == UPDATES + 19 + 20
    assert batches == each


OWN = View(frozenset({"sample", "counters"}), own_timing=True)


@pytest.mark.parametrize(
    ("bug", "field", "rates", "view"),
    [
        *((bug, field, QUIET, FULL_VIEW) for bug, field in LATE_BUGS),
        (LATE_BUGS[0][0], "number of the update", BUSY, FULL_VIEW),
        (LATE_BUGS[0][0], "number of the update", QUIET, View(own_timing=True)),
        (LATE_BUGS[3][0], "protocol of the update request", BUSY, OWN),
        (LATE_BUGS[5][0], "progress", QUIET, OWN),
    ],
    ids=_name,
)
def test_late_bug_is_told_as_if_each_update_were_looked_at(
    bug: Mutant, field: str, rates: tuple[int, ...], view: View, tmp_path: Path
) -> None:
    rtl = mutate(bug, tmp_path)
    results = [
        _compared(rtl, tmp_path / str(one_by_one), one_by_one=one_by_one, rates=rates, view=view)
        for one_by_one in (False, True)
    ]
    batches, each = (result.mismatch for result in results)
    assert batches is not None
    assert each is not None
    assert batches.field == field
    assert replace(batches, cycle=0) == replace(each, cycle=0)
    # With more samples in advance it takes longer until nothing moves; an update that has no sample has any length
    assert batches.cycle == each.cycle or field in ("progress", "updates at the end of the segment")
    assert results[0].transfers == results[1].transfers > 2 * BATCH


# What retires two cycles late does so while no other pin changes, in the middle of an update that lasts.
LATE_RETIREMENT = _bug(
    "retires two cycles late",
    "    assign trc_valid = trc_valid_reg;\n    assign trc_sample = trc_sample_reg;\n",
    """
    reg [1:0]  valid_later_reg;
    reg [63:0] sample_later_reg;
    always @(posedge clk) begin
        valid_later_reg <= rst ? 2'd0 : {valid_later_reg[0], trc_valid_reg};
        sample_later_reg <= {sample_later_reg[31:0], trc_sample_reg};
    end
    assign trc_valid = valid_later_reg[1];
    assign trc_sample = sample_later_reg[63:32];
""",
)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_controller_of_its_own_timing_may_retire_late(simulator: str, tmp_path: Path) -> None:
    rtl = mutate(LATE_RETIREMENT, tmp_path)
    batches, each = (
        _compared(rtl, tmp_path / str(one_by_one), simulator, one_by_one=one_by_one, view=View(own_timing=True))
        for one_by_one in (False, True)
    )
    assert batches.mismatch is None
    # One by one it waits for samples, which come when an update has retired
    assert each.mismatch is None
    assert batches.transfers == each.transfers


# One retirement too many, its number the next one.
TWICE = _bug("retires twice", "trc_valid_reg <= upd_done;",
             f"trc_valid_reg <= upd_done || (update_reg && !trc_valid_reg && (trc_sample_reg == {LATE}));")  # fmt: skip


@pytest.mark.parametrize(
    ("bug", "rates", "view"), [(LATE_RETIREMENT, BUSY, FULL_VIEW), (TWICE, QUIET, View(own_timing=True))], ids=_name
)
def test_updates_that_are_done_when_one_retires(
    bug: Mutant, rates: tuple[int, ...], view: View, tmp_path: Path
) -> None:
    """By the contract exactly as many as have retired, by a controller's own timing as many at least; nothing else
    tells these bugs."""
    rtl = mutate(bug, tmp_path)
    batches, each = (
        _compared(rtl, tmp_path / str(one_by_one), one_by_one=one_by_one, rates=rates, view=view).mismatch
        for one_by_one in (False, True)
    )
    assert batches is not None
    assert batches.field == "updates done when one retires"
    assert batches == each


@pytest.mark.parametrize("bug", [bug for bug, field in LATE_BUGS if "undefined" not in bug.name], ids=_name)
def test_late_bug_is_found_by_verilator(bug: Mutant, tmp_path: Path) -> None:
    assert _compared(mutate(bug, tmp_path), tmp_path / "batches", "verilator").mismatch is not None
