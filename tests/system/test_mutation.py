"""How mutants are made, drawn, run many to a simulator and told from equivalent ones."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.formal.plan import plan
from crosschop.cosim.mutation import many
from crosschop.cosim.mutation.change import Change, Edit, Mutant, mutant_of, mutated, without_whitespace
from crosschop.cosim.mutation.draw import draw_mutants
from crosschop.cosim.mutation.equivalence import check_equivalence
from crosschop.cosim.mutation.many import run_many
from crosschop.cosim.mutation.others import proofs_about, run_formal, run_lint
from crosschop.cosim.mutation.product import check_outputs
from crosschop.cosim.mutation.sites import all_mutants
from crosschop.cosim.mutation.source import Source, read_source
from crosschop.cosim.mutation.stages import Stage, run_stage
from crosschop.model.chipspec import load_chipspec, memory_bits
from crosschop.model.errors import CrosschopError, InputError, ToolError

CHIPS = ("agad_tiny", "agad_rect", "mixed_precision_20", "in_memory_sgd_20")

SMALL = """\
module tiny #(parameter W = 2, parameter EXTRA = 0) (
    input  wire clk, input wire rst, input wire a, input wire b, input wire [1:0] n, output wire [1:0] q
);
reg [1:0] q_reg;
assign q = q_reg;
generate
if (EXTRA != 0) begin : gen_extra
    wire never = a ^ b;
end
endgenerate
always @(posedge clk) begin
    if (a && b) q_reg <= n - 2'd1;
    else q_reg <= n;
    if (rst) q_reg <= 2'd0;
end
endmodule
"""


def source_of(chip: str) -> tuple[Source, Dut]:
    spec = load_chipspec(chip)
    dut = dut_of(spec)
    return read_source(dut, dut.parameters_for(spec)), dut


def small(folder: Path, text: str = SMALL) -> tuple[list[Mutant], Dut]:
    file = folder / "tiny.v"
    file.write_text(text)
    dut = Dut("tiny", (file,))
    return list(all_mutants(read_source(dut, {"W": 2}), "tiny")), dut


def changed(mutants: list[Mutant], operator: str, line: int) -> set[str]:
    """A line of the text in all mutants by one operator, blanks aside."""
    found = set()
    for one in mutants:
        before, after = (text.decode().splitlines() for text in (one.original, one.text))
        if one.operator == operator and len(before) == len(after) and before[line - 1] != after[line - 1]:
            found.add(" ".join(after[line - 1].split()))
    return found


def test_operators_on_a_small_module(tmp_path: Path) -> None:
    """Every mutant of some lines, written down by hand."""
    mutants, _ = small(tmp_path)
    assert changed(mutants, "logical", 12) == {
        "if (a || b) q_reg <= n - 2'd1;",
        "if (a) q_reg <= n - 2'd1;",
        "if (b) q_reg <= n - 2'd1;",
    }
    assert changed(mutants, "condition", 12) == {
        "if (!(a && b)) q_reg <= n - 2'd1;",
        "if (1'b0) q_reg <= n - 2'd1;",
        "if (1'b1) q_reg <= n - 2'd1;",
    }
    assert changed(mutants, "arithmetic", 12) == {"if (a && b) q_reg <= n + 2'd1;"}
    assert changed(mutants, "operands", 12) == {"if (a && b) q_reg <= 2'd1 - n;"}
    assert changed(mutants, "constant", 12) == {f"if (a && b) q_reg <= n - 2'd{value};" for value in (0, 2)}
    assert changed(mutants, "assignment", 12) == {"if (a && b) ;"}
    assert changed(mutants, "branch", 13) == {""}
    assert changed(mutants, "reset", 14) == {"if (rst) ;"} | {
        f"if (rst) q_reg <= {value};" for value in ("~(2'd0)", "(2'd0) ^ 1'b1")
    }
    # n and q have two bits as q_reg has; the clock is nobody's substitute, and a target stays
    assert changed(mutants, "signal", 13) == {"else q_reg <= q;", "else q_reg <= q_reg;"}
    assert changed(mutants, "signal", 14) == {f"if ({name}) q_reg <= 2'd0;" for name in "ab"}
    late = [one.text.decode() for one in mutants if one.operator == "late" and one.line == 11]
    assert any("reg [1:0] q_reg_late;" in text and "q_reg_late <= n; q_reg <= q_reg_late;" in text for text in late)
    # The chip has no gen_extra
    assert not changed(mutants, "bitwise", 8)


def test_operators_for_arithmetic_and_selects(tmp_path: Path) -> None:
    text = """\
