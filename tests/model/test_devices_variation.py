"""Device-to-device variation of the models, and the numbers of the presets.

Statistical bounds are five standard deviations of the estimate.
"""

from __future__ import annotations

from typing import Any

import device_array as da
import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter
from scipy.stats import kstest, norm

from crosschop.model.analog.devices.linear import LinearDevices
from crosschop.model.analog.devices.pair import PairDevices
from crosschop.model.chipspec import SpecError, load_chipspec
from crosschop.model.chipspec.devices import AnyDevice, Device, PcmPair, TwoSided
from crosschop.model.chipspec.documentation import preset_reference, resolved
from crosschop.model.chipspec.loader import device_presets

TWO_SIDED = ["soft_bounds", "linear_step", "constant_step", "exp_step"]


def fits(values: np.ndarray, mean: float, std: float) -> bool:
    """Whether values are N(mean, std)."""
    return bool(kstest(values.ravel(), norm(mean, std).cdf).pvalue > 1e-4)


@pytest.mark.parametrize("model", TWO_SIDED)
def test_bounds_vary_each_with_its_spread(model: str) -> None:
    drawn = da.population(model, sigma_b=0.1, sigma_b_min=0.2, w_max=1.25, w_min=-0.75)
    assert fits(drawn.w_max, 1.25, 0.125) and fits(drawn.w_min, -0.75, 0.15)
    same = da.population(model, sigma_b=0.1, w_max=1.25, w_min=-0.75)
    assert fits(same.w_min, -0.75, 0.075)
    assert not fits(drawn.w_min, -0.75, 0.125)


@pytest.mark.parametrize("model", TWO_SIDED)
def test_steps_vary(model: str) -> None:
    """a+- = dw_min (g +- r + up_down's share), g log-normal or normal; a positive up_down takes from the down step."""
    step = da.section(model).step
    for distribution in ("log_normal", "normal"):
        drawn = da.population(model, sigma_d2d=0.3, sigma_pm=0.1, up_down=0.25, step_distribution=distribution)
        gain = (drawn.a_up + drawn.a_down) / 2 / step + 0.125
        assert fits((drawn.a_up - drawn.a_down) / 2 / step, 0.125, 0.1)
        assert fits(gain - 1, 0, 0.3) == (distribution == "normal")
        assert fits(np.log(np.maximum(gain, 1e-9)), 0, 0.3) == (distribution == "log_normal")
    other = da.population(model, up_down=-0.25)
    np.testing.assert_allclose([other.a_up / step, other.a_down / step], [np.full(da.SHAPE, 0.75), np.ones(da.SHAPE)])


def test_slopes_vary_without_their_signs() -> None:
    drawn = da.population("linear_step", gamma_up=0.5, gamma_down=0.05, sigma_gamma=0.05, w_max=2.0, w_min=-1.0)
    assert isinstance(drawn, LinearDevices)
    assert fits(drawn.slope_up * 2, 0.5, 0.05)
    folded = -drawn.slope_down
    assert (folded >= 0).all() and kstest(folded.ravel(), "foldnorm", (1.0, 0.0, 0.05)).pvalue > 1e-4
    assert abs(np.corrcoef(drawn.slope_up.ravel(), drawn.slope_down.ravel())[0, 1]) < 5 / np.sqrt(da.COUNT)


def test_devices_of_a_pair_vary_on_their_own() -> None:
    drawn = da.population(
        "pcm_pair", sigma_b=0.1, sigma_d2d=0.2, step_distribution="normal", reset=0.5, sigma_reset=0.05
    )
    assert isinstance(drawn, PairDevices)
    assert fits(drawn.w_max, 2, 0.2) and fits(drawn.w_min, -2, 0.2)
    assert fits(drawn.a_up / 0.02, 1, 0.2) and fits(drawn.a_down / 0.02, 1, 0.2)
    assert fits(drawn.rest, 0.5, 0.05)
    values = [drawn.w_max, drawn.w_min, drawn.a_up, drawn.a_down, drawn.rest[..., 0], drawn.rest[..., 1]]
    correlation = np.corrcoef([value.ravel() for value in values])
    assert np.abs(correlation - np.eye(len(values))).max() < 5 / np.sqrt(da.COUNT)


@pytest.mark.parametrize("model", TWO_SIDED)
def test_stuck_devices_answer_no_pulse(model: str) -> None:
    settings: dict[str, Any] = {"stuck": 0.2, "stuck_range": 0.1, "sigma_b": 0.1}
    cells = da.array(model, shape=da.SHAPE, **settings)
    before = cells.weight.copy()
    stuck = da.pulses(cells, 3) == before
    assert stuck.mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / da.COUNT))
    assert kstest(before[stuck], "uniform", (-0.1, 0.2)).pvalue > 1e-4
    assert not before[~stuck].any()
    assert not (da.pulses(da.array(model, shape=da.SHAPE), 3) == 0).any(), "none unless asked for"


