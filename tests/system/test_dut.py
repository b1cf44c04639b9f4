"""A controller of the user's in the place of the shipped one: what is seen is compared, what is not is left alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from checking import mutate
from command import call, left_over
from mutants import Mutant
from own_controllers import BLIND, OPEN, Body, serial_chip, trace_of, wrapped_chip

from crosschop.cosim.dut import Dut, dut_of
from crosschop.cosim.job import Job, Mismatch
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.verify import parts, plan, verify
from crosschop.model.chipspec import OBSERVABLE, ChipSpec, SpecError, load_chipspec, transfers_together
from crosschop.model.errors import InputError, ToolError

TRANSFERS = 100
# H has to reach its limits, and what comes of it the streams; a bug that is found ends the simulation.
BUG_TRANSFERS = 600
SMALL = ("array.rows=6", "array.cols=5")

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]


def first_mismatch(spec: ChipSpec, folder: Path, part: str = "narrow", transfers: int = TRANSFERS) -> Mismatch | None:
    """The first difference in one part of a verification; the number of transfers compared where there is none."""
    work = folder / "work"
    work.mkdir()
    chip, scenarios = parts(spec)[part]
    (result,) = run_jobs([Task(Job(chip, plan(chip, scenarios, 1, transfers, part)), work)], dut=dut_of(spec))
    if result.mismatch is None:
        together = transfers_together(chip)  # whole passes in mixed precision
        assert result.transfers >= transfers // together * together
        assert result.elapsed > 0
    return result.mismatch


# The serial controller -------------------------------------------------------------------------------

CHIPS: list[tuple[str, tuple[str, ...], Body]] = [
    ("agad_tiny", (), OPEN),
    ("agad_rect", (), BLIND),  # random chopper, decay, several pulses, warm-up, uneven shape
    ("c_ttv2_rect", (), OPEN),  # random order, read correction
    ("ttv2_20", SMALL, BLIND),
    ("agad_beta1", SMALL, OPEN),
]


@pytest.mark.parametrize(("chip", "overrides", "body"), CHIPS, ids=[f"{chip}" for chip, _, _ in CHIPS])
def test_serial_controller_passes(chip: str, overrides: tuple[str, ...], body: Body, tmp_path: Path) -> None:
    spec = serial_chip(tmp_path, chip, body, overrides)
    (tmp_path / "work").mkdir()
    results = verify(spec, 1, TRANSFERS, tmp_path / "work")
    found = {part: (result.mismatch, result.transfers) for part, result in results.items()}
    assert found == dict.fromkeys(("chip", "narrow"), (None, TRANSFERS))


_ELEMENT, _TOP = "serial_element.v", "serial_transfer.v"
_STEPS = Mutant("steps rounded down", _ELEMENT, "scaled_down(sum, ACC_PLACES, 2)", "scaled_down(sum, ACC_PLACES, 1)")
_OLD_MEAN = Mutant("reference takes the old mean", _TOP, "flip ? new_mean :", "flip ? means[here] :")
_WRAPS = Mutant(
    "accumulator wraps", _ELEMENT,
    "limited(wide_acc + scaled_down(product, GAIN_PLACES, ACC_RULE), -ACC_HIGH - 64'sd1, ACC_HIGH)",
    "wide_acc + scaled_down(product, GAIN_PLACES, ACC_RULE)",
)  # fmt: skip

# Bugs of the serial controller: with all in sight the field at the cause, blind what comes of it at the streams.
BUGS: list[tuple[Mutant, Body, set[str]]] = [
    (_STEPS, OPEN, {"H"}),
    (_STEPS, BLIND, {"write pulses", "writes of W"}),
    (_OLD_MEAN, OPEN, {"PREF"}),
    (_OLD_MEAN, BLIND, {"write pulses", "writes of W"}),
    (_WRAPS, BLIND, {"write pulses", "writes of W"}),
    (Mutant("mean toward the reference", _ELEMENT, "drift <= level - wide_mean;", "drift <= level - wide_reference;"),
     OPEN, {"P"}),
    (Mutant("halves down, in an included file", "include/serial_rounding.vh", "64'sd1 <<< (places - 1);",
            "(64'sd1 <<< (places - 1)) - 64'sd1;"),
     OPEN, {"H", "P"}),
    (Mutant("flips a read late", _TOP, "flip_setting - 16'd1)", "flip_setting)"), BLIND, {"chop sign of the updates"}),
    (Mutant("codes never asked for", _TOP, "assign code_request = state == FETCH;", "assign code_request = 1'b0;"),
     BLIND, {"progress"}),
    (Mutant("column of the write moves on", _TOP, "WRITE: if (started && write_done) enter(CLOSE);",
            "WRITE: if (started) begin if (write_done) enter(CLOSE); address <= address ^ 1'b1; end"),
     BLIND, {"protocol of the write request", "protocol of the read request"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bug", "body", "fields"),
    BUGS,
    ids=[f"{bug.name}, {'open' if body is OPEN else 'blind'}" for bug, body, _ in BUGS],
)
def test_bug_of_the_serial_controller_is_found(bug: Mutant, body: Body, fields: set[str], tmp_path: Path) -> None:
    mismatch = first_mismatch(serial_chip(tmp_path, "agad_tiny", body, bug=bug), tmp_path, transfers=BUG_TRANSFERS)
    assert mismatch is not None
    assert mismatch.field in fields


def test_other_cycles_are_found_unless_they_are_its_own(tmp_path: Path) -> None:
    spec = serial_chip(tmp_path, "agad_tiny", OPEN)
    assert spec.dut is not None
    as_ours = spec.model_copy(update={"dut": spec.dut.model_copy(update={"timing": "contract"})})
    mismatch = first_mismatch(as_ours, tmp_path)
    assert mismatch is not None
    assert mismatch.field == "cycle of the read"


# What is not seen, for every kind --------------------------------------------------------------------

KINDS = {
    "transfer": ("agad_tiny", ()),
    "in_memory_sgd": ("in_memory_sgd_20", ()),
    "mixed_precision": ("mixed_precision_20", (*SMALL, "controller.lanes=2", "algorithm.batch=3")),
}
# A bug of each kind that shows at the streams.
AT_THE_STREAMS = {
    "transfer": (Mutant("another column written", "xc_pulse_output.v", "assign m_wr_col = in_col;",
                        "assign m_wr_col = in_col ^ 1'b1;"), "write column"),
    "in_memory_sgd": (Mutant("an update for nothing", "xc_in_memory_sgd.v", "assign m_upd_valid = update_reg;",
                             "assign m_upd_valid = update_reg || !rst;"), None),
    "mixed_precision": (Mutant("another column written", "xc_pulse_output.v", "assign m_wr_col = in_col;",
                               "assign m_wr_col = in_col ^ 1'b1;"), "write column"),
}  # fmt: skip
NOISE = "reg noise = 1'b0;\nalways @(posedge clk) noise <= !noise;\n"


def _noisy(kind: str, folder: Path, rtl: Path, unobserved: tuple[str, ...]) -> ChipSpec:
    """Every field of the trace, and every counter, turns between x and ones."""
    chip, overrides = KINDS[kind]
    counters = [f"stat_cycles_{phase}" for phase in
                ("clear", "idle", "update", "stall", "read", "digital", "hold", "write")]  # fmt: skip
    ports = [*trace_of(kind), *counters]
    further = NOISE + "".join(f"assign {port} = noise ? 'x : '1;\n" for port in ports)
    keys = f"  unobserved: [{', '.join(unobserved)}]\n"
    if len(unobserved) > 2 and kind != "in_memory_sgd":  # of a record of one beat only the last is left
        further += "wire beat_valid, beat_last;\nassign trc_valid = beat_valid && beat_last;\n"
        further += "assign trc_last = 1'b1;\nassign trc_beat = '0;\n"
        extra = {"trc_valid": "beat_valid", "trc_last": "beat_last", "trc_beat": ""}
    else:
        extra = {}
    return wrapped_chip(folder, chip, rtl, {**dict.fromkeys(ports, ""), **extra}, further, keys, overrides)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_seen_may_be_anything(kind: str, tmp_path: Path) -> None:
    assert first_mismatch(_noisy(kind, tmp_path, shipped_rtl(), OBSERVABLE[kind]), tmp_path) is None


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_found_where_it_is_seen(kind: str, tmp_path: Path) -> None:
    """With all but the last field hidden, and the counters."""
    seen = OBSERVABLE[kind][-2]
    hidden = tuple(name for name in OBSERVABLE[kind] if name != seen)
    chip, overrides = KINDS[kind]
    port = f"trc_{seen}"
    keys = f"  unobserved: [{', '.join(hidden)}]\n"
    further = NOISE + f"assign {port} = noise ? 'x : '1;\n"
    spec = wrapped_chip(tmp_path, chip, shipped_rtl(), {port: ""}, further, keys, overrides)
    mismatch = first_mismatch(spec, tmp_path)
    assert mismatch is not None
    assert mismatch.field in {seen, "number of the update", "writes of W"}


@pytest.mark.parametrize("kind", KINDS)
def test_streams_are_compared_though_nothing_is_seen(kind: str, tmp_path: Path) -> None:
    bug, field = AT_THE_STREAMS[kind]
    mismatch = first_mismatch(_noisy(kind, tmp_path, mutate(bug, tmp_path), OBSERVABLE[kind]), tmp_path)
    assert mismatch is not None
    print(mismatch)
    assert field is None or mismatch.field == field


# Samples wait for every fourth cycle.
SLOW = (
    "reg [1:0] turn = 2'd0;\nalways @(posedge clk) turn <= turn + 2'd1;\nwire ready;\n"
    "assign s_smp_ready = ready && turn == 2'd0;\n"
)
SLOW_PORTS = {"s_smp_valid": "s_smp_valid && turn == 2'd0", "s_smp_ready": "ready"}


@pytest.mark.parametrize("kind", ["in_memory_sgd", "mixed_precision"])  # the serial one is a transfer controller
@pytest.mark.parametrize("timing", ["own", "contract"])
def test_own_timing(timing: str, kind: str, tmp_path: Path) -> None:
    chip, overrides = KINDS[kind]
    keys = f"  timing: {timing}\n"
    spec = wrapped_chip(tmp_path, chip, shipped_rtl(), SLOW_PORTS, SLOW, keys, overrides)
    mismatch = first_mismatch(spec, tmp_path)
    if timing == "own":
        assert mismatch is None
    else:
        assert mismatch is not None
        assert mismatch.field.startswith("cycle")


def test_operands_before_the_batch_is_written(tmp_path: Path) -> None:
    """With its own timing, a controller of mixed precision still has to write a batch before it asks for the next."""
    bug = Mutant(
        "a batch does not wait", "xc_mixed_scheduler.v", "wire behind_busy = lanes_busy || pulses_wait;",
        "wire behind_busy = 1'b0;",
    )  # fmt: skip
    chip, overrides = KINDS["mixed_precision"]
    rtl = mutate(bug, tmp_path)
    spec = wrapped_chip(tmp_path, chip, rtl, {}, "", "  timing: own\n", (*overrides, "hidden.frac_bits=14"))
    mismatch = first_mismatch(spec, tmp_path)
    assert mismatch is not None
    print(mismatch)
    assert mismatch.field == "operands requested"


# The chipspec ----------------------------------------------------------------------------------------


def test_parameters_and_macros_reach_the_adapter(tmp_path: Path) -> None:
    """The adapter is slow if its own parameter says so, and compiles only with the macro."""
    further = SLOW.replace("turn == 2'd0;", "(turn == 2'd0 || QUICK);")
    adapter = wrapped_chip(tmp_path, "agad_tiny", shipped_rtl(), SLOW_PORTS, further)
    text = (tmp_path / "mine_adapter.v").read_text()
    text = text.replace("parameter TRACE_EN = 1", "parameter TRACE_EN = 1,\n    parameter QUICK = 1 - `SLOWLY")
    text = text.replace("s_smp_valid && turn == 2'd0", "s_smp_valid && (turn == 2'd0 || QUICK)")
    (tmp_path / "mine_adapter.v").write_text(text)
    assert adapter.dut is not None

    def found(**keys: object) -> Mismatch | None:
        folder = tmp_path / "-".join(keys)
        folder.mkdir()
        return first_mismatch(adapter.model_copy(update={"dut": adapter.dut.model_copy(update=keys)}), folder)

    slow = found(defines={"SLOWLY": 1})
    assert slow is not None
    assert slow.field == "cycle of the read"
    assert found(defines={"SLOWLY": 1}, parameters={"QUICK": 1}) is None
    with pytest.raises(ToolError, match="mine_adapter"):
        found(parameters={"QUICK": 1})
    with pytest.raises(ToolError, match="QUIK"):
        found(parameters={"QUIK": 1}, defines={"SLOWLY": 1})


def test_paths_count_from_the_file_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "deep" / "er"
    below.mkdir(parents=True)
    (tmp_path / "base.yaml").write_text(
        "extends: agad_tiny\nname: base\nsummary: s\n"
        "dut: {sources: [rtl/a.v, ../b.v], include_dirs: [inc], adapter: rtl/x.v, parameters: {A: 1}}\n"
    )
    (below / "child.yaml").write_text(
        "extends: ../../base.yaml\nname: child\nsummary: s\ndut: {include_dirs: [here], parameters: {B: 2}}\n"
    )
    monkeypatch.chdir(below)
    for name in ("child.yaml", str(below / "child.yaml")):
        dut = load_chipspec(name, ["dut.adapter=over.v"]).dut
        assert dut is not None
        assert dut.sources == [str(tmp_path / "rtl" / "a.v"), str(tmp_path.parent / "b.v")]
        assert dut.include_dirs == [str(below / "here")]
        assert dut.adapter == str(below / "over.v")
        assert dut.parameters == {"A": 1, "B": 2}
    assert load_chipspec("child.yaml", ["dut=null"]).dut is None


def test_digest_names_all_that_a_build_depends_on(tmp_path: Path) -> None:
    spec = serial_chip(tmp_path, "agad_tiny", OPEN)
    dut = dut_of(spec)
    included = tmp_path / "serial" / "include" / "serial_rounding.vh"
    assert included in dut.files
    digests = {dut.digest()}
    changes: list[dict[str, object]] = [
        {"module": "other"}, {"defines": (("A", "1"),)}, {"parameters": (("A", 1),)},
        {"view": dataclasses.replace(dut.view, own_timing=False)}, {"sources": dut.sources[:-1]},
    ]  # fmt: skip
    for change in changes:
        digests.add(dataclasses.replace(dut, **change).digest())
    for file in (included, tmp_path / "mine_adapter.v"):
        file.write_text(file.read_text() + "\n")
        digests.add(dut.digest())
    assert len(digests) == 1 + len(changes) + 2
    assert isinstance(dut, Dut) and dut.own and not dut_of(load_chipspec("agad_tiny")).own


BAD = [
    ("{}", "dut: dut needs sources, an adapter, or both"),
    ("{sources: x.v}", 'dut.sources = "x.v", allowed: list of text'),
    ("{sources: [1]}", "dut.sources = 1, allowed: list of text"),
    ("{adapter: a.v, unobserved: [q]}", 'dut.unobserved = "q", allowed: list of words out of column, chop'),
    (
        "{adapter: a.v, unobserved: [chi]}",
        "dut.unobserved = chi does not go with this algorithm, allowed: column, chop",
    ),
    ("{adapter: a.v, parameters: {A: b}}", 'dut.parameters = "b", allowed: mapping of names to integer'),
    ("{adapter: a.v, parameters: {1A: 2}}", "dut.parameters"),
    ("{adapter: a.v, top: a b}", "dut.top = "),
    ("{adapter: a.v, timing: mine}", 'dut.timing = "mine", allowed: one of contract, own'),
    ("{adaptor: a.v, sources: [a.v]}", "unknown key dut.adaptor, did you mean dut.adapter?"),
]


@pytest.mark.parametrize(("section", "text"), BAD, ids=[section for section, _ in BAD])
def test_wrong_section(section: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"extends: agad_tiny\nname: mine\nsummary: s\ndut: {section}\n")
    with pytest.raises(SpecError) as caught:
        load_chipspec(tmp_path / "mine.yaml")
    (message,) = caught.value.messages
    assert text in message


MISSING = [
    ("{sources: [no.v]}", "mine: dut.sources: {folder}/no.v is missing"),
    ("{adapter: .}", "mine: dut.adapter: {folder} is a folder, pipe or device, not a file"),
    ("{sources: [mine.yaml], include_dirs: [no]}", "mine: dut.include_dirs: {folder}/no is no folder"),
]


@pytest.mark.parametrize(("section", "text"), MISSING)
def test_files_that_are_not_there(section: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"extends: agad_tiny\nname: mine\nsummary: s\ndut: {section}\n")
    with pytest.raises(InputError) as caught:
        dut_of(load_chipspec(tmp_path / "mine.yaml"))
    assert caught.value.messages == [text.format(folder=tmp_path)]


# The commands ----------------------------------------------------------------------------------------


def test_commands_say_what_they_could_not_see(tmp_path: Path) -> None:
    serial_chip(tmp_path, "agad_tiny", BLIND)
    before = left_over(tmp_path)
    verified = call(tmp_path, "verify", "mine.yaml", "--transfers", "40", "--json", COLUMNS="200")
    trained = call(tmp_path, "run", "mine.yaml", "--samples", "80", "--out", "out", "--json", COLUMNS="200")
    for result in (verified, trained):
        assert result.returncode == 0, result.stderr
        content = json.loads(result.stdout)
        assert content["controller"] == "mine_adapter"
        assert content["unobserved"] == sorted(BLIND.unobserved)
        assert content["timing"] == "own"
        assert "not seen, so not compared: codes, counters, flip, h, p, pref, pulses" in result.stderr
        assert "its timing is its own" in result.stderr
    assert json.loads(verified.stdout)["cycles"] is None
    assert json.loads(trained.stdout)["cycles_source"] == "modelled"
    assert json.loads(trained.stdout)["cycles_elapsed"] > 0
    assert [path for path in left_over(tmp_path) if path not in before and path.parts[0] != "out"] == []

    estimated = call(tmp_path, "estimate", "mine.yaml", "--json")
    assert estimated.returncode == 2
    (sentence,) = json.loads(estimated.stdout)["errors"]
    assert sentence == (
        "mine: dut names a controller of your own, whose times and memories an estimate does not know; "
        "--set dut=null estimates the chip with the shipped controller"
    )