module tiny #(parameter W = 2) (input wire signed [7:0] x, input wire [7:0] y, output wire [7:0] z, output wire p);
localparam [1:0] LIMIT = 2'd2;
assign z = y[3] ? x >>> LIMIT : {y[3:0], y[7:4]};
assign p = x < -y;
endmodule
"""
    mutants, _ = small(tmp_path, text)
    assert changed(mutants, "shift", 3) == {"assign z = y[3] ? x >> LIMIT : {y[3:0], y[7:4]};"}
    assert "assign z = y[3] ? {y[3:0], y[7:4]} : x >>> LIMIT;" in changed(mutants, "operands", 3)
    assert "assign z = y[3] ? x >>> LIMIT : {y[7:4], y[3:0]};" in changed(mutants, "operands", 3)
    assert "assign z = y[4] ? x >>> LIMIT : {y[3:0], y[7:4]};" in changed(mutants, "index", 3)
    assert changed(mutants, "parameter", 2) == {f"localparam [1:0] LIMIT = 2'd{value};" for value in (0, 1, 3)}
    assert {f"assign p = x {symbol} -y;" for symbol in ("<=", ">=", "==")} == changed(mutants, "relational", 4)
    assert "assign p = $signed(x) < $signed(-y);" in changed(mutants, "sign", 4)
    assert "assign p = x < y;" in changed(mutants, "arithmetic", 4)


@pytest.mark.parametrize("chip", CHIPS)
def test_no_mutant_is_the_original_and_no_two_are_the_same(chip: str) -> None:
    source, dut = source_of(chip)
    mutants = list(all_mutants(source, dut.module))
    assert len(mutants) > 300
    drawn = draw_mutants(mutants, 40, 1, dut, (dut.parameters_for(load_chipspec(chip)),))
    texts = {(one.file, without_whitespace(one.text)) for one in drawn.mutants}
    assert len(texts) == len(drawn.mutants) == 40
    assert not texts & {(one.file, without_whitespace(one.original)) for one in mutants}
    assert all(one.diff for one in drawn.mutants)
    # Evenly: no module and no operator has more than its turn
    pairs = [(one.module, one.operator) for one in drawn.mutants]
    groups = len({(one.module, one.operator) for one in mutants})
    assert max(map(pairs.count, pairs)) <= (1 if drawn.redrawn == 0 and groups >= len(pairs) else 2)


def test_equal_seeds_draw_equal_mutants() -> None:
    source, dut = source_of("agad_tiny")
    mutants = list(all_mutants(source, dut.module))
    again = list(all_mutants(*(source_of("agad_tiny")[0], dut.module)))
    drawn = [[one.identity for one in draw_mutants(some, 20, seed, dut, ()).mutants]
             for some, seed in ((mutants, 1), (again, 1), (mutants, 2))]  # fmt: skip
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_does_not_compile_is_drawn_again(tmp_path: Path) -> None:
    mutants, dut = small(tmp_path)
    bad = mutant_of(dut.sources[0], 0, "tiny", mutants[0].original, Change("none", (Edit(0, 6, "modul"),), "no word"))
    drawn = draw_mutants([bad, *mutants], 1000, 1, dut, ({"W": 2},))
    assert bad not in drawn.mutants
    assert drawn.redrawn >= 1 and len(drawn.mutants) + drawn.redrawn == drawn.possible


def test_sources_that_cannot_be_parsed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tiny\.v:1"):
        small(tmp_path, "module tiny (input wire a;\nendmodule\n")


def edited(source: Source, file: str, before: str, after: str) -> Mutant:
    """The mutant that replaces a text found once."""
    number = next(index for index, path in enumerate(source.paths) if path.name == file)
    text = source.texts[number]
    assert text.count(before.encode()) == 1
    first = text.index(before.encode())
    edit = Edit(first, first + len(before), after)
    return mutant_of(source.paths[number], number, Path(file).stem, text, Change("by hand", (edit,), before))


# (file, before, after): equal for every input, for reasons that stand beside them; and the nearest that are not.
EQUIVALENT = (
    # A sum has no order
    ("xc_transfer_scheduler.v", "sample_next = sample_reg + 16'd1;", "sample_next = 16'd1 + sample_reg;"),
    # There are one and two ports
    ("xc_ram.v", "if (MEM_PORTS == 1)", "if (MEM_PORTS < 2)"),
    # Twice negated
    ("xc_transfer_lanes.v", "assign wr_en = done_valid;", "assign wr_en = !(!done_valid);"),
)
DIFFERENT = (
    ("xc_transfer_scheduler.v", "sample_next = sample_reg + 16'd1;", "sample_next = sample_reg + 16'd2;"),
    ("xc_transfer_lanes.v", "assign wr_en = done_valid;", "assign wr_en = valid_2_reg;"),
    # As equal as it looks in simulation, but for the saturation of the largest sum
    ("xc_accumulate.v", "localparam SUM_W = (INC_W > ACC_W ? INC_W : ACC_W) + 1;", "localparam SUM_W = ACC_W;"),
)


def test_equivalence_is_proven_and_refused(tmp_path: Path) -> None:
    source, dut = source_of("agad_tiny")
    spec = load_chipspec("agad_tiny")
    same = [edited(source, *one) for one in EQUIVALENT]
    other = [edited(source, *one) for one in DIFFERENT]
    found = dict(check_equivalence(dut, dut.parameters_for(spec), memory_bits(spec).total, [*same, *other], tmp_path))
    assert [found[one].fate for one in same] == ["equivalent"] * len(same)
    assert [found[one].fate for one in other] == ["survived"] * len(other)


# What makes the proof on the outputs a matter of seconds; there are two columns, two beats, one lane
FEW = {"ROWS": 2, "COLS": 2, "LANES": 1, "ADC_W": 2, "P_FRAC": 0, "BETA_W": 1, "BETA": 1, "H_W": 4, "H_FRAC": 1,
       "LR_W": 1, "LR_SHIFT": 0, "MAX_STEPS": 1}  # fmt: skip
RECODED = ("xc_transfer_scheduler.v", "STATE_READ = 3'd4;", "STATE_READ = 3'd6;")
# What the trace shows where there is no record
BETWEEN = ("xc_transfer_lanes.v", "        trc_valid_reg <= done_valid;\n        if (done_valid) begin",
           "        trc_valid_reg <= done_valid;\n        if (1'b1) begin")  # fmt: skip
# One code for two states; what reset leaves behind; what the trace shows where there is a record
BUGS = (
    ("xc_transfer_scheduler.v", "STATE_READ = 3'd4;", "STATE_READ = 3'd3;"),
    ("xc_transfer_scheduler.v", "        sweep_reg <= 16'd0;\n", ""),
    ("xc_transfer_lanes.v", "trc_last_reg <= done_last;", "trc_last_reg <= !done_last;"),
)


def test_outputs_are_proven_equal_where_registers_cannot_be_paired(tmp_path: Path) -> None:
    source, dut = source_of("agad_tiny")
    parameters = {**dut.parameters_for(load_chipspec("agad_tiny")), **FEW}
    recoded, between, *bugs = (edited(source, *one) for one in (RECODED, BETWEEN, *BUGS))
    by_registers = dict(check_equivalence(dut, parameters, 0, [recoded], tmp_path / "registers"))
    assert by_registers[recoded].fate == "survived"
    found = dict(check_outputs(dut, parameters, 0, 10, [recoded, between, *bugs], tmp_path / "outputs"))
    assert found[recoded].by == found[between].by == "proof on the outputs"
    assert [found[one].fate for one in bugs] == ["survived"] * len(bugs)


def test_a_mutant_has_to_survive_the_properties_of_its_module(tmp_path: Path) -> None:
    source, dut = source_of("agad_tiny")
    spec = load_chipspec("agad_tiny")
    counted = edited(source, "xc_cycle_counters.v", "if (in_stall) stall_reg", "if (in_read) stall_reg")
    same = edited(source, "xc_ram.v", "if (MEM_PORTS == 1)", "if (MEM_PORTS < 2)")
    found = dict(run_formal(spec, dut, "quick", [counted, same], tmp_path))
    assert found[counted].by == "formal: cycle_counters.p_each"
    assert found[same].fate == "survived"


def test_which_proofs_are_about_a_module() -> None:
    _, dut = source_of("agad_tiny")
    proofs = plan(load_chipspec("agad_tiny"), dut, "quick")
    about = {module: {one.checker for one in proofs_about(module, proofs, dut)}
             for module in ("xc_round_shift", "xc_transfer_scheduler", "xc_controller")}  # fmt: skip
    parts = ("sequence", "flips", "element", "values", "store")
    whole = {"independence", *(f"fv_transfer_{part}" for part in parts)}
    assert about == {"xc_round_shift": {"fv_round_shift"}, "xc_transfer_scheduler": whole, "xc_controller": whole}
    assert all(one.limits.induction == 0 for one in proofs_about("xc_controller", proofs, dut))


@pytest.mark.verilator
def test_a_linter_sees_what_no_simulation_ends(tmp_path: Path) -> None:
    """A counter that loses its last bit; of a controller that has warnings itself nothing can be said."""
    source, dut = source_of("agad_tiny")
    parameters = dut.parameters_for(load_chipspec("agad_tiny"))
    short = edited(source, "xc_cycle_counters.v", "reg [31:0] digital_reg", "reg [30:0] digital_reg")
    same = edited(source, *EQUIVALENT[0])
    found = dict(run_lint(dut, parameters, [short, same], tmp_path / "clean"))
    assert (found[short].fate, found[same].fate) == ("killed", "survived")
    assert found[short].by.startswith("lint: Warning-WIDTH")
    untidy = mutated(
        dut, edited(source, "xc_cycle_counters.v", "reg [31:0] clear_reg", "reg [30:0] clear_reg"), tmp_path
    )
    assert [verdict.fate for _, verdict in run_lint(untidy, parameters, [short], tmp_path / "untidy")] == ["survived"]


@pytest.mark.sim
def test_parameters_that_the_rtl_refuses_end_nobody_elses_run(tmp_path: Path) -> None:
    """The check is there whether or not the mutant is the one that runs."""
    source, dut = source_of("agad_tiny")
    refused = edited(source, "xc_transfer_lanes.v", "    .CORRECTION(CORRECTION)\n", "    .CORRECTION(1)\n")
    others = [edited(source, *one) for one in (DIFFERENT[0], EQUIVALENT[0])]
    stage = Stage("narrow", 1, 100)
    found = dict(run_stage(load_chipspec("agad_tiny"), dut, source, stage, [others[0], refused, others[1]], tmp_path))
    assert (found[refused].fate, found[refused].by) == ("killed", "end of the simulation")
    assert "CORRECTION must be 0 or 2..255" in found[refused].detail
    assert [found[one].fate for one in others] == ["killed", "survived"]
    assert found[others[0]].by != "end of the simulation"


@pytest.mark.verilator
@pytest.mark.sim
@pytest.mark.slow
def test_what_shows_late_is_found_by_the_library(tmp_path: Path) -> None:
    """A counter that jumps once, behind all that a simulator sees; mutants that end the run, or the process."""
    spec, (source, dut) = load_chipspec("agad_tiny"), source_of("agad_tiny")
    counter = "if (in_update) update_reg <= update_reg + 32'd1;"
    late, stopped, crashed, unbuilt = (
        edited(source, "xc_cycle_counters.v", counter, text)
        for text in (
            counter.replace("32'd1", "((update_reg == 32'd30000) ? 32'd2 : 32'd1)"),
            f"{counter}\n    if (update_reg == 32'd1000) $finish;",
            f'{counter}\n    if (update_reg == 32\'d1000) $c("__builtin_trap();");',
            f'{counter}\n    if (update_reg == 32\'d1000) $c("no_such_function();");',
        )
    )
    same = edited(source, *EQUIVALENT[0])
    found = dict(run_stage(spec, dut, source, Stage("narrow", 1, 1000), [late, same], tmp_path / "simulator"))
    assert [found[one].fate for one in (late, same)] == ["survived", "survived"]
    found = dict(run_many(spec, dut, 20000, [late, same, stopped, crashed, unbuilt], tmp_path / "library"))
    assert [found[one].fate for one in (late, stopped, crashed)] == ["killed"] * 3
    assert [found[one].fate for one in (same, unbuilt)] == ["survived"] * 2
    assert found[late].by == "cycles in phase update"
    assert "$finish" in found[stopped].detail
    assert (found[crashed].by, found[crashed].detail) == ("end of the simulation", "crashed (SIGILL)")
    assert "no_such_function" in found[unbuilt].detail
    broken = mutated(dut, late, tmp_path / "broken")
    with pytest.raises(CrosschopError, match="the controller itself does not pass: cycles in phase update"):
        list(run_many(spec, broken, 20000, [same], tmp_path / "again"))


def test_what_ends_a_process_on_the_library(tmp_path: Path) -> None:
    """A mutant's loop and crash are kills; the system's SIGKILL, and an error of ours, are nobody's verdict."""
    assert many._verdict(tmp_path, -signal.SIGXCPU).by == "a loop without end"
    assert many._verdict(tmp_path, -signal.SIGABRT).by == "end of the simulation"
    with pytest.raises(ToolError, match="SIGKILL"):
        many._verdict(tmp_path, -signal.SIGKILL)
    (tmp_path / many.FAILED_FILE).write_text("Traceback\nOSError: No space left on device\n")
    with pytest.raises(ToolError, match="No space left"):
        many._verdict(tmp_path, 0)


