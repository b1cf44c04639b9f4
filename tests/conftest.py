"""What all tests share: simulations are skipped, with the command that helps, where there is no simulator."""

from __future__ import annotations

import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests marked `sim` where Icarus Verilog is missing."""
    if shutil.which("iverilog") is not None and shutil.which("vvp") is not None:
        return
    skip = pytest.mark.skip(reason="no Icarus Verilog: sudo apt-get install iverilog")
    for item in items:
        if item.get_closest_marker("sim") is not None:
            item.add_marker(skip)
