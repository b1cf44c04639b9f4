"""Mixed precision: RTL in the loop equals the golden engine, verification passes, and finds seeded bugs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checking import VERIFIED, by_configuration, ends_by_itself, mutate, transfers_due
from mutants import Mutant

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import run_rtl
from crosschop.cosim.job import Job, Mismatch, Result
from crosschop.cosim.verify import parts, plan, verify
from crosschop.model.chipspec import ChipSpec, beats, load_chipspec, rtl_parameters, transfers_in, x_beats
from crosschop.model.engines import run_golden
from crosschop.model.results import RunResult

CHIP = "mixed_precision_20"

# Smaller than any shipped chip, uneven in all its sizes, several pulses at a time, short batches
TINY = ("array.rows=7", "array.cols=5", "controller.lanes=3", "hidden.max_steps=3", "hidden.bits=14",
        "algorithm.batch=4", "algorithm.learning_rate=0.05", "timing.pulse_ns=12")  # fmt: skip

# The shipped chip with batches that end within a short run
QUICK = ("algorithm.batch=7", "algorithm.learning_rate=0.05")

pytestmark = pytest.mark.sim


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress here."""


def _content(result: RunResult) -> dict[str, object]:
    """Everything that must not depend on what the controller is."""
    names = ("samples", "transfers", "weight_error", "digest", "pulses_a", "pulses_w", "cycles", "target")
    return {
        **{name: getattr(result, name) for name in names},
        **{name: getattr(result, name).tobytes() for name in ("errors", "trace", "element")},
    }


@pytest.mark.parametrize("seed", [1, 20261123])
@pytest.mark.parametrize(("overrides", "samples"), [(TINY, 402), (QUICK, 120)], ids=["tiny", CHIP])
def test_icarus_equals_golden(overrides: tuple[str, ...], samples: int, seed: int, tmp_path: Path) -> None:
    """The last batch of both runs is not whole."""
    spec = load_chipspec(CHIP, overrides)
    transfers = transfers_in(spec, samples)
    golden = run_golden(spec, seed, transfers, _ignore)
    icarus = run_rtl(spec, seed, transfers, _ignore, tmp_path)
    assert _content(icarus) == _content(golden)
    assert (icarus.compared, golden.compared) == (transfers, 0)
    assert (icarus.cycles_measured, golden.cycles_measured) == (True, False)
    # That there is something to be equal
    assert (golden.samples, golden.transfers) == (samples, samples * spec.array.cols)
    assert golden.pulses_w > 0
    assert golden.pulses_a is None
    assert len(np.unique(golden.errors[:, 1])) > 10
    assert golden.trace.shape[0] == samples // spec.algorithm.batch


def check_counts(job: Job, result: Result, transfers: int) -> None:
    """The sums that follow from the chipspec and the number of columns alone."""
    spec = job.spec
    cols, depth = spec.array.cols, spec.array.cols * beats(spec)
    operands = beats(spec) + x_beats(spec)
    whole = [segment for segment in job.segments if ends_by_itself(segment)]
    aborted = sum(segment.compared for segment in job.segments if not ends_by_itself(segment))
    assert result.transfers == transfers // cols * cols
    assert sum(segment.compared for segment in job.segments) == result.transfers
    assert result.samples * cols == result.transfers
    assert aborted > 0

    # Counted are the segments that end by themselves; a reset takes the counters with it
    passes = sum(segment.transfers for segment in whole) // cols
    assert result.cycles["clear"] == result.predicted["clear"] == len(whole) * depth
    assert result.cycles["digital"] == result.predicted["digital"] == passes * (operands + depth)
    assert result.predicted["read"] == passes
    assert result.predicted["idle"] == len(whole)
    assert result.cycles["update"] == result.cycles["hold"] == 0
    ends = sum(
        transfers // cols // configuration["cfg_batch"]
        for segment in whole
        for transfers, configuration in by_configuration(segment)
    )
    # With one memory port a beat enters every other cycle
    interval = {1: 2, 2: 1}[spec.controller.memory_ports]
    column = (beats(spec) - 1) * interval + 4
    own = passes * operands + (passes - ends) * ((depth - 1) * interval + 1) + ends * (cols * column + 1)
    assert result.predicted["stall"] == own + result.predicted["write"]
    # Whether a few passes of a chip reach a pulse depends on the codes that were drawn; the narrow part always does
    writes = ("write",) if result.predicted["write"] else ()
    for phase in ("idle", "read", "stall", *writes):
        assert result.cycles[phase] > result.predicted[phase] > 0  # back-pressure


