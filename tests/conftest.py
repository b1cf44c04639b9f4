"""What all tests share: simulations are skipped, with the command that helps, where there is no simulator."""

from __future__ import annotations

import shutil

import pytest

from crosschop.cosim.verilator import require_verilator
from crosschop.model.errors import MissingToolError


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuses a pytest under which xdist tears groups apart: each worker would then make what a group shares."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        if item.get_closest_marker("xdist_group") is not None and "@" not in item.nodeid:
            raise pytest.UsageError("this pytest-xdist cannot group tests under this pytest: pip install 'pytest<9.2'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests marked `sim` where Icarus Verilog is missing, those marked `verilator` where Verilator is."""
    missing: dict[str, str] = {}
    if shutil.which("iverilog") is None or shutil.which("vvp") is None:
        missing["sim"] = "no Icarus Verilog: sudo apt-get install iverilog"
    try:
        require_verilator()
    except MissingToolError as error:
        missing["verilator"] = str(error)
    for marker, reason in missing.items():
        for item in items:
            if item.get_closest_marker(marker) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
