"""`crosschop verify` finds what is wrong with a controller of in-memory SGD, and says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import mutate
from mutants import Mutant

from crosschop.cosim.dut import dut_of
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec

CHIP = "in_memory_sgd_20"
FILE = "xc_in_memory_sgd.v"
TRANSFERS = 400

pytestmark = [pytest.mark.sim, pytest.mark.usefixtures("builds_aside")]

_READY = "assign s_smp_ready = !update_reg || upd_done;"
_RESET = "    if (rst) begin\n        update_reg <= 1'b0;\n"
_RESET_NUMBER = "            trc_valid_reg <= 1'b0;\n            trc_sample_reg <= 32'd0;\n"

_TAKE = f"{_READY}\nassign m_upd_valid = update_reg;\n\nalways @(posedge clk) begin\n    if (s_smp_ready) begin\n"


def _bug(name: str, original: str, replacement: str) -> Mutant:
    return Mutant(name, FILE, original, replacement)


# Each with the fields that may tell it.
BUGS = (
    (_bug("tick taken during an update", _READY, "assign s_smp_ready = 1'b1;"), {"protocol of the update request"}),
    (_bug("no tick taken at a handshake", _TAKE,
          _TAKE.replace(" || upd_done", "").replace("    if", "    if (upd_done) update_reg <= 1'b0;\n    else if")),
     {"cycle of the update"}),
    (_bug("update repeated without a tick", _READY, "assign s_smp_ready = !update_reg;"),
     {"cycles in phase idle", "cycle of the update", "updates at the end of the segment"}),
    (_bug("tick taken and forgotten", "        update_reg <= s_smp_valid;\n",
          "        update_reg <= s_smp_valid && !update_reg;\n"), {"progress", "cycle of the update"}),
    (_bug("ready undefined", _READY, "assign s_smp_ready = (!update_reg || upd_done) ? 1'b1 : 1'bx;"),
     {"protocol of the ready outputs", "protocol of the update request"}),
    (_bug("update survives a reset", _RESET, _RESET.replace("update_reg <=", "if (update_reg === 1'bx) update_reg <=")),
     {"updates before the first sample", "updates done when one retires", "number of the update",
      "cycle of the update", "violations of a protocol before the first sample", "protocol of the update request"}),
    (_bug("number survives a reset", _RESET_NUMBER,
          _RESET_NUMBER.replace("trc_sample_reg <=", "if (^trc_sample_reg === 1'bx) trc_sample_reg <=")),
     {"number of the update"}),
    (_bug("number counts ticks", "        if (trc_valid_reg) begin\n",
          "        if (s_smp_valid && s_smp_ready) begin\n"), {"number of the update"}),
    (_bug("retires before the update is done", "trc_valid_reg <= upd_done;",
          "trc_valid_reg <= s_smp_valid && s_smp_ready;"), {"updates done when one retires"}),
    (_bug("never retires", "trc_valid_reg <= upd_done;", "trc_valid_reg <= 1'b0;"), {"progress"}),
    (_bug("idle cycles counted as updates", ".in_update(update_reg)", ".in_update(1'b1)"),
     {"cycles in phase update"}),
    (_bug("idle cycles not counted", ".in_idle(!update_reg)", ".in_idle(1'b0)"), {"cycles in phase idle"}),
    (_bug("stalls counted", ".in_stall(1'b0)", ".in_stall(update_reg)"), {"cycles in phase stall"}),
)  # fmt: skip


def _name(case: object) -> str:
    return case.name.replace(" ", "_") if isinstance(case, Mutant) else ""


@pytest.mark.parametrize(("bug", "fields"), BUGS, ids=_name)
def test_bug_is_found(bug: Mutant, fields: set[str], tmp_path: Path) -> None:
    spec = load_chipspec(CHIP)
    results = verify(spec, 1, TRANSFERS, tmp_path, dut=dut_of(spec, mutate(bug, tmp_path)))
    for part, result in results.items():
        assert result.mismatch is not None, f"{part} lets it through"
        assert result.mismatch.field in fields