def test_the_symmetry_point_is_found_with_an_error() -> None:
    exact, found = (
        da.population("soft_bounds", sigma_pm=0.1, zero_at_symmetry_point=True, sigma_zero=sigma) for sigma in (0, 0.05)
    )
    assert fits(found.reference - exact.reference, 0, 0.05)


@pytest.mark.parametrize("model", da.MODELS)
def test_one_spread_leaves_the_other_variations_alone(model: str) -> None:
    """Nor do the variations of A touch the devices of W, which are drawn next."""
    spreads: dict[str, Any] = {"sigma_b": 0.1, "sigma_d2d": 0.2, "sigma_pm": 0.1}
    more: dict[str, Any] = {
        "retention": {"lifetime": 100.0, "sigma_lifetime": 0.1},
        "endurance": {"budget": 1, "fade": 1},
    }
    if model != "pcm_pair":
        more |= {"zero_at_symmetry_point": True, "sigma_zero": 0.1}
    if model == "linear_step":
        more["sigma_gamma"] = 0.1
    for extra in ({}, more):
        generator = np.random.default_rng(1)
        first = da.draw_population(da.section(model, **spreads, **extra), None, (9, 9), generator)
        second = da.draw_population(da.section(model, **spreads), None, (9, 9), generator)
        if not extra:
            plain = first, second
    np.testing.assert_array_equal(first.a_up, plain[0].a_up)
    np.testing.assert_array_equal(first.w_min, plain[0].w_min)
    np.testing.assert_array_equal(second.a_down, plain[1].a_down)


# ---------------------------------------------------------------- presets

# presets/devices.py and presets/compounds.py of aihwkit (commit 4545f11), in its names: model, dw_min, w_max, w_min,
# up_down, up_down_dtod, dw_min_dtod, log-normal, w_max_dtod, w_min_dtod, dw_min_std, multiplicative, write_noise_std.
TABLE: dict[str, tuple[Any, ...]] = {
    "reram_sb": ("soft_bounds", 0.002, 1.25, -0.75, 0, 0.01, 0.3, False, 0.3 / 1.25, 0.3 / 0.75, 3.75, False, 56),
    "reram_es": ("exp_step", 0.00135, 1, -1, 0.259359, 0.05, 0.2, False, 0.3, 0.3, 5, True, 75),
    "reram_array_om": ("soft_bounds", 0.0949, 1, -1, 0, 0.01, 0.7829, True, 0.3499, 0.5695, 0.4158, False, 1.4113),
    "reram_array_hfo2": ("soft_bounds", 0.4622, 1, -1, 0, 0.01, 0.7125, True, 0.4295, 0.5990, 0.2174, False, 0.5841),
    "ecram": ("linear_step", 0.002, 1.1724, -0.8276, 0, 0.01, 0.1, False, 0.05, 0.05, 0.3, True, 0),
    "ecram_mo": ("linear_step", 2.8214e-4, 1.1714, -0.8286, 0, 0.01, 0.1, False, 0.05, 0.05, 2, True, 0),
    "capacitor": ("linear_step", 0.005, 1, -1, 0, 0.06, 0.1, False, 0.07, 0.07, 0.3, False, 0),
    "gokmen_vlasov": ("constant_step", 0.0016, 1, -1, 0, 0.01, 0.3, False, 0.3, 0.3, 0.3, None, 0),
    "idealized": ("constant_step", 0.0002, 1, -1, 0, 0, 0.3, False, 0.3, 0.3, 0.3, None, 0),
    "pcm": ("pcm_pair", 0.01, 2, 0, 0, 0.05, 0.2, False, 0.1, 0, 0.6, True, 0),
}
OTHERS: dict[str, dict[str, Any]] = {
    "reram_es": {"A_up": -1.18445, "A_down": -0.081404, "gamma_up": 5, "gamma_down": 5, "a": -0.5, "b": -0.5},
    "reram_array_om": {"zero_at_symmetry_point": True, "sigma_zero": 0.05, "stuck": 0, "stuck_range": 0.01},
    "reram_array_hfo2": {"zero_at_symmetry_point": True, "sigma_zero": 0.05, "stuck": 0, "stuck_range": 0.01},
    "ecram": {"gamma_up": 0.1153, "gamma_down": 0.5085, "sigma_gamma": 0.05},
    "ecram_mo": {"gamma_up": 0.4152, "gamma_down": 0.7342, "sigma_gamma": 0.05},
    "capacitor": {"gamma_up": 0.05, "gamma_down": 0.05, "sigma_gamma": 0.01},
    "pcm": {
        "A_up": -27.235, "gamma_up": 2.5, "a": -1, "b": 0, "noise_floor": 0.042, "noise_slope": 0.108,
        "reset": 0.01, "sigma_reset": 0.02, "refresh_upper": 0.75, "refresh_lower": 0.25,
    },
}  # fmt: skip


