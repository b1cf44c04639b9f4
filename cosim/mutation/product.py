"""Proves on the outputs alone that a mutant changes nothing, where its registers cannot be paired.

A state with another code, a counter that counts the other way or a register more shows in no output, yet register by
register nothing is equal. So both controllers, of the chip's size and flattened, get the same inputs, and IC3 is
asked whether any input sequence makes an output differ, one of a stream while the stream is valid. Both begin with
zeros in all registers and memories and one cycle of reset; from the next cycle on reset is an input as any other, so
that what reset does not reach is met with everything that can be in it. What no run can leave behind, as at power-on,
and undefined bits, which are 0 here, are for the simulation, which begins with undefined ones and has been passed
before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crosschop.cosim.dut import Dut
from crosschop.cosim.formal.model import Model
from crosschop.cosim.formal.reachability import proves
from crosschop.cosim.mutation.change import Mutant, mutated
from crosschop.cosim.mutation.equivalence import AFTER, BEFORE, MEMORY_BITS, elaboration
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.estimate.logic.yosys import run_yosys
from crosschop.model.parallel import cores, run_parallel

TOP, CHECKER, AIGER, MAP, PORTS = "outputs", "outputs.v", "outputs.aig", "outputs.ywmap", "ports.json"
VALID = "_valid"


def _checker(ports: dict[str, dict[str, Any]]) -> str:
    """Both controllers side by side; what belongs to a stream counts while the stream is valid."""
    widths = {name: len(port["bits"]) for name, port in ports.items()}
    inputs = [name for name, port in ports.items() if port["direction"] == "input"]
    outputs = [name for name in ports if name not in inputs]
    valid = [name for name in outputs if name.endswith(VALID)]

    def differs(name: str) -> str:
        stream = next((one for one in valid if name != one and name.startswith(one.removesuffix("valid"))), None)
        return f"{name}__0 != {name}__1" if stream is None else f"{stream}__0 && {name}__0 != {name}__1"

    def instance(module: str, number: int) -> str:
        connected = [f".{name}({name})" for name in inputs] + [f".{name}({name}__{number})" for name in outputs]
        return f"{module} {module}_inst ({', '.join(connected)});"

    return "\n".join(
        [
            f"module {TOP};",
            # Inputs that nothing drives are free
            *(f"(* keep *) wire [{widths[name] - 1}:0] {name};" for name in inputs),
            *(f"wire [{widths[name] - 1}:0] {name}__0, {name}__1;" for name in outputs),
            instance(BEFORE, 0),
            instance(AFTER, 1),
            *(f"wire differs_{number} = {differs(name)};" for number, name in enumerate(outputs)),
            f"wire differ = {' || '.join(f'differs_{number}' for number in range(len(outputs)))};",
            "reg past = 1'b0;",
            "always @(posedge clk) past <= 1'b1;",
            "always @* if (past) p_equal: assert (!differ); else assume (rst);",
            "endmodule\n",
        ]
    )


def check_outputs(
    dut: Dut, parameters: dict[str, int], memory_bits: int, seconds: float, mutants: Sequence[Mutant], directory: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Yields each mutant with `equivalent` or `survived`.

    Args:
        dut: the controller.
        parameters: of its module.
        memory_bits: in all memories of the controller; where they are too many nothing is proven.
        seconds: processor time of IC3 for each mutant.
        mutants: to be compared with it.
        directory: for the files of Yosys and ABC.

    Raises:
        MissingToolError: Yosys or its ABC is missing.
    """
    if memory_bits > MEMORY_BITS:
        yield from ((mutant, Verdict("survived")) for mutant in mutants)
        return
    tasks = [(dut, parameters, memory_bits, seconds, mutant, directory / mutant.identity) for mutant in mutants]
    for task, verdict in run_parallel(_prove, tasks, cores()):
        yield task[4], verdict


def _prove(task: tuple[Dut, dict[str, int], int, float, Mutant, Path]) -> Verdict:
    dut, parameters, memory_bits, seconds, mutant, directory = task
    directory.mkdir(parents=True)
    both = {BEFORE: dut, AFTER: mutated(dut, mutant, directory)}
    elaborate = [
        *(
            command
            for name, one in both.items()
            for command in (*elaboration(one, parameters, memory_bits, name), f"design -stash {name}")
        ),
        f"design -load {BEFORE}",
        f"write_json {PORTS}",
    ]
    commands = [
        *(f"read_rtlil {name}.il" for name in both),
        # An undefined bit is 0 in both, what the checker leaves open is free
        f"setundef -zero -undriven {BEFORE} {AFTER}",
        f"read_verilog -formal {CHECKER}",
        f"hierarchy -check -top {TOP}",
        "proc",
        "flatten",
        "opt_clean",
        "async2sync",
        "chformal -lower",
        "formalff -clk2ff",
        "setundef -undriven -anyseq",
        "setundef -zero -init",
        "opt -full",
        "dffunmap",
        "techmap",
        "setundef -zero",
        "opt",
        "aigmap",
        "opt_clean",
        f"write_aiger -zinit -B -ywmap {MAP} {AIGER}",
    ]
    try:
        ports = run_yosys(directory, elaborate, PORTS)["modules"][BEFORE]["ports"]
        (directory / CHECKER).write_text(_checker(ports))
        run_yosys(directory, commands, MAP)
        model = Model(TOP, directory / MAP, directory / AIGER, ("p_equal",))
        done, frames = proves(model, "p_equal", seconds)
    except MissingToolError:
        raise
    except ToolError:  # no proof
        return Verdict("survived")
    if done:
        return Verdict("equivalent", "proof on the outputs", detail=f"{frames} frames")
    return Verdict("survived")
