"""The device under test: what the bench instantiates, made of which sources, and what of it can be seen."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from crosschop.cosim.job import FULL_VIEW, View
from crosschop.cosim.paths import rtl_sources, shipped_rtl
from crosschop.model.chipspec import ChipSpec, DeviceUnderTest, controller_module, rtl_parameters
from crosschop.model.errors import InputError
from crosschop.model.estimate.logic.rtl_files import require_source, with_includes


@dataclass(frozen=True)
class Dut:
    """A controller as the bench gets it.

    Attributes:
        module: what the bench instantiates, with the parameters and ports of rtl/README.md.
        sources: Verilog files in the order of compilation.
        include_dirs: where included files lie, beside the folders of the sources.
        defines: macros and their values, "" for none.
        parameters: of `module` and their values, beyond those that follow from the chipspec.
        view: what can be seen of it.
        own: it is the user's: rules of our own style do not apply to it.
    """

    module: str
    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, int], ...] = ()
    view: View = FULL_VIEW
    own: bool = True

    @property
    def search_path(self) -> tuple[Path, ...]:
        """Folders in which included files are looked for, in this order."""
        return tuple(dict.fromkeys((*self.include_dirs, *(source.parent for source in self.sources))))

    @property
    def files(self) -> tuple[Path, ...]:
        """The sources, and what they include."""
        return tuple(with_includes(self.search_path, self.sources))

    @property
    def options(self) -> tuple[str, ...]:
        """Options for the compiler, as Icarus, Verilator and Yosys alike take them."""
        macros = (f"-D{name}={value}" if value else f"-D{name}" for name, value in self.defines)
        return (*macros, *(f"-I{folder}" for folder in self.search_path))

    def parameters_for(self, spec: ChipSpec) -> dict[str, int]:
        """Every parameter of `module` for a chip."""
        return {**rtl_parameters(spec), **dict(self.parameters)}

    def digest(self) -> str:
        """Names everything that a build or a verdict depends on, the contents of all files included."""
        what = [self.module, self.defines, self.parameters, self.own, self.view.to_data()]
        digest = hashlib.sha256(json.dumps(what).encode())
        for file in self.files:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()[:32]


def dut_of(spec: ChipSpec, folder: Path | None = None) -> Dut:
    """The controller of a chip.

    Args:
        spec: the chip.
        folder: with a file list that has the name of the contract's module, and that module in it (`--rtl`); None for
            what the chip names in its section `dut`, or else the shipped controller.

    Raises:
        InputError: the folder has no file list, or a file is missing.
    """
    module = controller_module(spec)
    if folder is None and spec.dut is not None:
        return _dut_of_section(spec, spec.dut, module)
    directory = (folder or shipped_rtl()).resolve()  # the simulator runs elsewhere
    sources = tuple(rtl_sources(folder or shipped_rtl(), module))
    return Dut(module, tuple(source.resolve() for source in sources), (directory,), own=folder is not None)


def _dut_of_section(spec: ChipSpec, section: DeviceUnderTest, module: str) -> Dut:
    """The controller that a chip names."""
    named = [("sources", name) for name in section.sources]
    named += [] if section.adapter is None else [("adapter", section.adapter)]
    for key, name in named:
        require_source(Path(name), f"{spec.name}: dut.{key}: {name}")
    for name in section.include_dirs:
        if not os.path.isdir(name):  # noqa: PTH112 - Path.is_dir fails for a name that is too long
            raise InputError(f"{spec.name}: dut.include_dirs: {name} is no folder")
    return Dut(
        module=section.top or (module if section.adapter is None else Path(section.adapter).stem),
        sources=tuple(Path(name).resolve() for _, name in named),
        include_dirs=tuple(Path(name).resolve() for name in section.include_dirs),
        defines=tuple((name, str(value)) for name, value in section.defines.items()),
        parameters=tuple(section.parameters.items()),
        view=View(frozenset(section.unobserved), section.timing == "own"),
    )


def not_compared(view: View) -> list[str]:
    """What a comparison of this controller leaves out, in sentences; empty where everything is compared."""
    found = []
    if view.unobserved:
        found.append(f"not seen, so not compared: {', '.join(sorted(view.unobserved))} (dut.unobserved)")
    if view.own_timing:
        found.append("its timing is its own: no cycle counter and no cycle of a request is compared (dut.timing)")
    return found
