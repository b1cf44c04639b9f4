"""The head of a trace: what it says of the controller has to be what the chipspec says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosschop.model.chipspec import ChipSpec, controller_module, rtl_configuration, rtl_parameters
from crosschop.model.errors import InputError

FORMAT = "crosschop retire trace"
VERSION = 1
# How a controller is built, not what it computes: a trace of another one may differ.
BUILT = ("LANES", "MEM_PORTS", "LANE_STAGES", "TRACE_EN")
MAX_LANES = 1 << 16
# Values below 1 that the golden model cannot work with.
_LOWEST = {"cfg_transfer_every": 1, "cfg_batch": 1}
_QUOTED = 40


def quoted(value: object) -> str:
    """A value from a file, shortened to what fits into a sentence."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _QUOTED else text[: _QUOTED - 3] + "..."


def configuration_range(spec: ChipSpec, name: str) -> tuple[int, int]:
    """Smallest and largest value of a cfg_* input."""
    bits = rtl_parameters(spec)["LR_W"] if name.startswith("cfg_lr") else 16
    return _LOWEST.get(name, 0), (1 << bits) - 1


def configured(spec: ChipSpec, name: str, value: object, where: str) -> int:
    """A cfg_* value of a trace.

    Raises:
        InputError: it is none.
    """
    low, high = configuration_range(spec, name)
    if type(value) is not int or not low <= value <= high:
        raise InputError(f"{where}: {name} = {quoted(value)}, allowed: {low}..{high}")
    return value


def with_lanes(spec: ChipSpec, lanes: int) -> ChipSpec:
    """The same chip with another number of lanes, on which nothing that a trace shows depends."""
    if spec.controller.lanes in (None, lanes):
        return spec
    return spec.model_copy(update={"controller": spec.controller.model_copy(update={"lanes": lanes})})


def read_header(
    content: Mapping[str, Any], spec: ChipSpec, where: str, notes: dict[str, None]
) -> tuple[ChipSpec, dict[str, int]]:
    """The chip with the lanes of the trace, and the configuration that the header gives.

    Args:
        content: the header.
        spec: the chip.
        where: file and line, for messages.
        notes: gets what the header has and nobody needs.

    Raises:
        InputError: another format, version or controller, or a parameter that contradicts the chipspec.
    """
    if content.get("format", FORMAT) != FORMAT:
        raise InputError(f"{where}: format is {quoted(content['format'])}, expected {FORMAT!r}")
    version = content.get("version", VERSION)
    if type(version) is not int or version != VERSION:
        raise InputError(f"{where}: version {quoted(version)} of the format, this program reads version {VERSION}")
    module = controller_module(spec)
    if content.get("controller", module) != module:
        raise InputError(
            f"{where}: recorded from {quoted(content['controller'])}, but the controller of {spec.name} is {module}"
        )
    parameters, configuration = (_object(content, key, where) for key in ("parameters", "configuration"))
    return _with_parameters(parameters, spec, where, notes), {
        name: configured(spec, name, configuration[name], where)
        for name in _known(configuration, rtl_configuration(spec), "configuration", notes)
    }


def _object(content: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{where}: {key} is {quoted(value)}, expected an object")
    return value


def _known(given: Mapping[str, Any], known: Mapping[str, int], what: str, notes: dict[str, None]) -> list[str]:
    for name in given:
        if name not in known:
            notes[f"ignored: {what} {quoted(name)} of the header"] = None
    return [name for name in known if name in given]


def _with_parameters(parameters: Mapping[str, Any], spec: ChipSpec, where: str, notes: dict[str, None]) -> ChipSpec:
    expected = rtl_parameters(spec)
    for name in _known(parameters, expected, "parameter", notes):
        value = parameters[name]
        if type(value) is not int:
            raise InputError(f"{where}: parameter {name} = {quoted(value)}, expected an integer")
        if name == "LANES":
            if not 1 <= value <= MAX_LANES:
                raise InputError(f"{where}: parameter LANES = {quoted(value)}, allowed: 1..{MAX_LANES}")
            spec = with_lanes(spec, value)
        elif name not in BUILT and value != expected[name]:
            raise InputError(
                f"{where}: recorded with {name} = {quoted(value)}, but {spec.name} has {name} = {expected[name]}"
            )
    return spec
