"""The key reference in chipspecs/README.md and `crosschop spec show`: both say what a chipspec means.

`python -m crosschop.model.chipspec.documentation chipspecs/README.md` writes the generated parts anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from crosschop.model.chipspec.algorithms import MixedPrecision
from crosschop.model.chipspec.derive import (
    beats,
    column_cycles,
    cycles,
    lambda_h,
    memory_bits,
    rate_gain,
    read_lsb,
    rtl_configuration,
    rtl_parameters,
)
from crosschop.model.chipspec.devices import Device, PcmPair
from crosschop.model.chipspec.keys import Key, keys_of
from crosschop.model.chipspec.loader import device_presets, load_chipspec, shipped_chipspecs
from crosschop.model.chipspec.mixed_precision import chi_gain
from crosschop.model.chipspec.schema import ChipSpec
from crosschop.model.chipspec.section import Section, given
from crosschop.model.markdown import table, with_parts


@dataclass(frozen=True)
class Derived:
    """A quantity that a chipspec determines, if the chip has what `exists` asks for."""

    name: str
    unit: str
    meaning: str
    value: Callable[[ChipSpec], int | float]
    exists: Callable[[ChipSpec], bool] = lambda spec: True


def _has_a(spec: ChipSpec) -> bool:
    return spec.device.a is not None


def _has_matrix(spec: ChipSpec) -> bool:
    return spec.hidden is not None


def _has_operands(spec: ChipSpec) -> bool:
    return isinstance(spec.algorithm, MixedPrecision)


DERIVED = (
    Derived("lambda_h", "pulses", "gain of a read into H, pulses to W per weight unit of A", lambda_h, _has_a),
    Derived(
        "rate_gain",
        "",
        "the same in H LSB per P LSB as the controller multiplies it, `cfg_lr_h` / 2^`LR_SHIFT`",
        lambda spec: rate_gain(spec).mantissa / 2.0 ** rate_gain(spec).shift,
        _has_a,
    ),
    Derived("chi_gain", "pulses", "gain of d x^T into chi, lambda / delta_W", chi_gain, _has_operands),
    Derived(
        "chi_rate_gain",
        "",
        "the same in chi LSB per product of codes as the controller multiplies it, `cfg_lr` / 2^`LR_SHIFT`",
        lambda spec: rate_gain(spec).mantissa / 2.0 ** rate_gain(spec).shift,
        _has_operands,
    ),
    Derived("read_lsb", "weight", "one code of the transfer read", read_lsb, _has_a),
    Derived("delta_a", "weight", "mean step of A at weight 0", lambda spec: spec.gradient_device.delta, _has_a),
    Derived("delta_w", "weight", "mean step of W at weight 0", lambda spec: spec.device.w.delta),
    Derived("cycles_pulse", "cycles", "one pulse slot, both polarities", lambda spec: cycles(spec).pulse),
    Derived(
        "cycles_update_max",
        "cycles",
        "update with the longest pulse train",
        lambda spec: given(spec.driver).max_pulses * cycles(spec).pulse,
        lambda spec: spec.driver is not None,
    ),
    Derived("cycles_read", "cycles", "column read of A", lambda spec: cycles(spec).read, _has_a),
    Derived(
        "cycles_conversion", "cycles", "end of the read to the first beat", lambda spec: cycles(spec).conversion, _has_a
    ),
    Derived("cycles_write", "cycles", "write of one column of W", lambda spec: cycles(spec).write, _has_matrix),
    Derived("beats", "beats", "work of the lanes for one column", beats, _has_matrix),
    Derived("cycles_column", "cycles", "first to last beat of a column", column_cycles, _has_matrix),
    Derived(
        "samples_per_sweep",
        "samples",
        "input samples between two reads of a column",
        lambda spec: spec.transfer.transfer_every * spec.array.cols,
        _has_a,
    ),
    Derived("devices_per_array", "devices", "crosspoints of one array", lambda spec: spec.array.rows * spec.array.cols),
    Derived(
        "arrays",
        "arrays",
        "W and, where they exist, A and R",
        lambda spec: 1 + (spec.device.a is not None) + (spec.array_r is not None),
    ),
    Derived(
        "memory_bits_h", "bits", "memory of H or chi, with the padding of the last beat", lambda s: memory_bits(s).h
    ),
    Derived("memory_bits_p", "bits", "memory of P; none for beta = 1", lambda spec: memory_bits(spec).p),
    Derived("memory_bits_pref", "bits", "memory of P^ref", lambda spec: memory_bits(spec).pref),
    Derived("memory_bits_count", "bits", "memory of reads per chop period", lambda spec: memory_bits(spec).count),
    Derived(
        "memory_bits_operands",
        "bits",
        "store of x and d of a sample, with the padding of the last beats",
        lambda spec: memory_bits(spec).operands,
        _has_operands,
    ),
    Derived("memory_bits", "bits", "all memories of the controller", lambda spec: memory_bits(spec).total),
)


def resolved(spec: ChipSpec) -> str:
    """The chipspec as YAML with every key, after `extends` and --set; it loads as the same chip."""
    return yaml.safe_dump(spec.model_dump(), sort_keys=False, allow_unicode=True, width=100)


def derived_values(spec: ChipSpec) -> list[tuple[Derived, int | float]]:
    """The derived quantities that this chip has."""
    return [(item, item.value(spec)) for item in DERIVED if item.exists(spec)]


def describe(spec: ChipSpec) -> dict[str, Any]:
    """A chip and what follows from it, ready for JSON."""
    return {
        "chipspec": spec.model_dump(),
        "derived": {item.name: value for item, value in derived_values(spec)},
        "rtl_parameters": rtl_parameters(spec),
        "rtl_configuration": rtl_configuration(spec),
    }


def _sections(section: type[Section], path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Every section with its key path and what selects it, the whole chip first."""
    yield path, section
    for key in keys_of(section).values():
        for name, below in key.sections.items():
            where = f"{path}.{key.name}".lstrip(".")
            yield from _sections(below, where + (f" ({key.selector}: {name})" if name else ""))


