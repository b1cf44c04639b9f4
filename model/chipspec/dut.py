"""Section `dut` of a chipspec: a controller of the user's in the place of the shipped one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from crosschop.model.chipspec.section import Section

IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_$]*$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
File = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
FieldName = Literal[
    "column", "chop", "flip", "codes", "h", "p", "pref", "pulses", "sample", "x", "d", "chi", "counters"
]

# What there is to see beside the streams, by kind of controller: the fields of its retire trace, and its counters. The
# place of a name is its bit in the parameter UNSEEN of the benches.
OBSERVABLE: dict[str, tuple[FieldName, ...]] = {
    "transfer": ("column", "chop", "flip", "codes", "h", "p", "pref", "pulses", "counters"),
    "in_memory_sgd": ("sample", "counters"),
    "mixed_precision": ("column", "x", "d", "chi", "pulses", "counters"),
}
# Keys that hold paths.
_LISTS, _PATH = ("sources", "include_dirs"), "adapter"


class DeviceUnderTest(Section):
    """A controller of the user's in the place of the shipped one (cosim/README.md, "Check your own controller"). Paths
    are relative to the file that they stand in, with `--set` to the current folder."""

    sources: list[File] = Field(default=[], description="Verilog files, in the order of compilation")
    include_dirs: list[File] = Field(
        default=[], description="folders of included files, beside those of the sources, which are looked into anyway"
    )
    defines: dict[Identifier, int | str] = Field(default={}, description="macros and their values; '' for none")
    top: Identifier | None = Field(
        default=None,
        description="module with the parameters and ports of rtl/README.md; null = named as the file of the adapter, "
        "without an adapter as the shipped controller",
    )
    parameters: dict[Identifier, int] = Field(
        default={}, description="parameters of that module beyond those of rtl/README.md"
    )
    adapter: File | None = Field(
        default=None,
        description="Verilog file that wraps a controller with other ports, compiled last; null = the sources have the "
        "ports",
    )
    timing: Literal["contract", "own"] = Field(
        default="contract",
        description="contract: the cycles of rtl/README.md; own: others, so that no cycle counter and no cycle of a "
        "request is compared; order, protocol, hangs and values are",
    )
    unobserved: list[FieldName] = Field(
        default=[],
        description="what the adapter cannot show of the retire trace, and `counters` for the cycle counters: whatever "
        "stands at these ports is not looked at",
    )

    # Lists and mappings have no hash of their own.
    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @model_validator(mode="after")
    def _some_source(self) -> DeviceUnderTest:
        if not self.sources and self.adapter is None:
            raise ValueError("dut needs sources, an adapter, or both")
        return self

    def check_kind(self, kind: str) -> None:
        """Every unobserved field exists.

        Raises:
            ValueError: this kind of controller lacks one.
        """
        for name in self.unobserved:
            if name not in OBSERVABLE[kind]:
                there = ", ".join(OBSERVABLE[kind])
                raise ValueError(f"dut.unobserved = {name} does not go with this algorithm, allowed: {there}")


def with_absolute_paths(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The keys of a chipspec with the paths of `dut` resolved; what is no path is left for the schema to refuse."""
    section = data.get("dut")
    if not isinstance(section, dict):
        return data

    def absolute(value: Any) -> Any:
        return os.path.normpath(folder.absolute() / value) if isinstance(value, str) and value else value

    changed = dict(section)
    for key in _LISTS:
        if isinstance(changed.get(key), list):
            changed[key] = [absolute(value) for value in changed[key]]
    if _PATH in changed:
        changed[_PATH] = absolute(changed[_PATH])
    return {**data, "dut": changed}
