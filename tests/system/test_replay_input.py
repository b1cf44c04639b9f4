"""Retire traces that are wrong: one sentence with file and place, whatever is in the file. Needs no simulator."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from command import call, left_over
from replay_traces import BEATS, CODES, FORMS, RECORDS, by_hand, check, chip, csv_of, text_of, vcd_of

from crosschop.cosim.replay.check import check_retire_trace
from crosschop.model.chipspec import load_chipspec, rtl_configuration
from crosschop.model.errors import InputError, MissingToolError

SGD = "in_memory_sgd_20"


@pytest.mark.parametrize("name", FORMS)
def test_formulas_by_hand_pass(name: str, tmp_path: Path) -> None:
    result = check(tmp_path, FORMS[name], name)
    assert result.mismatch is None
    assert (result.transfers, result.segments, result.unseen) == (len(CODES), 1, ())
    assert result.compared == ("col", "chop", "flip", "h", "p", "pref", "pulses")


def test_flips_and_pulses_occur() -> None:
    assert {record["flip"] for record in RECORDS} == {record["chop"] for record in RECORDS} == {0, 1}
    assert any(any(record["pulses"]) for record in RECORDS) and any(any(record["pref"]) for record in RECORDS)


@pytest.mark.parametrize("name", ["col", "chop", "flip", "h", "p", "pref", "pulses"])
def test_missing_field_is_named(name: str, tmp_path: Path) -> None:
    """It is left out of the check, and said."""
    records = [{key: value for key, value in record.items() if key != name} for record in RECORDS]
    for content, file in ((text_of(records), "trace.jsonl"), (csv_of(records), "trace.csv")):
        result = check(tmp_path, content, file)
        assert result.mismatch is None and result.unseen == (name,)
    result = check(tmp_path, vcd_of(BEATS, chip(), **{f"trc_{name}": None}), "trace.vcd")
    assert result.mismatch is None and result.unseen == (name,)


def test_unobserved_is_not_looked_at(tmp_path: Path) -> None:
    """What the chipspec says that its controller does not show."""
    (tmp_path / "own.v").write_text("")
    (tmp_path / "own.yaml").write_text(
        "extends: agad_tiny\nname: own\nsummary: a controller that keeps H and flip to itself\n"
        "array: {rows: 2, cols: 2}\ncontroller: {lanes: 1}\n"
        "dut: {sources: [own.v], top: own, unobserved: [flip, h]}\n"
    )
    spec = load_chipspec(str(tmp_path / "own.yaml"))
    records = [{**record, "flip": "x", "h": [0, "x"]} for record in RECORDS]
    result = check(tmp_path, text_of(records), spec=spec)
    assert (result.mismatch, result.transfers, result.unseen) == (None, len(CODES), ("flip", "h"))


def changed(index: int, **values: Any) -> list[dict[str, Any]]:
    """The beats with one of them changed; a value of None is left out."""
    beats = [dict(beat) for beat in BEATS]
    beats[index] = {key: value for key, value in {**beats[index], **values}.items() if value is not None}
    return beats


DIVERGENCES = [
    ({"h": ["x"]}, "h", "a defined value", "x"),
    ({"pref": ["z"]}, "pref", "a defined value", "x"),
    ({"chop": "X"}, "protocol of the retire trace", "chop = 0 in every beat of the record", "chop = x"),
    ({"col": 0}, "protocol of the retire trace", "col = 1 in every beat of the record", "col = 0"),
    ({"beat": 0}, "protocol of the retire trace", "beat 1", "beat 0"),
    ({"beat": "x"}, "protocol of the retire trace", "beat with a defined value", "x"),
    ({"last": 0}, "protocol of the retire trace", "last = 1 in beat 1", "last = 0"),
    ({"codes": ["x"]}, "codes", "a defined value", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "field", "expected", "got"), DIVERGENCES)
def test_undefined_and_out_of_order(
    values: dict[str, Any], field: str, expected: str, got: str, tmp_path: Path
) -> None:
    """A divergence with its place, in every form: the second beat of transfer 3, whose cycle is 31."""
    beats = changed(7, **values)
    for content, name, place in (
        (text_of(beats), "trace.jsonl", "line 8"),
        (csv_of(beats), "trace.csv", "line 9"),
        (vcd_of(beats, chip()), "trace.vcd", "time 105 ns"),
    ):
        mismatch = check(tmp_path, content, name).mismatch
        assert mismatch is not None
        assert (mismatch.transfer, mismatch.field, mismatch.expected, mismatch.got) == (3, field, expected, got)
        assert f"{name}, {place}, segment 1" in mismatch.segment
        assert mismatch.cycle == (8 if name.endswith("vcd") else 31)
        assert mismatch.events[-1].startswith("transfer 2 retired: column 0, chop ")


def test_undefined_controls(tmp_path: Path) -> None:
    lines = text_of(BEATS[:4]) + b'{"event": "undefined", "signal": "trc_valid"}\n'
    table = csv_of(BEATS[:4]) + b"undefined trc_valid\n"
    dump = vcd_of(BEATS, chip()).replace(b"#50\nb0 (\nb1 *", b"#50\nb0 (\nbx *")
    assert dump != vcd_of(BEATS, chip())
    for content, name in ((lines, "trace.jsonl"), (table, "trace.csv"), (dump, "trace.vcd")):
        mismatch = check(tmp_path, content, name).mismatch
        assert mismatch is not None and (mismatch.field, mismatch.got) == ("trc_valid", "x"), name


def header(**values: Any) -> bytes:
    return (json.dumps({"event": "header", "format": "crosschop retire trace", "version": 1, **values}) + "\n").encode()


WHOLE = FORMS["whole.jsonl"]
LINE = json.loads(WHOLE.splitlines()[0])


def one(**values: Any) -> bytes:
    return text_of([{**LINE, **values}])


SENTENCES: list[tuple[str, bytes, str]] = [
    ("jsonl", b"", "no whole record of a transfer, nothing to check"),
    ("csv", b"", "no whole record"),
    ("vcd", b"", "empty file"),
    ("fst", b"", "empty file"),
    ("jsonl", header(), "no whole record"),
    ("jsonl", WHOLE[:-9], r"line 10: not a JSON object, or only a part of one"),
    ("csv", FORMS["whole.csv"][:-3], r"line 11: has no line end, the recording was cut off"),
    ("csv", b"event,col\nretire,0,5\n", r"line 2: 3 cells, expected 2"),
    ("csv", b"event,col,col\n", r"line 1: two columns are called 'col'"),
    ("csv", b"a,b\n1,2\n", r"line 1: no column of a trace, expected some of col, chop, "),
    ("csv", b'codes,h\n"1 2,3 4\n', r"line 2: not a line of CSV"),
    ("csv", b"codes,h\n1 2,3 y\n", r"line 2: h\[1\] = 'y', allowed: -32768\.\.32767 or x"),
    ("csv", b"codes,h\n1 2,3 -\n", r"line 2: h\[1\] = '-', allowed"),
    ("csv", b"codes,h\n1 2," + b"9" * 5000 + b" 1\n", r"line 2: h\[0\] = '9999.*\.\.\., allowed"),
    ("csv", b"codes,h\n,3 4\n", r"line 2: codes is missing, nothing can be computed without it"),
    ("jsonl", b"\x00\x01\x02\xff\xfe", r"line 1: not UTF-8 text"),
    ("jsonl", WHOLE + b"\xff\xfe\n", r"line 11: not UTF-8 text"),
    ("jsonl", b"\x1f\x8b\x08\x00garbage", r"line 1: damaged gzip file"),
    ("jsonl", gzip.compress(WHOLE, mtime=0)[:-20], r"damaged gzip file"),
    ("jsonl", b"[" * 100000 + b"\n", r"line 1: not a JSON object"),
    ("jsonl", b"[1]\n", r"line 1: \[1\] is not a JSON object"),
    ("jsonl", b"7\n", r"line 1: 7 is not a JSON object"),
    ("jsonl", b'{"event": "retire", "col": ' + b"9" * 5000 + b"}\n", r"line 1: not a JSON object"),
    ("jsonl", one(event="begin"), r"line 1: event 'begin', allowed: header, reset, retire, undefined"),
    ("jsonl", one(event=[1]), r"line 1: event \[1\], allowed"),
    ("jsonl", one(h=[0, 1e3]), r"line 1: h\[1\] = 1000\.0, allowed: -32768\.\.32767 or x"),
    ("jsonl", one(h=[0, float("nan")]), r"line 1: h\[1\] = nan, allowed"),
    ("jsonl", one(h=[True, 1]), r"line 1: h\[0\] = True, allowed"),
    ("jsonl", one(h=[0, None]), r"line 1: h\[1\] = None, allowed"),
    ("jsonl", one(h=[0, 10**40]), r"line 1: h\[1\] = 1000+\.\.\., allowed"),
    ("jsonl", one(h=[0, 32768]), r"line 1: h\[1\] = 32768, allowed: -32768\.\.32767"),
    ("jsonl", one(h=[0, 1, 2]), r"line 1: h has 3 numbers, expected 2, one for each row"),
    ("jsonl", one(h=[]), r"line 1: h has 0 numbers, expected 2"),
    ("jsonl", one(beat=0), r"line 1: codes has 2 numbers, expected 1, one for each lane"),
    ("jsonl", one(h=5), r"line 1: h is 5, expected a list of 2 integers"),
    ("jsonl", one(h={"0": 1}), r"line 1: h is \{'0': 1\}, expected a list"),
    ("jsonl", one(col=-1), r"line 1: col = -1, allowed: 0\.\.1 or x"),
    ("jsonl", one(col=2), r"line 1: col = 2, allowed: 0\.\.1"),
    ("jsonl", one(col=[0]), r"line 1: col = \[0\], allowed"),
    ("jsonl", one(flip=2), r"line 1: flip = 2, allowed: 0\.\.1"),
    ("jsonl", one(pulses=[0, 2]), r"line 1: pulses\[1\] = 2, allowed: -2\.\.1"),
    ("jsonl", one(cycle=-1), r"line 1: cycle = -1, expected an integer that is not negative"),
    ("jsonl", one(cycle=1 << 70), r"line 1: cycle = 1180591620717411303424, expected"),
    ("jsonl", one(cycle="3"), r"line 1: cycle = '3', expected"),
    ("jsonl", text_of([{"codes": [1, 2]}]), r"line 1: nothing to compare, expected some of col, chop, flip, h, "),
    ("jsonl", text_of([BEATS[0], {k: v for k, v in BEATS[1].items() if k != "p"}]),
     r"line 2: p is not in all beats of the record"),
    ("jsonl", WHOLE + header(), r"line 11: a header may only be the first line"),
    ("jsonl", header(format="other"), r"line 1: format is 'other', expected 'crosschop retire trace'"),
    ("jsonl", header(version=2), r"line 1: version 2 of the format, this program reads version 1"),
    ("jsonl", header(version=True), r"line 1: version True"),
    ("jsonl", header(controller="xc_mixed_precision"),
     r"line 1: recorded from 'xc_mixed_precision', but the controller of agad_tiny is xc_controller"),
    ("jsonl", header(parameters=[]), r"line 1: parameters is \[\], expected an object"),
    ("jsonl", header(parameters={"H_W": 12}), r"line 1: recorded with H_W = 12, but agad_tiny has H_W = 16"),
    ("jsonl", header(parameters={"H_W": "16"}), r"line 1: parameter H_W = '16', expected an integer"),
    ("jsonl", header(parameters={"LANES": 0}), r"line 1: parameter LANES = 0, allowed: 1\.\.65536"),
    ("jsonl", header(configuration={"cfg_chop": -3}), r"line 1: cfg_chop = -3, allowed: 0\.\.65535"),
    ("jsonl", header(configuration={"cfg_transfer_every": 0}), r"line 1: cfg_transfer_every = 0, allowed: 1\.\.65535"),
    ("jsonl", text_of([{"event": "reset", "cfg_lr_h": 1 << 20}]), r"line 1: cfg_lr_h = 1048576, allowed: 0\.\.4095"),
    ("csv", b"# " + header(parameters={"COLS": 3}), r"line 1: recorded with COLS = 3, but agad_tiny has COLS = 2"),
    ("vcd", b"garbage", r"not a VCD or FST file"),
    ("vcd", bytes(range(256)), r"not a VCD or FST file"),
    ("fst", b"garbage", r"not a VCD or FST file"),
    ("vcd", FORMS["beats.vcd"][:-2], r"ends within a line, the recording was cut off"),
    ("vcd", gzip.compress(FORMS["beats.vcd"], mtime=0), r"gzipped waves cannot be read, gunzip them first"),
    ("vcd", vcd_of(BEATS, chip(), trc_valid=None), r"no scope has a signal trc_valid"),
    ("vcd", vcd_of(BEATS, chip(), clk=None), r"tb\.dut has trc_valid, but not clk"),
    ("vcd", vcd_of(BEATS, chip(), rst=None, trc_codes=None), r"tb\.dut has trc_valid, but not rst, trc_codes"),
    ("vcd", vcd_of(BEATS, chip(), trc_beat=None), r"tb\.dut\.trc_beat is missing: a record has 2 beats"),
    ("vcd", vcd_of(BEATS, chip(), trc_codes=10),
     r"tb\.dut\.trc_codes has 10 bits, expected a multiple of 9, the bits of a lane"),
    ("vcd", vcd_of(BEATS, chip(), trc_h=32), r"tb\.dut\.trc_h has 32 bits, expected 1 lanes of 16"),
    ("vcd", vcd_of(BEATS, chip(), trc_col=3), r"tb\.dut\.trc_col has 3 bits, expected 1"),
    ("vcd", vcd_of(BEATS, chip(), rst=2), r"tb\.dut\.rst has 2 bits, expected 1"),
    ("vcd", FORMS["beats.vcd"].replace(b"#65\n", b"#15\n"), r"time runs backwards"),
    ("vcd", vcd_of([], chip()), r"no whole record"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "content", "sentence"), SENTENCES)
def test_sentence(form: str, content: bytes, sentence: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError) as caught:
        check(tmp_path, content, f"trace.{form}")
    (message,) = caught.value.messages
    assert message.startswith(f"{tmp_path / f'trace.{form}'}") and "\n" not in message and len(message) < 300
    assert re.search(sentence, message), message
    assert capfd.readouterr() == ("", "")  # what pywellen says past Python


def test_values_of_the_trace(tmp_path: Path) -> None:
    """Other lanes, memory ports and configuration than the chipspec's are taken and told; unknown keys too."""
    built = {"LANES": 2, "MEM_PORTS": 1, "COLS": 2, "FLAVOUR": 3}
    head = header(parameters=built, configuration={"cfg_chop": 2, "cfg_more": 1})
    spec = load_chipspec("agad_tiny", ("array.rows=2", "array.cols=2", "controller.lanes=1"))
    flipping = by_hand(load_chipspec("agad_tiny", ("array.rows=2", "array.cols=2", "algorithm.chop.period=2")), CODES)
    records = [{**record, "beat": 0, "last": 1, "colour": 1} for record in flipping]
    result = check(tmp_path, head + text_of(records), spec=spec)
    assert result.mismatch is None and result.transfers == len(CODES)
    assert {*result.notes} == {
        "ignored: parameter 'FLAVOUR' of the header",
        "ignored: configuration 'cfg_more' of the header",
        "ignored: 'colour'",
        f"cfg_chop = 2 by the trace, {rtl_configuration(spec)['cfg_chop']} by the chipspec",
    }


