"""Accesses to the memories: the estimate against the strobes of every RAM port, cycle by cycle, in a run with RTL."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosschop.cosim.engines import run_icarus
from crosschop.cosim.job import WAVE_FILE
from crosschop.cosim.timing_diagram import DUT, Wave
from crosschop.model.chipspec import load_chipspec, transfers_together
from crosschop.model.estimate import memory
from crosschop.model.estimate.actions import actions_of

pytestmark = pytest.mark.sim

STORE = DUT + "xc_state_store_inst."
TRANSFER_RAMS = {
    "h": STORE + "h_ram_inst",
    "p": STORE + "gen_p.p_ram_inst",
    "pref": STORE + "gen_pref.pref_ram_inst",
    "count": DUT + "xc_read_index_inst.gen_count.gen_per_column.count_ram_inst",
}
MIXED_RAMS = {
    "chi": DUT + "chi_ram_inst",
    "d": DUT + "xc_mixed_operands_inst.d_ram_inst",
    "x": DUT + "xc_mixed_operands_inst.x_ram_inst",
}
TRANSFERS = 120


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
    transfers = TRANSFERS * transfers_together(spec) // (10 if transfers_together(spec) > 1 else 1)
    result = run_icarus(spec, 1, transfers, lambda done: None, tmp_path, (0, transfers))
    wave = Wave(tmp_path / WAVE_FILE)
    rams = MIXED_RAMS if chip.startswith("mixed") else TRANSFER_RAMS
    used = {each.store.name: each for each in memory.accesses(spec, memory.work_of(result)) if each.store.memory}
    assert used.keys() <= rams.keys()
    # The bench's second reset begins the run: what is before it does not count.
    reset = wave[DUT + "rst"]
    start = max(cycle for cycle, value in enumerate(reset) if value == 1) + 1
    for name, access in used.items():
        reads, writes = (wave[f"{rams[name]}.{port}"][start:] for port in ("rd_en", "wr_en"))
        assert (reads.count(1), writes.count(1) - access.clears) == (access.reads, access.writes), name
    flips = [action.count for action in actions_of(result) if (action.component, action.action) == ("chop", "write")]
    assert sum(flips) == result.counts["flips"]
