"""Training with every device: it runs, it learns, time passes once per sample."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import device_array as da
import numpy as np
import pytest
from click.testing import CliRunner

from crosschop.cosim.cli import main
from crosschop.model.analog.crossbar import DetailedCrossbar, PlainCrossbar
from crosschop.model.analog.random import new_streams
from crosschop.model.analog.tile import new_tile
from crosschop.model.chipspec import load_chipspec
from crosschop.model.chipspec.loader import device_presets
from crosschop.model.engines import run_float, run_golden
from crosschop.model.results import RunResult

# One process compiles the training loop for each kind of array, the others would do it again.
pytestmark = pytest.mark.xdist_group("devices in training")

TRANSFERS = 4000
# The gain into H goes with the inverse of A's granularity: finer devices need a longer accumulation.
COARSE = {"reram_array_om": 3000, "pcm": 3000}
FINE = 30000


def quiet(done: int) -> None:
    """Progress that nobody watches."""


def train(*overrides: str, transfers: int = TRANSFERS) -> RunResult:
    return run_golden(load_chipspec("agad_20", overrides), 1, transfers, quiet)


def learns(result: RunResult, share: float = 0.6) -> bool:
    """Whether a run ends well below the error that it starts with."""
    return bool(result.weight_error < share * result.errors[0, 1])


@pytest.mark.parametrize("preset", [name for name in device_presets() if name != "reram_array_hfo2"])
def test_a_of_every_preset_learns(preset: str) -> None:
    assert learns(train(f"device.a.preset={preset}", f"algorithm.gamma0={COARSE.get(preset, FINE)}"))


def test_four_states_are_few() -> None:
    """HfO2 ReRAM trains, if slowly; an A that forgets at once or that is worn out does not."""
    assert learns(train("device.a.preset=reram_array_hfo2", "algorithm.gamma0=1000"), 0.9)
    for spoilt in ("retention={lifetime: 1}", "endurance={budget: 0, fade: 1e-9}"):
        assert not learns(train(f"device.a.{spoilt}"), 0.9)


@pytest.mark.parametrize("preset", ["ecram", "capacitor"])
def test_w_of_a_preset_learns(preset: str) -> None:
    assert learns(train(f"device.w.preset={preset}", "device.a.preset=capacitor"))


@pytest.mark.parametrize("array", ["a", "w"])
@pytest.mark.parametrize("model", da.MODELS)
def test_every_model_runs_in_both_arrays(array: str, model: str) -> None:
    settings = {"model": model, **da.MODELS[model]}
    if model == "pcm_pair":  # its steps are large when it is empty, and it is full soon
        settings |= {"n_states": 200, "refresh_every": 10}
    keys = ", ".join(f"{key}: {value}" for key, value in settings.items())
    result = train(f"device.{array}={{{keys}}}", transfers=1500)
    assert np.isfinite(result.weight_error)
    assert result.pulses_a > 0 and result.pulses_w > 0


def test_engines_agree_on_other_devices() -> None:
    """The float algorithm, on the same tile, ends near the golden controller."""
    spec = load_chipspec("agad_20", ["device.a.preset=ecram", f"algorithm.gamma0={FINE}"])
    first, second = (run(spec, 1, TRANSFERS, quiet) for run in (run_golden, run_float))
    assert learns(first) and learns(second)
    assert first.weight_error == pytest.approx(second.weight_error, abs=2)


@pytest.mark.parametrize("kind", ["transfer", "in_memory_sgd", "mixed_precision"])
def test_time_passes_once_per_sample(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every array that ages, whatever controls the chip."""
    module = importlib.import_module(f"crosschop.model.training.{kind}")
    chip, overrides = f"{kind}_20", ["device.w.retention={drift_nu: 0.01}"]
    if kind == "transfer":
        chip = "agad_20"
        overrides.append("device.a.retention={lifetime: 1e6}")
    sessions: list[Any] = []
    new_session = module.new_session
    monkeypatch.setattr(module, "new_session", lambda *given: sessions.append(new_session(*given)) or sessions[-1])
    result = run_golden(load_chipspec(chip, overrides), 1, 30, quiet)
    (session,) = sessions
    for crossbar in (session.tile.a, session.tile.w):
        if crossbar.weight.size:
            assert isinstance(crossbar, DetailedCrossbar)
            assert crossbar.physics["samples"].item() == session.sample[0] == result.samples > 1


def test_shipped_devices_keep_to_visible_weights() -> None:
    tile = new_tile(load_chipspec("agad_20"), np.random.default_rng(1), new_streams(np.random.SeedSequence(1)))
    assert isinstance(tile.a, PlainCrossbar) and isinstance(tile.w, PlainCrossbar)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    devices = ["--set", "device.a={preset: pcm}", "--set", "device.w={preset: ecram}"]
    result = CliRunner().invoke(
        main, ["run", "agad_20", "--engine", "golden", "--json", "--set", "task.samples=500", *devices]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == "pass"
