"""Controllers of our own in the place of a user's: as `crosschop init` begins them, as the tutorial ends them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, apply

from crosschop.cosim.paths import rtl_sources
from crosschop.cosim.starting_point import starting_point
from crosschop.model.chipspec import ChipSpec, ControllerKind, controller_module, load_chipspec

ROOT = Path(__file__).parents[2]
SERIAL = ROOT / "tests" / "controllers" / "serial"
BEGIN, END = "// ---- your controller: begin ----\n", "// ---- your controller: end ----\n"
# Of the retire trace, what says when there is a beat.
FRAME = ("trc_valid", "trc_last", "trc_beat")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def tutorial() -> str:
    """The part of cosim/README.md that takes a user to a PASS."""
    text = (ROOT / "cosim" / "README.md").read_text(encoding="utf-8")
    return text.split("## Check your own controller\n", 1)[1].split("\n## ", 1)[0]


def blocks(language: str) -> list[str]:
    """The code blocks of the tutorial in a language."""
    return [body for name, body in BLOCK.findall(tutorial()) if name == language]


def fill(adapter: str, body: str) -> str:
    """An adapter of `crosschop init` with the user's place filled; ports driven there are no longer tied off."""
    head, rest = adapter.split(BEGIN)
    _, tail = rest.split(END)
    driven = set(re.findall(r"\b(?:trc|stat)_\w+", body))
    tied = re.compile(r"assign ((?:trc|stat)_\w+) ")
    kept = [line for line in tail.splitlines(keepends=True) if not ((at := tied.match(line)) and at[1] in driven)]
    return head + BEGIN + body + END + "".join(kept)


@dataclass(frozen=True)
class Body:
    """What stands in the adapter, and what it cannot show."""

    text: str
    unobserved: tuple[str, ...]


# As in the tutorial: nothing but the streams is seen.
BLIND = Body(blocks("verilog")[0], ("flip", "codes", "h", "p", "pref", "pulses", "counters"))
OPEN = Body((SERIAL / "open_body.v").read_text(), ("counters",))


def serial_chip(
    folder: Path, extends: str, body: Body, overrides: Collection[str] = (), bug: Mutant | None = None
) -> ChipSpec:
    """A chip whose controller is the serial one, with a bug or without; all that belongs to it is in `folder`."""
    parent = load_chipspec(extends, ["controller.lanes=1", *overrides])
    (folder / "mine_adapter.v").write_text(fill(starting_point("mine", extends, parent)["mine_adapter.v"], body.text))
    sources = folder / "serial"
    apply(bug or Mutant("none", "serial_noise.v", "`default_nettype none", "`default_nettype none"), SERIAL, sources)
    spec = folder / "mine.yaml"
    spec.write_text(
        f"extends: {extends}\nname: mine\nsummary: {extends} with a serial controller\n"
        "controller: {lanes: 1}\n"
        "dut:\n"
        "  sources: [serial/serial_noise.v, serial/serial_element.v, serial/serial_transfer.v]\n"
        "  include_dirs: [serial/include]\n"
        "  adapter: mine_adapter.v\n"
        "  timing: own\n"
        f"  unobserved: [{', '.join(body.unobserved)}]\n"
    )
    return load_chipspec(spec, list(overrides))


def wrapped_chip(
    folder: Path,
    extends: str,
    rtl: Path,
    replaced: dict[str, str],
    further: str = "",
    keys: str = "",
    overrides: Collection[str] = (),
) -> ChipSpec:
    """A chip whose adapter has the shipped controller in it.

    Args:
        folder: for all that belongs to it.
        extends: the chip.
        rtl: sources of the controller.
        replaced: what stands at ports of the controller in place of the adapter's own; "" for nothing.
        further: Verilog that drives the ports of which this took away the driver.
        keys: further lines of the section `dut`.
        overrides: as for load_chipspec.
    """
    chip = load_chipspec(extends)
    adapter = starting_point("mine", extends, chip)["mine_adapter.v"]
    module = controller_module(chip)
    head = adapter.split(BEGIN)[0]
    names = re.findall(r"^ *parameter +(?:\[.*\] +)?(\w+)", head, re.MULTILINE)
    ports = re.findall(r"^ *(?:input|output) +wire +(?:\[.*\] +)?(\w+)", head, re.MULTILINE)
    parameters = ", ".join(f".{name}({name})" for name in names)
    connections = ",\n    ".join(f".{port}({replaced.get(port, port)})" for port in ports)
    body = f"{further}{module} #({parameters}) inner (\n    {connections}\n);\n"
    (folder / "mine_adapter.v").write_text(f"{head}{BEGIN}{body}{END}\nendmodule\n\n`resetall\n")
    sources = ", ".join(str(source) for source in rtl_sources(rtl, module))
    spec = folder / "mine.yaml"
    spec.write_text(
        f"extends: {extends}\nname: mine\nsummary: {extends} in an adapter\n"
        f"dut:\n  sources: [{sources}]\n  adapter: mine_adapter.v\n{keys}"
    )
    return load_chipspec(spec, list(overrides))


def trace_of(kind: ControllerKind) -> list[str]:
    """Ports of the retire trace, without those that say when it is there."""
    chip = load_chipspec({"transfer": "agad_20", "in_memory_sgd": "in_memory_sgd_20"}.get(kind, "mixed_precision_20"))
    adapter = starting_point("mine", chip.name, chip)["mine_adapter.v"].split(BEGIN)[0]
    return [port for port in re.findall(r"\b(trc_\w+),?$", adapter, re.MULTILINE) if port not in FRAME]
