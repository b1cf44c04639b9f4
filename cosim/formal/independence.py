"""That no valid and no payload of a stream waits for ready: no path of gates leads from one to the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crosschop.cosim.formal.model import Sources
from crosschop.model.estimate.logic.yosys import run_yosys

NETLIST = "netlist.json"
# Cells whose outputs follow their inputs a cycle later
STATE = ("$dff", "$adff", "$sdff", "$dlatch", "$aldff", "$ff", "$_dff", "$_sdff")
READY = "_ready"


def paths_from_ready(
    directory: Path, module: str, sources: Sources, parameters: dict[str, int]
) -> dict[str, tuple[str, ...]]:
    """For every output m_* other than a ready: the inputs m_*_ready from which a path of gates leads to it.

    Raises:
        ToolError: Yosys is missing or rejects the sources.
    """
    values = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    commands = [
        *sources.reading(directory),
        f"hierarchy -check -top {module}{values}",
        "proc",
        "flatten",
        "opt_clean",
        "memory -nomap",
        "opt_clean",
        f"write_json {NETLIST}",
    ]
    netlist: dict[str, Any] = run_yosys(directory, commands, NETLIST)["modules"][module]
    drives: dict[Any, set[Any]] = defaultdict(set)
    for cell in netlist["cells"].values():
        if cell["type"].lower().startswith(STATE):
            continue
        directions = cell["port_directions"]
        if cell["type"] == "$mem_v2" and "0" not in cell["parameters"]["RD_CLK_ENABLE"]:
            continue
        inputs = {bit for name, bits in cell["connections"].items() if directions[name] == "input" for bit in bits}
        outputs = {bit for name, bits in cell["connections"].items() if directions[name] == "output" for bit in bits}
        for bit in inputs:
            drives[bit] |= outputs
    ports = netlist["ports"]
    readies = {
        name: set(port["bits"]) for name, port in ports.items() if name.startswith("m_") and name.endswith(READY)
    }
    reached = {name: _reached(drives, bits) for name, bits in readies.items()}
    return {
        name: tuple(ready for ready, bits in reached.items() if bits & set(port["bits"]))
        for name, port in ports.items()
        if name.startswith("m_") and port["direction"] == "output" and not name.endswith(READY)
    }


def _reached(drives: dict[Any, set[Any]], bits: Iterable[Any]) -> set[Any]:
    found: set[Any] = set()
    waiting = [bit for bit in bits if not isinstance(bit, str)]
    while waiting:
        bit = waiting.pop()
        if bit not in found:
            found.add(bit)
            waiting += [other for other in drives[bit] if not isinstance(other, str)]
    return found
