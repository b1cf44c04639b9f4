"""`crosschop inject`: upsets in the RTL are seen, masked or missed as the equations say; the command and its errors.

Expected values: an upset in the most significant bit of H cannot be rounded away, so the next transfer of its column
shows it; P <- P + round((w - P) / 2) is the same for P and P + 1 where w - P is odd, so half of the upsets of bit 0 are
gone.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command import call

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import run_rtl
from crosschop.cosim.injection.detection import Detection, as_expected, detect
from crosschop.cosim.injection.places import rtl_bit
from crosschop.cosim.injection.request import requests_of
from crosschop.cosim.job import Finding, Job, Segment
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.model.chipspec import load_chipspec, rtl_configuration, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.errors import InputError
from crosschop.model.faults.fields import field_of, fields_of
from crosschop.model.faults.upset import Upset
from crosschop.model.results import load_run


def quiet(done: int) -> None:
    """Progress that nobody watches."""


def by_field(found: list[Detection]) -> dict[str, Detection]:
    return {one.field.name: one for one in found}


def test_a_bit_of_a_matrix_stands_where_rtl_readme_says() -> None:
    # 20 rows in words of 5: entry (column 3, row 7) is in word 3 * 4 + 1, slot 2.
    spec = load_chipspec("agad_20")
    place = rtl_bit(spec, field_of(spec, "p"), Upset("p", 3 * 20 + 7, 4, 0))
    assert (place.word, place.bit) == (13, 2 * 13 + 4)
    chop = rtl_bit(spec, field_of(spec, "chop"), Upset("chop", 6, 0, 0))
    assert (chop.word, chop.bit) == (None, 6)


def finding(transfer: int | None, field: str, expected: int | None, name: str) -> Finding:
    return Finding(Upset("h", 0, 15, 5), transfer, field, "", expected, name, False)


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (finding(7, "H", 7, "H"), True),
        (finding(None, "", None, ""), True),
        (finding(None, "", 7, "H"), False),  # escaped
        (finding(8, "H", 7, "H"), False),  # too late
        (finding(6, "H", 7, "H"), False),  # before it can be seen
        (finding(7, "P", 7, "H"), False),  # elsewhere
        (finding(7, "H", None, ""), False),  # the golden model sees nothing
    ],
)
def test_only_what_the_golden_model_expects_is_right(found: Finding, right: bool) -> None:
    assert as_expected(field_of(load_chipspec("agad_20"), "h"), found) is right


@pytest.mark.sim
def test_every_field_is_seen_in_the_rtl(tmp_path: Path) -> None:
    spec = load_chipspec("agad_rect")
    found = by_field(detect(spec, 3, 1, tmp_path))
    assert not [missed for one in found.values() for missed in one.missed]
    for name, field in {"h": "H", "p": "P", "chop": "chop sign of the updates", "column": "read column"}.items():
        assert set(found[name].seen_in) == {field}
    assert len(found["sweep"].detected) == len(found["lfsr"].detected) == len(found["samples"].detected) == 3
    # The golden model gets the codes that the controller took.
    assert not found["adc"].detected


@pytest.mark.sim
def test_the_top_bit_of_h_shows_at_the_next_transfer_of_its_column(tmp_path: Path) -> None:
    spec = load_chipspec("agad_tiny")
    (found,) = detect(spec, 6, 2, tmp_path, {"h": (15,)})
    cols, rows = spec.array.cols, spec.array.rows
    for one in found.findings:
        due = one.upset.transfer
        while due % cols != one.upset.place // rows:  # columns are read in turn
            due += 1
        assert (one.transfer, one.field) == (due, "H")


@pytest.mark.sim
def test_what_rounding_swallows_is_masked(tmp_path: Path) -> None:
    spec = load_chipspec("agad_tiny", ["algorithm.beta=0.5", "reference.p_bits=9"])  # no bits below a code
    (found,) = detect(spec, 16, 1, tmp_path, {"p": (0,)})
    assert not found.missed
    assert len(found.masked) >= 3
    assert len(found.detected) >= 3
    assert len(found.masked) + len(found.detected) == 16


@pytest.mark.sim
def test_the_common_count_of_reads_ends_the_chop_period_where_it_is_beyond(tmp_path: Path) -> None:
    spec = load_chipspec("agad_tiny")
    (found,) = detect(spec, 10, 1, tmp_path, {"reads": range(16)})
    assert not found.missed
    assert set(found.seen_in) == {"flip"}
    # Bits 15 to 6. Of a period of two reads an upset in the second changes nothing: the count is at its end already.
    assert len(found.masked) == sum(one.upset.transfer // spec.array.cols % 2 for one in found.findings)


@pytest.mark.sim
@pytest.mark.parametrize("chip", ["mixed_precision_20", "in_memory_sgd_20"])
def test_the_other_controllers(chip: str, tmp_path: Path) -> None:
    found = detect(load_chipspec(chip), 2, 1, tmp_path)
    assert not [missed for one in found for missed in one.missed]
    assert all(len(one.detected) == 2 for one in found if one.field.kind != "stream")


@pytest.mark.sim
def test_an_upset_that_the_rtl_hides_is_missed(tmp_path: Path) -> None:
    """Memories that are read from a second copy: an upset in the first never shows, though it must."""
    folder = tmp_path / "rtl"
    shutil.copytree(shipped_rtl(), folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "lint"))
    ram = folder / "xc_ram_1r1w.v"
    text = ram.read_text()
    for before, after in (
        ("reg [DATA_W-1:0] mem [0:DEPTH-1];", "reg [DATA_W-1:0] mem [0:DEPTH-1];\nreg [DATA_W-1:0] copy [0:DEPTH-1];"),
        ("rd_data_reg <= mem[rd_addr];", "rd_data_reg <= copy[rd_addr];"),
        ("mem[wr_addr] <= wr_data;", "mem[wr_addr] <= wr_data;\n        copy[wr_addr] <= wr_data;"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    ram.write_text(text)
    spec = load_chipspec("agad_tiny")
    (found,) = detect(spec, 2, 1, tmp_path, {"h": (15,)}, dut=dut_of(spec, folder))
    assert len(found.missed) == 2
    assert not found.detected


@pytest.mark.sim
def test_a_code_flipped_on_the_wire_trains_the_same_with_and_without_rtl(tmp_path: Path) -> None:
    spec = load_chipspec("agad_tiny")
    transfers = transfers_in(spec, 300)
    upset = Upset("adc", 2, 7, 40)
    segment = Segment("training", transfers, 1, rtl_configuration(spec), upset=upset)
    (result,) = run_jobs([Task(Job(spec, (segment,)), tmp_path)])
    (found,) = result.findings
    assert found.transfer is None
    golden = run_golden(spec, 1, transfers, quiet, upsets=(upset,))
    assert load_run(spec, tmp_path).digest == golden.digest != run_golden(spec, 1, transfers, quiet).digest


@pytest.mark.sim
@pytest.mark.parametrize(
    ("chip", "faults"),
    [
        ("agad_tiny", "{a: {stuck: 0.2, dead_rows: 1}, w: {dead_columns: 1}, read_adc: {clip: 0.3, missing_every: 3}}"),
        ("mixed_precision_20", "{w: {stuck: 0.1}, adc: {missing_every: 5}}"),
    ],
)
def test_with_analog_faults_the_rtl_trains_as_the_golden_model(chip: str, faults: str, tmp_path: Path) -> None:
    spec = load_chipspec(chip, [f"faults={faults}"])
    transfers = transfers_in(spec, 100)
    icarus = run_rtl(spec, 1, transfers, quiet, tmp_path)
    golden = run_golden(spec, 1, transfers, quiet)
    assert (icarus.digest, icarus.weight_error) == (golden.digest, golden.weight_error)


def test_a_campaign_is_kept_and_gives_the_same(tmp_path: Path) -> None:
    arguments = ["inject", "agad_tiny", "--fault", "h:15", "--fault", "stuck_w=0.1", "--detect", "0", "--seeds", "2",
                 "--samples", "400", "--workers", "1", "--rate", "1e-5", "--json"]  # fmt: skip
    first = call(tmp_path, *arguments)
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    (chip,) = answer["chips"]
    assert [one["bit"] for one in chip["bits"]] == [15]
    assert chip["analog"][0]["fault"] == "stuck_w=0.1"
    assert {Path(file).name for file in answer["files"]} == {
        "agad_tiny-bits.png", "agad_tiny-rates.png", "analog.png", "inject.html", "inject.json",
    }  # fmt: skip
    again = call(tmp_path, *arguments)
    assert "are there from an earlier call" in again.stderr
    assert json.loads(again.stdout) == answer


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["q"], "has no field q, allowed: one of h, p, pref"),
        (["h:16"], "h has bits 0..15"),
        (["stuck_q=1"], "no such analog fault"),
        (["stuck_a=many"], "is no number"),
        (["stuck_a=2"], "stuck"),
        (["dead_rows_a=0.5"], "a whole number is needed"),
        (["stuck_r=0.1"], "has nothing that could fail so"),
    ],
)
def test_a_wrong_fault_is_one_sentence(texts: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        requests_of([load_chipspec("agad_tiny")], texts, everything=False)
    assert len(error.value.messages) == 1
    assert sentence in error.value.messages[0]


def test_without_a_text_it_is_every_bit_and_with_all_every_analog_fault_that_fits() -> None:
    spec = load_chipspec("agad_tiny")
    (bits,) = requests_of([spec], [], everything=False)
    assert {asked.field.name: len(asked.bits) for asked in bits.bits} == {
        name: field.bits for name, field in fields_of(spec).items()
    }
    assert not bits.analog
    (everything,) = requests_of([spec], [], everything=True)
    assert {fault.kind.section for fault in everything.analog} == {"a", "w", "adc", "read_adc"}  # there is no R
    (analog,) = requests_of([spec], ["analog"], everything=False)
    assert (analog.bits, analog.analog) == ((), everything.analog)


def test_bad_input_leaves_nothing(tmp_path: Path) -> None:
    done = call(tmp_path, "inject", "agad_tiny", "--rate", "1e-6,x")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "numbers separated by commas" in errors[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "build").exists()