def test_reset_begins_anew(tmp_path: Path) -> None:
    """The state after a reset is that of the beginning; a record that the reset ends is not checked."""
    content = text_of([*BEATS[:9], {"event": "reset"}, *BEATS[:7]])
    result = check(tmp_path, content)
    assert (result.mismatch, result.transfers, result.segments) == (None, 7, 2)
    assert result.notes == ("the last record is not whole, 1 beats of it were not checked",)
    without = check(tmp_path, text_of([*BEATS[:8], *BEATS[:6]])).mismatch
    assert without is not None and without.transfer == 4


@pytest.mark.parametrize(("form", "transfers"), [("json", 2), ("csv", 1)])
def test_examples_of_the_readme(form: str, transfers: int, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "cosim" / "README.md").read_text()
    (example,) = re.findall(rf"```{form}\n(.*?)```", text, re.DOTALL)
    name = {"json": "trace.jsonl", "csv": "trace.csv"}[form]
    result = check(tmp_path, example.encode(), name, load_chipspec("agad_tiny"))
    assert (result.mismatch, result.transfers) == (None, transfers)


def test_without_pywellen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywellen", None)
    with pytest.raises(MissingToolError, match=r"pip install 'crosschop\[waves\]'"):
        check(tmp_path, FORMS["beats.vcd"], "trace.vcd")


