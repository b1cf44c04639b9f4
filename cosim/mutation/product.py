"""Proves on the outputs alone that a mutant changes nothing, where its registers cannot be paired.

A state with another code, a counter that counts the other way or a register more shows in no output, yet register by
register nothing is equal. So both controllers, of the chip's size and flattened, get the same inputs, and IC3 is asked
whether any input sequence makes an output differ. Both begin with zeros in all registers and memories and one cycle of
reset; from the next cycle on reset is an input as any other, so that what reset does not reach is met with everything
that can be in it. What no run can leave behind, as at power-on, and undefined bits, which are 0 here, are for the
simulation, which begins with undefined ones and has been passed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crosschop.cosim.dut import Dut
from crosschop.cosim.formal.model import Model
from crosschop.cosim.formal.reachability import proves
from crosschop.cosim.mutation.change import Mutant
from crosschop.cosim.mutation.equivalence import AFTER, BEFORE, MEMORY_BITS, elaboration, mutated_sources
from crosschop.cosim.mutation.verdict import Verdict
from crosschop.model.errors import MissingToolError, ToolError
from crosschop.model.estimate.logic.yosys import run_yosys
from crosschop.model.parallel import cores, run_parallel

TOP, CHECKER, AIGER, MAP = "outputs", "outputs.v", "outputs.aig", "outputs.ywmap"
# Inputs that nothing drives are free.
TEXT = f"""\
module {TOP};
(* keep *) wire clk, rst, differ;
miter pair (.in_clk(clk), .in_rst(rst), .trigger(differ));
reg past = 1'b0;
always @(posedge clk) past <= 1'b1;
always @* if (past) p_equal: assert (!differ); else assume (rst);
endmodule
"""


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
    (directory / CHECKER).write_text(TEXT)
    sources = {BEFORE: dut.sources, AFTER: mutated_sources(dut, mutant, directory)}
    commands = [
        *(
            command
            for name, files in sources.items()
            for command in (*elaboration(dut, parameters, memory_bits, files, name), f"design -stash {name}")
        ),
        # An undefined bit is 0 in both, what the checker leaves open is free
        *(f"design -copy-from {name} -as {name} {name}" for name in sources),
        f"setundef -zero -undriven {BEFORE} {AFTER}",
        f"miter -equiv {BEFORE} {AFTER} miter",
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
