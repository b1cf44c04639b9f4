"""Fixtures of the system tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosschop.cosim import build
from crosschop.cosim.native import library


@pytest.fixture
def builds_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Builds of broken controllers go to this folder instead of the user's cache."""
    folder = tmp_path / "builds"
    monkeypatch.setattr(build, "cache_directory", lambda: folder)
    return folder


@pytest.fixture
def libraries_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries of broken controllers go elsewhere than into the user's cache; that of Verilator's run time is his."""
    runtime = library.kept_build

    def aside(target: Path, product: str, make: object) -> Path:
        kept = target if target.name.startswith("runtime") else tmp_path / "builds" / target.name
        return runtime(kept, product, make)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "kept_build", aside)
    monkeypatch.setattr(build, "cache_directory", lambda: tmp_path / "builds")