# Shapes and formats at the ends of what is legal, which no shipped chip has
EDGES = (
    TINY,
    ("array.rows=1", "array.cols=1", "controller.lanes=1"),
    ("array.rows=9", "array.cols=3", "controller.lanes=32", "hidden.rounding=floor", "hidden.max_steps=15"),
    ("array.rows=7", "array.cols=2", "controller.lanes=32", "controller.memory_ports=1"),
    ("array.rows=13", "controller.lanes=3", "controller.memory_ports=1", "hidden.max_steps=3"),
    ("array.rows=13", "controller.lanes=7", "hidden.rounding=to_zero", "algorithm.operand_bits=2"),
    ("algorithm.operand_bits=16", "hidden.bits=32", "hidden.frac_bits=24", "hidden.rate_bits=16"),
)


def check(spec: ChipSpec, seed: int, directory: Path) -> None:
    shown: list[int] = []
    due = transfers_due(spec, seed)
    results = verify(spec, seed, due, directory, shown.append)
    assert {part: result.mismatch for part, result in results.items()} == {"chip": None, "narrow": None}
    for part, (chip, scenarios) in parts(spec).items():
        job = Job.load(directory / part)
        assert job == Job(chip, plan(chip, scenarios, seed, due, part))
        if spec.array.cols < 512:  # where a scenario is a single pass, no batch of several samples ends
            check_counts(job, results[part], due)
    assert results["narrow"].predicted["write"] > 0
    assert shown == sorted(shown)
    assert shown[-1] == sum(result.transfers for result in results.values())


@pytest.mark.parametrize("overrides", EDGES, ids=" ".join)
def test_edges(overrides: tuple[str, ...], tmp_path: Path) -> None:
    check(load_chipspec(CHIP, overrides), 1, tmp_path)


# A verification of the largest chip has a whole pass of each scenario at the least, which takes a minute: one seed
@pytest.mark.parametrize(
    ("chip", "seed"),
    [
        *((chip, seed) for chip in (CHIP, "mixed_precision_64") for seed in (1, 2, 3)),
        pytest.param("mixed_precision_512", 1, marks=pytest.mark.slow),
    ],
)
def test_shipped_chips(chip: str, seed: int, tmp_path: Path) -> None:
    check(load_chipspec(chip), seed, tmp_path)


def test_narrow_variant_is_the_same_controller() -> None:
    spec = load_chipspec(CHIP)
    own, other = (rtl_parameters(chip) for chip, _ in parts(spec).values())
    assert {name for name in own if own[name] != other[name]} == {"COLS", "LR_SHIFT"}


