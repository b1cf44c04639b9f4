"""What estimates are made with: constants, assumptions, the controller's sources, the library of its cells."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path

from crosschop.model.chipspec import ChipSpec, controller_module
from crosschop.model.errors import InputError, ToolError
from crosschop.model.estimate.area.blocks import analog_area
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constants, load_constants
from crosschop.model.estimate.liberty import SKY130
from crosschop.model.estimate.logic.liberty_reader import MOST_BYTES, read_liberty
from crosschop.model.estimate.logic.rtl_files import rtl_sources
from crosschop.model.estimate.logic.yosys import yosys_version
from crosschop.model.user_files import read_user_bytes


@dataclass(frozen=True)
class Models:
    """What estimates are made with.

    Attributes:
        constants, assumptions: figures besides the chipspec.
        rtl: folder of the controller's sources, None for those of the package.
        liberty: library that the controller is mapped to, None for that of the package.
    """

    constants: Constants
    assumptions: Assumptions
    rtl: Path | None = None
    liberty: Path | None = None

    @property
    def rtl_folder(self) -> Path:
        """The folder of the controller's sources."""
        return self.rtl or Path(str(importlib.resources.files("crosschop.rtl")))

    @property
    def liberty_file(self) -> Path:
        """The library that the controller is mapped to."""
        return self.liberty or SKY130

    def require_known_controller(self, spec: ChipSpec) -> None:
        """Times and memories that are estimated are those of the contract.

        Raises:
            InputError: the chip names a controller of the user's.
        """
        if spec.dut is not None and self.rtl is None:
            raise InputError(
                f"{spec.name}: dut names a controller of your own, whose times and memories an estimate does not know; "
                "--set dut=null estimates the chip with the shipped controller"
            )

    def check(self, spec: ChipSpec) -> None:
        """Finds out before a long run whether this chip can be estimated.

        Raises:
            InputError: the library or a source is unusable, a node has no figures, the controller is the user's.
            ToolError: there is no Yosys.
        """
        self.require_known_controller(spec)
        read_liberty(self.liberty_file)
        rtl_sources(self.rtl_folder, controller_module(spec))
        analog_area(spec, self.constants, self.assumptions)
        self.constants.scale("logic", self.assumptions.liberty_node_nm, self.assumptions.node_nm)
        yosys_version()

    def to_json(self) -> str:
        """For another process: files of the user by their path and what is in them, those of the package by neither.

        Raises:
            InputError: the user's library cannot be read.
        """
        digest = None
        if self.liberty is not None:
            digest = hashlib.sha256(read_user_bytes(self.liberty, MOST_BYTES)).hexdigest()
        return json.dumps(
            {
                "constants": self.constants.model_dump(mode="json"),
                "assumptions": self.assumptions.model_dump(mode="json"),
                "rtl": None if self.rtl is None else str(self.rtl.resolve()),
                "liberty": None if self.liberty is None else str(self.liberty.resolve()),
                "liberty_digest": digest,
            },
            sort_keys=True,
        )


def default_models() -> Models:
    """The shipped constants, no assumption changed."""
    return Models(load_constants(), Assumptions())


def models_of(text: str) -> Models:
    """What `Models.to_json` wrote.

    Raises:
        InputError: the user's library cannot be read here.
        ToolError: it is another one than where it was written.
    """
    data = json.loads(text)
    found = Models(
        Constants.model_validate(data["constants"]),
        Assumptions.model_validate(data["assumptions"]),
        None if data["rtl"] is None else Path(data["rtl"]),
        None if data["liberty"] is None else Path(data["liberty"]),
    )
    if found.liberty is not None and json.loads(found.to_json())["liberty_digest"] != data["liberty_digest"]:
        raise ToolError(f"{found.liberty}: a worker of the cluster has another file of this name than this command")
    return found
