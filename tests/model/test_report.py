"""The report of a run: figure, page and terminal."""

from __future__ import annotations

import base64
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from crosschop.model import recording
from crosschop.model.chipspec import load_chipspec
from crosschop.model.cycles import total_cycles
from crosschop.model.engines import run_golden
from crosschop.model.recording import CHOP, SAMPLE, TRACE_FIELDS
from crosschop.model.report import cycle_rows, render_run, write_report
from crosschop.model.report_figure import chop_spans, draw_run, window_reads
from crosschop.model.results import RunResult

MALICIOUS = '</p><script>alert("summary")</script> [bold]'
RANDOM = ("algorithm.chop={mode: random, period: null, probability: 0.2}",)
OFF = ("algorithm.chop={mode: off, period: null}",)
WITH_R = ("array_r={target: symmetry_point}",)


def run(samples: int, *overrides: str) -> RunResult:
    """A run of agad_tiny on the golden controller."""
    spec = load_chipspec("agad_tiny", overrides)
    return run_golden(spec, 1, samples // spec.algorithm.transfer_every, lambda transfers: None)


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run(600)


def page(result: RunResult, directory: Path, wave: Path | None = None) -> str:
    return write_report(result, directory, wave)["report"].read_text(encoding="utf-8")


def printed(result: RunResult) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(render_run(result))
    return capture.get()


# ---------------------------------------------------------------- figure


def test_figure_has_four_panels(result: RunResult) -> None:
    figure = draw_run(result)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["weight error [%]", r"$a$, $p$, $p^{\mathrm{ref}}$ [weight]", "$h$ [pulses]", "$w$ [weight]"]
    error, *element = figure.axes
    assert error.get_xlim() == (0, 600)
    assert {axes.get_xlim() for axes in element} == {element[0].get_xlim()}


def test_figure_annotates_final_error_and_window(result: RunResult) -> None:
    texts = [text.get_text() for axes in draw_run(result).axes for text in axes.texts]
    assert f"{result.weight_error:.3g} %" in texts
    assert "Element in row 2, column 1: first 60 of 100 reads" in texts
    assert {"$+1$ pulse", "$-1$ pulse"} <= set(texts)


def test_curves_are_the_trace(result: RunResult) -> None:
    stores, hidden = draw_run(result).axes[1:3]
    reads = result.trace[:60]
    a, p, pref = stores.lines
    assert np.array_equal(a.get_xydata(), reads[:, [SAMPLE, recording.A]])
    for line, column in ((p, recording.P), (pref, recording.PREF), (hidden.lines[-1], recording.H)):
        assert np.array_equal(np.asarray(line.get_ydata())[1:-1], reads[:, column])


@pytest.mark.parametrize(
    ("overrides", "reads"),
    [
        ((), 60),
        (("algorithm.chop.period=50",), 300),
        (("algorithm.chop={mode: random, period: null, probability: 0.01}",), 600),
        (OFF, 60),
    ],
)
def test_window_covers_six_chop_periods(overrides: tuple[str, ...], reads: int) -> None:
    assert window_reads(load_chipspec("agad_tiny", overrides)) == reads


def test_chop_spans_begin_at_the_read_before() -> None:
    trace = np.zeros((6, TRACE_FIELDS))
    trace[:, SAMPLE] = (2, 8, 14, 20, 26, 32)
    trace[:, CHOP] = (0, 0, 1, 1, 0, 1)
    assert chop_spans(trace) == [(8, 20), (26, 32)]
    assert chop_spans(trace[:0]) == []


@pytest.mark.parametrize("overrides", [(), RANDOM, OFF, WITH_R], ids=["regular", "random", "off", "with R"])
@pytest.mark.parametrize("samples", [2, 4, 10, 100])
def test_short_runs_draw_without_warnings(samples: int, overrides: tuple[str, ...], tmp_path: Path) -> None:
    # Column 1 is read by the second transfer, at sample 4: these are 0, 1, 2 and 17 reads. Warnings are errors.
    short = run(samples, *overrides)
    write_report(short, tmp_path, None)
    printed(short)


def test_chopper_in_legend_only_where_there_is_one() -> None:
    for overrides, shaded in (((), True), (OFF, False)):
        legend = draw_run(run(100, *overrides)).axes[1].get_legend()
        assert legend is not None
        assert any("chopper" in text.get_text() for text in legend.get_texts()) is shaded


# ---------------------------------------------------------------- page


def test_page_holds_the_numbers(result: RunResult, tmp_path: Path) -> None:
    text = page(result, tmp_path)
    for wanted in (
        "PASS",
        "no RTL in the loop",
        result.spec.summary,
        f"{result.weight_error:.3g} %",
        result.digest,
        "Cycles, modelled",
        f"{total_cycles(result.cycles):,}",
        f"A {result.pulses_a:.3g} per sample",
        "crosschop run agad_tiny --engine golden --seed 1 --samples 600",
        "lambda_h",
    ):
        assert wanted in text
    for row in cycle_rows(result):
        assert f"<td>{row.phase}</td>" in text
        assert f">{row.cycles:,}<" in text
    assert "not a shipped one" not in text


def test_page_of_a_co_simulation(result: RunResult, tmp_path: Path) -> None:
    simulated = dataclasses.replace(result, engine="icarus", compared=1300, cycles_measured=True)
    text = page(simulated, tmp_path / "report", tmp_path / "my waves" / "run.fst")
    assert "1,300 transfers compared between RTL and golden model, 0 mismatches" in text
    assert "Cycles, measured by RTL counters" in text
    assert '<a href="../my%20waves/run.fst"><code>../my waves/run.fst</code></a>' in text


def test_page_is_self_contained(result: RunResult, tmp_path: Path) -> None:
    paths = write_report(result, tmp_path, None)
    text = paths["report"].read_text(encoding="utf-8")
    embedded = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(embedded) == 1
    kind, data = embedded[0].split(",", 1)
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == paths["figure"].read_bytes()
    for outside in ("http://", "https://", "url(", "@import", "<script", "<link"):
        assert outside not in text


def test_page_escapes_the_chipspec(result: RunResult, tmp_path: Path) -> None:
    spec = result.spec.model_copy(update={"summary": MALICIOUS})
    changed = dataclasses.replace(result, spec=spec)
    text = page(changed, tmp_path)
    assert "<script" not in text
    assert "&lt;/p&gt;&lt;script&gt;" in text
    assert "crosschop run agad_tiny.yaml --engine" in text
    assert "not a shipped one" in text


def test_report_depends_on_the_run_alone(result: RunResult, tmp_path: Path) -> None:
    first, second = (write_report(result, tmp_path / name, None) for name in "ab")
    for kind, path in first.items():
        assert path.read_bytes() == second[kind].read_bytes()


# ---------------------------------------------------------------- terminal


def test_shares_of_the_scheduler_add_up(result: RunResult) -> None:
    assert sum(row.share for row in cycle_rows(result) if not row.beside) == pytest.approx(100)


def test_terminal_shows_the_run(result: RunResult) -> None:
    text = printed(result)
    assert text.startswith("PASS  agad_tiny  golden engine, no RTL in the loop\n")
    assert f"{result.weight_error:.3g} %" in text
    assert f"{total_cycles(result.cycles):,} modelled" in text
    for row in cycle_rows(result):
        assert re.search(rf"{row.phase} +{row.cycles:,} +{row.share:.1f} %", text)
