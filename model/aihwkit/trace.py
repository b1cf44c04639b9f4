"""Traces of aihwkit: reading, and one clear sentence for each way in which a file can be wrong."""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.errors import InputError
from crosschop.model.user_files import MIB, read_user_bytes

# What a matrix is called in a trace, in the order in which an update computes them. The chopped devices number H by
# the device that it belongs to, the dynamic one does not.
NAMES = {
    "A": ("hidden_weights_0",),
    "H": ("buffered_FP_weight_0", "buffered_FP_weight"),
    "P": ("running_mean_weight",),
    "P^ref": ("past_mean_weight",),
    "W device": ("hidden_weights_1",),
    "W": ("W",),
}
ALGORITHMS = {"ttv2": "ttv2", "cttv2": "c_ttv2", "c_ttv2": "c_ttv2", "agad": "agad"}
MATRICES = {
    "ttv2": ("A", "H", "W device", "W"),
    "c_ttv2": ("A", "H", "W device", "W"),
    "agad": tuple(NAMES),
}
# A chop period far beyond any trace.
LOWEST_CHOP_PROB = 1e-6
GZIP = b"\x1f\x8b"
# A hundred times the longest trace that is checked here; a small file can unpack to anything.
MOST_BYTES = 256 * MIB


@dataclass(frozen=True)
class Key:
    """A number of a trace's head.

    Attributes:
        low, high: its range.
        whole: whether it is an integer.
        default: its value where the trace has none; None where it has to.
    """

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    default: float | None = None

    def allows(self, value: object) -> bool:
        """Whether a value read from JSON is such a number; a truth value only where there is a 0 and a 1 alone."""
        if not isinstance(value, (int, float)) or (isinstance(value, bool) and self != _SWITCH and self != _OFF):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        if not math.isfinite(number) or (self.whole and number != int(number)):
            return False
        return self.low <= number <= self.high

    def describe(self) -> str:
        """The range, for a sentence."""
        return f"{'a whole number' if self.whole else 'a number'} from {self.low:g} to {self.high:g}"


_SIZE = Key(low=1, high=4096, whole=True)
_SWITCH = Key(low=0, high=1, whole=True)
_OFF = Key(low=0, high=1, whole=True, default=0)
HEAD = {
    "in_size": _SIZE,
    "out_size": _SIZE,
    "transfer_every": Key(low=1, high=1e9, whole=True),
    "lr_scale": Key(low=1e-6, high=1e9),
    "in_chop_prob": Key(low=0, high=1e6),
    "tail_weightening": Key(low=0, high=1e9),
    "reference": Key(low=-100, high=100),
    "forget_buffer": _SWITCH,
    "momentum": Key(low=0, high=1),
    "dw_min": Key(low=1e-6, high=100),
    "w_max": Key(low=1e-3, high=1e9, default=1),
    "w_min": Key(low=-1e9, high=-1e-3, default=-1),
    "desired_bl": Key(low=1, high=1000, whole=True, default=1),
    "buffer_cap": Key(low=0, high=1e9, default=10),
    "no_buffer": _OFF,
    "experimental_correct_accumulation": _OFF,
    "in_chop_random": _OFF,
    "out_chop_prob": Key(low=0, high=1e6, default=0),
}
# Keys that an algorithm does not read may be missing, in_chop_prob of a TTv2 for one.
UNUSED = {"ttv2": {"in_chop_prob": 0.0, "tail_weightening": 1.0}, "c_ttv2": {"tail_weightening": 1.0}, "agad": {}}


