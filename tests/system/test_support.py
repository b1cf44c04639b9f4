"""The support matrix in README.md says what there is: every entry is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosschop.cosim.engines import run_rtl
from crosschop.cosim.support import algorithms, support, update
from crosschop.cosim.verify import verify
from crosschop.model.chipspec import load_chipspec
from crosschop.model.engines import run_float, run_golden

README = Path(__file__).parents[2] / "README.md"
# Small arrays, so that all algorithms are through in seconds.
SMALL = ["array={rows: 6, cols: 4}"]
TRANSFERS = 60


def _ignore(done: int) -> None:
    """Nobody looks at the progress here."""


def test_readme_is_in_sync() -> None:
    text = README.read_text(encoding="utf-8")
    assert update(text) == text, "run make docs"
    with pytest.raises(ValueError, match="no markers"):
        update("# A README\n")


def test_every_algorithm_has_its_row() -> None:
    assert [entry.name for entry in support()] == algorithms()
    assert set(algorithms()) == {"ttv2", "c_ttv2", "agad", "in_memory_sgd", "mixed_precision"}


@pytest.mark.sim
@pytest.mark.parametrize("name", algorithms())
def test_row_holds(name: str, tmp_path: Path) -> None:
    """Float runs; RTL and golden model run the same events with the same cycles; verify passes."""
    spec = load_chipspec(f"{name}_20", SMALL)
    assert run_float(spec, 1, TRANSFERS, _ignore).transfers == TRANSFERS
    golden = run_golden(spec, 1, TRANSFERS, _ignore)
    (tmp_path / "run").mkdir()
    icarus = run_rtl(spec, 1, TRANSFERS, _ignore, tmp_path / "run")
    assert (icarus.digest, icarus.weight_error, icarus.cycles) == (golden.digest, golden.weight_error, golden.cycles)
    (tmp_path / "verify").mkdir()
    results = verify(spec, 1, TRANSFERS, tmp_path / "verify")
    assert all(result.mismatch is None and result.transfers == TRANSFERS for result in results.values())