def test_no_reset_is_said(tmp_path: Path) -> None:
    dump = vcd_of(BEATS, chip()).replace(b"b1 )\n", b"b0 )\n")
    result = check(tmp_path, dump, "trace.vcd")
    assert result.mismatch is None and result.notes[0].startswith("no reset before the first edge of the clock")


def two_scopes(content: bytes) -> bytes:
    """A second controller beside the first one, whose signals are others."""
    text = content.decode()
    variables = re.findall(r"\$var wire (\d+) (.) (\w+) \$end\n", text)
    other = "".join(f"$var wire {width} {code}{code} {name} $end\n" for width, code, name in variables)
    return text.replace(
        "$upscope $end\n", f"$upscope $end\n$scope module other $end\n{other}$upscope $end\n", 1
    ).encode()


def test_scopes(tmp_path: Path) -> None:
    path = tmp_path / "trace.vcd"
    path.write_bytes(two_scopes(FORMS["beats.vcd"]))
    with pytest.raises(
        InputError, match=r"several scopes have a retire trace, choose one by --scope: tb\.dut, tb\.other"
    ):
        check_retire_trace(path, chip())
    assert check_retire_trace(path, chip(), scope="tb.dut").transfers == len(CODES)
    for scope, sentence in (("tb.dat", "no such scope: tb.dut, tb.other"), ("tb", "has no clk, rst, trc_valid, ")):
        with pytest.raises(InputError, match=sentence):
            check_retire_trace(path, chip(), scope=scope)
    with pytest.raises(InputError, match="only waves"):
        check(tmp_path, WHOLE)
        check_retire_trace(tmp_path / "trace.jsonl", chip(), scope="tb")