@dataclass(frozen=True)
class Settings:
    """Head of a trace, in aihwkit's names.

    Attributes:
        algorithm: "ttv2" and "c_ttv2" (aihwkit's ChoppedTransferCompound, for TTv2 with in_chop_prob 0), or "agad"
            (DynamicTransferCompound).
        in_size, out_size: columns and rows of the arrays.
        transfer_every: updates between two column reads.
        lr_scale: gain of a read into H.
        in_chop_prob: 1 / chop period in sweeps.
        tail_weightening: beta times the chop period.
        reference: conductance of A that stands for weight 0.
        forget_buffer, momentum: what a write leaves of H: momentum * H, or H - (1 - momentum) * pulses.
        dw_min, w_max, w_min: pulse step at conductance 0, bounds of the conductance.
        desired_bl: most pulses of a write.
        buffer_cap: AGAD without forget_buffer: a write leaves at most this times desired_bl of |H|; 0 for no limit.
        no_buffer: H starts at 0 with every read.
        correct_accumulation: AGAD: lr_scale is divided by the index of a read within the chop period, at most by
            1 / dw_min (experimental_correct_accumulation).
    """

    algorithm: str
    in_size: int
    out_size: int
    transfer_every: int
    lr_scale: float
    in_chop_prob: float
    tail_weightening: float
    reference: float
    forget_buffer: bool
    momentum: float
    dw_min: float
    w_max: float = 1.0
    w_min: float = -1.0
    desired_bl: int = 1
    buffer_cap: float = 10.0
    no_buffer: bool = False
    correct_accumulation: bool = False


@dataclass(frozen=True)
class Trace:
    """A trace that has been read and found complete.

    Attributes:
        source: where it came from, for messages.
        settings: its head.
        x, d: inputs and errors of every update, (steps, cols), (steps, rows).
        matrices: matrices after every update by name (`NAMES`), (steps, rows, cols).
        ignored: keys that mean nothing to the check.
    """

    source: str
    settings: Settings
    x: NDArray[np.float64]
    d: NDArray[np.float64]
    matrices: Mapping[str, NDArray[np.float64]]
    ignored: tuple[str, ...] = ()


def load_trace(path: Path) -> Trace:
    """Reads a trace from a JSON file, gzipped or not.

    Raises:
        InputError: it cannot be read or is not such a trace.
    """
    content = read_user_bytes(path, MOST_BYTES)
    try:
        if content.startswith(GZIP):
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise InputError(f"{path}: is larger than {MOST_BYTES / MIB:g} MiB when unpacked")
        return parse_trace(json.loads(content), str(path))
    except (OSError, EOFError, zlib.error):
        raise InputError(f"{path}: damaged gzip file") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not a JSON file") from None


def parse_trace(content: Any, source: str = "trace") -> Trace:
    """Checks the content of a trace.

    Args:
        content: what json.load made of it.
        source: its name in messages.

    Raises:
        InputError: a key is missing, a value is out of range, a vector or matrix has a wrong length; or the trace
            depends on random numbers that it does not hold.
    """
    if not isinstance(content, dict):
        raise InputError(f"{source}: a trace is a JSON object, this is {_kind(content)}")
    settings = _settings(content, source)
    steps = content.get("steps")
    if not isinstance(steps, list) or not steps:
        raise InputError(f"{source}: steps must be a list of updates that is not empty")
    names = {name: _name_in(steps[0], name) for name in MATRICES[settings.algorithm]}
    size = settings.in_size * settings.out_size
    lengths = {"x": settings.in_size, "d": settings.out_size} | dict.fromkeys(names.values(), size)
    vectors: dict[str, list[NDArray[np.float64]]] = {key: [] for key in lengths}
    for t, step in enumerate(steps, 1):
        where = f"{source}: step {t}"
        if not isinstance(step, dict):
            raise InputError(f"{where} is {_kind(step)}, expected an object")
        if "t" in step and step["t"] != t:
            raise InputError(f"{where} has t = {step['t']!r}: a trace begins with t = 1 and leaves out no update")
        for key, length in lengths.items():
            vectors[key].append(_numbers(step, key, length, where))
    shape = (len(steps), settings.out_size, settings.in_size)
    return Trace(
        source=source,
        settings=settings,
        x=np.array(vectors["x"]),
        d=np.array(vectors["d"]),
        matrices={name: np.array(vectors[key]).reshape(shape) for name, key in names.items()},
        ignored=tuple(sorted({*content} - {*HEAD, "algorithm", "steps"} | {*steps[0]} - {*lengths, "t"})),
    )


