"""The least that a test bench in Verilog can do, under Icarus: the limit of what cocotb can reach there."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

from crosschop.cosim.benchmark.stimulus import BLOCK, Stimulus
from crosschop.cosim.build import bench_parameters, content_key, require_icarus
from crosschop.cosim.dut import dut_of
from crosschop.cosim.kept_builds import kept_build
from crosschop.cosim.paths import plain_source
from crosschop.cosim.record import pack
from crosschop.model.cache import cache_directory
from crosschop.model.chipspec import ChipSpec, controller_kind, rtl_configuration
from crosschop.model.errors import ToolError
from crosschop.model.programs import run_program

PRODUCT = "plain.vvp"
SECONDS = 1800
# The plain benches' names of cfg_*.
PLUSARGS = {
    "cfg_transfer_every": "every", "cfg_lr_h": "gain", "cfg_chop": "chop", "cfg_warmup": "warmup",
    "cfg_batch": "batch", "cfg_lr": "gain",
}  # fmt: skip


def _build(spec: ChipSpec) -> Path:
    """The compiled bench of a chip, looked for anew each time: who has used many others holds it no more."""
    top = plain_source(controller_kind(spec))
    text, dut = top.read_text(), dut_of(spec)
    names = {**bench_parameters(spec), "BLOCK": BLOCK}
    parameters = {name: value for name, value in names.items() if f"parameter {name} =" in text}
    key = content_key(dut, [top], parameters, [require_icarus()])

    def make(scratch: Path) -> None:
        values = [f"-P{top.stem}.{name}={value}" for name, value in parameters.items()]
        command = ["iverilog", "-g2012", "-o", str(scratch / PRODUCT), "-s", top.stem, *values]
        ended = run_program([*command, str(top), *map(str, dut.sources)], "Icarus Verilog", SECONDS)
        if ended.status != 0:
            raise ToolError(f"Icarus Verilog cannot build the plain bench: {(ended.lines or ['no message'])[0]}")

    return kept_build(cache_directory() / "sim" / key, PRODUCT, make) / PRODUCT


def run_plain(spec: ChipSpec, stimulus: Stimulus, transfers: int) -> float:
    """Processor seconds of a simulation of so many transfers, its start included."""
    program = _build(spec)
    with tempfile.TemporaryDirectory(prefix="crosschop-") as folder:
        codes, lengths = Path(folder) / "codes.hex", Path(folder) / "lengths.hex"
        if stimulus.codes.size:
            words = stimulus.padded(stimulus.codes).reshape(-1, spec.lanes)
            codes.write_text("".join(f"{pack(word, stimulus.width):x}\n" for word in words))
        lengths.write_text("".join(f"{length:x}\n" for length in stimulus.lengths.ravel()))
        values = [f"+{PLUSARGS[name]}={value}" for name, value in rtl_configuration(spec).items()]
        files = [f"+{file.stem}={file}" for file in (codes, lengths) if file.exists()]
        options = [f"+transfers={transfers}", *files, *values]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = run_program(["vvp", "-N", str(program), *options], "vvp", SECONDS)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.status != 0:
        raise ToolError(f"the plain bench failed: {(ended.lines or ['no message'])[-1]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
