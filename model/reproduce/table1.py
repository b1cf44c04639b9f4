"""Table 1: runtime of the update pass per input sample, from the paper's formulas."""

from __future__ import annotations

from matplotlib.figure import Figure

from crosschop.model.chipspec import ChipSpec, load_chipspec
from crosschop.model.palette import BLUE, ORANGE
from crosschop.model.reproduce.experiment import LABELS, Comparison, Row, Settings, paper
from crosschop.model.reproduce.points import Outcomes, Point
from crosschop.model.runtime import Runtime, paper_runtime


class Table1:
    """The five algorithms, AGAD with a read every ten samples, and AGAD with beta = 1."""

    algorithms = tuple(paper("table1")["printed_ns"])

    def points(self, settings: Settings) -> list[Point]:
        """Nothing is simulated."""
        return []

    def compare(self, settings: Settings, outcomes: Outcomes) -> Comparison:
        """Every number of the table."""
        constants, fast = paper("table1")["constants"], paper("table1")["agad_fast"]
        rows = [
            Row(algorithm, what, "ns", printed, runtime.total_ns) for algorithm, what, printed, runtime in _entries()
        ]
        slowest = next(runtime.total_ns for algorithm, *_, runtime in _entries() if algorithm == "mixed_precision")
        fastest = next(runtime.total_ns for _, what, _, runtime in _entries() if what == _FAST)
        rows.append(Row("agad", "speed-up of the latter over mixed precision", "", fast["speedup"], slowest / fastest))
        return Comparison(
            title="Table 1: update pass per input sample",
            rows=tuple(rows),
            settings=(
                f"{constants['n']}x{constants['n']} array, {constants['digital_flops'] / 1e12:g} TFLOPS per array, "
                f"pulses of {constants['pulse_ns']} ns, reads of {constants['mvm_ns']} ns, batch {constants['batch']}; "
                "arithmetic and analog operations one after the other, memory access hidden",
            ),
            remarks=(
                "The caption's 1 GFLOPS must be 1 TFLOPS, and its text elsewhere doubles the pulses for two polarity "
                "phases: the printed numbers follow from 0.7 TFLOPS over four arrays and single pulses.",
            ),
        )

    def draw(self, settings: Settings, outcomes: Outcomes) -> Figure:
        """Bars on a logarithmic axis, the paper's numbers as marks."""
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.subplots()
        entries = _entries()
        for place, (_, _, printed, runtime) in enumerate(reversed(entries)):
            axes.barh(place, runtime.digital_ns, color=BLUE, label="digital" if place == 0 else None)
            axes.barh(place, runtime.analog_ns, left=runtime.digital_ns, color=ORANGE,
                      label="analog" if place == 0 else None)  # fmt: skip
            if printed is not None:
                axes.plot(printed, place, "k|", markersize=16, label="paper" if place == 0 else None)
            axes.text(runtime.total_ns * 1.08, place, f"{runtime.total_ns:,.1f}", va="center", fontsize=9)
        axes.set_yticks(range(len(entries)), [f"{LABELS[name]}{note}" for name, note in _names(entries)])
        axes.set_xscale("log")
        axes.set_xlim(3, 8000)
        axes.set_xlabel("update pass per input sample, ns")
        axes.legend(loc="lower right", frameon=False)
        return figure


_FAST = "update pass, a read every 10 samples, one pulse slot"
Entry = tuple[str, str, float | None, Runtime]


def _names(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(name, "" if "," not in what else what[what.index(",") :]) for name, what, _, _ in reversed(entries)]


def _chip(algorithm: str, transfer_every: int, *overrides: str) -> ChipSpec:
    constants = paper("table1")["constants"]
    settings = [
        f"array={{rows: {constants['n']}, cols: {constants['n']}}}",
        f"timing.pulse_ns={constants['pulse_ns']}",
        f"timing.mvm_ns={constants['mvm_ns']}",
    ]
    if algorithm == "mixed_precision":
        settings.append(f"algorithm.batch={constants['batch']}")
    elif algorithm != "in_memory_sgd":
        settings.append(f"algorithm.transfer_every={transfer_every}")
    return load_chipspec(f"{algorithm}_512", [*settings, *overrides])


def _entries() -> list[Entry]:
    """Algorithm, what, printed ns, runtime."""
    table = paper("table1")
    constants, fast = table["constants"], table["agad_fast"]
    every, pulses, flops = constants["transfer_every"], constants["pulses"], constants["digital_flops"]
    entries: list[Entry] = [
        (algorithm, "update pass", printed, paper_runtime(_chip(algorithm, every), pulses, flops))
        for algorithm, printed in table["printed_ns"].items()
    ]
    quick = paper_runtime(_chip("agad", fast["transfer_every"]), fast["pulses"], flops)
    entries.append(("agad", _FAST, fast["printed_ns"], quick))
    code_bits = "reference.p_bits=9"  # P is the last code, of agad_512's 9 bits
    alone = paper_runtime(_chip("agad", every, "algorithm.beta=1", code_bits), pulses, flops)
    entries.append(("agad", "update pass, beta = 1", None, alone))
    return entries
