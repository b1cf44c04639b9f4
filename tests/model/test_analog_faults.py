"""Stuck devices, open lines, saturating and missing codes.

Expected values: a stuck device reads its conductance minus its reference, whatever is done to it; an open line reads 0;
codes by the definition of a missing code, that its range belongs to the code below.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crosschop.model.analog import crossbar
from crosschop.model.analog import tile as analog
from crosschop.model.analog.converter import convert, converter_config, to_code
from crosschop.model.analog.random import new_streams
from crosschop.model.analog.tile import Tile, new_tile
from crosschop.model.chipspec import load_chipspec, transfers_in
from crosschop.model.chipspec.faults import ConverterFaults
from crosschop.model.chipspec.loader import SpecError
from crosschop.model.chipspec.schema import ReadConverter
from crosschop.model.engines import run_golden

MODELS = {
    "soft bounds": [],
    "exponential": ["device.a={preset: reram_es}", "device.w={preset: reram_es}"],
    "pair": ["device.a={preset: pcm}", "device.w={preset: pcm}"],
}


def tile_of(*overrides: str, chip: str = "agad_tiny") -> Tile:
    spec = load_chipspec(chip, overrides)
    return new_tile(spec, np.random.default_rng(1), new_streams(np.random.SeedSequence(2)))


def shake(tile: Tile) -> None:
    """Many pulses up and down on every device of W, and time."""
    rows = tile.w.weight.shape[1]
    for column in range(tile.w.weight.shape[0]):
        for steps in (np.full(rows, 30), np.full(rows, -60), np.full(rows, 7)):
            crossbar.write_column(tile.w, column, steps.astype(np.int64), tile.streams.write)
    for _ in range(5):
        analog.pass_sample(tile)


@pytest.mark.parametrize("model", MODELS)
def test_a_stuck_device_reads_its_value_and_never_moves(model: str) -> None:
    tile = tile_of(*MODELS[model], "faults={w: {stuck: 0.5, stuck_conductance: 0.125}}")
    healthy = tile_of(*MODELS[model])
    begun = tile.w.weight.copy()
    shake(tile)
    stuck = tile.w.weight == begun
    assert 0.2 < stuck.mean() < 0.8
    # W of these chips is read against conductance 0 or the symmetry point of the healthy device.
    reference = healthy.w.weight * 0
    if model == "soft bounds":
        reference = -healthy.w.weight  # healthy devices begin at conductance 0
        assert np.allclose(tile.w.weight[stuck], (0.125 - reference)[stuck], atol=1e-6)
    assert (tile.w.weight[~stuck] != begun[~stuck]).all()


def test_stuck_at_a_bound_stands_at_one_of_them() -> None:
    tile = tile_of("faults={w: {stuck: 1}}", "device.w.sigma_b=0")
    assert set(np.unique(np.round(tile.w.weight + 0.0, 5))) == {-1.0, 1.0}
    begun = tile.w.weight.copy()
    shake(tile)
    assert (tile.w.weight == begun).all()


def test_healthy_devices_are_those_of_the_chip_without_faults() -> None:
    healthy, faulty = tile_of(), tile_of("faults={w: {stuck: 0.3, stuck_conductance: 0.5}, a: {dead_rows: 1}}")
    same = (healthy.w.cell == faulty.w.cell).all(axis=1)[:, : healthy.w.weight.shape[1]]
    assert 0.4 < same.mean() < 1
    assert (healthy.w.weight[same] == faulty.w.weight[same]).all()


@pytest.mark.parametrize("model", MODELS)
def test_an_open_line_reads_zero(model: str) -> None:
    tile = tile_of(*MODELS[model], "faults={w: {dead_columns: 1, dead_rows: 1}}")
    shake(tile)
    zero = tile.w.weight == 0
    assert zero.all(axis=1).sum() == 1  # one column
    assert zero.all(axis=0).sum() == 1  # one row
    column, row = int(np.flatnonzero(zero.all(axis=1))[0]), int(np.flatnonzero(zero.all(axis=0))[0])
    assert np.count_nonzero(zero) == sum(tile.w.weight.shape) - 1
    y: NDArray[np.float32] = np.zeros(tile.w.weight.shape[1], dtype=np.float32)
    one_hot: NDArray[np.float32] = np.zeros(tile.w.weight.shape[0], dtype=np.float32)
    one_hot[column] = 1
    crossbar.mvm(tile.w, one_hot, y)
    assert (y == 0).all()
    crossbar.mvm(tile.w, 1 - one_hot, y)
    assert y[row] == 0
    assert np.count_nonzero(y) == y.size - 1


def test_an_open_column_of_a_has_the_code_zero() -> None:
    tile = tile_of("faults={a: {dead_columns: 1}}", "converter.read_adc.noise=0", "device.a.sigma_pm=0.4")
    codes = np.zeros(tile.a.weight.shape[1], dtype=np.int64)
    trains = tile.trains
    trains.column_slots[:], trains.row_slots[:], trains.length[:] = 1, 1, 1
    for _ in range(20):
        crossbar.update(tile.a, trains, np.zeros(tile.a.weight.shape[0], dtype=np.int64), tile.streams.update)
    silent = 0
    for column in range(tile.a.weight.shape[0]):
        analog.read_column(tile, column, codes)
        silent += not codes.any()
    assert silent == 1


def test_a_stuck_element_of_r_is_subtracted() -> None:
    healthy = tile_of(chip="ttv2_20")
    faulty = tile_of("faults={r: {stuck: 1, stuck_conductance: 0.25}}", chip="ttv2_20")
    # A begins at conductance 0 and is read as A - R.
    assert np.allclose(faulty.a.weight, -0.25)
    assert not np.allclose(healthy.a.weight, -0.25)
    assert (tile_of("faults={r: {dead_rows: 20}}", chip="ttv2_20").a.weight == 0).all()


def converter(**faults: object) -> tuple[list[int], list[float]]:
    """Codes, and values in LSB, that an ADC of 5 bits and full scale 15 gives for -20, -19.9 .. 20."""
    config = converter_config(ReadConverter(bits=5, full_scale=15.0), ConverterFaults(**faults))  # type: ignore[arg-type]
    stream = new_streams(np.random.SeedSequence(1)).read
    values = [tenth / 10 for tenth in range(-200, 201)]
    return [to_code(config, value, stream) for value in values], [convert(config, value, stream) for value in values]


def test_without_faults_every_code_appears() -> None:
    codes, values = converter()
    assert sorted(set(codes)) == list(range(-15, 16))
    assert values == codes


def test_a_damaged_adc_saturates_early() -> None:
    codes, values = converter(clip=0.5)  # of 15 codes: 7
    assert sorted(set(codes)) == list(range(-7, 8))
    assert values == codes


def test_missing_codes_never_appear_and_their_range_is_that_of_the_code_below() -> None:
    codes, values = converter(missing_every=4, missing_first=1)
    missing = {-15, -11, -7, -3, 1, 5, 9, 13}
    plain, _ = converter()
    assert not missing & set(codes)
    wanted = [code - 1 if code in missing and code > -15 else -14 if code == -15 else code for code in plain]
    assert codes == wanted
    assert values == codes


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("faults={r: {stuck: 0.1}}", "faults.r does not go with this chip, which has no array R"),
        ("faults={a: {dead_rows: 9}}", "faults.a.dead_rows = 9 exceeds the 4 lines"),
        ("faults={a: {stuck: 2}}", "faults.a.stuck = 2, allowed: number 0..1"),
        ("faults={read_adc: {clip: 0.001}}", "leaves no code"),
        ("faults={read_adc: {missing_every: 1}}", "faults.read_adc.missing_every = 1, allowed"),
    ],
)
def test_wrong_faults_have_one_sentence(override: str, sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        load_chipspec("agad_tiny", [override])
    assert len(error.value.messages) == 1
    assert sentence in error.value.messages[0]


def test_a_section_that_says_nothing_changes_nothing() -> None:
    def digest(*overrides: str) -> str:
        spec = load_chipspec("agad_tiny", overrides)
        return run_golden(spec, 1, transfers_in(spec, 500), lambda done: None).digest

    assert digest("faults={a: {}, w: {}, adc: {}, read_adc: {}, seed: 9}") == digest()
    assert digest("faults={a: {stuck: 0.5}}") != digest()
