"""What synthesis makes of the controller: latches, initial values, loops, memories, a trace that can go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosschop.cosim.signoff.check import Context, Outcome, failed, passed
from crosschop.model.chipspec import memory_bits
from crosschop.model.estimate.logic.yosys import run_yosys

NETLIST = "netlist.json"
MEMORIES = ("$mem", "$mem_v2")


def elaborated(context: Context, directory: Path, parameters: dict[str, int]) -> dict[str, Any]:
    """The controller as one flat module, before any memory becomes flip-flops; fails on loops and double drivers.

    Raises:
        ToolError: Yosys is missing, or finds them.
    """
    dut = context.dut
    # Links with plain names: a blank in a path of the user's cannot matter then.
    folders = {folder: f"folder{number}" for number, folder in enumerate(dut.search_path)}
    for folder, name in folders.items():
        (directory / name).symlink_to(folder.resolve())
    macros = "".join(f" -D{name}={value}" if value else f" -D{name}" for name, value in dut.defines)
    options = macros + "".join(f" -I{name}" for name in folders.values())
    values = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    commands = [
        *(f'read_verilog -sv{options} "{folders[source.parent]}/{source.name}"' for source in dut.sources),
        f"hierarchy -check -top {dut.module}{values}",
        "proc",
        "flatten",
        "check -assert",
        "opt -full",
        "memory_collect",
        "opt_clean",
        f"write_json {NETLIST}",
    ]
    module: dict[str, Any] = run_yosys(directory, commands, NETLIST)["modules"][dut.module]
    return module


def latches(module: dict[str, Any]) -> list[str]:
    """Names of the latches."""
    return [name for name, cell in module["cells"].items() if "latch" in cell["type"].lower()]


def initial_values(module: dict[str, Any]) -> list[str]:
    """Nets and memories with an initial value, which silicon does not have."""
    nets = [name for name, net in module["netnames"].items() if "init" in net["attributes"]]
    cells = module["cells"].items()
    return nets + [name for name, cell in cells if set(cell["parameters"].get("INIT", "x")) != {"x"}]


def bits_of_memories(module: dict[str, Any]) -> int:
    """Bits of all memories together."""
    cells = [cell["parameters"] for cell in module["cells"].values() if cell["type"] in MEMORIES]
    return sum(int(cell["WIDTH"], 2) * int(cell["SIZE"], 2) for cell in cells)


def check_structure(context: Context, directory: Path) -> Outcome:
    """No latch, no initial value, no loop, no net with two drivers; memories of the size that is estimated."""
    module = elaborated(context, directory, context.dut.parameters_for(context.spec))
    found = [f"latch {name}" for name in latches(module)]
    found += [f"initial value of {name}" for name in initial_values(module)]
    bits, expected = bits_of_memories(module), memory_bits(context.spec).total
    if bits != expected and not context.dut.own:
        found.append(f"memories of {bits} bits, the chipspec has {expected}")
    if found:
        return failed(f"{len(found)} findings in the netlist", found, memory_bits=bits)
    return passed(f"no latches, initial values, loops or double drivers; {bits:,} bits of memory", memory_bits=bits)


def check_trace_goes(context: Context, directory: Path) -> Outcome:
    """Without TRACE_EN nothing of the retire trace is left."""
    module = elaborated(context, directory, {**context.dut.parameters_for(context.spec), "TRACE_EN": 0})
    ports = {name: port["bits"] for name, port in module["ports"].items() if name.startswith("trc_")}
    driven = [name for name, bits in ports.items() if set(bits) - {"0"}]
    left = [name for name in module["netnames"] if "gen_trace" in name]
    if driven or left or not ports:
        return failed("the trace leaves something behind", [*driven, *left])
    return passed(f"TRACE_EN = 0 ties {len(ports)} ports to zero and leaves no logic")