@pytest.mark.parametrize(("name", "content"), [("trace.jsonl", WHOLE), ("trace.txt", WHOLE), ("trace.vcd", b"$")])
def test_command(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content if name != "trace.jsonl" else text_of(changed(7, h=[1])))
    overrides = ["--set", "array.rows=2", "--set", "array.cols=2", "--set", "controller.lanes=1"]
    result = call(tmp_path, "replay", name, "--spec", "agad_tiny", *overrides, "--json")
    said = json.loads(result.stdout)
    if name != "trace.jsonl":
        assert (result.returncode, said["exit_code"]) == (2, 2)
        assert result.stderr.startswith(f"error: {name}: ")
    else:
        found = said["first_mismatch"]
        assert (result.returncode, said["status"], said["transfers"], said["mismatches"]) == (1, "mismatch", 3, 1)
        assert (found["transfer"], found["column"], found["row"], found["field"]) == (3, 1, 1, "H")
        assert (found["cycle"], found["expected"], found["got"]) == (31, str(RECORDS[3]["h"][1]), "1")
        for line in (
            "FAIL the controller and the golden model differ",
            "  where      transfer 3, cycle 31 after reset, column 1, row 1",
            "    transfer 2 retired: column 0, chop 0, ",
            f"    crosschop replay {name} --spec agad_tiny --set array.rows=2 --set array.cols=2 "
            "--set controller.lanes=1 --format jsonl\n",
        ):
            assert line in result.stderr
    assert left_over(tmp_path) == [Path(name)]
