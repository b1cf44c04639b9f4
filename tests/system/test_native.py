"""The engine native runs the training of the other engines, and says what they say of a controller that is wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command import call
from mutants import MUTANTS, ONE_PORT, Mutant, apply
from own_controllers import BLIND, serial_chip

from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import MismatchError, run_rtl
from crosschop.cosim.job import Mismatch
from crosschop.cosim.native.engine import run_native
from crosschop.cosim.paths import shipped_rtl
from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.engines import run_golden
from crosschop.model.errors import InputError, MissingToolError, ToolError
from crosschop.model.results import RunResult

# Every kind of controller and every odd shape: rows that the lanes do not divide, more lanes than rows, codes of more
# than 64 bits, one memory port, a random chopper, no chopper, warm-up, decay, several pulses, an ADC that is late.
CHIPS = {
    "agad_tiny": 400,
    "agad_rect": 400,
    "agad_wide": 300,
    "agad_shared": 2000,
    "c_ttv2_rect": 300,
    "in_memory_sgd_20": 500,
    "mixed_precision_shared": 10000,
}
ONE_OF_EACH_KIND = ("agad_tiny", "in_memory_sgd_20", "mixed_precision_shared")

pytestmark = [pytest.mark.sim, pytest.mark.verilator]


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress here."""


def _content(result: RunResult) -> dict[str, object]:
    """Everything that must not depend on what the controller is."""
    names = ("samples", "transfers", "weight_error", "digest", "pulses_a", "pulses_w", "cycles", "counts", "target")
    return {
        **{name: getattr(result, name) for name in names},
        **{name: getattr(result, name).tobytes() for name in ("errors", "trace", "train_lengths")},
    }


@pytest.mark.parametrize("chip", CHIPS)
def test_equals_golden(chip: str) -> None:
    spec, transfers = load_chipspec(chip), CHIPS[chip]
    for seed in (1, 20261128):
        native, golden = run_native(spec, seed, transfers, _ignore), run_golden(spec, seed, transfers, _ignore)
        assert _content(native) == _content(golden)
        assert (native.engine, native.compared, native.cycles_measured) == ("native", transfers, True)
        assert native.cycles_elapsed is not None
        assert golden.pulses_w > 0  # that there is something to be equal


@pytest.mark.parametrize("chip", ONE_OF_EACH_KIND)
def test_equals_icarus(chip: str, tmp_path: Path) -> None:
    spec = load_chipspec(chip)
    native, icarus = run_native(spec, 5, 200, _ignore), run_rtl(spec, 5, 200, _ignore, tmp_path)
    assert _content(native) == _content(icarus)
    assert (native.cycles_elapsed, native.compared) == (icarus.cycles_elapsed, icarus.compared)


def _found(chip: str, mutant: Mutant, folder: Path) -> tuple[Mismatch, Mismatch]:
    """The first divergence as native reports it, and as Icarus does."""
    spec = load_chipspec(chip)
    apply(mutant, shipped_rtl(), folder / "rtl")
    dut = dut_of(spec, folder / "rtl")
    (folder / "job").mkdir()
    with pytest.raises(MismatchError) as native:
        run_native(spec, 1, 600, _ignore, dut=dut)
    with pytest.raises(MismatchError) as icarus:
        run_rtl(spec, 1, 600, _ignore, folder / "job", dut=dut)
    assert native.value.transfers == icarus.value.transfers
    return native.value.mismatch, icarus.value.mismatch


# A store, a write, a counter; each field of in-memory SGD; mixed precision.
BUGS = (
    ("agad_tiny", MUTANTS[3], "H"),
    ("agad_tiny", MUTANTS[7], "write pulses"),
    ("agad_tiny",
     Mutant("reads are idle too", "xc_controller.v", ".in_idle(phase_idle)", ".in_idle(phase_idle || phase_read)"),
     "cycles in phase idle"),
    ("in_memory_sgd_20",
     Mutant("update repeated", "xc_in_memory_sgd.v", "s_smp_ready = !update_reg || upd_done;",
            "s_smp_ready = !update_reg;"), "cycle of the update"),
    ("in_memory_sgd_20",
     Mutant("number left out", "xc_in_memory_sgd.v", "trc_sample_reg <= trc_sample_reg + 32'd1;",
            "trc_sample_reg <= trc_sample_reg + ((trc_sample_reg == 32'd300) ? 32'd2 : 32'd1);"),
     "number of the update"),
    ("in_memory_sgd_20",
     Mutant("retires when an update begins", "xc_in_memory_sgd.v", "trc_valid_reg <= upd_done;",
            "trc_valid_reg <= s_smp_valid && s_smp_ready;"), "updates done when one retires"),
    ("mixed_precision_shared",
     Mutant("chi one more", "xc_mixed_lane.v", "chi_sat - sent[CHI_W-1:0];", "chi_sat - sent[CHI_W-1:0] + 1'b1;"),
     "chi"),
)  # fmt: skip