def _key_row(key: Key) -> tuple[str, ...]:
    kind = key.type_name + (" or null" if key.nullable else "")
    default = "required" if key.required else f"`{key.default}`"
    limits = f"`{key.limits}`" if key.limits.startswith("pattern") else key.limits
    return (
        f"`{key.name}`",
        kind,
        limits,
        default,
        key.field.description or " ".join(section.__doc__ or "" for section in key.sections.values()),
    )


def key_reference() -> str:
    """One table of keys per kind of section."""
    paths: dict[type[Section], list[str]] = {}
    for path, section in _sections(ChipSpec):
        paths.setdefault(section, []).append(path)
    parts: list[str] = []
    for section, where in paths.items():
        title = ", ".join(f"`{path}`" for path in where if path) or "The file"
        rows = (_key_row(key) for key in keys_of(section).values())
        header = ("key", "type", "range", "default", "meaning")
        parts.append(f"### {title}\n\n{section.__doc__}\n\n{table(header, rows)}")
    return "\n\n".join(parts)


def chip_reference() -> str:
    """The table of shipped chips."""
    specs = [load_chipspec(path) for path in shipped_chipspecs()]
    rows = (
        (f"`{spec.name}.yaml`", spec.algorithm.name, f"{spec.array.rows} x {spec.array.cols}", spec.summary)
        for spec in specs
    )
    return table(("file", "algorithm", "rows x cols", "for"), rows)


def preset_reference() -> str:
    """The table of device presets; what they leave out has its default."""
    section: TypeAdapter[Device] = TypeAdapter(Device)
    rows = []
    for name, keys in device_presets().items():
        device = section.validate_python(keys)
        noise = f"{device.sigma_c2c:g} {device.noise}"
        low = 0 if isinstance(device, PcmPair) else device.w_min
        span = f"{low:g}..{device.w_max:g}"
        cells = (f"`{name}`", f"`{device.model}`", f"{device.n_states:.6g}", span, noise, f"{device.write_noise:g}")
        rows.append((*cells, device.source or ""))
    header = ("preset", "model", "n_states", "range", "noise of a pulse, steps", "write noise, steps", "source")
    return table(header, iter(rows))


def derived_reference() -> str:
    """The table of derived quantities."""
    return table(("name", "unit", "meaning"), ((f"`{item.name}`", item.unit or "1", item.meaning) for item in DERIVED))


def update(text: str) -> str:
    """A README with its generated parts written anew.

    Raises:
        ValueError: the text lacks a pair of markers.
    """
    parts = {
        "chips": chip_reference(),
        "device presets": preset_reference(),
        "keys": key_reference(),
        "derived values": derived_reference(),
    }
    return with_parts(text, parts)


if __name__ == "__main__":
    _readme = Path(sys.argv[1])
    _readme.write_text(update(_readme.read_text(encoding="utf-8")), encoding="utf-8")