def _settings(content: dict[str, Any], source: str) -> Settings:
    name = content.get("algorithm")
    if not isinstance(name, str) or name not in ALGORITHMS:
        found = "is missing" if name is None else f"= {json.dumps(name)}"
        raise InputError(f"{source}: algorithm {found}, allowed: {', '.join(sorted(ALGORITHMS))}")
    algorithm = ALGORITHMS[name]
    values: dict[str, float] = {}
    for key, allowed in HEAD.items():
        default = UNUSED[algorithm].get(key, allowed.default)
        value = content.get(key, default)
        if value is None:
            raise InputError(f"{source}: {key} is missing, expected {allowed.describe()}")
        if not allowed.allows(value):
            raise InputError(f"{source}: {key} = {json.dumps(value)}, allowed: {allowed.describe()}")
        values[key] = float(value)
    _require_replayable(algorithm, values, source)
    return Settings(
        algorithm=algorithm,
        in_size=int(values["in_size"]),
        out_size=int(values["out_size"]),
        transfer_every=int(values["transfer_every"]),
        lr_scale=values["lr_scale"],
        in_chop_prob=values["in_chop_prob"],
        tail_weightening=values["tail_weightening"],
        reference=values["reference"],
        forget_buffer=bool(values["forget_buffer"]),
        momentum=values["momentum"],
        dw_min=values["dw_min"],
        w_max=values["w_max"],
        w_min=values["w_min"],
        desired_bl=int(values["desired_bl"]),
        buffer_cap=values["buffer_cap"],
        no_buffer=bool(values["no_buffer"]),
        correct_accumulation=bool(values["experimental_correct_accumulation"]),
    )


def _require_replayable(algorithm: str, values: dict[str, float], source: str) -> None:
    """Refuses what contradicts itself, and flips that only aihwkit's random numbers know."""
    if algorithm == "ttv2" and values["in_chop_prob"] != 0:
        raise InputError(f"{source}: in_chop_prob = {values['in_chop_prob']:g}, but ttv2 has no choppers, expected 0")
    lowest = 0 if algorithm == "c_ttv2" and values["in_chop_prob"] == 0 else LOWEST_CHOP_PROB
    if algorithm != "ttv2" and values["in_chop_prob"] < lowest:
        raise InputError(f"{source}: in_chop_prob = {values['in_chop_prob']:g}, expected at least {lowest:g}")
    if values["in_chop_random"] and values["in_chop_prob"]:
        raise InputError(
            f"{source}: in_chop_random is on, and a trace does not hold the random flips; record it with regular ones"
        )
    # aihwkit never flips the output choppers of AGAD on the CPU.
    if values["out_chop_prob"] and algorithm != "agad":
        raise InputError(
            f"{source}: out_chop_prob = {values['out_chop_prob']:g}, and a trace does not hold the random flips; "
            "record it with 0"
        )


def _name_in(step: Any, name: str) -> str:
    """The name that this trace has for a matrix; the usual one where it has none, to be found missing later."""
    present = [key for key in NAMES[name] if isinstance(step, dict) and key in step]
    return (present or NAMES[name])[0]


def _numbers(step: dict[str, Any], key: str, length: int, where: str) -> NDArray[np.float64]:
    if key not in step:
        raise InputError(f"{where}: {key} is missing, expected a list of {length} numbers")
    value = step[key]
    if not isinstance(value, list) or not all(Key().allows(item) for item in value):
        raise InputError(f"{where}: {key} must be a list of finite numbers")
    if len(value) != length:
        raise InputError(f"{where}: {key} has {len(value)} numbers, expected {length}")
    return np.array(value, dtype=np.float64)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