@pytest.mark.usefixtures("libraries_aside")
@pytest.mark.parametrize(("chip", "mutant", "field"), BUGS, ids=[mutant.name for _, mutant, _ in BUGS])
def test_a_bug_is_reported_as_icarus_does(chip: str, mutant: Mutant, field: str, tmp_path: Path) -> None:
    native, icarus = _found(chip, mutant, tmp_path)
    assert native.field == field
    if field.startswith("cycles"):  # cocotb looks a few idle cycles later
        assert (native.transfer, native.field, native.events) == (icarus.transfer, icarus.field, icarus.events)
    elif field == "chi":  # cocotb sees a group of columns at a time, so later
        assert replace(native, cycle=icarus.cycle, events=icarus.events) == icarus
    else:
        assert native == icarus  # transfer, cycle, column, row, expected, got, what came before


@pytest.mark.usefixtures("libraries_aside")
def test_a_controller_that_ends_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mutant, said = ONE_PORT[0]
    apply(mutant, shipped_rtl(), tmp_path / "rtl")
    spec = load_chipspec("agad_shared")
    with pytest.raises(ToolError, match=r"the controller ended it: it called \$finish"):
        run_native(spec, 1, 50, _ignore, dut=dut_of(spec, tmp_path / "rtl"))
    told = capfd.readouterr()
    assert said in told.err
    assert told.out == ""


@pytest.mark.usefixtures("libraries_aside")
def test_a_controller_of_the_users(tmp_path: Path) -> None:
    """Other cycles, nothing seen but the streams: the events are those of the golden engine all the same."""
    chip = serial_chip(tmp_path, "agad_tiny", BLIND)
    native, golden = run_native(chip, 1, 300, _ignore), run_golden(chip, 1, 300, _ignore)
    assert (native.digest, native.compared, native.cycles_measured) == (golden.digest, 300, False)
    bug = Mutant(
        "rounded down", "serial_element.v", "scaled_down(sum, ACC_PLACES, 2)", "scaled_down(sum, ACC_PLACES, 1)"
    )
    (tmp_path / "wrong").mkdir()
    with pytest.raises(MismatchError) as found:
        run_native(serial_chip(tmp_path / "wrong", "agad_tiny", BLIND, bug=bug), 1, 300, _ignore)
    assert found.value.mismatch.field in ("write pulses", "writes of W")


def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds_aside: Path) -> None:
    with pytest.raises(InputError, match=r"controller\.trace is false"):
        run_native(load_chipspec("agad_tiny", ["controller.trace=false"]), 1, 10, _ignore)
    rtl = tmp_path / "rtl"
    shutil.copytree(shipped_rtl(), rtl)
    top = rtl / "xc_controller.v"
    top.write_text(top.read_text().replace("input  wire [15:0] cfg_warmup", "input  wire [14:0] cfg_warmup"))
    spec: ChipSpec = load_chipspec("agad_tiny")
    with pytest.raises(ToolError, match=r"^Verilator cannot build the controller: .*xc_bench_native\.v.*cfg_warmup"):
        run_native(spec, 1, 10, _ignore, dut=dut_of(spec, rtl))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"apt-get install g\+\+"):
        run_native(spec, 1, 10, _ignore)


def test_commands(tmp_path: Path) -> None:
    done = call(tmp_path, "run", "agad_tiny", "--engine", "native", "--samples", "400", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["engine"], told["compared"]) == (0, "pass", "native", 200)
    done = call(tmp_path, "run", "agad_tiny", "--engine", "native", "--waves", "0:4")
    assert done.returncode == 2
    assert "--waves goes with --engine icarus or verilator: native writes none" in done.stderr
    sweep = ("sweep", "agad_tiny", "--samples", "400", "--seed", "1", "--workers", "1", "--json", "--x", "bits")
    figures = {}
    for engine in ("golden", "native"):
        done = call(tmp_path, *sweep, "--engine", engine, "--out", engine)
        assert done.returncode == 0, done.stderr
        figures[engine] = json.loads(done.stdout)["points"]
    assert figures["native"] == figures["golden"]