# Mutants that verification did not see until it was strengthened, and what shows them since: a read of one cycle, ready
# without a request, a reset of one cycle in every phase.
ONCE_SURVIVORS = (
    ("agad_tiny", "xc_transfer_lanes.v", "busy = valid_2_reg || valid_3_reg || (STAGES == 4 && done_valid);",
     "busy = valid_2_reg && valid_3_reg || (STAGES == 4 && done_valid);"),
    ("agad_tiny", "xc_transfer_scheduler.v", "        m_rd_valid_reg <= 1'b0;\n", ""),
    ("in_memory_sgd_20", "xc_in_memory_sgd.v", "upd_done = m_upd_valid && m_upd_ready;", "upd_done = m_upd_ready;"),
    ("in_memory_sgd_20", "xc_in_memory_sgd.v", "trc_valid_reg <= 1'b0;", ";"),
)  # fmt: skip


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("chip", ["agad_tiny", "in_memory_sgd_20"])
def test_what_once_survived_is_killed(chip: str, tmp_path: Path) -> None:
    source, dut = source_of(chip)
    mutants = [edited(source, *change) for named, *change in ONCE_SURVIVORS if named == chip]
    found = dict(run_stage(load_chipspec(chip), dut, source, Stage("narrow", 1, 2000), mutants, tmp_path))
    assert {one.what: found[one].fate for one in mutants} == {one.what: "killed" for one in mutants}
