"""RTL in the loop and the compiled golden model run the same training, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crosschop.cosim.engines import run_rtl
from crosschop.model.chipspec import load_chipspec, samples_per_transfer
from crosschop.model.engines import run_golden
from crosschop.model.results import RunResult

# agad_rect: random chopper, several pulses at a time, decay, warm-up, two polarities, a late ADC.
TRANSFERS = {
    "agad_tiny": 500,
    "agad_rect": 400,
    "agad_20": 1200,
    "agad_wide": 200,
    "agad_beta1": 1200,
    "in_memory_sgd_20": 1500,
}
ARRAYS = ("errors", "trace", "element")

pytestmark = pytest.mark.sim


def _ignore(transfers: int) -> None:
    """Nobody looks at the progress here."""


def _golden(chip: str, seed: int) -> RunResult:
    return run_golden(load_chipspec(chip), seed, TRANSFERS[chip], _ignore)


def _icarus(chip: str, seed: int, directory: Path) -> RunResult:
    directory.mkdir()
    return run_rtl(load_chipspec(chip), seed, TRANSFERS[chip], _ignore, directory)


def _content(result: RunResult) -> dict[str, object]:
    """Everything that must not depend on what the controller is."""
    names = ("samples", "transfers", "weight_error", "digest", "pulses_a", "pulses_w", "cycles", "target")
    return {
        **{name: getattr(result, name) for name in names},
        **{name: getattr(result, name).tobytes() for name in ARRAYS},
    }


@pytest.mark.parametrize("seed", [1, 20261123])
@pytest.mark.parametrize("chip", TRANSFERS)
def test_icarus_equals_golden(chip: str, seed: int, tmp_path: Path) -> None:
    golden, icarus = _golden(chip, seed), _icarus(chip, seed, tmp_path / "job")
    assert _content(icarus) == _content(golden)
    assert (icarus.engine, golden.engine) == ("icarus", "golden")
    assert (icarus.cycles_measured, golden.cycles_measured) == (True, False)
    assert (icarus.compared, golden.compared) == (TRANSFERS[chip], 0)
    # That there is something to be equal.
    spec = load_chipspec(chip)
    assert golden.samples == TRANSFERS[chip] * samples_per_transfer(spec)
    assert golden.pulses_a is None if spec.device.a is None else golden.pulses_a > 0
    assert golden.pulses_w > 0
    assert len(np.unique(golden.errors[:, 1])) > 10
    assert golden.trace.shape[0] > 5


@pytest.mark.parametrize("chip", ["agad_tiny", "agad_rect", "agad_20", "in_memory_sgd_20"])
def test_seed_decides(chip: str, tmp_path: Path) -> None:
    first, again, other = _golden(chip, 1), _golden(chip, 1), _golden(chip, 2)
    assert _content(first) == _content(again)
    assert other.digest != first.digest
    assert other.weight_error != first.weight_error
    icarus = [_icarus(chip, 1, tmp_path / name) for name in ("first", "again")]
    assert _content(icarus[0]) == _content(icarus[1]) == _content(first)


@pytest.mark.parametrize("chip", ["agad_tiny", "in_memory_sgd_20"])
def test_waves_do_not_change_the_run(chip: str, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    result = run_rtl(load_chipspec(chip), 1, TRANSFERS[chip], _ignore, tmp_path / "job", waves=(3, 20))
    assert _content(result) == _content(_golden(chip, 1))
    assert (tmp_path / "job" / "wave.fst").stat().st_size > 0
