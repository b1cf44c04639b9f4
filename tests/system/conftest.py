"""Fixtures of the system tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosschop.cosim import build


@pytest.fixture
def builds_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Builds of broken controllers go to this folder instead of the user's cache."""
    folder = tmp_path / "builds"
    monkeypatch.setattr(build, "cache_directory", lambda: folder)
    return folder