def preset(name: str) -> AnyDevice:
    adapter: TypeAdapter[AnyDevice] = TypeAdapter(Device)
    return adapter.validate_python(device_presets()[name])


def numbers(device: AnyDevice) -> tuple[Any, ...]:
    """A device in the columns of TABLE."""
    w_min, up_down, sigma_min = 0.0, 0.0, 0.0
    if isinstance(device, TwoSided):
        w_min, up_down = device.w_min, device.up_down
        sigma_min = device.sigma_b if device.sigma_b_min is None else device.sigma_b_min
    scaled = None if device.model == "constant_step" else device.noise == "multiplicative"
    return (
        device.model, pytest.approx(device.step, rel=1e-7), device.w_max, w_min, up_down, device.sigma_pm,
        device.sigma_d2d, device.step_distribution == "log_normal", pytest.approx(device.sigma_b),
        pytest.approx(sigma_min), device.sigma_c2c, scaled, device.write_noise,
    )  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_preset_has_the_numbers_of_its_source(name: str) -> None:
    device = preset(name)
    assert numbers(device) == TABLE[name]
    for key, value in OTHERS.get(name, {}).items():
        assert getattr(device, key) == value, key
    assert device.source and device.source.startswith("aihwkit ")
    if name == "capacitor":
        assert device.retention and (device.retention.lifetime, device.retention.sigma_lifetime) == (1e6, 0.3)
    else:
        assert device.retention is None


def test_all_presets_are_in_the_table() -> None:
    assert device_presets().keys() == TABLE.keys()
    assert len(set(TABLE.values())) == len(TABLE), "the comparison tells them apart"


def test_preset_replaces_and_is_overlaid() -> None:
    spec = load_chipspec("agad_20", ["device.a={preset: ecram, sigma_c2c: 0.1}", "device.a.n_states=50"])
    a = spec.device.a
    assert a and (a.model, a.preset, a.sigma_c2c, a.n_states, a.sigma_d2d) == ("linear_step", "ecram", 0.1, 50, 0.1)
    assert a.source and "EcRam" in a.source, "nothing is left of the device of agad_20"
    again = load_chipspec("agad_20", ["device.a.preset=ecram", "device.a.preset=capacitor"]).device.a
    assert again and again.retention and (again.preset, again.noise) == ("capacitor", "additive")
    kept = load_chipspec("agad_20", ["device.a.preset=null"])
    assert kept == load_chipspec("agad_20")


def test_resolved_chip_with_a_preset_is_the_same_chip(tmp_path: Any) -> None:
    for name in device_presets():
        spec = load_chipspec("agad_20", [f"device.a={{preset: {name}, sigma_c2c: 0.25}}"])
        file = tmp_path / f"{name}.yaml"
        file.write_text(resolved(spec))
        assert load_chipspec(file) == spec
        assert yaml.safe_load(file.read_text())["device"]["a"]["preset"] == name


@pytest.mark.parametrize("wrong", ["ecrm", "3", "[ecram]", "true"])
def test_unknown_preset(wrong: str) -> None:
    with pytest.raises(SpecError) as raised:
        load_chipspec("agad_20", [f"device.w.preset={wrong}"])
    (message,) = raised.value.messages
    assert message.startswith("--set: device.w.preset = ") and message.endswith(", pcm, or null")


def test_keys_of_another_model_are_named() -> None:
    with pytest.raises(SpecError, match=r"device.a.gamma_up does not go with model soft_bounds"):
        load_chipspec("agad_20", ["device.a.gamma_up=0.5"])
    with pytest.raises(SpecError, match=r"missing key device.a.gamma_up"):
        load_chipspec("agad_20", ["device.a.model=linear_step", "device.a.gamma_down=0.5"])
    with pytest.raises(SpecError, match=r"the nominal device does not move at weight 0"):
        exponents = "A_up: 5, A_down: 5, gamma_up: 1, gamma_down: 1, a: 1, b: 0"
        load_chipspec("agad_20", [f"device.a={{model: exp_step, {exponents}}}"])
    with pytest.raises(SpecError, match=r"does not move half way"):
        load_chipspec("agad_20", ["device.a={preset: pcm, A_up: 100}"])


def test_table_of_presets() -> None:
    table = preset_reference()
    for name in TABLE:
        assert f"| `{name}` |" in table
    assert "| `reram_es` | `exp_step` | 1481.48 | -1..1 | 5 multiplicative | 75 |" in table
    assert isinstance(preset("pcm"), PcmPair) and "| `pcm` | `pcm_pair` | 200 | 0..2 |" in table
