"""Accesses to the memories: the estimate against the strobes of every RAM port, cycle by cycle, in a run with RTL."""

from __future__ import annotations

from pathlib import Path

import pytest
from pywellen import Waveform

from crosschop.cosim.engines import run_rtl
from crosschop.cosim.job import WAVE_FILE
from crosschop.model.chipspec import load_chipspec, transfers_together
from crosschop.model.cycles import total_cycles
from crosschop.model.estimate.counts import memory

pytestmark = [pytest.mark.sim, pytest.mark.slow]

BENCH, MIXED_BENCH = "xc_bench", "xc_bench_mixed_precision"
STORE = "xc_state_store_inst."
RAMS = {
    "h": STORE + "h_ram_inst",
    "p": STORE + "gen_p.p_ram_inst",
    "pref": STORE + "gen_pref.pref_ram_inst",
    "count": "xc_read_index_inst.gen_count.gen_per_column.count_ram_inst",
    "chi": "chi_ram_inst",
    "d": "xc_mixed_operands_inst.d_ram_inst",
    "x": "xc_mixed_operands_inst.x_ram_inst",
}
TRANSFERS = 120


class Strobes:
    """Ports of the controller in a wave that begins with the release of the reset, sampled before every clock edge."""

    def __init__(self, path: Path, bench: str) -> None:
        wave = Waveform(str(path))
        self._variables = {variable.full_name: variable for variable in wave.all_vars()}
        self._dut = f"{bench}.dut."
        # Where the recording stops, everything becomes x.
        assert [value for _, value in self._variables[self._dut + "rst"].tv] in ([0], [0, "x"])
        # The first value is that of the moment when the wave begins, not an edge.
        self._edges = [time for time, value in self._variables[f"{bench}.clk"].tv if value == 1][1:]

    def count(self, port: str, cycles: int | None = None) -> int:
        """Cycles in which a port is 1, of the first so many."""
        signal = self._variables[self._dut + port].signal
        return sum(signal.value_at(edge - 1) == 1 for edge in self._edges[:cycles])


@pytest.mark.parametrize(
    ("chip", "overrides"),
    [
        ("agad_tiny", ()),
        ("agad_rect", ("algorithm.read_correction=16", "algorithm.column_order=random")),
        ("agad_beta1", ()),
        ("c_ttv2_rect", ()),
        ("mixed_precision_20", ("algorithm.batch=3",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_strobe(tmp_path: Path, chip: str, overrides: tuple[str, ...]) -> None:
    spec = load_chipspec(chip, overrides)
    transfers = 12 * transfers_together(spec) if chip.startswith("mixed") else TRANSFERS
    result = run_rtl(spec, 1, transfers, lambda done: None, tmp_path, (0, transfers))
    strobes = Strobes(tmp_path / WAVE_FILE, MIXED_BENCH if chip.startswith("mixed") else BENCH)
    used = {each.store.name: each for each in memory.accesses(spec, memory.work_of(result)) if each.store.memory}
    assert used
    # A run is counted to the end of its last read; the wave goes on until that transfer retires.
    last = total_cycles(result.cycles)
    for name, access in used.items():
        reads = strobes.count(f"{RAMS[name]}.rd_en", last if name == "count" else None)
        writes = strobes.count(f"{RAMS[name]}.wr_en") - access.clears
        assert (reads, writes) == (access.reads, access.writes), name
