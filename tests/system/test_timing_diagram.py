"""The timing diagram, and in its wave the latencies that rtl/README.md states."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from crosschop.cosim.timing_diagram import draw, main, record, transfer_times
from crosschop.model.chipspec import beats, load_chipspec
from crosschop.model.cycles import LANE_LATENCY

pytestmark = pytest.mark.sim


def test_latencies() -> None:
    chip = load_chipspec("agad_tiny", ())
    wave = record(chip)
    times = transfer_times(wave, beats(chip))
    assert len(times) == 100
    assert {time.retired - time.last_beat for time in times} == {LANE_LATENCY}
    written = [time for time in times if time.write is not None]
    assert written
    rises = [cycle for cycle, valid in enumerate(wave["xc_bench.dut.m_wr_valid"]) if valid == 1]
    assert {time.write for time in written} <= set(rises)
    figure = draw(wave, chip, 0, 2)
    assert {text.get_text() for text in figure.axes[0].texts} >= {"clk", "m_wr_valid", "CLEAR", "UPDATE", "READ"}


def test_command(tmp_path: Path) -> None:
    out = tmp_path / "timing.svg"
    result = CliRunner().invoke(main, [str(out)])
    assert result.exit_code == 0, result.output
    assert out.stat().st_size < 200_000
    result = CliRunner().invoke(main, [str(out), "--first", "500"])
    assert result.exit_code == 1
    assert "allowed: a window within 0:100" in result.output