# Bug, and the fields of the report by which it may be found
MUTANTS: tuple[tuple[Mutant, set[str]], ...] = (
    (Mutant("steps_arithmetic_shift", "xc_accumulate.v", "    .SHIFT(ACC_FRAC),\n    .ROUND(2)\n",
            "    .SHIFT(ACC_FRAC),\n    .ROUND(1)\n"), {"chi"}),
    (Mutant("saturation_missed", "xc_accumulate.v", "wire fits = sum[SUM_W-1:ACC_W-1] == "
            "{(SUM_W-ACC_W+1){sum[SUM_W-1]}};", "wire fits = 1'b1;"), {"chi"}),
    (Mutant("chi_forgotten_instead_of_subtracted", "xc_mixed_lane.v", "new_chi = chi_sat - sent[CHI_W-1:0];",
            "new_chi = steps == {STEP_W{1'b0}} ? chi_sat : sent[CHI_W-1:0] & {CHI_W{1'b0}};"), {"chi"}),
    (Mutant("batch_a_sample_late", "xc_mixed_scheduler.v", "sample_reg == cfg_batch - 16'd1",
            "sample_reg == cfg_batch"), {"chi", "cycle of the operand request", "operands requested"}),
    (Mutant("sample_count_survives_reset", "xc_mixed_scheduler.v",
            "        sample_reg <= 16'd0;\n        load_x_reg", "        load_x_reg"),
     {"chi", "pulses", "progress", "d", "protocol of the retire trace", "protocol of the ready outputs"}),
    (Mutant("x_of_the_next_column", "xc_mixed_operands.v", "x_word[OP_W*x_lane_reg +: OP_W]",
            "x_word[OP_W*rd_x_lane +: OP_W]"), {"chi", "x", "protocol of the retire trace"}),
    (Mutant("column_enters_before_the_write", "xc_mixed_scheduler.v", "wire behind_busy = lanes_busy || pulses_wait;",
            "wire behind_busy = lanes_busy;"), {"protocol of the write request", "cycle of the operand request"}),
    (Mutant("padding_kept", "xc_mixed_operands.v", "wr_last ? {OP_W{1'b0}} : wr_codes", "wr_codes"),
     {"d past the last row"}),
    (Mutant("request_a_cycle_late", "xc_mixed_scheduler.v", "&& !behind_busy : pass_issued;",
            "&& !behind_busy : state_reg == STATE_DRAIN;"), {"cycle of the operand request", "cycles in phase stall"}),
    (Mutant("operand_beats_not_counted", "xc_mixed_precision.v", ".in_digital(load_d || load_x || beat_valid)",
            ".in_digital(beat_valid)"), {"cycles in phase digital"}),
    (Mutant("pass_not_counted", "xc_mixed_precision.v", ".in_stall(phase_stall)",
            ".in_stall(phase_stall && !beat_valid)"), {"cycles in phase stall"}),
    (Mutant("operands_never_complete", "xc_mixed_scheduler.v", "if (load_x && last_x_beat) begin",
            "if (load_x && last_x_beat && load_d) begin"), {"progress"}),
    (Mutant("write_missing", "xc_mixed_lanes.v", "pulses_valid = valid_3_reg && write_reg",
            "pulses_valid = valid_3_reg && write_reg && !pulses_col[1]"),
     {"writes of W", "write column", "cycle of the operand request", "operands requested"}),
    (Mutant("column_of_another_beat", "xc_mixed_lanes.v", "assign pulses_col = col_3_reg;",
            "assign pulses_col = col_3_reg ^ 1'b1;"), {"write column"}),
    (Mutant("request_withdrawn", "xc_mixed_scheduler.v", "m_op_valid_reg <= state_next == STATE_READ;",
            "m_op_valid_reg <= state_next == STATE_READ && !m_op_valid_reg;"), {"protocol of the operand request"}),
    (Mutant("trace_undefined", "xc_mixed_lanes.v", "    assign trc_chi = trc_chi_reg;\n",
            "    assign trc_chi = trc_chi_reg ^ {{(LANES*CHI_W-1){1'b0}}, trc_col_reg[1] ? 1'bx : 1'b0};\n"), {"chi"}),
    (Mutant("trace_beat_stuck", "xc_mixed_lanes.v", "            trc_beat_reg <= beat_3_reg;\n",
            "            trc_beat_reg <= {BEAT_W{1'b0}};\n"), {"protocol of the retire trace"}),
    (Mutant("ready_undefined", "xc_mixed_scheduler.v", "assign s_op_ready = state_reg == STATE_LOAD;",
            "assign s_op_ready = state_reg == STATE_LOAD ? 1'b1 : phase_idle ? 1'bx : 1'b0;"),
     {"protocol of the ready outputs"}),
    (Mutant("pulses_past_the_last_row", "xc_mixed_lanes.v", "            trc_pulses_reg <= pulses;\n",
            "            trc_pulses_reg <= pulses;\n            trc_pulses_reg[LANES*STEP_W-1] <= last_3_reg;\n"),
     {"pulses past the last row"}),
)  # fmt: skip


def _found(rtl: Path, spec: ChipSpec, directory: Path) -> list[Mismatch]:
    work = directory / "work"
    work.mkdir()
    results = verify(spec, 1, VERIFIED, work, dut=dut_of(spec, rtl))
    return [result.mismatch for result in results.values() if result.mismatch is not None]


@pytest.mark.usefixtures("builds_aside")
@pytest.mark.parametrize(("mutant", "fields"), MUTANTS, ids=[mutant.name for mutant, _ in MUTANTS])
def test_mutant_is_found(mutant: Mutant, fields: set[str], tmp_path: Path) -> None:
    found = _found(mutate(mutant, tmp_path), load_chipspec(CHIP, TINY), tmp_path)
    assert found
    print(found)
    assert {mismatch.field for mismatch in found} <= fields


@pytest.mark.usefixtures("builds_aside")
def test_copy_without_a_bug_passes(tmp_path: Path) -> None:
    unchanged = Mutant("none", "xc_mixed_lane.v", "`default_nettype none", "`default_nettype none")
    assert _found(mutate(unchanged, tmp_path), load_chipspec(CHIP, TINY), tmp_path) == []
