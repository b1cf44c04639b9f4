"""A Verilated controller as a shared library: built once, kept by its content, opened by this process."""

from __future__ import annotations

import ctypes
import hashlib
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosschop.cosim.build import bench_parameters, content_key, dut_options
from crosschop.cosim.dut import Dut
from crosschop.cosim.kept_builds import kept_build
from crosschop.cosim.native.places import CALLS, PLACE, SLOTS, STATUS
from crosschop.cosim.paths import native_sources
from crosschop.cosim.verilator import BUILD_SECONDS, Verilator, failure, require_same_widths, require_verilator
from crosschop.cosim.verilator import WIDTH_WARNINGS as WIDTHS
from crosschop.model.cache import cache_directory
from crosschop.model.chipspec import ChipSpec, controller_kind
from crosschop.model.errors import ToolError
from crosschop.model.programs import run_program

LOG_FILE = "build.log"
PRODUCT = "bench.so"
# The run time of Verilator, which is the same for every chip.
RUNTIME = ("verilated", "verilated_threads")
CXX = "g++"
CXX_FLAGS = (
    *("-std=gnu++20", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-w"),
    # What $display says must not come between the JSON on stdout; the bench says itself what a fatal error is
    *("-DVL_PRINTF(...)=std::fprintf(stderr, __VA_ARGS__)", "-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL"),
)
TRANSLATION = ("-cc", "--no-timing", "--x-initial", "unique", "--x-assign", "unique", "-Wno-lint", "-Wno-style")

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Library:
    """The opened library of one controller.

    Attributes:
        functions: of the shared library.
        advance: address of `xc_advance`.
    """

    functions: ctypes.CDLL
    advance: int

    def new_bench(self, arrays: Sequence[IntArray]) -> int:
        """A controller after its reset; `delete` ends it.

        Args:
            arrays: what it writes to and reads from; they have to live as long as it.

        Raises:
            ToolError: it ended before it began.
        """
        for array in arrays:
            assert array.dtype == np.int64
            assert array.flags.c_contiguous
        pointers = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        bench = self.functions.xc_new(pointers)
        if not bench:
            raise ToolError(f"the controller ended before its first cycle: {self.last_words()}")
        return int(bench)

    def delete(self, bench: int) -> None:
        """Ends a controller."""
        self.functions.xc_delete(ctypes.c_void_p(bench))

    def last_words(self) -> str:
        """Why the last call ended."""
        return bytes(self.functions.xc_last_words()).decode(errors="replace")


def open_library(spec: ChipSpec, dut: Dut) -> Library:
    """The library of this chip's controller, built unless it is kept.

    Raises:
        MissingToolError: Verilator or g++ is missing.
        ToolError: they reject the sources; the message quotes the first line that says why.
    """
    tool = require_verilator()
    kind = controller_kind(spec)
    top, bench, header = native_sources(kind)
    parameters = bench_parameters(spec)
    constants = {**parameters, "UNSEEN": dut.view.mask(spec.kind), "SLOTS": SLOTS}
    flags: list[object] = ["native", tool.version, str(tool.program), platform.machine(), CXX_FLAGS, TRANSLATION]
    flags.append([PLACE._asdict(), CALLS._asdict(), STATUS._asdict()])
    key = content_key(dut, [top, bench, header], constants, flags)
    runtime = _runtime(tool, flags)

    def make(scratch: Path) -> None:
        _compile(tool, dut, parameters, constants, (top, bench, header), runtime, scratch)

    functions = ctypes.CDLL(str(kept_build(cache_directory() / "sim" / key, PRODUCT, make) / PRODUCT))
    functions.xc_new.restype = ctypes.c_void_p
    functions.xc_last_words.restype = ctypes.c_char_p
    return Library(functions, int(ctypes.cast(functions.xc_advance, ctypes.c_void_p).value or 0))


def _compile(
    tool: Verilator,
    dut: Dut,
    parameters: dict[str, int],
    constants: dict[str, int],
    sources: tuple[Path, Path, Path],
    runtime: Path,
    directory: Path,
) -> None:
    """Verilog to C++ to a shared library."""
    top, bench, header = sources
    code = directory / "code"
    own = {name: parameters[name] for name in _parameters_of(top, parameters)}
    translate = [
        *(str(tool.program), *TRANSLATION, *WIDTHS, "-Wno-fatal", "--top-module", top.stem, "--timescale", "1ns/1ps"),
        *("-Mdir", str(code), "--prefix", "Vtop", *dut_options(dut)),
        *(f"-G{name}={value}" for name, value in own.items()),
        *map(str, (*dut.sources, top)),
    ]
    log = directory / LOG_FILE
    ended = run_program(translate, "Verilator", BUILD_SECONDS, environment=tool.environment(), log=log)
    if ended.status != 0:
        raise failure(ended)
    require_same_widths(ended)
    (code / "xc_constants.h").write_text(_constants(constants))
    generated = sorted(path.name for path in code.glob("*.cpp"))
    lines = [f'#include "{name}"' for name in (*generated, bench.name)]
    (code / "all.cpp").write_text("\n".join(lines) + "\n")
    includes = [f"-I{folder}" for folder in (code, header.parent, *_includes(tool))]
    objects = [str(runtime / f"{name}.o") for name in RUNTIME]
    command = [CXX, *CXX_FLAGS, "-shared", "-Wl,-Bsymbolic", *includes, "-o", str(directory / PRODUCT)]
    ended = run_program([*command, str(code / "all.cpp"), *objects, "-lpthread"], CXX, BUILD_SECONDS, log=log)
    if ended.status != 0:
        raise failure(ended)
    shutil.rmtree(code)


def _parameters_of(top: Path, parameters: dict[str, int]) -> list[str]:
    """Those of the bench's parameters that the top has: all but the array side's."""
    text = top.read_text()
    return [name for name in parameters if f"parameter {name} =" in text]


def _constants(parameters: dict[str, int]) -> str:
    """What C++ has to know, as a header: parameters of the bench, places of `io`, what can be asked and answered."""
    names = {**parameters, **PLACE._asdict(), **CALLS._asdict(), **STATUS._asdict()}
    lines = [f"constexpr long long {name.upper()} = {value};" for name, value in names.items()]
    return "\n".join(["#pragma once", *lines, ""])


def _includes(tool: Verilator) -> tuple[Path, Path]:
    """Folders of Verilator's run time."""
    root = tool.root
    if root is None:
        said = run_program([str(tool.program), "--getenv", "VERILATOR_ROOT"], "verilator", 60).text.strip()
        root = Path(said)
    include = root / "include"
    return include, include / "vltstd"


def _runtime(tool: Verilator, flags: list[object]) -> Path:
    """The compiled run time, once for all chips."""
    key = hashlib.sha256(repr(flags[:-1]).encode()).hexdigest()[:20]
    include, vltstd = _includes(tool)

    def make(scratch: Path) -> None:
        for name in RUNTIME:
            command = [CXX, *CXX_FLAGS, f"-I{include}", f"-I{vltstd}", "-c", str(include / f"{name}.cpp")]
            ended = run_program([*command, "-o", str(scratch / f"{name}.o")], CXX, BUILD_SECONDS)
            if ended.status != 0:
                raise failure(ended)

    return kept_build(cache_directory() / "sim" / f"runtime{key}", f"{RUNTIME[0]}.o", make)
